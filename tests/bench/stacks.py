#!/usr/bin/env python3
"""Impossible stacks: how many that cannot have existed, how many thrown away, how many cut short, and is there a bias?"""

import argparse
import collections
import dataclasses
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile

TESTS = pathlib.Path(__file__).resolve().parents[1]
for folder in ("system", "formats"):
    sys.path.insert(0, str(TESTS / folder))
import interpreters  # noqa: E402
import judge  # noqa: E402
import peers  # noqa: E402
import recording_reader  # noqa: E402
import running  # noqa: E402
from results import Goal, Plan, Results, Table  # noqa: E402
from rounds import versions  # noqa: E402

TITLE = "Impossible stacks"
ABOUT = """\
Four threads that do nothing but call, in shapes of which every possible stack is known (`fixtures/programs/call_shapes.py`).
Each stack that a recording holds is judged. *Impossible*: a call that its line never makes, a line that is none of its
function, a chain that does not come down from the root. *Discarded*: nothing could be kept. *Truncated*: the last frames are
missing, and the stack says so. Without a rate, samples are made as fast as it goes. Below, three programs of the usual kind:
what part of their stacks is truncated, and how much the share of time below any function differs from what `--blocking` says
in turn on the same process; beside it how much every other nonblocking recording differs from those between, half as many
on each side."""

WORKER = "churner-"
WHOLE, TRUNCATED, LOST = 1, 2, 3  # a stack's quality in a recording
STOPPINGS = ("nonblocking", "exact", "blocking")
QUICK_VERSIONS = ("3.8", "3.13", "3.15")
QUICK_SHAPES = ("churn", "generators", "callbacks", "deep")
QUICK_WAYS = (("nonblocking", "max"), ("blocking", "1000"))
FULL_WAYS = (("nonblocking", "1000"), *((stopping, "max") for stopping in STOPPINGS))
ORDINARY = {
    "primes, 8 threads": ("primes.py", "--threads", 8),
    "22 frames, leaf of 50 us, 4 threads": ("churn.py", "--shape", "ordinary"),
    "JSON, 6 threads": ("documents.py", "--threads", 6),
}
ORDINARY_RATE = "2000"
MOST_TRUNCATED_PERCENT = 1.0
MOST_BIAS_POINTS = 1.0
FAILURES = (AssertionError, OSError, ValueError, subprocess.SubprocessError)


@dataclasses.dataclass
class Count:
    """Of the stacks of one recording, or of several."""
    sums: judge.Sums
    truncated: int = 0
    lost: int = 0

    @property
    def reads(self):
        return self.sums.judged + self.lost

    @property
    def truncated_percent(self):
        return 100.0 * self.truncated / max(1, self.reads)

    def add(self, other):
        self.sums.merge(other.sums)
        self.truncated += other.truncated
        self.lost += other.lost


# --- shapes ---------------------------------------------------------------------------------------------------------


def read_recording(pid, stopping, rate, seconds):
    with tempfile.NamedTemporaryFile(suffix=".gilspy") as out:
        done = running.record(pid, "--" + stopping, "-r", rate, "-f", "gilspy", "-o", out.name, seconds=seconds)
        assert done.returncode == 0, done.stderr
        return recording_reader.read(out.name)[0][0]


def count_reads(recording, shape):
    """Every stack of the program's threads that was read, one by one."""
    count, by_node = Count(judge.Sums(judge.Judge(shape))), collections.Counter()
    for (thread, quality, node), times in recording.reads.items():
        if not recording.names.get(thread, "").startswith(WORKER):
            continue
        if quality == LOST:
            count.lost += times
        else:
            by_node[node] += times
            count.truncated += times if quality == TRUNCATED else 0
    for node, times in by_node.items():
        count.sums.add([judge.make_frame(*frame) for frame in recording.stack(node)], times)
    return count


def measure(program, shape, stopping, rate, seconds, reads=0):
    """Recordings until there are so many stacks."""
    total = Count(judge.Sums(judge.Judge(shape)))
    while True:
        total.add(count_reads(read_recording(program.pid, stopping, rate, seconds), shape))
        if total.reads >= reads:
            return total


def measure_shape(plan, python, shape, ways, seconds, reads=0):
    """{(stopping, rate): Count}, all of one run of the program; what is impossible is told with an example."""
    found = {}
    with running.Program(python.executable, "churn.py", "--shape", shape, seconds=600) as program:
        for stopping, rate in ways:
            count = found[stopping, rate] = measure(program, shape, stopping, rate, seconds, reads)
            plan.say("%s, %s, %s: %s" % (python, shape, " ".join(way_words(stopping, rate)), ", ".join(cells(count))))
            for reason, times in count.sums.reasons.items():
                plan.say("    %d times %s: %s" % (times, reason, count.sums.examples[reason]))
    return found


def way_words(stopping, rate):
    return ["--" + stopping] + ([] if rate == "max" else [rate + " Hz"])


def cells(count):
    return ["{:,}".format(count.reads), "{:,}".format(count.sums.impossible), "{:,}".format(count.lost),
            "%.1f" % count.truncated_percent]


def tables_of_shapes(found, ways):
    """A table for each way to record; `found` is {(python, shape): {way: Count}}."""
    return [Table(["shape", "CPython", "stacks", "impossible", "discarded", "truncated %"],
                  [[shape, str(python), *cells(counts[way])] for (python, shape), counts in found.items()],
                  " ".join(way_words(*way))) for way in ways]


def goals_of_shapes(found, ways):
    goals = []
    for stopping in dict.fromkeys(stopping for stopping, _ in ways if found):
        counts = {(python, shape, rate): counts[stopping, rate] for (python, shape), counts in found.items()
                  for way, rate in ways if way == stopping}
        reads, impossible = (sum(values) for values in zip(*((count.reads, count.sums.impossible)
                                                             for count in counts.values())))
        lost, truncated = (sum(values) for values in zip(*((count.lost, count.truncated) for count in counts.values())))
        bad = impossible + lost + (truncated if stopping == "blocking" else 0)
        guilty = dict.fromkeys("%s on %s" % (shape, python.name) for (python, shape, _), count in counts.items()
                               if count.sums.impossible + count.lost)
        also = ", none truncated" if stopping == "blocking" else ""
        goals.append(Goal("`--%s`: no stack impossible, none discarded%s" % (stopping, also),
                          "%d impossible, %d discarded, %d truncated of %s" % (impossible, lost, truncated,
                                                                              "{:,}".format(reads)),
                          not bad, "impossible or discarded in " + ", ".join(guilty) if guilty else
                          "some truncated" if bad else ""))
    return goals


# --- ordinary programs ----------------------------------------------------------------------------------------------


def inclusive_shares(pid, python, stopping, seconds):
    """({function: percent of the time with the GIL, or at work where there is none}, percent of the stacks truncated)"""
    with tempfile.NamedTemporaryFile(suffix=".gilspy") as out:
        done = running.record(pid, "--" + stopping, "-r", ORDINARY_RATE, "-f", "gilspy", "-o", out.name, seconds=seconds)
        assert done.returncode == 0, done.stderr
        with_gil = [] if python.free_threaded else ["-g"]
        folded = running.gilspy("report", out.name, "-f", "folded", *with_gil, "-F", "-o", "-").stdout
        recording = recording_reader.read(out.name)[0][0]
    return (shares_below(running.parse_folded(folded)), cut_percent(recording))


def shares_below(folded):
    """Of what is known: where stops take longer than three periods, the rest of the time is unknown."""
    times, total = collections.Counter(), 0
    for frames, weight in folded:
        if frames[0] == "unknown":
            continue
        total += weight
        times.update(dict.fromkeys(frames, weight))
    return {function: 100.0 * time / max(1, total) for function, time in times.items()}


def cut_percent(recording):
    lost = sum(number for (_, quality, _), number in recording.reads.items() if quality == LOST)
    return 100.0 * (recording.truncated + lost) / max(1, recording.stacks_read + lost)


def furthest_apart(ones, others):
    """(points, function): of the means of several recordings."""
    functions = {function for shares in ones + others for function in shares}
    return max(((mean_share(ones, function) - mean_share(others, function), function) for function in functions),
               key=lambda pair: abs(pair[0]))


def mean_share(recordings, function):
    return statistics.mean(shares.get(function, 0.0) for shares in recordings)


def measure_ordinary(plan, python, command, rounds, seconds):
    """A row: truncated %, the bias, where it is, and what two halves of the same kind differ by."""
    shares, truncated = {"nonblocking": [], "blocking": []}, []
    with running.Program(python.executable, *command, seconds=600) as program:
        for _ in range(rounds):
            for stopping, kept in shares.items():
                found, cut = plan.steady(lambda: inclusive_shares(program.pid, python, stopping, seconds))
                kept.append(found)
                truncated += [cut] if stopping == "nonblocking" else []
    bias, function = furthest_apart(shares["nonblocking"], shares["blocking"])
    control, _ = furthest_apart(shares["nonblocking"][::2], shares["nonblocking"][1::2])
    return statistics.mean(truncated), bias, function, control


def ordinary(plan, pythons, rounds, seconds):
    """(Table, [Goal, ...], what could not be measured)"""
    rows, failed, most_truncated, most_bias = [], [], (0.0, ""), (0.0, "")
    for python in pythons:
        for name, command in ORDINARY.items():
            try:
                truncated, bias, function, control = measure_ordinary(plan, python, command, rounds, seconds)
            except FAILURES as error:
                failed.append(told_failed(plan, name, python, error))
                continue
            rows.append([name, str(python), "%.2f" % truncated, "%+.2f" % bias, function, "%+.2f" % control])
            plan.say(", ".join(rows[-1]))
            most_truncated = max(most_truncated, (truncated, "%s on %s" % (name, python.name)))
            most_bias = max(most_bias, (abs(bias), "%s in %s on %s; %s" % (function, name, python.name,
                                                                           explained(bias, truncated, control))))
    table = Table(["program", "CPython", "truncated %", "bias, points", "of the function", "nonblocking against itself"], rows,
                  "%s Hz, %d recordings of %g s each way" % (ORDINARY_RATE, rounds, seconds))
    if not rows:
        return table, [], failed
    goals = [ordinary_goal("at most 1 % of the stacks of ordinary programs truncated", "%.2f %%", most_truncated,
                           MOST_TRUNCATED_PERCENT),
             ordinary_goal("inclusive shares at most 1 point from those of `--blocking`", "%.2f points", most_bias,
                           MOST_BIAS_POINTS)]
    return table, goals, failed


def explained(bias, truncated, control):
    """How much of a bias the truncated stacks can account for, and how much chance; all in points."""
    if abs(control) > abs(bias) / 2:
        return "nonblocking recordings differ by %.2f points among themselves: noise" % abs(control)
    text = "truncated stacks, which count for the callers alone, account for at most %.2f points" % truncated
    return text if abs(bias) <= truncated else text + "; the rest is not explained"


def ordinary_goal(text, form, worst, most):
    number, where = worst
    return Goal(text, form % number, number <= most, "" if number <= most else where)


# --- peers ----------------------------------------------------------------------------------------------------------

# The peer, the CPython of the program, the options that say how, and the rates.
QUICK_PEERS = (
    ("py-spy", "3.13", ("--nonblocking",), ("1000",)),
    ("CPython's sampler", "3.15", (), ("1000",)),
)
FULL_PEERS = (
    ("py-spy", "3.13", ("--nonblocking",), ("1000",)),
    ("py-spy", "3.13", (), ("1000",)),
    ("CPython's sampler", "3.15", (), ("1000", "20000")),
    ("CPython's sampler", "3.15", ("--mode", "gil"), ("1000",)),
    ("CPython's sampler", "3.15", ("--blocking",), ("1000",)),
)


def peer_command(sampler, pid, rate, seconds, out):
    """What to run, but for the way, and how to read its stacks."""
    common = ["-r", rate, "-d", str(seconds), "-o", out]
    if sampler.name == "py-spy":
        return [sampler.program, "record", "--pid", str(pid), "-f", "raw", *common], judge.bracketed
    python = peers.interpreter_beside(pid, sampler.python)
    return [*python, "-m", "profiling.sampling", "attach", str(pid), "-a", "--collapsed", *common], judge.colons


def judge_peer(sampler, pid, options, rate, seconds):
    """(Sums, what it says about its failures)"""
    with tempfile.TemporaryDirectory() as folder:
        out = folder + "/out"
        command, read_frame = peer_command(sampler, pid, rate, seconds, out)
        try:
            done = subprocess.run([*command, *options], env=sampler.environment(), stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=120, check=False)
        except subprocess.TimeoutExpired:
            raise peers.NotComparable("%s did not end within 120 s" % sampler.name) from None
        said = re.search(r"Errors: [\d.]+|Error rate: [\d.]+", done.stdout + done.stderr)
        if done.returncode or not said or not pathlib.Path(out).exists():
            raise peers.NotComparable("%s: %s" % (sampler.name, (done.stdout + done.stderr).strip()[-200:]))
        with open(out, encoding="utf-8") as lines:
            return judge.judge_folded(lines, "churn", read_frame), said[0]


def by_peers(plan, seconds):
    """(Table, remarks)"""
    rows, remarks = [], []
    for name, version, options, rates in FULL_PEERS if plan.full else QUICK_PEERS:
        if name not in plan.peers or version not in plan.pythons:
            continue
        python, sampler = plan.pythons[version], plan.peers[name]
        with running.Program(python.executable, "churn.py", seconds=600) as program:
            for rate in rates:
                try:
                    sums, failures = judge_peer(sampler, program.pid, options, rate, seconds)
                except peers.NotComparable as reason:
                    remarks.append("Not judged: %s" % reason)
                    continue
                rows.append([" ".join([name, sampler.version, *options]), str(python), rate, "{:,}".format(sums.judged),
                             "{:,}".format(sums.impossible), "%.2f" % sums.impossible_percent, failures])
                plan.say(", ".join(rows[-1]))
    columns = ["peer, shape `churn`", "CPython", "Hz", "stacks", "impossible", "impossible %", "what it says it lost"]
    return Table(columns, rows, "CPython's sampler reads a blocked thread's stack anew each time: it counts here, too"), remarks


# --- all of it ------------------------------------------------------------------------------------------------------


def told_failed(plan, what, python, error):
    plan.say("NOT MEASURED: %s on %s: %r" % (what, python, error))
    return "%s on %s" % (what, python.name)


def run(plan):
    names = plan.pythons if plan.full else [name for name in QUICK_VERSIONS if name in plan.pythons]
    shapes, ways, seconds = (list(judge.call_shapes.SHAPES), FULL_WAYS, 2) if plan.full else (QUICK_SHAPES, QUICK_WAYS, 0.5)
    found, failed = {}, []
    for python, shape in ((plan.pythons[name], shape) for name in names for shape in shapes):
        try:
            found[python, shape] = measure_shape(plan, python, shape, ways, seconds)
        except FAILURES as error:
            failed.append(told_failed(plan, shape, python, error))
    usual, goals, also_failed = ordinary(plan, versions(plan, ("3.13",), interpreters.COMMIT), *((4, 4) if plan.full else (2, 1)))
    compared, remarks = by_peers(plan, 5 if plan.full else 1)
    failed += also_failed
    if failed:
        goals.append(Goal("all shapes and programs can be recorded", "%d cannot" % len(failed), False, ", ".join(failed)))
    return Results([*tables_of_shapes(found, ways), usual, compared], goals_of_shapes(found, ways) + goals, remarks)


def main():
    parser = argparse.ArgumentParser(description="Shapes only, and what is impossible with an example.")
    parser.add_argument("--python", action="append", help="3.13, 3.13t, ... (default: %s)" % ", ".join(QUICK_VERSIONS))
    parser.add_argument("--shape", action="append", choices=judge.call_shapes.SHAPES, help="default: all")
    parser.add_argument("--stopping", action="append", choices=STOPPINGS, help="default: nonblocking")
    parser.add_argument("--rate", action="append", help="default: max")
    parser.add_argument("--reads", type=int, default=0, help="as many stacks at least")
    parser.add_argument("--seconds", type=float, default=2, help="of a recording")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no program outlives this one
    plan = Plan(pythons=interpreters.pick_supported(interpreters.find_interpreters()))
    ways = [(stopping, rate) for stopping in arguments.stopping or STOPPINGS[:1] for rate in arguments.rate or ["max"]]
    found = {(plan.pythons[name], shape): measure_shape(plan, plan.pythons[name], shape, ways, arguments.seconds,
                                                        arguments.reads)
             for name in arguments.python or QUICK_VERSIONS for shape in arguments.shape or judge.call_shapes.SHAPES}
    for goal in goals_of_shapes(found, ways):
        print(goal)


if __name__ == "__main__":
    main()
