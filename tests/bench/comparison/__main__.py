"""Measures shmbus and the peers a user would pick instead; called by tests/bench/compare."""

import argparse
import json
import os
import platform
import shlex
import signal
import sys
import time
from pathlib import Path

import report
from programs import Failed, Programs
from samples import Pace, all_samples

HELP = """\
Measures shmbus, the floor of this machine, and the peers a user would pick instead, in turns: each round runs each of
them once, and a ratio is the median of the rounds' ratios, so that whatever changes on the machine meanwhile meets all
alike. A figure is marked noisy where the middle half of its rounds lies further apart than 15 % of the median.

Without --no-build it installs what is missing and builds first; --build does nothing else."""

AFTERWARDS = """\
Measures are latency, throughput, publish, loan, copy (or copy-BYTES), wakeup, attach, durable, queue, idle; programs are
shmbus, floor, iceoryx, message_queue, zeromq, nng, seqpacket, pipe, handover; of durable journal (shmbus), redis, sqlite,
disk; of queue group (shmbus), redis_group, jetstream. First steps:
  tests/bench/compare --quick
  tests/bench/compare --only latency --only throughput/zeromq
  tests/bench/compare --json all.json && tests/bench/compare --no-build --from all.json --markdown
  tests/bench/compare --no-build --from all.json --chart libshmbus/doc/pictures/speed.svg
Figures mean most where nothing else runs. Exit status: 0 all measured is met, 1 something failed or is missed, 2 wrong
use."""


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench/compare", description=HELP, epilog=AFTERWARDS,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=whole, help="how often each is measured (5)")
    parser.add_argument("--seconds", type=positive, help="how long each is measured in a round (0.5)")
    parser.add_argument("--quick", action="store_true", help="3 rounds of 0.1 s: shows that all works")
    parser.add_argument("--only", action="append", metavar="MEASURE/PROGRAM", default=[],
                        help="only these, beside shmbus and the floor; one of the two is enough; may be given several "
                             "times")
    parser.add_argument("--disk", metavar="FOLDER", type=Path,
                        help="a folder on the disk that durable measures (build/compare)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write every figure of every round")
    parser.add_argument("--from", metavar="FILE", type=Path, action="append", dest="kept", default=[],
                        help="measure nothing, show what --json has written; of several, each tells what it measured")
    parser.add_argument("--markdown", action="store_true", help="print the tables of the guide")
    parser.add_argument("--chart", metavar="FILE", type=Path, help="also draw the README's chart, as SVG")
    parser.add_argument("--programs", help=argparse.SUPPRESS)
    return parser.parse_args()


def whole(text):
    value = int(text)
    if not 1 <= value <= 1000:
        raise ValueError
    return value


def positive(text):
    value = float(text)
    if not 0.001 <= value <= 3600:
        raise ValueError
    return value


def wanted(samples, only):
    """Those that --only names; ends the program where it names none."""
    if not only:
        return samples
    chosen = []
    for name in only:
        found = [s for s in samples if name in (s.name, s.measure, s.program, s.measure.split("-")[0])]
        if not found:
            names = sorted({s.measure for s in samples} | {s.program for s in samples})
            print(f"tests/bench/compare: --only: expected one of {', '.join(names)}, or two joined by a slash, "
                  f"found '{name}'", file=sys.stderr)
            sys.exit(2)
        chosen += found
        # A peer's figures need those of shmbus to compare with.
        measures = {f.measure for f in found}
        chosen += [s for s in samples if s.program in ("shmbus", "floor", "journal", "group") and s.measure in measures]
    return [s for s in samples if s in chosen]


def measure(samples, rounds, pace, programs):
    """The figures of each sample, a list of one a round."""
    figures = {sample.name: [] for sample in samples}
    for number in range(rounds):
        for sample in samples:
            if sample.once and number > 0:
                continue
            say(f"round {number + 1} of {rounds}: {sample.name}")
            figures[sample.name].append(sample.figures(programs, pace))
    say("")
    return figures


def say(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


def first_line(path):
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()[0]
    except (OSError, IndexError):
        return "unknown"


def machine():
    cpu = "unknown"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            cpu = line.split(": ", 1)[1]
            break
    return {"cpu": cpu, "cores": len(os.sched_getaffinity(0)), "kernel": f"{platform.system()} {platform.release()}",
            "virtual": "hypervisor" in Path("/proc/cpuinfo").read_text(encoding="utf-8"),
            "governor": first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            "clock_source": first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
            "load": round(os.getloadavg()[0], 2)}


def command(options):
    """What repeats the run, wherever its figures go."""
    words = ["tests/bench/compare"]
    for name in ("rounds", "seconds"):
        if getattr(options, name):
            words += [f"--{name}", f"{getattr(options, name):g}"]
    words += ["--quick"] if options.quick else []
    words += ["--disk", str(options.disk)] if options.disk else []
    for name in options.only:
        words += ["--only", name]
    return shlex.join(words)


def run(options):
    rounds = options.rounds or (3 if options.quick else 5)
    pace = Pace(options.seconds or (0.1 if options.quick else 0.5))
    samples = wanted(all_samples(), options.only)
    programs = Programs(options.programs, options.disk or options.programs)
    began = time.time()
    try:
        result = {"command": command(options), "machine": machine(),
                  "rounds": rounds, "seconds": pace.seconds, "quick": options.quick,
                  "samples": measure(samples, rounds, pace, programs)}
    finally:
        programs.close()
    result["took"] = round(time.time() - began)
    return result


def kept(files):
    result = None
    for file in files:
        one = json.loads(file.read_text(encoding="utf-8"))
        if result is None:
            result = one
        else:
            result["samples"].update(one["samples"])
            result["command"] += "; " + one["command"]
            result["took"] += one["took"]
    return result


def interrupted(number, _frame):
    raise SystemExit(128 + number)


def main():
    options = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    try:
        result = kept(options.kept) if options.kept else run(options)
        result["musts"] = report.musts(result)
        if options.json:
            options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        if options.chart:
            options.chart.write_text(report.svg(result), encoding="utf-8")
        print(report.markdown(result) if options.markdown else report.text(result))
    except (Failed, OSError) as error:
        say("")
        print(f"tests/bench/compare: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("")
        return 130
    return 1 if any(must["verdict"] == "missed" for must in result["musts"]) else 0


sys.exit(main())
