"""What a run says, for the terminal, the guide and the chart of the README."""

import chart
from musts import MISSED, UNKNOWN, NotMeasured, all_musts, durable_rows, kept_instructions, peer_rows, queue_rows
from samples import WORKERS
from table import count, duration, markdown_table, text_table


class Round:
    """One round: the figures of each sample, by its name."""

    def __init__(self, samples, number):
        self.samples = {name: figures[min(number, len(figures) - 1)] for name, figures in samples.items() if figures}

    def __getitem__(self, name):
        if name not in self.samples:
            raise NotMeasured(name)
        return self.samples[name]

    def get(self, name, default):
        return self.samples.get(name, default)


def rounds_of(result):
    samples = result["samples"]
    return [Round(samples, i) for i in range(max((len(figures) for figures in samples.values()), default=0))]


def musts(result):
    """The judged table, as it goes into the JSON document."""
    rounds = rounds_of(result)
    judged = []
    for must in all_musts():
        figure, verdict = must.judged(rounds)
        judged.append({"what": must.what, "must": must.must, "aim": must.aim, "verdict": verdict,
                       "shown": must.show(figure.median) if figure else "",
                       **(figure.as_json() if figure else {})})
    return judged + kept_instructions()


MUST_HEAD = ["measure", "must", "aim", "measured", ""]


def _must_rows(result, bold):
    rows = []
    for must in result["musts"]:
        verdict = must["verdict"]
        if verdict == UNKNOWN:
            continue
        if must.get("noisy"):
            verdict += f", noisy ({must['spread']:.0%})"
        if verdict.startswith(MISSED) and bold:
            verdict = f"**{verdict}**"
        rows.append([must["what"], must["must"], must["aim"], must["shown"], verdict])
    return rows


def _cell(figure, show):
    return "" if figure is None else show(figure.median) + (" noisy" if figure.noisy else "")


PEER_HEAD = ["64 B between two processes", "one way, p50", "p99", "events/s"]


def _peer_rows(result):
    return [[name, _cell(p50, duration), _cell(p99, duration), _cell(rate, count)]
            for name, p50, p99, rate in peer_rows(rounds_of(result))]


DURABLE_HEAD = ["durable events/s, 64 B", "one by one", "many at a time"]


def _durable_rows(result):
    return [[name, _cell(one, count), _cell(many, count)] for name, one, many in durable_rows(rounds_of(result))]


QUEUE_HEAD = ["leases/s, 64 B", "1 worker", f"{WORKERS} workers"]


def _queue_rows(result):
    return [[name, _cell(one, count), _cell(many, count)] for name, one, many in queue_rows(rounds_of(result))]


def _machine(result):
    machine = result["machine"]
    return (f"{machine['cores']} cores of {machine['cpu']}{' in a virtual machine' if machine['virtual'] else ''}, "
            f"{machine['kernel']}, clock source {machine['clock_source']}, governor {machine['governor']}")


def _floors(result):
    """Each round's, since it tells where a hypervisor has put the cores meanwhile."""
    rounds = [figures["floor p50"] for figures in result["samples"].get("latency/shmbus", [])]
    return "\nthe floor, round by round: " + ", ".join(map(duration, rounds)) if rounds else ""


def text(result):
    parts = [f"{_machine(result)}\n{result['rounds']} rounds of {result['seconds']} s each; "
             f"load before {result['machine']['load']}; took {result['took']} s{_floors(result)}"]
    for head, rows in ((PEER_HEAD, _peer_rows(result)), (DURABLE_HEAD, _durable_rows(result)),
                       (QUEUE_HEAD, _queue_rows(result)), (MUST_HEAD, _must_rows(result, bold=False))):
        if rows:
            parts.append(text_table(head, rows))
    missing = sum(must["verdict"] == UNKNOWN for must in result["musts"])
    if missing:
        parts.append(f"{missing} more lines need what was not measured")
    return "\n\n".join(parts)


def markdown(result):
    """What libshmbus/doc/guide/performance.md shows."""
    origin = (f"Measured with `{result['command']}` on {_machine(result)}; medians of {result['rounds']} rounds of "
              f"{result['seconds']} s")
    tables = [markdown_table(head, rows) for head, rows in ((PEER_HEAD, _peer_rows(result)),
                                                            (DURABLE_HEAD, _durable_rows(result)),
                                                            (QUEUE_HEAD, _queue_rows(result)),
                                                            (MUST_HEAD, _must_rows(result, bold=True))) if rows]
    return "\n\n".join([origin + _floors(result).replace("\n", "; ") + ".", *tables])


def svg(result):
    """The chart of the README."""
    return chart.draw(peer_rows(rounds_of(result)),
                      f"tests/bench/compare, {result['rounds']} rounds of {result['seconds']} s; {_machine(result)}")
