"""What the figures of a run must be: the ratios that shmbus is measured by."""

from pathlib import Path

from programs import Failed
from rounds import Rounds
from samples import CLIENTS, DURABLE, OUTSTANDING, PEERS, SIZES, TRANSACTION, WORKERS
from table import digits, duration

MET, MISSED, UNKNOWN = "met", "missed", "not measured"


class NotMeasured(Exception):
    """A round has no such sample."""


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
            except NotMeasured:
                pass
            except KeyError as error:
                raise Failed(f"{self.what}: expected a figure {error}, found none") from None
        if not values:
            return None, UNKNOWN
        figure = Rounds(values)
        good = figure.median <= self.limit if self.at_most else figure.median >= self.limit
        return figure, MET if good else MISSED


def times(value):
    return f"{digits(value)}x"


def whole(value):
    return str(round(value))


def part(value):
    """0.125 as 1/8.0."""
    return f"1/{digits(1 / value)}" if value < 1 else digits(value)


def size_text(size):
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"


def all_musts():
    def latency(kind, quantile):
        return lambda r: r["latency/shmbus"][f"{kind}, poll {quantile}"] / r["latency/shmbus"][f"floor {quantile}"]

    def in_a_hop(kind):
        return lambda r: r["throughput/shmbus"][kind] * r["throughput/floor"]["p50"] / 1e9

    # With one publisher and one subscriber the topic may be exclusive; the default is shared.
    def against(program):
        return lambda kind: (
            lambda r: r["throughput/shmbus"][kind] / r[f"throughput/{program}"]["events_per_second"])

    def copied(size):
        return lambda r: (r[f"copy-{size}/shmbus"]["exclusive"] * size /
                          r[f"copy-{size}/handover"]["bytes_per_second"])

    def wake_up(kind):
        return lambda r: r["wakeup/shmbus"][f"{kind} p50"] / r["wakeup/shmbus"]["futex p50"]

    def durable(peer, how):
        return lambda r: (r[f"durable-{how}/journal"]["events_per_second"] /
                          r[f"durable-{how}/{peer}"]["events_per_second"])

    def leased(peer):
        return lambda r: r["queue-1/group"]["events_per_second"] / r[f"queue-1/{peer}"]["events_per_second"]

    def published(kind, figure):
        return lambda r: r["publish/shmbus"][f"{kind}, {figure}"]

    def both(what, limits, aims, ratio, **more):
        return [Must(f"{what}, {kind}", limit, aim, ratio(kind), **more)
                for kind, limit, aim in zip(("exclusive", "shared"), limits, aims)]

    return [
        *both("one way, 64 B, spinning: p50 / floor", (1.25, 1.4), (1.0, 1.1), lambda kind: latency(kind, "p50")),
        *both("one way, 64 B, spinning: p99 / floor", (1.6, 1.6), (1.2, 1.2), lambda kind: latency(kind, "p99")),
        *both("64 B, 1 to 1, reliable: events in one floor hop", (6, 5), (8, 6.5), in_a_hop, at_most=False),
        *both("a time stamp adds to a publish, in reads of the cycle counter", (1.2, 1.2), (1.0, 1.0),
              lambda kind: published(kind, "stamped stamp_adds_reads")),
        *both("throughput / iceoryx", (50, 50), (None, None), against("iceoryx"), at_most=False, show=times),
        *both("throughput / Boost message_queue", (12, 12), (None, None), against("message_queue"), at_most=False,
              show=times),
        *both("throughput / ZeroMQ", (20, 20), (None, None), against("zeromq"), at_most=False, show=times),
        *both("one way / iceoryx", (1 / 7, 1 / 7), (1 / 12, 1 / 12),
              lambda kind: lambda r: r["latency/shmbus"][f"{kind}, poll p50"] / r["latency/iceoryx"]["p50"], show=part),
        Must("1 MiB loaned / 64 B loaned, one way, blocks of 16 MiB", 1.5, 1.1,
             lambda r: r["loan/shmbus"]["1 MiB, loaned p50"] / r["loan/shmbus"]["64 B, loaned p50"]),
        *(Must(f"{size_text(size)} copied, all read: bytes/s / memcpy hand-over", 0.8, 1.0, copied(size), at_most=False)
          for size in SIZES),
        *both("publish rate beside a lapped lossy reader / without", (0.9, 0.9), (None, None),
              lambda kind: published(kind, "lapped reader rate_ratio"), at_most=False),
        *both("wake-up of a sleeping reader / futex ping-pong, p50", (1.2, 1.2), (1.05, 1.05), wake_up),
        Must("seven idle services: processor ticks in all", 0, None, lambda r: r["idle/shmbus"]["ticks"], show=whole),
        Must("seven idle services: switches a waiting thread and stall limit", 1, None,
             lambda r: r["idle/shmbus"]["switches"]),
        Must("attach a node and two ports to a bus of 100 topics", 1e6, None,
             lambda r: r["attach/shmbus"]["together p50"], show=duration),
        *(Must(f"durable events/s: {what}", 1, None, durable(peer, how), at_most=False, show=times)
          for peer, how, what in (
              ("redis", "one", "16 publishers wait for each / Redis Streams, one by one"),
              ("redis", "many", "16 publishers wait for 64 / Redis Streams, pipelined by 64"),
              ("sqlite", "one", "16 publishers wait for each / SQLite, an event a transaction"),
              ("sqlite", "many", "16 publishers wait for 64 / SQLite, 1,000 a transaction"))),
        *(Must(f"leases/s, one worker: a group / {what}", 20, None, leased(peer), at_most=False, show=times)
          for peer, what in (("redis_group", "Redis Streams, its better way"), ("jetstream", "JetStream, its better way"))),
    ]


def kept_instructions():
    """What callgrind counted, no clock: rows of tests/bench/instructions.txt, judged."""
    lines = Path(__file__).parent.with_name("instructions.txt").read_text(encoding="utf-8").splitlines()
    kept = {case: float(number) for case, number in (line.split() for line in lines if not line.startswith("#"))}
    rows = [(f"instructions a publish, {kind}", f"≤ {limit}", digits(kept[kind]), kept[kind] <= limit)
            for kind, limit in (("exclusive", 60), ("shared", 90))]
    for kind in ("exclusive", "shared"):
        beside = [kept[f"{kind}-beside-{readers}"] for readers in (1, 8, 64)]
        rows.append((f"the same beside 1, 8, 64 slow readers, {kind}", "the same", " ".join(map(digits, beside)),
                     max(beside) - min(beside) < 1))
    return [{"what": what, "must": must, "aim": "", "shown": shown, "verdict": MET if good else MISSED}
            for what, must, shown, good in rows]


def peer_rows(rounds):
    """Name, one way p50 and p99, events a second, for the table of the peers; None where it was not measured."""
    def median(sample, figure):
        values = [r[sample][figure] for r in rounds if figure in r.get(sample, {})]
        return Rounds(values) if values else None

    def one_way(sample, name):
        return (median(sample, f"{name} {quantile}".lstrip()) for quantile in ("p50", "p99"))

    rows = [("the floor: a cache line each way", *one_way("latency/shmbus", "floor"), None)]
    for kind in ("exclusive", "shared"):
        rows.append((f"shmbus, {kind}", *one_way("latency/shmbus", f"{kind}, poll"), median("throughput/shmbus", kind)))
    names = {"iceoryx": "iceoryx", "message_queue": "Boost message_queue", "zeromq": "ZeroMQ ipc", "nng": "nng ipc",
             "seqpacket": "Unix seqpacket", "pipe": "pipe", "handover": "memcpy hand-over"}
    for program in PEERS:
        rows.append((names[program], *one_way(f"latency/{program}", ""),
                     median(f"throughput/{program}", "events_per_second")))
    rows.append(("futex ping-pong: both sleep", *one_way("wakeup/shmbus", "futex"), None))
    for kind in ("exclusive", "shared"):
        rows.append((f"shmbus, {kind}: both sleep", *one_way("wakeup/shmbus", kind), None))
    return [row for row in rows if any(row[1:])]


def durable_rows(rounds):
    """Name, durable events a second one by one and many at a time."""
    names = {"journal": f"shmbus, Journal::batch(): {CLIENTS} publishers wait for each, and for {OUTSTANDING}",
             "redis": f"Redis Streams, appendfsync always: {CLIENTS} clients, one by one, and pipelined by {OUTSTANDING}",
             "sqlite": f"SQLite, WAL, synchronous=FULL: an event a transaction, and {TRANSACTION:,}",
             "disk": f"the disk: a write of 64 B and fdatasync, and of {OUTSTANDING} x 64 B"}
    def rate(sample):
        values = [r[sample]["events_per_second"] for r in rounds if r.get(sample, None)]
        return Rounds(values) if values else None

    rows = [(names[program], rate(f"durable-one/{program}"), rate(f"durable-many/{program}")) for program in DURABLE]
    return [row for row in rows if any(row[1:])]


def queue_rows(rounds):
    """Name, leases a second of one worker and of several."""
    def rate(sample, how):
        values = [r[sample][how] for r in rounds if r.get(sample, None)]
        return Rounds(values) if values else None

    rows = [(name, *(rate(f"queue-{workers}/{program}", how) for workers in (1, WORKERS)))
            for name, program, how in (
                ("shmbus, a group: take and acknowledge, one by one", "group", "one_by_one"),
                ("Redis Streams: XREADGROUP COUNT 1, XACK", "redis_group", "one_by_one"),
                ("Redis Streams: XREADGROUP COUNT 100, XACK of all, pipelined", "redis_group", "by_100"),
                ("NATS JetStream, memory: fetch 1, ack", "jetstream", "one_by_one"),
                ("NATS JetStream, memory: fetch 100, an ack each", "jetstream", "by_100"))]
    return [row for row in rows if any(row[1:])]
