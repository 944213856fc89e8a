"""Write the first two cells of a learner's notebook: the badge (with a link to the glossary), and the set-up cell.

The address of the repository stands in one place, `[project.urls]` of pyproject.toml, and is read from there.
"""

import re
import tomllib
from importlib.metadata import metadata
from pathlib import Path

BRANCH = "main"
PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"

BADGE = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({address})"
GLOSSARY = "[Glossary: the words of this course]({address}/blob/{branch}/course/glossary.md)"

SETUP = """\
# Run this cell first
import importlib.util, subprocess, sys, tempfile
from importlib.metadata import version

COURSE = "git+{address}@{branch}"
if importlib.util.find_spec("course") is None:
    if "google.colab" not in sys.modules:
        raise ModuleNotFoundError("The course is not here: run `make lab` in its folder, or pip install " + COURSE)
    print("Installing the course: once in a Colab session, about two minutes ...", flush=True)
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as keep:  # Colab's own torch and numpy stay
        keep.writelines(f"{{name}}=={{version(name)}}\\n" for name in ("torch", "numpy"))
    pip = [sys.executable, "-m", "pip"]
    subprocess.run([*pip, "uninstall", "-y", "torchao"], capture_output=True)  # Colab's is too old for peft
    done = subprocess.run([*pip, "install", "-c", keep.name, COURSE], capture_output=True, text=True)
    if done.returncode:
        advice = "Choose Runtime > Disconnect and delete runtime, then run this cell again. pip said: "
        raise RuntimeError(advice + done.stderr[-500:])
    importlib.invalidate_caches()

import course

tier = course.start("{lesson}")"""


def repository() -> str:
    """Read the repository's address from pyproject.toml, or from the installed distribution that was made from it."""
    if PYPROJECT.is_file():
        return tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["urls"]["Repository"]
    urls = metadata("finetuning-course").get_all("Project-URL") or []
    return dict(url.split(", ", 1) for url in urls)["Repository"]


def badge(folder: Path) -> str:
    """Write the Colab badge of the lesson in `folder`."""
    return BADGE.format(address=colab_address(folder))


def colab_address(folder: Path) -> str:
    """Return where Colab opens the lesson in `folder` (which may stand on a shelf such as lesson03_to_08)."""
    shelf = f"{folder.parent.name}/" if re.match(r"lesson\d\d_", folder.parent.name) else ""
    on_github = repository().replace("https://github.com", "https://colab.research.google.com/github")
    return f"{on_github}/blob/{BRANCH}/{shelf}{folder.name}/{folder.name}.ipynb"


def glossary_link() -> str:
    """Write the link to the course's glossary, which works in Colab as well."""
    return GLOSSARY.format(address=repository(), branch=BRANCH)


def setup_source(lesson: str) -> str:
    """Write the set-up cell: it installs the course in Colab, says what to do elsewhere, and chooses the tier."""
    return SETUP.format(address=repository(), branch=BRANCH, lesson=lesson)
