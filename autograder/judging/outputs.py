"""Keep what a learner's cell puts out: so much of it, and nothing that could run in the instructor's browser."""

import re
from dataclasses import dataclass, field

from nbformat.v4 import output_from_msg

SHOWN = ("text/plain", "image/png", "image/jpeg")  # no HTML, no script
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
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
            output = output_from_msg(_plain(message))
        except (ValueError, KeyError, TypeError, AttributeError):  # a forged message
            return
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


def _plain(message: dict) -> dict:
    """Return the message with those parts of its content that a notebook may hold; raises for what has none."""
    content, kind = message["content"], message["msg_type"]
    if kind == "stream":
        kept = {"name": "stderr" if content["name"] == "stderr" else "stdout", "text": _text(content["text"])}
    elif kind == "error":
        kept = {name: _text(content[name]) for name in ("ename", "evalue")}
        kept["traceback"] = [_text(line) for line in content["traceback"]]
    else:
        shown = {kind: _text(text) for kind, text in content["data"].items() if kind in SHOWN}
        pictures = [text for kind, text in shown.items() if kind.startswith("image/")]
        if not all(BASE64.fullmatch(text) for text in pictures):
            raise ValueError("no picture")
        kept = {"data": shown, "metadata": {}, "execution_count": None}
    return message | {"content": kept}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value
