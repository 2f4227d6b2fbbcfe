"""What the figures of a run must be: the ratios that shmbus is measured by."""

from pathlib import Path

from rounds import Rounds
from samples import PEERS, SIZES
from table import digits

MET, MISSED, UNKNOWN = "met", "missed", "not measured"


class Must:
    """One line of the table. `ratio` takes a round, which gives samples by name, and returns the figure."""

    def __init__(self, what, limit, aim, ratio, at_most=True, show=digits):
        self.what = what
        self.limit = limit
        self.at_most = at_most
        self.show = show
        self.must = f"{'≤' if at_most else '≥'} {show(limit)}"
        self.aim = "" if aim is None else show(aim)
        self.ratio = ratio

    def judged(self, rounds):
        """The figure, or None where a round has not what it needs; and the verdict."""
        values = []
        for one in rounds:
            try:
                values.append(self.ratio(one))
            except KeyError:
                pass
        if not values:
            return None, UNKNOWN
        figure = Rounds(values)
        good = figure.median <= self.limit if self.at_most else figure.median >= self.limit
        return figure, MET if good else MISSED


def times(value):
    return f"{digits(value)}x"


def part(value):
    """0.125 as 1/8.0."""
    return f"1/{digits(1 / value)}" if value < 1 else digits(value)


def size_text(size):
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"


def all_musts():
    def latency(kind, quantile):
        return lambda r: (r["latency/shmbus"][f"{kind}, poll {quantile}"] / r["latency/shmbus"][f"floor {quantile}"])

    def in_a_hop(kind):
        return lambda r: r["throughput/shmbus"][kind] * r["throughput/floor"]["p50"] / 1e9

    def against(program):
        return lambda r: r["throughput/shmbus"]["shared"] / r[f"throughput/{program}"]["events_per_second"]

    def copied(size):
        def ratio(r):
            return r[f"copy-{size}/shmbus"]["exclusive"] * size / r[f"copy-{size}/handover"]["bytes_per_second"]
        return ratio

    musts = [
        Must("one way, 64 B, spinning: p50 / floor, exclusive", 1.25, 1.0, latency("exclusive", "p50")),
        Must("the same, shared", 1.4, 1.1, latency("shared", "p50")),
        Must("one way, 64 B, spinning: p99 / floor, exclusive", 1.6, 1.2, latency("exclusive", "p99")),
        Must("the same, shared", 1.6, 1.2, latency("shared", "p99")),
        Must("64 B, 1 to 1, reliable: events in a floor hop, exclusive", 6, 8, in_a_hop("exclusive"), at_most=False),
        Must("the same, shared", 5, 6.5, in_a_hop("shared"), at_most=False),
        Must("throughput / iceoryx", 50, None, against("iceoryx"), at_most=False, show=times),
        Must("throughput / Boost message_queue", 12, None, against("message_queue"), at_most=False, show=times),
        Must("throughput / ZeroMQ", 20, None, against("zeromq"), at_most=False, show=times),
        Must("one way / iceoryx", 1 / 7, 1 / 12,
             lambda r: r["latency/shmbus"]["shared, poll p50"] / r["latency/iceoryx"]["p50"], show=part),
    ]
    musts += [Must(f"{size_text(size)} copied, all read: bytes/s / hand-over", 0.8, 1.0, copied(size), at_most=False)
              for size in SIZES]
    return musts


def kept_instructions():
    """Of tests/bench/instructions.txt, by case: callgrind counted them, no clock."""
    lines = Path(__file__).parent.with_name("instructions.txt").read_text(encoding="utf-8").splitlines()
    return {case: float(number) for case, number in (line.split() for line in lines if not line.startswith("#"))}


def peer_rows(rounds):
    """Name, one way p50 and p99, events a second, for the table of the peers; None where it was not measured."""
    def median(sample, figure):
        values = [r[sample][figure] for r in rounds if figure in r.get(sample, {})]
        return Rounds(values) if values else None

    rows = [("the floor: a cache line each way", *(median("latency/shmbus", f"floor {q}") for q in ("p50", "p99")), None)]
    for kind in ("exclusive", "shared"):
        rows.append((f"shmbus, {kind}",
                     *(median("latency/shmbus", f"{kind}, poll {q}") for q in ("p50", "p99")),
                     median("throughput/shmbus", kind)))
    names = {"iceoryx": "iceoryx", "message_queue": "Boost message_queue", "zeromq": "ZeroMQ ipc", "nng": "nng ipc",
             "seqpacket": "Unix seqpacket", "pipe": "pipe", "handover": "memcpy hand-over"}
    for program in PEERS:
        rows.append((names[program], *(median(f"latency/{program}", q) for q in ("p50", "p99")),
                     median(f"throughput/{program}", "events_per_second")))
    return [row for row in rows if any(row[1:])]
