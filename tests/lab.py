"""Start a real JupyterLab and drive it in headless Chromium.

with jupyterlab(folder) as lab, lab.notebook("lesson.ipynb") as page:
    lab.run_all(page)
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-quic"
).split()
PATIENCE = 120_000  # milliseconds: a busy machine with two cores starts a kernel in ten seconds or more

ALL_RAN = """() => [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt:not(.jp-Placeholder-prompt)")]
    .every(prompt => /[0-9]/.test(prompt.innerText))"""
ERROR = '.jp-RenderedText[data-mime-type="application/vnd.jupyter.stderr"]'

SETTINGS = {
    "apputils-extension/themes": {"theme": "JupyterLab Light"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none", "autoStartDefaultKernel": True},
}


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab server, a browser, and what a test does with them."""

    url: str
    folder: Path
    settings: Path
    browser: object

    def theme(self, name: str) -> None:
        """Choose "Light" or "Dark" for pages that are opened or reloaded from now on."""
        write_settings(self.settings, {"apputils-extension/themes": {"theme": f"JupyterLab {name}"}})

    @contextlib.contextmanager
    def notebook(self, path: str) -> Iterator[object]:
        """Open a notebook, in a fresh page, and wait until its kernel is ready."""
        page = self.browser.new_page(viewport={"width": 1100, "height": 1400})
        page.set_default_timeout(PATIENCE)
        try:
            page.goto(f"{self.url}/lab/tree/{path}?reset")
            self.wait_until_idle(page)
            yield page
        finally:
            page.close()

    def wait_until_idle(self, page) -> None:
        """Wait until a kernel is connected to the open notebook and has nothing to do.

        The status bar names the kernel; the notebook's own indicator says "idle" before there is one.
        """
        page.locator(".jp-StatusBar-TextItem", has_text=re.compile(r"Python 3.* \| Idle")).wait_for()

    def menu(self, page, title: str, item: str) -> None:
        """Choose an item of a menu."""
        page.get_by_role("menuitem", name=title, exact=True).click()
        page.get_by_role("menuitem", name=item, exact=True).click()

    def run_all(self, page, patience: int = PATIENCE) -> None:
        """Run all cells and wait until every one has a number; a cell that stops the run is an error."""
        from playwright.sync_api import TimeoutError

        self.menu(page, "Edit", "Clear Outputs of All Cells")  # an earlier run's numbers would look like this one's
        self.menu(page, "Run", "Run All Cells")
        try:
            page.wait_for_function(ALL_RAN, timeout=patience)
        except TimeoutError:
            raise AssertionError(f"a cell stopped the run: {page.locator(ERROR).all_inner_texts()}") from None


@contextlib.contextmanager
def jupyterlab(folder: Path, home: Path) -> Iterator[Lab]:
    """Serve `folder` with JupyterLab and open a browser; everything that Jupyter writes goes to `home`."""
    from playwright.sync_api import sync_playwright

    settings = home / "settings"
    write_settings(settings, SETTINGS)
    with serve(folder, home, settings) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        try:
            yield Lab(url, folder, settings, browser)
        finally:
            browser.close()


def write_settings(folder: Path, settings: dict[str, dict]) -> None:
    for name, values in settings.items():
        path = folder / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))


@contextlib.contextmanager
def serve(folder: Path, home: Path, settings: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": folder,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "IdentityProvider.token": "",
        "LabApp.user_settings_dir": settings,
        "LabApp.workspaces_dir": home / "workspaces",
        "LabApp.extension_manager": "readonly",
    }
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    environment.pop("COURSE_STATE", None)
    command = [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]
    with open(home / "server.log", "wb") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(server, f"{url}/api/status", home / "server.log")
        yield url
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_for(server: subprocess.Popen, url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")
