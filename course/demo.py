"""Talk to the hybrid on a small web page that only your own machine can open.

>>> demo(desk)
The demo is at http://127.0.0.1:41873 for 10 minutes, or until you stop this cell.

The page shows where the router sent a message, which documents were looked up, the prompt, the triage and the reply.
It needs the extra: `pip install 'finetuning-course[demo]'`. Nothing comes from elsewhere, nothing leaves the machine.
"""

from __future__ import annotations

import html
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from course import state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from course.hybrid import Desk

HOST = "127.0.0.1"
TITLE = "Juniper's desk: the hybrid"
LONGEST = 600
"""Characters of a message that are read."""
EXAMPLES = (
    "My Lynx tarp arrived damaged. I leave tomorrow morning.",
    "How much is the Yukon tent?",
    "The zipper on the Otter backpack is stuck. What does a new one cost?",
)
PANE = """
:host { color: #1f2328; font-size: 16px; }
h1 { font-size: 1.4rem; } h2 { font-size: 1rem; margin: 1rem 0 .2rem; }
p, pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; }
pre { font-family: monospace; border-left: 4px solid #0b5cad; padding-left: .7rem; }
"""


def demo(desk: Desk, minutes: float = 10) -> None:
    """Serve the page while this cell runs: for some minutes, until it is interrupted, or until you press Stop on it."""
    if state.in_colab():
        print("In Colab the notebook's machine is not yours, so its pages cannot be opened: use desk.handle([...]).")
        return
    with serving(desk) as (address, stopped):
        print(f"The demo is at {address} for {minutes:g} minutes, or until you stop this cell.", flush=True)
        try:
            stopped.wait(60 * minutes)
        except KeyboardInterrupt:
            pass
    print("The demo has ended.")


@contextmanager
def serving(desk: Desk) -> Iterator[tuple[str, threading.Event]]:
    """Serve the page on a free port of this machine; give its address, and what is set when somebody presses Stop.

    Raises ModuleNotFoundError, with what to install, when the extra is missing.
    """
    try:
        import panel
        from tornado.ioloop import IOLoop
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError("The demo needs an extra: pip install 'finetuning-course[demo]'.") from missing
    stopped, ready, found = threading.Event(), threading.Event(), {}

    def run() -> None:
        loop = found["loop"] = IOLoop(make_current=False)
        loop.add_callback(start)
        loop.start()
        loop.close(all_fds=True)

    def start() -> None:
        options = {"address": HOST, "port": 0, "show": False, "start": False, "threaded": False, "title": TITLE}
        server = panel.io.server.get_server(lambda: page(desk, stopped), loop=found["loop"], **options)
        server.start()
        found["server"] = server
        ready.set()

    thread = threading.Thread(target=run, daemon=True, name="demo")
    thread.start()
    if not ready.wait(60):
        raise RuntimeError("The demo's server did not start within a minute.")
    try:
        yield f"http://{HOST}:{found['server'].port}", stopped
    finally:
        found["loop"].add_callback(_end, found["server"], found["loop"])
        thread.join(10)


def _end(server: object, loop: object) -> None:
    server.stop(wait=False)
    loop.stop()


def page(desk: Desk, stopped: threading.Event) -> object:
    """Build the page for one visitor."""
    import panel

    message = panel.widgets.TextAreaInput(
        label="A customer's message", max_length=LONGEST, rows=3, sizing_mode="stretch_width"
    )
    examples = [panel.widgets.Button(label=text) for text in EXAMPLES]
    send = panel.widgets.Button(label="Send", color="primary")
    stop = panel.widgets.Button(label="Stop the demo")
    answer = panel.pane.HTML("", stylesheets=[PANE], sizing_mode="stretch_width")

    def on_send(_: object) -> None:
        text = (message.value_input or message.value or "").strip()[:LONGEST]
        if not text:
            answer.object = _section("Say something first", "Write a message, or take an example.")
            return
        started = time.perf_counter()
        try:
            answer.object = told(desk, text, started)
        except Exception as error:  # your own functions may raise anything, and the page should say it
            answer.object = _section("One of your functions raised", f"{type(error).__name__}: {error}")

    def on_stop(_: object) -> None:
        answer.object = _section("Stopped", "You can close this page.")
        stopped.set()

    for button, text in zip(examples, EXAMPLES, strict=True):
        button.on_click(lambda _, text=text: message.param.update(value=text, value_input=text))
    send.on_click(on_send)
    stop.on_click(on_stop)
    title = panel.pane.HTML(f"<h1>{TITLE}</h1>", stylesheets=[PANE])
    return panel.Column(
        title, message, *examples, panel.Row(send, stop), answer, sizing_mode="stretch_width", max_width=760
    )


def told(desk: Desk, text: str, started: float) -> str:
    """Handle a message and write down, as HTML, what each part made of it."""
    handled = desk.handle([text])[0]
    parts = {
        "1 · Router": f"{handled.route} ({time.perf_counter() - started:.1f} s for all of this)",
        "2 · Retrieved": "\n".join(handled.documents) or "nothing: no fact is asked for",
        "3 · Prompt for the reply": "\n\n".join(handled.prompts),
        "4 · Triage, for the desk": handled.triage or "none: nothing is to be done",
        "5 · Reply, for the customer": handled.reply,
    }
    return "".join(_section(title, body) for title, body in parts.items())


def _section(title: str, body: str) -> str:
    return f"<h2>{html.escape(title)}</h2><pre>{html.escape(body)}</pre>"
