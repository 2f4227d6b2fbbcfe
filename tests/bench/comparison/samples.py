"""What is run in each round. A sample is one run of one program; it gives some figures, by name.

Samples are named "measure/program". Those of shmbus hold all that is compared within one measure, each beside its
floor where shmbus-bench has it; those of the peers hold what their programs print."""

import contextlib

SIZES = (1024, 4096, 16384, 65536, 262144, 1048576)  # bytes copied
PEERS = ("iceoryx", "message_queue", "zeromq", "nng", "seqpacket", "pipe", "handover")
DURABLE = ("journal", "redis", "sqlite", "disk")  # what makes events durable
CLIENTS, OUTSTANDING, TRANSACTION = 16, 64, 1000  # its clients, the events of each that wait for the disk, SQLite's
QUEUES = {"group": 2_000_000, "redis_group": 200_000, "jetstream": 100_000}  # and the events put into each
WORKERS = 4  # that share one, where it is not one alone
BLOCKS = 16  # retained by a topic, which has one more


def block_size(size):
    """Of the topic over which payloads of this size are copied: four of them in a block at least, as a user would."""
    return max(256 * 1024, 4 * size)


class Sample:
    """`figures(programs, pace)` runs it."""

    def __init__(self, measure, program, figures, once=False):
        self.name = f"{measure}/{program}"
        self.measure = measure
        self.program = program
        self.figures = figures
        self.once = once  # it takes long and does not vary, so it is measured once


class Pace:
    """How long things are measured."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.timeout = 90 + 60 * seconds

    def peer(self):
        return ("--seconds", self.seconds)

    def shmbus(self):
        return ("--rounds", 1, "--round-ms", max(1, round(self.seconds * 1000)),
                "--warm-up-ms", max(1, round(self.seconds * 200)))


def shmbus(measure, *arguments, figures):
    """A sample of shmbus-bench; `figures` picks from its series, by their names."""
    def run(programs, pace):
        document = programs.shmbus(measure, *arguments, *pace.shmbus(), timeout=pace.timeout)
        return figures({series["name"]: series for series in document["series"]})
    return run


def peer(program, measure, *arguments):
    def run(programs, pace):
        if program == "iceoryx":
            with programs.roudi():
                return programs.peer(program, measure, *arguments, *pace.peer(), timeout=pace.timeout)
        return programs.peer(program, measure, *arguments, *pace.peer(), timeout=pace.timeout)
    return run


def one_way(series):
    """p50 and p99 of each series, in nanoseconds."""
    return {f"{name} {quantile}": one["distribution"][quantile] for name, one in series.items()
            for quantile in ("p50", "p99")}


def rates(series):
    return {name.split(", ", 1)[1]: one["events_per_second"]["median"] for name, one in series.items()}


def publish(series):
    """What a time stamp adds, in reads of the cycle counter; the rate beside a lapped reader, as a share of that
    without."""
    figures = {}
    for name, one in series.items():
        for figure in ("stamp_adds_reads", "rate_ratio"):
            if figure in one:
                figures[f"{name} {figure}"] = one[figure]["median"]
    return figures


def durable(program, many):
    """Durable events a second, where each client waits for each event, or for many at a time."""
    # SQLite has one writer at a time, and the disk one sync: more clients would only wait for each other.
    clients = 1 if program in ("sqlite", "disk") else CLIENTS
    outstanding = 1 if not many else TRANSACTION if program == "sqlite" else OUTSTANDING

    def run(programs, pace):
        with programs.disk_folder() as folder, contextlib.ExitStack() as stack:
            at = folder
            if program == "redis":
                at = stack.enter_context(programs.redis(folder, "--appendonly", "yes", "--appendfsync", "always",
                                                        "--auto-aof-rewrite-percentage", "0"))
            return programs.peer(program, "durable", "--at", at, "--clients", clients, "--outstanding", outstanding,
                                 "--seconds", 4 * pace.seconds, timeout=pace.timeout)
    return run


def queue(program, workers):
    """Events a second that workers take and acknowledge, in the better of a peer's two ways; `one_by_one` and `by_100`."""
    def run(programs, pace):
        server = {"redis_group": lambda: programs.redis(programs.folder), "jetstream": programs.nats}.get(program)
        with server() if server else contextlib.nullcontext("") as at:
            return programs.peer(program, "queue", "--at", at, "--workers", workers, "--events", QUEUES[program],
                                 *pace.peer(), timeout=pace.timeout)
    return run


def idle(programs, pace):
    """What seven services use that have nothing to do: it takes ten seconds, and a moment where all is quick."""
    seconds = max(1, round(20 * pace.seconds))
    document = programs.shmbus("idle", "--services", 7, "--seconds", seconds, timeout=pace.timeout + seconds)
    everything = next(series for series in document["series"] if series["name"] == "all")
    return {"ticks": everything["ticks"], "switches": everything["switches_per_thread_and_stall_limit"]}


def all_samples():
    samples = [Sample("latency", "shmbus", shmbus("latency", "--wait", "poll", figures=one_way))]
    samples += [Sample("latency", name, peer(name, "latency")) for name in PEERS]

    samples += [Sample("throughput", "floor", peer("floor", "latency")),
                Sample("throughput", "shmbus", shmbus("throughput", figures=rates))]
    samples += [Sample("throughput", name, peer(name, "throughput")) for name in PEERS]

    for size in SIZES:
        block = block_size(size)
        samples += [
            Sample(f"copy-{size}", "shmbus", shmbus("throughput", "--sizes", size, "--touch", "all", "--writers",
                                                    "exclusive", "--block-size", block, "--blocks", BLOCKS,
                                                    figures=rates)),
            Sample(f"copy-{size}", "handover", peer("handover", "throughput", "--size", size, "--ring",
                                                    block * (BLOCKS + 1)))]

    samples.append(Sample("loan", "shmbus", shmbus("payload", "--how", "loaned", "--what", "latency", "--sizes",
                                                   f"64,{1 << 20}", "--touch", "ends", "--block-size", 16 << 20,
                                                   figures=one_way)))
    samples.append(Sample("publish", "shmbus", shmbus("publish", figures=publish)))
    samples.append(Sample("wakeup", "shmbus", shmbus("wakeup", figures=one_way)))
    samples.append(Sample("attach", "shmbus", shmbus("attach", "--topics", 100, figures=one_way)))
    for many in (False, True):
        samples += [Sample(f"durable-{'many' if many else 'one'}", name, durable(name, many)) for name in DURABLE]
    for workers in (1, WORKERS):
        samples += [Sample(f"queue-{workers}", name, queue(name, workers)) for name in QUEUES]
    samples.append(Sample("idle", "shmbus", idle, once=True))
    return samples
