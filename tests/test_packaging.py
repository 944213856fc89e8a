"""pip, conda and make open doors to the same environment, and what is declared is what is there."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {name: group for name, group in PROJECT["optional-dependencies"].items() if name != "bench"}  # nobody needs it
DECLARED = [Requirement(line) for group in (PROJECT["dependencies"], *EXTRAS.values()) for line in group]
PINS = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split())
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
COLAB = {"ipython": "7.34.0", "ipywidgets": "7.7.1", "matplotlib": "3.10.0", "numpy": "2.0.2", "torch": "2.9.0"}
IN_EVERY_VENV = {"setuptools"}  # which `pip freeze` leaves out


@pytest.mark.parametrize("requirement", DECLARED, ids=str)
def test_what_is_declared_is_pinned_within_its_range(requirement):
    name = canonicalize_name(requirement.name)
    pin = version(name) if name in IN_EVERY_VENV else {canonicalize_name(pin): PINS[pin] for pin in PINS}[name]
    assert requirement.specifier.contains(pin)


@pytest.mark.parametrize("name", COLAB)
def test_colab_need_not_replace_what_its_kernel_and_gpu_stand_on(name):
    (requirement,) = [line for line in map(Requirement, PROJECT["dependencies"]) if line.name == name]
    assert requirement.specifier.contains(COLAB[name])


@pytest.mark.parametrize("name", PINS)
def test_the_pinned_version_is_installed(name):
    assert Version(version(name)).public == PINS[name]


def test_torch_is_pinned_without_a_build():
    assert re.fullmatch(r"[\d.]+", PINS["torch"])
    assert "download.pytorch.org/whl/cpu" in MAKEFILE


def test_conda_installs_the_same_extras_with_the_same_constraints():
    pip = next(entry["pip"] for entry in CONDA if isinstance(entry, dict))
    extras = f".[{','.join(EXTRAS)}]"
    assert f"-e {extras}" in pip
    assert "-c constraints.txt" in pip
    assert f"pip install -c constraints.txt -e '{extras}'" in MAKEFILE


def test_conda_and_make_take_the_oldest_python_that_is_promised():
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert f"python={oldest}" in CONDA
    assert f"PYTHON ?= python{oldest}" in MAKEFILE


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_commands_in_documents_exist(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    commands = set(re.findall(r"(?:^|`|\$ |timeout \w+ )make ([a-z]+)", text, re.MULTILINE))
    assert commands
    assert commands <= TARGETS


def test_continuous_integration_runs_what_everybody_runs():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert re.search(r"make test$", script.read_text(encoding="utf-8"), re.MULTILINE)
    assert subprocess.run(["bash", "-n", script]).returncode == 0


def source_files(package):
    return sorted((ROOT / package).rglob("*.py"))


def imports(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


@pytest.mark.parametrize(
    ("package", "own", "groups"),
    [
        ("course", {"course", "google"}, [PROJECT["dependencies"], EXTRAS["gguf"], EXTRAS["demo"]]),
        ("autograder", {"course", "autograder"}, [PROJECT["dependencies"], EXTRAS["instructor"], EXTRAS["cluster"]]),
    ],
)
def test_a_package_imports_only_what_it_declares(package, own, groups):
    declared = {canonicalize_name(Requirement(line).name) for group in groups for line in group}
    distributions = packages_distributions()
    for file in source_files(package):
        for module in set(imports(file)) - own - sys.stdlib_module_names:
            providers = {canonicalize_name(name) for name in distributions.get(module, [])}
            assert providers & declared, f"{file.relative_to(ROOT)} imports {module}, which is not declared"


@pytest.mark.parametrize("package", ["course", "autograder"])
def test_modules_stay_short(package):
    long = {str(f.relative_to(ROOT)): n for f in source_files(package) if (n := len(f.read_text().splitlines())) > 250}
    assert not long, "split these modules"


def test_the_address_of_the_repository_stands_in_one_place():
    address = PROJECT["urls"]["Repository"].removeprefix("https://")
    search = ["git", "grep", "--untracked", "-l", "-i", "-F", address]
    files = subprocess.run(search, cwd=ROOT, capture_output=True, text=True).stdout.split()
    assert [file for file in files if not file.endswith(".ipynb")] == ["pyproject.toml"]


@pytest.mark.slow
@pytest.mark.parametrize("package", ["course", "autograder"])
def test_every_module_can_be_imported(package):
    names = [
        ".".join(f.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for f in source_files(package)
    ]
    commands = "\n".join(f"import {name}" for name in names if not name.endswith("__main__"))
    done = subprocess.run([sys.executable, "-c", commands], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_packages(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for package in ("course", "autograder"):
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", tmp_path]
    done = subprocess.run([*command, source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    present = {f.relative_to(source).as_posix() for p in ("course", "autograder") for f in (source / p).rglob("*.*")}
    assert packed == {name for name in present if (source / name).is_file()}
    assert any(name.endswith(".safetensors") for name in packed), "the bundled model is missing"
