"""How much the program suffers: slow-down of fixed work, latency of a small service; by gilspy, by its peers."""

import collections
import json
import mmap
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import peers
import running
from results import Goal, Results, Table
from rounds import in_turn, versions
from spread import margin_of_median, percentile, quartiles, with_spread

TITLE = "Harm"
ABOUT = """\
Four threads of `fixtures/programs/deep.py` do the same piece of work over and over and count it in a file that this
benchmark looks into. Windows of the same length with and without a sampler follow each other on one live process, in
random order; the slow-down is that of one such pair, and *its own CPU time* how much more of it the program takes for
the same work, whoever else had the CPUs. The A/A control is made like all others, with nobody sampling in either
window: what lies within its middle half is not told from nothing. *Apart*: the program has one CPU and the sampler the
other, so that CPU time which the sampler takes costs the program nothing and only what it disturbs remains. Latency is
that of requests to `fixtures/programs/answers.py`, sent at a fixed rate from another process."""

SETTLE_S = 0.25  # attaching is not part of a window
MAX_SLOWER = {"nonblocking": 1.0, "blocking": 3.0}  # percent, at 1 kHz
NOTHING = "nothing (A/A)"

# sampler None: the control
Condition = collections.namedtuple("Condition", "sampler how rate")
CONTROL = Condition(None, "", 0)


def label(condition):
    if not condition.sampler:
        return [NOTHING, "", ""]
    return [condition.sampler.name, condition.how, "%g Hz" % condition.rate]


class Turns:
    """A program whose threads count their turns in a file that is mapped here, too: looking takes nothing from it."""

    def __init__(self, python, threads=4, cpu=None):
        self.file = tempfile.NamedTemporaryFile(prefix="gilspy-turns-", dir="/tmp")
        self.program = running.Program(python.executable, "deep.py", "--threads", threads, "--turns", self.file.name,
                                       seconds=7200, cpus=0)
        self.cpu = cpu

    def __enter__(self):
        self.program.__enter__()
        try:
            for tid in os.listdir("/proc/%d/task" % self.program.pid) if self.cpu is not None else ():
                os.sched_setaffinity(int(tid), {self.cpu})
            self.map = mmap.mmap(self.file.fileno(), 0)
        except BaseException:  # it would compute beside all that is measured after
            self.program.__exit__(None, None, None)
            raise
        self.counts = memoryview(self.map).cast("Q")
        time.sleep(0.5)
        return self

    def __exit__(self, *_):
        self.program.__exit__()
        self.counts.release()
        self.map.close()
        self.file.close()

    def speed_over(self, seconds):
        """Turns a second, and turns a second of the program's own CPU time."""
        before, begin, cpu_begin = sum(self.counts), time.monotonic(), peers.cpu_s_of(self.program.pid)
        time.sleep(seconds)
        after, end, cpu_end = sum(self.counts), time.monotonic(), peers.cpu_s_of(self.program.pid)
        if after == before or cpu_end <= cpu_begin:
            raise peers.NotComparable("the program made no turn within %g s" % seconds)
        return (after - before) / (end - begin), (after - before) / (cpu_end - cpu_begin)


class Window:
    """What happened on the machine meanwhile: interrupts that CPUs send each other, switches from thread to thread."""

    def __init__(self):
        self.begin, self.counts = time.monotonic(), self.count()

    @staticmethod
    def count():
        interrupts = 0
        for line in pathlib.Path("/proc/interrupts").read_text(encoding="utf-8").splitlines():
            if line.split(":")[0].strip() in ("RES", "CAL", "TLB"):
                interrupts += sum(int(number) for number in line.split()[1:] if number.isdigit())
        switches = re.search(r"^ctxt (\d+)", pathlib.Path("/proc/stat").read_text(encoding="utf-8"), re.MULTILINE)
        return interrupts, int(switches.group(1))

    def rates(self):
        seconds = time.monotonic() - self.begin
        return [(now - then) / seconds for now, then in zip(self.count(), self.counts)]


class Pairs:
    """All pairs of windows of one condition."""

    def __init__(self):
        self.slower, self.dearer = [], []
        self.cpu, self.rates, self.interrupts, self.switches = [], [], [], []

    def add(self, plan, turns, condition, seconds, cpu=None):
        speeds, events, samplings = {}, {}, {}

        def measure():
            for sampled in next_order():
                speeds[sampled], events[sampled], samplings[sampled] = self.window(
                    turns, condition if sampled else CONTROL, seconds, cpu)

        plan.steady(measure)
        if samplings[True]:
            self.cpu.append(samplings[True][0])
            self.rates.append(samplings[True][1])
        for found, without, sampled in zip((self.slower, self.dearer), speeds[False], speeds[True]):
            found.append(100 * (without / sampled - 1))
        self.interrupts.append(events[True][0] - events[False][0])
        self.switches.append(events[True][1] - events[False][1])

    @staticmethod
    def window(turns, condition, seconds, cpu):
        """(speeds, events a second, CPU share and rate of the sampler)"""
        if not condition.sampler:
            time.sleep(SETTLE_S)
            events = Window()
            return turns.speed_over(seconds), events.rates(), None
        with condition.sampler.start(turns.program, condition.rate, condition.how, cpu) as run:
            time.sleep(SETTLE_S)
            begin_cpu_s, events = run.cpu_s(), Window()
            speed = turns.speed_over(seconds)
            rates = events.rates()
            cpu_share = (run.cpu_s() - begin_cpu_s) / seconds
            return speed, rates, (cpu_share, run.finish().rate)

    def row(self, condition, control):
        if not self.slower:
            return [*label(condition), "failed", "", "", "", "", "", ""]
        return [*label(condition), with_spread(self.slower, "%+.1f") + " %", beyond(self, control),
                with_spread(self.dearer, "%+.1f") + " %",
                "%.1f %%" % (100 * statistics.median(self.cpu)) if self.cpu else "",
                "%.0f/s" % statistics.median(self.rates) if self.rates else "",
                "%+.0f/s" % statistics.median(self.interrupts), "%+.0f/s" % statistics.median(self.switches)]


COLUMNS = ["sampler", "way", "asked", "slower by", "beyond A/A", "its own CPU time", "sampler's CPU", "ticks",
           "interrupts", "switches"]


def next_order():
    """With and without, whichever comes first."""
    return list(in_turn(1, [True, False]))


def beyond(pairs, control):
    """Whether its median lies outside of the middle half of the control's pairs."""
    if pairs is control:
        return ""
    lower, upper = quartiles(control.slower)
    return "no" if lower <= statistics.median(pairs.slower) <= upper else "yes"


def conditions(plan, python):
    gilspy = peers.Gilspy()
    rates = (100, 1000, 10_000) if plan.full else (1000, 10_000)
    found = [CONTROL] + [Condition(gilspy, how, rate) for how in MAX_SLOWER for rate in rates]
    for sampler in plan.peers.values():
        if not sampler.refuses(python):
            found += [Condition(sampler, how, 1000) for how in sampler.hows if how in MAX_SLOWER]
    return found


def slow_down(plan, python, chosen, apart=False):
    """{condition: Pairs}"""
    rounds, seconds = (11, 1.5) if plan.full else (3, 0.4)
    found = {condition: Pairs() for condition in chosen}
    program_cpu, sampler_cpu = sorted(os.sched_getaffinity(0))[:2] if apart else (None, None)
    with Turns(python, cpu=program_cpu) as turns:
        for condition in in_turn(rounds, chosen):
            try:
                found[condition].add(plan, turns, condition, seconds, sampler_cpu)
            except peers.NotComparable as reason:
                plan.say("NOT COMPARED: %s" % reason)
    return found


def table(found, caption):
    control = found[CONTROL]
    return Table(COLUMNS, [pairs.row(condition, control) for condition, pairs in found.items()], caption)


def goals(found, python, apart):
    control = found[CONTROL]
    for how, most in MAX_SLOWER.items():
        condition = next(one for one in found
                         if one.sampler and (one.sampler.name, one.how, one.rate) == ("gilspy", how, 1000))
        pairs = found[condition]
        if not pairs.slower:
            yield Goal("at 1 kHz %s" % how, "-", None, "gilspy failed")
            continue
        text = "at 1 kHz at most %.0f %% slower, %s, on CPython %s" % (most, how, python.name)
        measured = "%s %% (A/A %s %%)" % (with_spread(pairs.slower, "%+.1f"), with_spread(control.slower, "%+.1f"))
        slower = statistics.median(pairs.slower)
        margin = margin_of_median(pairs.slower) + margin_of_median(control.slower)
        met, reason = slower <= most, why(pairs, apart.get(condition))
        if abs(slower - most) < margin:
            met = None
            reason = "%d pairs that differ so much tell it to %.1f points only; %s" % (
                len(pairs.slower), margin, reason)
        yield Goal(text, measured, met, reason)


def why(pairs, apart):
    reason = ("the work takes %s %% more of the program's own CPU time; gilspy had %.1f %% of a CPU, of those that the "
              "program runs on") % (
        with_spread(pairs.dearer, "%+.1f"), 100 * statistics.median(pairs.cpu))
    if apart and apart.slower:
        reason += "; with a CPU of its own it slows the program down by %s %%" % with_spread(apart.slower, "%+.1f")
    return reason


# --- latency -----------------------------------------------------------------------------------------------------

LOAD = pathlib.Path(__file__).with_name("load.py")
REQUESTS_HZ = 400


class Latencies:
    """Of all windows of one condition: seconds a request, and the p99 of each window."""

    def __init__(self):
        self.all, self.p99 = [], []

    @staticmethod
    def measure(port, seconds):
        command = [sys.executable, str(LOAD), str(port), str(seconds), str(REQUESTS_HZ)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=True)
        except subprocess.SubprocessError as error:
            raise peers.NotComparable("the service did not answer: %s" % error) from None
        return json.loads(done.stdout)

    def add(self, latencies):
        self.all += latencies
        self.p99.append(1e3 * percentile(latencies, 99))

    def row(self, condition):
        if not self.all:
            return [*label(condition), "failed", "", ""]
        return [*label(condition), "%.2f" % (1e3 * percentile(self.all, 50)), "%.2f" % (1e3 * percentile(self.all, 99)),
                with_spread(self.p99, "%.2f")]


def latency(plan, python):
    gilspy = peers.Gilspy()
    chosen = [CONTROL, Condition(gilspy, "nonblocking", 1000), Condition(gilspy, "blocking", 1000)]
    # A second control: how far apart two are between which nothing differs.
    chosen.append(Condition(None, "again", 0))
    if plan.full:
        chosen += [one for one in conditions(plan, python) if one.sampler and one.sampler.name != "gilspy"]
    found = {condition: Latencies() for condition in chosen}
    with running.Program(python.executable, "answers.py", seconds=7200) as program:
        port = program.written_truth()["port"]
        for condition in in_turn(8 if plan.full else 2, chosen):
            try:
                seconds = 4.0 if plan.full else 0.7
                found[condition].add(plan.steady(lambda: latencies_under(program, port, condition, seconds)))
            except peers.NotComparable as reason:
                plan.say("NOT COMPARED: %s" % reason)
    rows = [found[condition].row(condition) for condition in chosen]
    return Table(["sampler", "way", "asked", "p50, ms", "p99 of all, ms", "p99 of a window, ms"], rows,
                 "Latency of %d requests a second, CPython %s" % (REQUESTS_HZ, python))


def latencies_under(program, port, condition, seconds):
    if not condition.sampler:
        return Latencies.measure(port, seconds)
    with condition.sampler.start(program, condition.rate, condition.how) as run:
        time.sleep(SETTLE_S)
        latencies = Latencies.measure(port, seconds)
        run.finish()
        return latencies


def run(plan):
    results = Results()
    for python in versions(plan, ("3.13",), ("3.13", "3.15")):
        plan.say("harm: CPython %s" % python)
        chosen = conditions(plan, python)
        together = slow_down(plan, python, chosen)
        results.tables.append(table(together, "Slow-down, CPython %s" % python))
        apart = {}
        if plan.full and python.name == "3.13" and len(os.sched_getaffinity(0)) > 1:
            plan.say("harm: CPython %s, program and sampler apart" % python)
            apart = slow_down(plan, python, chosen, apart=True)
            caption = "Slow-down apart: the program has one CPU, the sampler another, CPython %s" % python
            results.tables.append(table(apart, caption))
        results.goals += goals(together, python, apart)
        if python.name == "3.13":
            plan.say("harm: CPython %s, latency" % python)
            results.tables.append(latency(plan, python))
        results.headline += headline(together, python)
    return results


def headline(found, python):
    if python.name != "3.13":
        return []
    parts = ["%s %+.1f %%" % (" ".join((condition.sampler.name, condition.how)), statistics.median(pairs.slower))
             for condition, pairs in found.items() if condition.sampler and condition.rate == 1000 and pairs.slower]
    return ["CPython %s, slow-down of 4 busy threads at 1 kHz: %s; A/A control %+.1f %%" % (
        python.name, ", ".join(parts), statistics.median(found[CONTROL].slower))]
