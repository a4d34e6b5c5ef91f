"""The steps of a tick, one by one, by google-benchmark (micro.cpp): so that a regression has an address."""

import json
import os
import pathlib
import subprocess

import running
from results import Goal, Results, Table

TITLE = "Steps"
ABOUT = """\
google-benchmark on `fixtures/programs/deep.py` with four busy threads, 22 frames deep: CPU time of one step, the median
of some repetitions. `glance` reads the words of the GIL alone; `tick` is a whole sample; the others take 2,000 samples of
that process, or 22 made-up frames."""

MIN_GLANCES = 800_000
STEPS = {
    "glance": "GIL words alone",
    "tick": "a sample, stacks included",
    "classify_and_aggregate": "what it means, booked",
    "encode": "into a recording",
    "intern_stack": "22 frames to a stack's number",
    "decode_line": "an instruction to its line",
}


def binary():
    return pathlib.Path(os.environ.get("GILSPY_MICRO") or running.ROOT / "build" / "release" / "tests" / "bench" / "micro")


def measure(python, repetitions):
    """{step: nanoseconds}"""
    with running.Program(python.executable, "deep.py", "--threads", 4, "--leaf", 2000, seconds=600) as program:
        done = subprocess.run([binary(), str(program.pid), "--benchmark_format=json", "--benchmark_min_time=0.2",
                               "--benchmark_repetitions=%d" % repetitions], capture_output=True, text=True, check=True,
                              timeout=300)
    return medians(json.loads(done.stdout))


def medians(document):
    return {row["run_name"]: row["cpu_time"] for row in document["benchmarks"] if row.get("aggregate_name") == "median"}


def run(plan):
    results = Results()
    if not binary().exists():
        results.remarks.append("not measured: %s was not built (libbenchmark-dev)" % binary().name)
        return results
    wanted = plan.pythons if plan.full else {name: plan.pythons[name] for name in ("3.13",) if name in plan.pythons}
    measured = {}
    for name, python in wanted.items():
        plan.say("micro: CPython %s" % python)
        measured[name] = plan.steady(lambda: measure(python, 5 if plan.full else 3))
    results.tables.append(Table(["step", *("%s, ns" % name for name in measured)],
                                [["`%s`: %s" % (step, about), *("%.0f" % told[step] for told in measured.values())]
                                 for step, about in STEPS.items()]))
    for name, told in measured.items():
        rate = 1e9 / told["glance"]
        results.goals.append(Goal("GIL words alone, CPython %s: at least 800 k reads/s" % name, "%.0f k/s" % (rate / 1e3),
                                  rate >= MIN_GLANCES, "" if rate >= MIN_GLANCES else "one system call a read"))
    return results
