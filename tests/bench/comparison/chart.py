"""The peers' table as an SVG: how long one event takes, and how many pass in a second. Both axes are logarithmic."""

import math
from xml.sax.saxutils import escape

from table import count, duration

WIDTH, NAMES, PANEL, GAP = 880, 225, 265, 75  # pixels: the names, one panel, what lies between the two
TOP, ROW, BAR = 62, 26, 14
OURS, PEER, FLOOR, INK, GRID = "#1b6ca8", "#9aa5b1", "#d9a441", "#24292f", "#dde1e6"


class Axis:
    """Decades of one panel, and where a value lies."""

    def __init__(self, left, values, unit):
        self.left = left
        self.first = math.floor(math.log10(min(values)) + 1e-9)
        self.last = max(math.ceil(math.log10(max(values)) - 1e-9), self.first + 1)
        self.unit = unit

    def x(self, value):
        share = (math.log10(value) - self.first) / (self.last - self.first)
        return self.left + PANEL * min(max(share, 0), 1)

    def lines(self, bottom):
        for decade in range(self.first, self.last + 1):
            x = self.x(10 ** decade)
            yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{bottom}" stroke="{GRID}"/>'
            yield text(x, bottom + 16, short(self.unit(10 ** decade)), "middle", size=11)


def short(label):
    """"10.0 ns" as "10 ns"."""
    number, _, unit = label.partition(" ")
    return f"{float(number):g} {unit}".rstrip()


def text(x, y, words, anchor="start", size=12, weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}">'
            f'{escape(words)}</text>')


def colour(name):
    if name.startswith("shmbus"):
        return OURS
    return FLOOR if name.startswith("the floor") else PEER


def draw(rows, origin):
    """`rows` as musts.peer_rows gives them; `origin` says where and how the figures were measured."""
    rows = [row for row in rows if row[1] and "both sleep" not in row[0] and "memcpy" not in row[0]]
    rates = [row[3].median for row in rows if row[3]]
    time_axis = Axis(NAMES, [row[1].median for row in rows], duration)
    rate_axis = Axis(NAMES + PANEL + GAP, rates, count) if rates else None
    bottom = TOP + ROW * len(rows)
    height = bottom + 48

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
             f'height="{height}" font-family="system-ui, sans-serif" fill="{INK}">',
             "<title>64 bytes from one process to another: shmbus and its peers</title>",
             f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
             text(10, 20, "64 bytes from one process to another", size=15, weight="bold"),
             text(WIDTH - 10, 20, "each grid line is ten times the one before", "end", size=11),
             text(NAMES, 44, "time one way, median (less is better)"),
             *time_axis.lines(bottom)]
    if rate_axis:
        parts += [text(rate_axis.left, 44, "events a second (more is better)"), *rate_axis.lines(bottom)]
    for number, (name, p50, _, rate) in enumerate(rows):
        y = TOP + ROW * number
        parts.append(text(10, y + BAR - 2, name, weight="bold" if name.startswith("shmbus") else "normal"))
        for axis, figure in ((time_axis, p50), (rate_axis, rate)):
            if axis and figure:
                end = axis.x(figure.median)
                parts += [f'<rect x="{axis.left}" y="{y}" width="{end - axis.left:.1f}" height="{BAR}" '
                          f'fill="{colour(name)}"/>',
                          text(end + 5, y + BAR - 2, axis.unit(figure.median), size=11)]
    parts += [text(10, height - 10, origin, size=10), "</svg>"]
    return "\n".join(parts) + "\n"
