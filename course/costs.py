"""Compare what a prompt, retrieval and a fine-tuned model cost, month by month, and show when training pays.

    explore_costs()

Prices are read from `prices.json`, which says when and where each was read; every field can be typed over.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipywidgets as widgets
from matplotlib.figure import Figure

from course.explorer import Explorer, number, title_of
from course.figures import COLOURS, INK, figure, label_line

PRICES = Path(__file__).with_name("prices.json")
HOURS = 730  # in a month
YEAR = 12  # months that the picture shows
COLOUR = {"Prompt": COLOURS["prompt"], "RAG": COLOURS["rag"], "Fine-tuned": COLOURS["tuned"]}


@dataclass(frozen=True)
class Bill:
    """What one approach is charged: tokens of a request, prices per million tokens, and what is paid regardless."""

    name: str
    prompt_tokens: float
    output_tokens: float
    price_in: float
    price_out: float
    fixed: float = 0.0
    """US dollars a month that do not depend on the requests: an index, a rented GPU."""
    upfront: float = 0.0
    """US dollars once, before the first request: labelling, training, set-up."""

    def month(self, requests: float) -> float:
        """Return the US dollars of a month with so many requests."""
        tokens_bill = self.prompt_tokens * self.price_in + self.output_tokens * self.price_out
        return requests / 1e6 * tokens_bill + self.fixed


def load_prices(file: Path = PRICES) -> dict[str, Any]:
    """Read the dated price list."""
    return json.loads(file.read_text(encoding="utf-8"))


def presets() -> dict[str, tuple[float, float, float]]:
    """Return price in, price out (US dollars per million tokens) and monthly rent for each way to run a model."""
    prices = load_prices()
    hosted = {model["name"]: (model["input"], model["output"], 0.0) for model in prices["models"]}
    return hosted | {gpu["name"]: (0.0, 0.0, round(gpu["per_hour"] * HOURS, 2)) for gpu in prices["gpus"]}


def payback_months(before: Bill, after: Bill, requests: float) -> float:
    """Return the months until what `after` costs more at the start is saved; infinite when it saves nothing."""
    saved = before.month(requests) - after.month(requests)
    extra = after.upfront - before.upfront
    if extra <= 0:
        return 0.0 if saved >= 0 else math.inf
    return extra / saved if saved > 0 else math.inf


def draw_costs(bills: Sequence[Bill], requests: float) -> tuple[Figure, str, str]:
    """Draw what each approach has cost after each month of a year; return the figure, its description and the table."""
    prompt, tuned = bills[0], bills[-1]
    months = payback_months(prompt, tuned, requests)
    if months > YEAR:
        title = "Training does not pay for itself within a year"
    elif months == 0:
        title = "The fine-tuned model is cheaper from the first day"
    else:
        title = f"Training pays for itself after {months:.1f} months"
    fig, ax = figure(title, "months since launch", "spent so far (US dollars)", size=(7.2, 3.6))
    for bill in bills:
        spent = [bill.upfront + month * bill.month(requests) for month in range(YEAR + 1)]
        ax.plot(range(YEAR + 1), spent, color=COLOUR.get(bill.name, INK))
    highest = ax.get_ylim()[1]
    ends = _ends(bills, requests)
    for (end, bill), place in zip(ends, _apart([end for end, _ in ends], highest * 0.08), strict=True):
        label_line(ax, [YEAR], [end], bill.name, COLOUR.get(bill.name, INK), dy=(place - end) / highest * 190)
    if 0 < months <= YEAR:
        paid = prompt.upfront + months * prompt.month(requests)
        ax.plot([months], [paid], "o", color=INK, markersize=8)
        note = f"● break-even after {_short(months * requests)} requests"
        ax.text(0.02, 0.94, note, transform=ax.transAxes, color=INK, fontsize=10)
    ax.set(xlim=(0, YEAR), ylim=(0, highest), xticks=range(0, YEAR + 1, 2))
    ax.yaxis.set_major_formatter(lambda value, _: f"${value:,.0f}")
    told = "; ".join(f"{bill.name} ${bill.month(requests):,.2f} a month" for bill in bills)
    return fig, f"Lines of money spent over a year. {title}. {told}.", _table(bills, requests)


def explore_costs() -> None:
    """Show the cost calculator."""
    ways = presets()
    names = list(ways)
    requests = number("Requests a month", 100_000, step=1_000)
    output = number("Output tokens", 40)
    starts = {
        "Prompt": (names[0], 900, 0, 0),
        "RAG": (names[0], 1_500, 200, 2_000),
        "Fine-tuned": (names[-1], 120, 0, 1_000),
    }
    fields = {name: _column(ways, *start) for name, start in starts.items()}
    narrow = widgets.Layout(width="32%", min_width="0")
    columns = [widgets.VBox([title_of(name, COLOUR[name]), *fields[name].values()], layout=narrow) for name in fields]

    def draw() -> tuple[Figure, str, str]:
        bills = []
        for name, column in fields.items():
            typed = {key: field.value for key, field in column.items() if key != "way"}
            bills.append(Bill(name, output_tokens=output.value, **typed))
        return draw_costs(bills, requests.value)

    shared = widgets.HBox([requests, output], layout=widgets.Layout(width="80%"))
    table = widgets.HBox(columns, layout=widgets.Layout(width="100%", justify_content="space-between"))
    typed_in = [field for column in fields.values() for key, field in column.items() if key != "way"]
    hint = (
        "Type a number, or use the arrow keys in a field. Choosing a model fills in its prices "
        f"(list prices read on {load_prices()['as_read']}; they change, so type over them)."
    )
    title = "What does each approach cost, and when does training pay?"
    Explorer(title, [shared, table], [requests, output, *typed_in], draw, hint).show()


def _column(ways: dict, way: str, tokens: int, fixed: float, upfront: float) -> dict[str, Any]:
    price_in, price_out, rent = ways[way]
    chosen = widgets.Dropdown(options=list(ways), value=way, description="Model", layout=widgets.Layout(width="98%"))
    chosen.style.description_width = "22%"
    column = {
        "way": chosen,
        "prompt_tokens": number("Prompt tokens", tokens, step=50),
        "price_in": number("$ per 1M in", price_in, step=0.05, whole=False),
        "price_out": number("$ per 1M out", price_out, step=0.05, whole=False),
        "fixed": number("Fixed $ a month", fixed + rent, step=10, whole=False),
        "upfront": number("Upfront $", upfront, step=100, whole=False),
    }

    def fill(change: Any) -> None:
        column["price_in"].value, column["price_out"].value = ways[change["new"]][:2]
        column["fixed"].value = fixed + ways[change["new"]][2]

    chosen.observe(fill, names="value")
    return column


def _ends(bills: Sequence[Bill], requests: float) -> list[tuple[float, Bill]]:
    return sorted(((bill.upfront + YEAR * bill.month(requests), bill) for bill in bills), key=lambda end: end[0])


def _apart(values: Sequence[float], gap: float) -> list[float]:
    """Move sorted values up until neighbours stand `gap` apart, so that labels do not overlap."""
    places: list[float] = []
    for value in values:
        places.append(max(value, places[-1] + gap) if places else value)
    return places


def _short(count: float) -> str:
    return f"{count / 1e6:.1f} million" if count >= 1e6 else f"{count:,.0f}"


def _table(bills: Sequence[Bill], requests: float) -> str:
    cell = '<td style="text-align:right;padding:1px 14px 1px 0">{}</td>'
    rows = ""
    for bill in bills:
        month = bill.month(requests)
        sums = f"${month:,.2f}", f"${bill.upfront:,.0f}", f"${bill.upfront + YEAR * month:,.0f}"
        rows += f"<tr><td style='padding-right:14px'>{bill.name}</td>{''.join(map(cell.format, sums))}</tr>"
    heads = "".join(cell.format(f"<b>{head}</b>") for head in ("a month", "upfront", "first year"))
    return f"<table><tr><td><b>approach</b></td>{heads}</tr>{rows}</table>"
