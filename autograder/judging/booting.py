"""Write the first cell of a learner's kernel: it fetches the files and learns to answer the judge."""

from pathlib import Path

from ..sandbox.isolation import RUN

WIRE = "codec", "answering"  # modules that run at both ends of the line
FETCH = f"import shutil; shutil.copytree('{RUN}/in', '.', symlinks=True, dirs_exist_ok=True); del shutil\n"
BOOT = """
def _judge_boot(sources, address):
    import sys, types
    for name, source in sources:
        module = sys.modules[name] = types.ModuleType(name)
        module.__package__, module.__path__ = "_judge", []
        exec(compile(source, f"<{name}>", "exec"), module.__dict__)
    module.listen(address, globals())
_judge_boot(%r, %r)
del _judge_boot
"""


def boot_cell(address: str | tuple[str, int], sandboxed: bool) -> str:
    """Return the cell's source, for a judge that waits at `address`."""
    sources = [("_judge", "")] + [(f"_judge.{name}", _source(name)) for name in WIRE]
    return (FETCH if sandboxed else "") + BOOT % (sources, address)


def _source(name: str) -> str:
    return (Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")
