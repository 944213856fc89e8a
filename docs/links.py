"""Turn the repository's links into the site's: to a page where there is one, to the repository otherwise.

links = Links(root, folders)
links.in_text("[model card](course/bundled/README.md)", root)    # "[model card](/model-card.md)"
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from autograder.authoring.setup_cell import BRANCH, repository

LINK = re.compile(r"(?P<label>!?\[[^\]]*\])\((?P<target>[^)\s]+)\)")
PAGES = {  # file of the repository: page of the site
    "README.md": "index.md",
    "course/glossary.md": "glossary.md",
    "course/bundled/README.md": "model-card.md",
    "docs/instructor.md": "instructor.md",
}


class MissingPage(ValueError):
    """Say which text links to a file that is not there."""


class Links:
    """Know where every file of the repository is to be found from a page."""

    def __init__(self, root: Path, lessons: Iterable[Path]):
        self.root, self.repository = root, repository()
        self.images: dict[str, Path] = {}
        self.pages = {name: page for name, page in PAGES.items() if (root / name).is_file()}
        for folder in lessons:
            below = folder.relative_to(root).as_posix()
            self.pages[f"{below}/{folder.name}.ipynb"] = f"lessons/{folder.name}.ipynb"

    def in_text(self, text: str, folder: Path) -> str:
        """Rewrite the links of a text that stands in `folder`; raises `MissingPage`."""
        return LINK.sub(lambda link: f"{link['label']}({self.target(link['target'], folder, link['label'])})", text)

    def target(self, target: str, folder: Path, label: str = "") -> str:
        """Return where a link leads on the site."""
        blob = f"{self.repository}/blob/{BRANCH}/"
        if target.startswith(blob):
            page = self.pages.get(target.removeprefix(blob))
            return f"/{page}" if page else target
        if re.match(r"[a-z]+:|#|//", target):
            return target
        path, _, anchor = target.partition("#")
        file = Path(os.path.normpath(folder / path))
        if not file.is_relative_to(self.root) or not file.exists():
            raise MissingPage(f"{folder}: the link {label}({target}) leads nowhere.")
        name = file.relative_to(self.root).as_posix()
        if label.startswith("!"):
            self.images[name.replace("/", "-")] = file
            return f"/{name.replace('/', '-')}"
        if page := self.pages.get(name):
            return f"/{page}" + (f"#{anchor}" if anchor else "")
        kind = "tree" if file.is_dir() else "blob"
        return f"{self.repository}/{kind}/{BRANCH}/{name}" + (f"#{anchor}" if anchor else "")
