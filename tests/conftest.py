"""What the tests share: the repository, a lesson small enough to play with, and nbgrader's tools on PATH."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONGEST = "test_running_lessons"
TINY = ROOT / "tests" / "fixtures" / "lesson90_tiny"

# nbgrader's gradebook calls `alembic`, which stands beside this Python; Jupyter warns unless told where to look.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
if "PYTEST_XDIST_WORKER" in os.environ:  # processes that run side by side share the cores already
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with whole lessons, which take minutes each."""
    items.sort(key=lambda item: item.path.stem != LONGEST)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Of processes side by side, let one run all tests of a file, which share fixtures; whole lessons share none."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = Path(nodeid.split("::")[0]).stem
            return nodeid if file == LONGEST else file.removesuffix("_in_a_browser")  # both need the site

    return ByFile(config, log)


@pytest.fixture(scope="session")
def root() -> Path:
    """Give the folder that holds the repository."""
    return ROOT


@pytest.fixture(scope="session")
def tiny() -> Path:
    """Give the folder of the lesson that tests read and never change."""
    return TINY


@pytest.fixture
def lesson_copy(tmp_path: Path) -> Path:
    """Give a copy of the small lesson that a test may break."""
    return Path(shutil.copytree(TINY, tmp_path / TINY.name))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Open an explorer without showing it: `opened(explore_rank)` gives it, and its controls by their descriptions."""
    from course.explorer import Explorer

    shown = []
    monkeypatch.setattr(Explorer, "show", lambda self: shown.append(self))

    def opened(explore: Callable, *arguments: object) -> tuple:
        explore(*arguments)
        (explorer,) = shown
        described = [child for child in explorer.widget.children if getattr(child, "description", "")]
        return explorer, {child.description: child for child in described}

    return opened


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the whole site once, from the lessons that have run, or that run now; give its folder."""
    from docs.__main__ import build

    folder = tmp_path_factory.mktemp("built") / "site"
    build(ROOT, folder)
    return folder
