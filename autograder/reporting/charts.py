"""Draw the class report's charts as inline SVG that follows the page's colours, light or dark.

bars({"0 to 10 %": 2, "10 to 20 %": 5}, title="...", unit="learners")
"""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

WIDTH, LINE, LEFT = 640, 26, 150


def bars(counts: Mapping[str, int], title: str, unit: str) -> Markup:
    """Draw a bar for each count, labelled with its number."""
    most = max([*counts.values(), 1])
    parts = [_title(title)]
    for number, (label, count) in enumerate(counts.items()):
        y, width = 10 + number * LINE, (WIDTH - LEFT - 60) * count / most
        parts.append(Markup('<text x="{}" y="{}" class="end">{}</text>').format(LEFT - 8, y + 14, label))
        parts.append(Markup('<rect x="{}" y="{}" width="{:.1f}" height="18" class="bar"/>').format(LEFT, y, width))
        parts.append(Markup('<text x="{:.1f}" y="{}">{}</text>').format(LEFT + width + 6, y + 14, count or ""))
    height = 10 + len(counts) * LINE + 24
    parts.append(Markup('<text x="{}" y="{}" class="dim">{}</text>').format(LEFT, height - 6, unit))
    return _svg(parts, height)


def dots(points: Sequence[tuple[str, float, float]], title: str, x_label: str, y_label: str) -> Markup:
    """Draw a labelled dot for each (name, x, y); x is a share between 0 and 1, y starts at 1."""
    left, bottom, right, top = 60, 300, WIDTH - 20, 16
    highest = max([y for _, _, y in points] + [1.5]) * 1.05
    parts = [_title(title)]

    def place(x: float, y: float) -> tuple[float, float]:
        return left + (right - left) * x, bottom - (bottom - top) * (min(y, highest) - 0.9) / (highest - 0.9)

    for share in (0, 0.25, 0.5, 0.75, 1):
        x, _ = place(share, 1)
        parts.append(Markup('<line x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}" class="grid"/>').format(x, top, bottom))
        parts.append(Markup('<text x="{:.1f}" y="{}" class="mid">{:.0f} %</text>').format(x, bottom + 18, 100 * share))
    for step in range(5):
        value = 1 + (highest - 1) * step / 4
        _, y = place(0, value)
        parts.append(Markup('<line x1="{1}" x2="{2}" y1="{0:.1f}" y2="{0:.1f}" class="grid"/>').format(y, left, right))
        parts.append(Markup('<text x="{}" y="{:.1f}" class="end">{:.2f}</text>').format(left - 6, y + 4, value))
    for name, x, y in points:
        across, down = place(x, y)
        words = f"{name}: {100 * x:.1f} % right, perplexity × {y:.3g}"
        parts.append(
            Markup('<circle cx="{:.1f}" cy="{:.1f}" r="6" class="dot"><title>{}</title></circle>').format(
                across, down, words
            )
        )
    parts.append(
        Markup('<text x="{}" y="{}" class="mid dim">{}</text>').format((left + right) / 2, bottom + 38, x_label)
    )
    parts.append(Markup('<text x="{}" y="{}" class="dim">{}</text>').format(left, top - 4, y_label))
    return _svg(parts, bottom + 46)


def stack(counts: Mapping[str, int], label: str) -> Markup:
    """Draw one bar of 100 % with a piece for each state; `label` says it in words."""
    total, x = sum(counts.values()) or 1, 0.0
    parts = [_title(label)]
    for state, count in counts.items():
        width = 200 * count / total
        kind = state.replace(" ", "-")
        parts.append(Markup('<rect x="{:.1f}" y="0" width="{:.1f}" height="14" class="{}"/>').format(x, width, kind))
        x += width
    return Markup('<svg viewBox="0 0 200 14" class="stack" role="img">{}</svg>').format(Markup("").join(parts))


def _title(words: str) -> Markup:
    return Markup("<title>{}</title>").format(words)


def _svg(parts: list[Markup], height: float) -> Markup:
    return Markup('<svg viewBox="0 0 {} {}" role="img">{}</svg>').format(WIDTH, height, Markup("").join(parts))
