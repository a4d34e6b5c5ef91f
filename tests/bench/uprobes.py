#!/usr/bin/env python3
"""gilspy's hold and wait shares against the truth of uprobes on take_gil and drop_gil, over the same seconds.

Root, bpftrace, and interpreters that kept their symbol table (pyenv's do, Debian's do not). Exits with 1 when a share
is further from the truth than its bound.
"""

import argparse
import collections
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import interpreters  # noqa: E402
import running  # noqa: E402
from truth import NoTruth, Watch  # noqa: E402

SCENARIOS = {
    "spinners 4": ("spinners.py", "--threads", 4),
    "spinners 8": ("spinners.py", "--threads", 8),
    "mixed": ("mixed.py",),
    "hashing": ("hashing.py",),
}
BOUND_POINTS = 3.0
BOUND_HASHER_POINTS = 5.0

Row = collections.namedtuple("Row", "python scenario round thread kind gilspy truth difference bound")


def compare(python, scenario, number, arguments):
    """One round: [Row, ...] with shares in percent and differences in points."""
    name, *sizes = SCENARIOS[scenario]
    with running.Program(python.executable, name, *sizes) as program:
        with Watch(program.pid) as watch:
            time.sleep(0.5)
            report = running.record_json(program.pid, *arguments.gilspy, seconds=arguments.seconds)
            end = time.monotonic_ns()
        begin = end - int(report["duration_s"] * 1e9)
        truth = watch.shares(begin, end)
        report["quality"]["spans"] = spans_of(report, watch.spans(begin, end))
        unknown = sum(thread["activities"]["unknown"] for thread in report["threads"])
        seen_s = sum(sum(thread["activities"].values()) for thread in report["threads"])
        report["quality"]["unknown_percent"] = 100 * unknown / max(seen_s, 1e-9)
        names = {thread["tid"]: thread["name"] for thread in program.truth()["threads"]}
    seen = {thread["tid"]: thread["activities"] for thread in report["threads"]}
    rows = []
    for tid, thread in names.items():
        if tid not in seen:
            raise SystemExit("gilspy did not see the thread %s (%d)" % (thread, tid))
        true_shares = truth.get(tid, {"hold": 0.0, "wait": 0.0})
        for kind, share in shares_of(seen[tid]).items():
            bound = BOUND_HASHER_POINTS if thread.startswith("hasher") else BOUND_POINTS
            difference = 100 * (share - true_shares[kind])
            rows.append(Row(str(python), scenario, number, thread, kind, 100 * share, 100 * true_shares[kind],
                            difference, bound))
    return rows, report["quality"]


def spans_of(report, truth):
    """{"turns": ((gilspy's count, median and p99 in ms), (the true ones)), "waits": ...}"""
    gil = report["interpreters"][0]["gil"]
    found = {}
    for name, key in (("turns", "tenure"), ("waits", "time_to_get_gil")):
        told = gil[key]
        # Without the hundreds of calls that nobody had to wait in.
        true = [ns for ns in truth[name] if ns >= 20_000] or [0]
        found[name] = ((told["count"], told["median_s"] * 1e3, told["p99_s"] * 1e3),
                       (len(true), true[len(true) // 2] / 1e6, true[len(true) * 99 // 100] / 1e6))
    return found


def shares_of(activities):
    # Of the time of which something is known: where the machine kept the sampler from running, it says `unknown`.
    total = sum(activities.values()) - activities["unknown"] or 1.0
    return {"hold": (activities["holds_gil"] + activities["holds_gil_off_cpu"]) / total,
            "wait": activities["waits_for_gil"] / total}


def show(rows, quality):
    first = rows[0]
    print("\nCPython %s, %s, round %d: %d ticks, %d late, %d blurred, %.1f %% unknown" % (
        first.python, first.scenario, first.round, quality["ticks"], quality["late"], quality["blurred"],
        quality["unknown_percent"]))
    print("  %-14s %22s   %22s" % ("", "hold: gilspy  truth", "wait: gilspy  truth"))
    for hold, wait in zip(rows[::2], rows[1::2]):
        print("  %-14s %s   %s" % (hold.thread, cell(hold), cell(wait)))
    for name, (told, true) in quality["spans"].items():
        print("  %s: gilspy %d, median %.2f ms, p99 %.2f ms; truth (from 0.02 ms on) %d, %.2f ms, %.2f ms" % (
            name, *told, *true))


def cell(row):
    mark = "!" if abs(row.difference) > row.bound else " "
    return "%6.1f %6.1f %+6.1f %s " % (row.gilspy, row.truth, row.difference, mark)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", help="an interpreter (default: every supported one found)")
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS), help="default: all of them")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", metavar="FILE", help="also write all rows as JSON")
    parser.add_argument("gilspy", nargs="*", help="further arguments of `gilspy record`, after --")
    return parser.parse_args()


def chosen_interpreters(paths):
    if not paths:
        return list(interpreters.pick_supported(interpreters.find_interpreters()).values())
    facts = [(path, interpreters.probe(path)) for path in paths]
    return [interpreters.Interpreter(path, tuple(fact["version"]), fact["free_threaded"]) for path, fact in facts]


def main():
    arguments = parse_arguments()
    rows = []
    for python in chosen_interpreters(arguments.python):
        if python.free_threaded:
            print("SKIPPED CPython %s: without a GIL nobody waits for it" % python)
            continue
        for scenario in arguments.scenario or SCENARIOS:
            for number in range(1, arguments.rounds + 1):
                try:
                    fresh, quality = compare(python, scenario, number, arguments)
                except NoTruth as reason:
                    print("SKIPPED CPython %s, %s: %s" % (python, scenario, reason))
                    continue
                show(fresh, quality)
                rows += fresh
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps([row._asdict() for row in rows], indent=2))
    if not rows:
        sys.exit("nothing was compared")
    worst = max(rows, key=lambda row: abs(row.difference) / row.bound)
    print("\nworst: %+.1f points (bound %.0f): %s of %s, CPython %s, %s, round %d" % (
        worst.difference, worst.bound, worst.kind, worst.thread, worst.python, worst.scenario, worst.round))
    sys.exit(any(abs(row.difference) > row.bound for row in rows))


if __name__ == "__main__":
    main()
