"""Keep what a learner's cell puts out: so much of it, and nothing that could run in the instructor's browser."""

from dataclasses import dataclass, field

from nbformat.v4 import output_from_msg

SHOWN = ("text/plain", "image/png", "image/jpeg")  # no HTML, no script
PICTURE = 50  # a picture may take this many times as many characters as text


@dataclass
class Ran:
    """What became of one cell, or of the calls of one test."""

    outputs: list = field(default_factory=list)
    error: str = ""
    kept: int = 0
    """Characters that were put out, whether or not there was room for them."""

    def keep(self, message: dict, limit: int) -> None:
        """Add the output in a kernel's message, as far as there is room for it under `limit` characters."""
        try:
            output = output_from_msg(message)
        except (ValueError, KeyError, TypeError):
            return
        if "data" in output:
            output.data = {kind: text for kind, text in output.data.items() if kind in SHOWN}
        room = max(limit * (PICTURE if "data" in output else 1) - self.kept, 0)
        size = len(str(output.get("text") or output.get("traceback") or output.get("data")))
        self.kept += size
        if size > room and output.output_type == "stream":
            output.text = output.text[:room]
        elif size > room:
            return
        last = self.outputs[-1] if self.outputs else {}
        if output.output_type == "stream" == last.get("output_type") and last["name"] == output.name:
            last["text"] += output.text
        else:
            self.outputs.append(output)
