"""Lay out one student's hand-ins as one submission: the notebook on top, the adapter beside it.

arrange(items, extracted / "ada", "lesson06_training")
"""

import shutil
from pathlib import Path

from ..authoring.lesson import ADAPTERS
from ..submissions.intake import PROBLEM, copy_files
from ..submissions.unpacking import unpack
from .handins import REFUSED, HandIn
from .senders import without_repeats

WEIGHTS = "adapter_config.json"
NOT_THEIRS = ("timestamp.txt", "submission_secret.txt")  # nbgrader's own: it believes what stands in them


def arrange(items: list[HandIn], place: Path, lesson: str) -> None:
    """Fill `place` with what `items` hold; one that cannot be opened is refused, and `place` says why."""
    place.mkdir(parents=True)
    whose = {}
    for item in items:
        if item.path.is_dir():
            copy_files(item.path, place)
        else:
            copied = _free(place / (item.sender.file.lstrip(".") or item.path.name))
            whose[copied] = item
            shutil.copyfile(item.path, copied)
    problems = _unpack_all(place)
    _bring_together(place, items[0])
    _name_notebook(place, lesson, items[0])
    for name in NOT_THEIRS:
        if (place / name).exists():
            (place / name).rename(_free(place / f"{name}.refused"))
            items[0].notes.append(f"Its {name} is not believed.")
    is_empty = not any(path.is_file() for path in place.rglob("*"))
    for path, problem in problems.items():
        item = whose.get(path, items[0])
        if path in whose or is_empty:
            item.put(REFUSED, problem)
        else:
            item.notes.append(problem)
    if problems:
        _free(place / PROBLEM).write_text("\n".join(problems.values()), encoding="utf-8", errors="replace")


def _unpack_all(place: Path) -> dict[Path, str]:
    """Put a folder in the place of every zip; return what went wrong, by where the zip was."""
    problems = {}
    for path in sorted(path for path in place.rglob("*") if path.suffix.lower() == ".zip" and path.is_file()):
        try:
            unpack(path, _free(path.with_name(path.stem.strip(".") or "unpacked")))
        except Exception as problem:  # whatever a damaged or hostile archive provokes
            problems[path] = f"{path.name} was not unpacked: {problem}."
        path.unlink()
    return problems


def _bring_together(place: Path, item: HandIn) -> None:
    """Lift the only notebook and what lies beside it to the top, and put an adapter that came apart from it there."""
    homes = {path.parent for path in place.rglob("*.ipynb") if path.is_file()}
    if len(homes) > 1:
        return
    for home in homes - {place}:
        aside = _take_out(home, place)
        for path in sorted(aside.iterdir()):
            path.rename(_free(place / path.name))
        aside.rmdir()
    if (place / WEIGHTS).is_file():  # uploaded file by file
        folder = _free(place / ADAPTERS[0])
        folder.mkdir()
        for path in [place / WEIGHTS, *place.glob("*.safetensors")]:
            path.rename(folder / path.name)
        item.notes.append(f"The adapter's files were put into {folder.name}/.")
    found = [path.parent for path in place.rglob(WEIGHTS)]
    if len(found) == 1 and found[0].parent != place:
        name = found[0].name if found[0].name in ADAPTERS else ADAPTERS[0]
        _take_out(found[0], place).rename(_free(place / name))
        item.notes.append(f"The adapter was put beside the notebook, into {name}/.")
    elif len(found) == 1 and found[0].name not in ADAPTERS:
        found[0].rename(_free(place / ADAPTERS[0]))


def _take_out(folder: Path, place: Path) -> Path:
    """Move a folder out of `place`, and remove the folders that are empty without it."""
    parent, aside = folder.parent, folder.rename(_free(place.with_name(f".{place.name}-aside")))
    while parent != place and not any(parent.iterdir()):
        parent.rmdir()
        parent = parent.parent
    return aside


def _name_notebook(place: Path, lesson: str, item: HandIn) -> None:
    """Give the only notebook the name that nbgrader expects."""
    notebooks = [path for path in place.rglob("*.ipynb") if path.is_file()]
    expected = place / f"{lesson}.ipynb"
    if len(notebooks) == 1 and notebooks[0].parent == place and not expected.exists():
        notebooks[0].rename(expected)
        if without_repeats(notebooks[0].name) != expected.name:
            item.notes.append(f"Its notebook was called {notebooks[0].name}.")


def _free(path: Path) -> Path:
    """Find a name beside `path` that nothing has."""
    free, number = path, 1
    while free.exists() or free.is_symlink():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
