#!/usr/bin/env python3
"""The worst case for stacks: how many that cannot have existed, how many thrown away, how much of the held time kept?

Runs churn.py on every supported interpreter, records who holds the GIL (without one: who runs) as folded stacks, judges
them, and takes the losses from a second recording as JSON. Exits with 1 when a bound is exceeded; with --blocking no
stack may be impossible, thrown away or truncated.
"""

import argparse
import sys

import judge
from uprobes import chosen_interpreters, running

MAX_IMPOSSIBLE_PERCENT = 0.1
MAX_DISCARDED_PERCENT = 1.0
MIN_JUDGED_PERCENT = 90.0


def measure(python, arguments):
    """Percent, by the name of the bound."""
    # Without a GIL all run at once, and what they run is a first frame's worth of the default view.
    view = () if python.free_threaded else ("-g",)
    working = ("runs_without_gil",) if python.free_threaded else ("holds_gil", "holds_gil_off_cpu")
    common = ("-r", arguments.rate, "--" + arguments.stopping, *view)
    with running.Program(python.executable, "churn.py", "--threads", arguments.threads,
                         seconds=4 * arguments.seconds + 10) as program:
        stacks = running.record_folded(program.pid, *common, seconds=arguments.seconds)
        report = running.record_json(program.pid, *common, seconds=arguments.seconds)
    sums, quality = judge.judge(stacks), report["quality"]
    held_s = sum(thread["activities"][name] for thread in report["threads"]
                 for name in working)
    return {
        "impossible": sums["impossible_percent"],
        "discarded": 100.0 * quality["discarded"] / max(1, quality["ticks"]),
        "truncated": 100.0 * quality["truncated"] / max(1, quality["ticks"]),
        "judged": 100.0 * sums["judged"] / 1e6 / max(1e-9, held_s),
    }, sums, quality


def show(python, shares, sums, quality):
    print("CPython %s: judged %.2f s = %.1f %% of the working time; impossible %.3f %%; discarded %.3f %% of %d ticks; "
          "truncated %.2f %%" % (python, sums["judged"] / 1e6, shares["judged"], shares["impossible"],
                                 shares["discarded"], quality["ticks"], shares["truncated"]))
    pauses = quality["pauses"]
    if pauses["count"]:
        print("  %d stops: median %.0f us, p99 %.0f us, longest %.0f us" % (
            pauses["count"], 1e6 * pauses["median_s"], 1e6 * pauses["p99_s"], 1e6 * pauses["longest_s"]))
    if sums["impossible"]:
        print("  reasons in microseconds:", sums["reasons"], "\n  for example", sums["example"])


def within_bounds(shares, stopping):
    if stopping == "blocking" and shares["impossible"] + shares["discarded"] + shares["truncated"] > 0:
        return False
    return (shares["impossible"] <= MAX_IMPOSSIBLE_PERCENT and shares["discarded"] <= MAX_DISCARDED_PERCENT
            and shares["judged"] >= MIN_JUDGED_PERCENT)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", help="an interpreter (default: every supported one found)")
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", default="1000")
    stopping = parser.add_mutually_exclusive_group()
    for how in ("nonblocking", "exact", "blocking"):
        stopping.add_argument("--" + how, dest="stopping", action="store_const", const=how)
    parser.set_defaults(stopping="nonblocking")
    arguments = parser.parse_args()
    good, pythons = True, chosen_interpreters(arguments.python)
    for python in pythons:
        shares, sums, quality = measure(python, arguments)
        show(python, shares, sums, quality)
        good = within_bounds(shares, arguments.stopping) and good
    sys.exit(not (good and pythons))


if __name__ == "__main__":
    main()
