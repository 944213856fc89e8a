"""Write the first cell of a learner's kernel: it learns to answer the judge, and fetches the learner's files."""

from ..sandbox.isolation import RUN

BOOT = "import {module} as _answering; _answering.listen({address!r}, globals()); del _answering\n"
FETCH = f"import shutil; shutil.copytree('{RUN}/in', '.', symlinks=True, dirs_exist_ok=True); del shutil\n"


def boot_cell(address: str | tuple[str, int], sandboxed: bool) -> str:
    """Return the cell's source, for a judge that waits at `address`."""
    boot = BOOT.format(module=f"{__package__}.answering", address=address)
    return boot + (FETCH if sandboxed else "")
