"""What gilspy itself uses: CPU and memory while it records, bytes a sample, time to render an hour."""

import concurrent.futures
import itertools
import os
import pathlib
import shutil
import statistics
import tempfile
import time

import peers
import running
from results import Goal, Results, Table
from rounds import in_turn, versions
from spread import count, times, with_spread

TITLE = "Cost"
ABOUT = """\
At 1 kHz, of `fixtures/programs/deep.py` with four busy threads. CPU is that of the whole process by its own clock,
without what is made at the end, of one CPU; without attaching only for py-spy and CPython's sampler, which say when
they begin. Memory growth is that of resident memory over the second half of one recording, and what it would come to in a
day; there the threads change hands every half a millisecond (`--switch-interval`), ten times as often as usual, so that
what is bounded is full soon. An hour's recording is one of some seconds over and over, later each time
(`tests/bench/long_recording.cpp`)."""

MAX_CPU, MAX_RENDER_S = 0.015, 10.0
MAX_GROWTH_BYTES = 100e6  # a day: what a machine would not notice
SOON_FULL_S = 0.0005  # switch interval
HOUR_S = 3600
FORMATS = ("gilspy", "flamegraph")


def cpu_table(plan, python):
    """(Table, {format: CPU shares of gilspy})"""
    rounds, seconds = (3, 5.0) if plan.full else (2, 1.5)
    chosen = [(peers.Gilspy(output), "nonblocking") for output in FORMATS]
    chosen += [(sampler, how) for sampler in plan.peers.values() if not sampler.refuses(python) for how in sampler.hows]
    made = {one: [] for one in chosen}
    with running.Program(python.executable, "deep.py", seconds=3600) as program:
        for one in in_turn(rounds, chosen):
            sampler, how = one
            try:
                made[one].append(plan.steady(lambda: sampler.record(program, seconds, 1000, how)))
            except peers.NotComparable as reason:
                plan.say("NOT COMPARED: %s" % reason)
    ours = {sampler.output: [one.cpu_share for one in found]
            for (sampler, _), found in made.items() if sampler.name == "gilspy"}
    rows = [cpu_row(sampler, how, found, statistics.median(ours["gilspy"])) for (sampler, how), found in made.items()]
    columns = ["sampler", "way", "CPU", "of gilspy's", "ticks/s", "CPU, us a tick", "memory", "bytes a tick"]
    return Table(columns, rows, "Asked for 1 kHz, CPython %s" % python), ours


def cpu_row(sampler, how, found, ours):
    name = "gilspy -f %s" % sampler.output if sampler.name == "gilspy" else sampler.name
    if not found:
        return [name, how, "failed", "", "", "", "", ""]
    cpu = [100 * made.cpu_share for made in found]
    ticks = sum(made.ticks for made in found)
    return [name, how, with_spread(cpu, "%.2f") + " %", times(statistics.median(cpu) / 100 / ours),
            count(statistics.median(made.rate for made in found)),
            "%.1f" % (1e4 * statistics.mean(cpu) / statistics.mean(made.rate for made in found)),
            "%.1f MB" % (max(made.peak_bytes for made in found) / 1e6),
            "%.1f" % (sum(made.file_bytes for made in found) / max(1, ticks))]


class Growth:
    """Resident memory of one recording as time goes by."""

    def __init__(self, python, output, seconds):
        self.python, self.output, self.seconds, self.points = python, output, seconds, []

    def measure(self, place):
        """A recording is kept at `place`."""
        with running.Program(self.python.executable, "deep.py", "--switch-interval", SOON_FULL_S,
                             seconds=self.seconds + 60) as program:
            with peers.Gilspy(self.output).start(program, 1000) as run:
                while time.monotonic() - run.begin < self.seconds:
                    time.sleep(self.seconds / 20)
                    self.points.append((time.monotonic() - run.begin, run.memory_bytes()))
                self.made = run.finish()
                if self.output == "gilspy":
                    shutil.copy(run.out, place)
        return self

    def bytes_a_day(self):
        """The slope of the second half: the first fills what is bounded."""
        half = [point for point in self.points if point[0] > self.seconds / 2]
        slope, _ = statistics.linear_regression(*zip(*half))
        return 86400 * slope

    def row(self):
        first, last = self.points[len(self.points) // 2][1], self.points[-1][1]
        return ["gilspy -f %s" % self.output, "%.0f s" % self.seconds, "%.2f MB" % (first / 1e6),
                "%.2f MB" % (last / 1e6), "%+.1f MB" % (self.bytes_a_day() / 1e6),
                "%.1f MB" % (self.made.peak_bytes / 1e6)]


def growth_table(found):
    return Table(["recording", "length", "memory at half", "at the end", "growth a day", "peak"],
                 [growth.row() for growth in found], "Memory over time, 1 kHz, CPython %s" % found[0].python)


# --- rendering ---------------------------------------------------------------------------------------------------

def find_long_recording():
    """The tool, in the folder where gilspy was built, or in that of GILSPY_BUILD."""
    folders = [pathlib.Path(os.environ.get("GILSPY_BUILD", "")), running.ROOT / "build" / "release"]
    return next((str(folder / "tests" / "bench" / "long_recording") for folder in folders
                 if os.access(folder / "tests" / "bench" / "long_recording", os.X_OK)), None)


def registered_formats(help_text):
    """All that `gilspy report` renders, by its --help: the lines below --format, up to the next option."""
    lines = iter(help_text.splitlines())
    next(line for line in lines if "--format FORMAT" in line)
    below = itertools.takewhile(lambda line: not line.strip().startswith("-"), lines)
    names = [line.strip().partition(":")[0] for line in below if ": " in line]
    return [name for name in names if name.isalpha() and name != "gilspy"]


def render_table(plan, recording, seconds):
    """(Table or None, {format: median seconds}, remark)"""
    tool = find_long_recording()
    if not tool:
        return None, {}, "NOT MEASURED: rendering an hour: long_recording is not built (a target in tests/bench)"
    with tempfile.TemporaryDirectory(prefix="gilspy-bench-") as folder:
        hour = os.path.join(folder, "hour.gilspy")
        peers.measure_command([tool, recording, str(round(HOUR_S / seconds)), hour])
        formats = registered_formats(running.gilspy("report", "--help").stdout) if plan.full else ["flamegraph", "html"]
        found = {name: [] for name in formats}
        for name in in_turn(3 if plan.full else 1, formats):
            try:
                found[name].append(plan.steady(lambda: render(hour, name, os.path.join(folder, "out"))))
            except peers.NotComparable as reason:
                plan.say("NOT MEASURED: an hour as %s: %s" % (name, reason))
        size = os.path.getsize(hour)
    rows = [[name, "failed", "-", "-", "-"] for name, runs in found.items() if not runs]
    found = {name: runs for name, runs in found.items() if runs}
    rows = rows + [[name, with_spread([one[0] for one in runs]), "%.1f" % statistics.median(one[1] for one in runs),
             "%.0f" % (max(one[2] for one in runs) / 1e6), "%.2f" % (runs[0][3] / 1e6)] for name, runs in found.items()]
    table = Table(["format", "s", "CPU s", "memory, MB", "output, MB"], rows,
                  "Rendering an hour's recording (%.0f MB)" % (size / 1e6))
    return table, {name: statistics.median(one[0] for one in runs) for name, runs in found.items()}, ""


def render(recording, name, out):
    """(seconds, CPU seconds, peak bytes, bytes of output)"""
    _, wall_s, cpu_s, peak_bytes = peers.measure_command(
        [running.find_gilspy(), "report", recording, "-f", name, "-o", out])
    return wall_s, cpu_s, peak_bytes, os.path.getsize(out)


def run(plan):
    results = Results()
    for python in versions(plan, ("3.13",), ("3.8", "3.13", "3.15")):
        plan.say("cost: CPU on CPython %s" % python)
        table, ours = cpu_table(plan, python)
        results.tables.append(table)
        for output, cpu in ours.items():
            median = statistics.median(cpu)
            results.goals.append(Goal(
                "at most 1.5 %% of a CPU at 1 kHz, -f %s, on CPython %s" % (output, python.name),
                with_spread([100 * one for one in cpu], "%.2f") + " %", median <= MAX_CPU,
                "%.1f us of CPU time a tick, with the looks at the GIL between ticks and waking up for each"
                % (1e3 * median)))
    with tempfile.TemporaryDirectory(prefix="gilspy-bench-") as folder:
        memory_and_rendering(plan, plan.pythons.get("3.13"), os.path.join(folder, "short.gilspy"), results)
    return results


def memory_and_rendering(plan, python, short, results):
    if not python:
        results.remarks.append("NOT MEASURED: memory over time, rendering: there is no CPython 3.13 here")
        return
    seconds = 600 if plan.full else 10
    plan.say("cost: memory over %d s" % seconds)
    with concurrent.futures.ThreadPoolExecutor() as side_by_side:  # memory, not time
        found = list(side_by_side.map(lambda output: Growth(python, output, seconds).measure(short), FORMATS))
    results.tables.append(growth_table(found))
    results.goals += [growth_goal(growth) for growth in found]
    made = found[0].made
    results.remarks.append("A recording takes %.1f bytes a tick (%.0f MB an hour at 1 kHz)." % (
        made.file_bytes / made.ticks, made.file_bytes / made.ticks * 1000 * HOUR_S / 1e6))
    plan.say("cost: rendering an hour")
    try:
        table, medians, remark = render_table(plan, short, made.seconds)
    except peers.NotComparable as reason:
        table, medians, remark = None, {}, "NOT MEASURED: rendering an hour: %s" % reason
    if not table:
        results.remarks.append(remark)
        results.goals += [Goal("an hour's recording as %s within 10 s" % name, "-", None, remark)
                          for name in ("SVG", "HTML")]
        return
    results.tables.append(table)
    for name, words in (("flamegraph", "SVG"), ("html", "HTML")):
        text = "an hour's recording as %s within 10 s" % words
        if name not in medians:
            results.goals.append(Goal(text, "failed", False, "gilspy report failed"))
            continue
        results.goals.append(Goal(text, "%.1f s" % medians[name], medians[name] <= MAX_RENDER_S,
                                  "reading and judging every tick anew is most of it"))


def growth_goal(growth):
    text = "memory bounded, -f %s" % growth.output
    a_day = growth.bytes_a_day()
    measured = "%+.1f MB a day by the second half of %.0f s" % (a_day / 1e6, growth.seconds)
    if growth.seconds < 60:
        return Goal(text, measured, None, "so few seconds do not tell; the full form takes ten minutes")
    return Goal(text, measured, a_day < MAX_GROWTH_BYTES, "it still grew in the second half")
