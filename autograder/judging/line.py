"""Ask the learner's process questions over a socket, never waiting for whoever is at its other end.

    line = Line(folder)          # listens in `folder`; the other end connects to `line.address`
    line.connect()
    line.ask("what?")
    while (answer := line.go_on()) is None: ...  # poll `line.socket`, which `line.is_sending` or else receives

A question and its answer travel alike: as the question's number, the length of the text in bytes, and its bytes.
A message through all of Jupyter costs ten times as much, and a test asks hundreds of questions.
"""

import contextlib
import os
import socket
from pathlib import Path

from .answering import HEAD
from .codec import MAX_BYTES

NAME = "line"
LONGEST = 100  # the path of a Unix socket has at most 107 bytes
CHUNK = 2**20
AT_ONCE = 100  # pieces of answers, before whoever waits looks at the clock: the other end may never stop
PATIENCE = 10  # seconds for the other end to connect


class Line:
    """One end of a stream of numbered texts, whose other end is not to be trusted."""

    def __init__(self, folder: Path):
        self.path = folder / NAME
        if hasattr(socket, "AF_UNIX") and len(os.fsencode(self.path)) < LONGEST:
            self.socket, self.address = socket.socket(socket.AF_UNIX), str(self.path)
            self.socket.bind(self.address)
            self.socket.listen(1)
        else:
            self.socket = socket.create_server(("127.0.0.1", 0))
            self.address = self.socket.getsockname()
        self.socket.settimeout(PATIENCE)
        self.number, self.leaving, self.arrived = 0, memoryview(b""), bytearray()

    def connect(self) -> None:
        """Take the one connection that is wanted; raises `OSError` when there is none."""
        listener = self.socket
        self.socket, _ = listener.accept()
        listener.close()
        self.path.unlink(missing_ok=True)
        self.socket.setblocking(False)

    @property
    def is_sending(self) -> bool:
        """Tell whether a part of the question waits to be sent."""
        return bool(self.leaving)

    def ask(self, question: str) -> None:
        """Begin to send a question."""
        text = question.encode()
        self.number += 1
        self.leaving = memoryview(HEAD.pack(self.number, len(text)) + text)

    def go_on(self) -> str | None:
        """Send and receive some of what goes at once; return the answer when it has come.

        Raises `EOFError` when the other end is closed, and `ValueError` for anything but an answer.
        """
        with contextlib.suppress(BlockingIOError):
            while self.leaving:
                self.leaving = self.leaving[self._attempt(self.socket.send, self.leaving) :]
            for _ in range(AT_ONCE):
                if not (part := self._attempt(self.socket.recv, min(self._missing(), CHUNK))):
                    raise EOFError
                self.arrived += part
                if not self._missing():
                    answer, self.arrived = self.arrived, bytearray()
                    if HEAD.unpack_from(answer)[0] == self.number:  # else it answers another question
                        return answer[HEAD.size :].decode("ascii")
        return None

    def is_quiet(self) -> bool:
        """Tell whether nothing has come that nobody asked for."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            return not (self.arrived or self.socket.recv(1, socket.MSG_PEEK))
        return not self.arrived

    def close(self) -> None:
        """Hang up."""
        self.socket.close()
        self.path.unlink(missing_ok=True)

    def _missing(self) -> int:
        """Count the bytes of the answer that are yet to come, as far as is known."""
        if len(self.arrived) < HEAD.size:
            return HEAD.size - len(self.arrived)
        _, length = HEAD.unpack_from(self.arrived)
        if length > MAX_BYTES:
            raise ValueError("no answer")
        return HEAD.size + length - len(self.arrived)

    @staticmethod
    def _attempt(act, argument):
        try:
            return act(argument)
        except ConnectionError:
            raise EOFError from None
