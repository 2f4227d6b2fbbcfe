"""Measures the bridge to NATS against nats.c alone; called by tests/bench/bridge."""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from processes import Bridge, Buses, Failed, Measure, Server, nats_server

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "bench" / "comparison"))

from table import count, digits, duration, markdown_table, text_table  # noqa: E402

HELP = """\
Measures the bridge to NATS and nats.c alone in turns, against the same server: throughput, as the ratio of the medians
(at least 0.8), and latency, as the ratio of the medians of p50 (at most 1.3). Then starts 1, 10 and 100 bridges, each of
a bus of its own, and shows what each costs. Figures mean most where nothing else runs."""

OUT = "[[out]]\ntopics = '>'\nstart = 'all'\n"
LEAST_THROUGHPUT, MOST_LATENCY = 0.8, 1.3


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench/bridge", description=HELP,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (5)")
    parser.add_argument("--count", type=int, default=1_000_000, help="messages where throughput is measured (1000000)")
    parser.add_argument("--size", type=int, default=64, help="bytes of each (64)")
    parser.add_argument("--many", default="1,10,100", help="numbers of bridges ('1,10,100')")
    parser.add_argument("--only", choices=["throughput", "latency", "many"], action="append",
                        help="only this; may be given several times")
    parser.add_argument("--quick", action="store_true", help="2 rounds of 50000 messages: shows that all works")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write every figure of every round")
    parser.add_argument("--markdown", action="store_true", help="print the tables for the guide")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.count = 2, 50_000
    return options


def into(origin):
    return f"[[in]]\nfrom = ['{origin}']\ntopics = '>'\nstart = 'all'\n"


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.bridge_program = str(Path(options.build, "bin", "shmbus-nats"))
        self.measure = Measure(str(Path(options.build, "tests", "bench", "bridge_bench")))
        self.figures = {}
        self.number = 0

    def name(self):
        self.number += 1
        return f"bench-{os.getpid()}-{self.number}"

    def server(self):
        folder = tempfile.mkdtemp(dir=self.folder)
        return Server(nats_server(ROOT), folder)

    def bridge(self, stack, name, url, rules):
        """A bridge and its bus have the same name."""
        bridge = Bridge(self.bridge_program, self.folder, name, url, rules)
        stack.callback(bridge.end)
        return bridge

    def buses(self, stack, number):
        """Names of new buses."""
        names = [self.name() for _ in range(number)]
        stack.callback(Buses(self.measure.program, names).end)
        return names

    # One round of each.

    def throughput_nats(self, server):
        return self.measure("publish-nats", url=server.url, stream=self.name(), bus="bench", **self.load())["rate"]

    def throughput_bridge(self, server):
        with contextlib.ExitStack() as stack:
            [bus] = self.buses(stack, 1)
            self.bridge(stack, bus, server.url, OUT).wait_for("made the stream")
            return self.measure("publish-bus", url=server.url, bus=bus, stream=f"shmbus_{bus}", **self.load())["rate"]

    def latency_nats(self, server):
        return self.measure("latency-nats", url=server.url, stream=self.name(), bus="bench", **self.pace())

    def latency_bridge(self, server):
        with contextlib.ExitStack() as stack:
            near, far = self.buses(stack, 2)
            self.bridge(stack, near, server.url, OUT).wait_for("made the stream")
            self.bridge(stack, far, server.url, into(near)).wait_for("receives ")
            return self.measure("latency-buses", url=server.url, bus=near, far_bus=far, **self.pace())

    def load(self):
        return {"count": self.options.count, "size": self.options.size}

    def pace(self):
        return {"count": 2_000 if self.options.quick else 5_000, "size": self.options.size, "rate": 1_000}

    def in_turns(self, what, nats, bridge):
        """Both in each round, each the first in every other round; a server of their own for each round."""
        figures = {"nats": [], "bridge": []}
        for number in range(self.options.rounds):
            server = self.server()
            try:
                order = [("nats", nats), ("bridge", bridge)]
                for name, run in order if number % 2 == 0 else reversed(order):
                    figures[name].append(run(server))
                    print(f"  {what}, round {number + 1}, {name}: {figures[name][-1]}", file=sys.stderr)
            finally:
                server.end()
        self.figures[what] = figures
        return figures

    def many(self, number):
        """What `number` bridges in a ring cost, each with a stream and a consumer of its neighbour's."""
        with contextlib.ExitStack() as stack:
            server = self.server()
            stack.callback(server.end)
            time.sleep(1)
            empty = server.memory()
            names = self.buses(stack, number)
            began = time.monotonic()
            bridges = [self.bridge(stack, name, server.url, OUT + (into(names[i - 1]) if number > 1 else ""))
                       for i, name in enumerate(names)]
            for bridge in bridges:
                bridge.wait_for("made the stream", 300)
                if number > 1:
                    bridge.wait_for("receives ", 300)
            started = time.monotonic() - began
            time.sleep(2)
            before = server.cpu(), sum(bridge.cpu() for bridge in bridges)
            time.sleep(5)
            idle = (server.cpu() - before[0]) / 5, (sum(bridge.cpu() for bridge in bridges) - before[1]) / 5
            memory = server.memory(), sum(bridge.memory() for bridge in bridges)
            rate = self.measure("publish-many", url=server.url, buses=",".join(names), count=200_000, size=self.options.size)["rate"]
            return {"bridges": number, "start": started, "server_memory": memory[0] - empty, "bridge_memory": memory[1] / number,
                    "server_idle": idle[0], "bridge_idle": idle[1] / number, "rate": rate}


def report(bench, options):
    """Prints the tables. Returns whether what was measured is met."""
    table = markdown_table if options.markdown else text_table
    met = True
    rows = []
    for what, unit, musts in (("throughput", count, ("at least", LEAST_THROUGHPUT)), ("latency", duration, ("at most", MOST_LATENCY))):
        if what not in bench.figures:
            continue
        values = {name: [one["p50"] if what == "latency" else one for one in all] for name, all in bench.figures[what].items()}
        nats, bridge = statistics.median(values["nats"]), statistics.median(values["bridge"])
        ratio = bridge / nats
        good = ratio >= musts[1] if what == "throughput" else ratio <= musts[1]
        met &= good
        rows.append([what, unit(nats), unit(bridge), f"{ratio:.2f}", f"{musts[0]} {musts[1]}", "met" if good else "missed"])
    if rows:
        print(table(["", "nats.c", "bus and bridge", "ratio", "must", ""], rows))
    if "many" in bench.figures:
        print("\n" + table(
            ["bridges", "time to start", "server's memory", "a bridge's memory", "server's CPU, idle", "a bridge's CPU, idle",
             "messages/s in all"],
            [[str(one["bridges"]), duration(one["start"] * 1e9), f"{digits(one['server_memory'] / 2**20)} MiB",
              f"{digits(one['bridge_memory'] / 2**20)} MiB", f"{100 * one['server_idle']:.1f} %",
              f"{100 * one['bridge_idle']:.2f} %", count(one["rate"])] for one in bench.figures["many"]]))
    return met


def main():
    options = arguments()
    folder = tempfile.mkdtemp(prefix="shmbus-bridge-bench.")
    try:
        bench = Bench(options, folder)
        wanted = options.only or ["throughput", "latency", "many"]
        if "throughput" in wanted:
            bench.in_turns("throughput", bench.throughput_nats, bench.throughput_bridge)
        if "latency" in wanted:
            bench.in_turns("latency", bench.latency_nats, bench.latency_bridge)
        if "many" in wanted:
            bench.figures["many"] = [bench.many(int(number)) for number in options.many.split(",")]
        met = report(bench, options)
        if options.json:
            options.json.write_text(json.dumps(bench.figures, indent=1) + "\n")
        return 0 if met else 1
    except Failed as failure:
        print(f"tests/bench/bridge: {failure}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
