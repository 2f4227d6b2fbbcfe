"""Tables for the terminal and the guide."""


def text_table(head, rows):
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    def line(row):
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        return "  ".join(cells).rstrip()
    return "\n".join([line(head), "  ".join("-" * width for width in widths), *map(line, rows)])


def markdown_table(head, rows):
    def line(row):
        return "| " + " | ".join(row) + " |"
    return "\n".join([line(head), "|---" + "|---:" * (len(head) - 1) + "|", *map(line, rows)])


def duration(nanoseconds):
    """Three digits and a unit."""
    for unit, scale in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= scale:
            return f"{digits(nanoseconds / scale)} {unit}"
    return f"{digits(nanoseconds)} ns"


def count(value):
    for unit, scale in ((" G", 1e9), (" M", 1e6), (" k", 1e3)):
        if value >= scale:
            return digits(value / scale) + unit
    return digits(value)


def digits(value):
    """Three of them."""
    size = abs(value)
    if size >= 99.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if size >= 9.995 else f"{value:.2f}"
