"""What many threads cost: the rate with 10, 100 and 1,000 of them, start-up, memory, and threads that come and go."""

import statistics
import sys
import time

import peers
import running
from results import Goal, Results, Table
from rounds import Rounds, cpu_of_a_tick, in_turn, versions, ways
from spread import count, of_rates, times, with_spread

sys.path.insert(0, str(running.ROOT / "tests" / "formats"))
import recording_reader  # noqa: E402

TITLE = "Scale"
ABOUT = """\
`fixtures/programs/deep.py` with 10, 100 and 1,000 threads (the quick form: 10 and 1,000): four of them busy, all
others parked 20 frames deep in `Event.wait()`; and in the full form `thread_churn.py`, a server that starts a thread
for each of its 300 requests a second, and one look: a dump. The rate is the highest that each sampler keeps up,
counted as under *Speed*. Start-up is the time from before gilspy is executed to its first sample, by the recording's
own clock."""

BUSY = 4
MOST = 1000
WHOLE = ("nonblocking", "blocking")  # ways that take the stacks of all threads
MIN_RATE_KEPT, VS_CPYTHON, VS_PY_SPY = 0.5, 100, 1000
MAX_START_S, MAX_THREAD_BYTES = 0.1, 4000


def program_of(python, threads):
    return running.Program(python.executable, "deep.py", "--threads", BUSY, "--idle", threads - BUSY, seconds=3600)


class Sizes:
    """What was measured on one interpreter, by number of threads; "churn": the server."""

    def __init__(self, python):
        self.python, self.made, self.refusals, self.starts, self.peaks, self.looks = python, {}, [], {}, {}, {}

    def measure(self, plan, gilspy):
        self.ways, self.refusals = ways(plan, self.python, gilspy)
        for threads in (10, 100, MOST) if plan.full else (10, MOST):
            plan.say("scale: CPython %s, %d threads" % (self.python, threads))
            with program_of(self.python, threads) as program:
                self.made[threads] = self.rates(plan, program, self.seconds(plan, threads))
                self.starts[threads] = [plan.steady(lambda: first_sample_s(program)) for _ in range(10 if plan.full else 2)]
                self.peaks[threads] = [peak_bytes(program) for _ in range(3 if plan.full else 1)]
                self.looks[threads] = looks(plan, self.python, program) if plan.full else {}
        if plan.full:
            self.measure_churn(plan)

    def measure_churn(self, plan):
        plan.say("scale: CPython %s, a thread for each request" % self.python)
        with running.Program(self.python.executable, "thread_churn.py", seconds=3600) as program:
            self.made["churn"] = self.rates(plan, program, self.seconds(plan, 10))

    @staticmethod
    def seconds(plan, threads):
        """Long enough for the slowest, which makes some ticks a second at 1,000 threads."""
        return (5.0 if threads == MOST else 2.0) if plan.full else (1.0 if threads == MOST else 0.4)

    def rates(self, plan, program, seconds):
        made = Rounds()
        for way in in_turn(3 if plan.full else 2, self.ways):
            made.run(plan, way, program, seconds)
        return made

    def rate_table(self):
        rows = []
        for way in self.ways:
            cells = [of_rates(made.rates(way)) for made in self.made.values()]
            gain = self.made[MOST].gain(self.ways[0], way)
            rows.append([way.sampler.name, way.how, *cells, times(gain) if way != self.ways[0] else ""])
        sizes = ["thread per request" if size == "churn" else "%s threads" % "{:,}".format(size) for size in self.made]
        return Table(["sampler", "way", *sizes, "gilspy is faster at 1,000 by"], rows,
                     "Ticks a second, CPython %s" % self.python)

    def look_table(self):
        """A list: of none in the quick form."""
        rows = []
        for name in self.looks[MOST]:
            cells = []
            for threads in self.looks:
                found = self.looks[threads].get(name, [])
                cells += [with_spread([1e3 * wall for wall, _ in found]),
                          "%.0f" % (1e3 * statistics.median(cpu for _, cpu in found)) if found else "-"]
            rows.append([name, *cells])
        heads = [head for threads in self.looks for head in ("%s threads: ms" % "{:,}".format(threads), "CPU ms")]
        return [Table(["one look", *heads], rows, "A dump of all stacks, CPython %s" % self.python)] if rows else []

    def own_table(self):
        rows = [["{:,}".format(threads), with_spread([1e3 * start for start in self.starts[threads]]),
                 "%.1f" % (max(self.peaks[threads]) / 1e6)] for threads in self.starts]
        return Table(["threads", "ms to the first sample", "memory, MB (peak, 1 kHz)"], rows,
                     "gilspy itself, CPython %s" % self.python)

    def goals(self):
        most, where = self.made[MOST], " on CPython %s" % self.python.name
        ours = self.ways[0]
        few, many = self.made[10].rates(ours), most.rates(ours)
        kept = statistics.median(many) / statistics.median(few)
        yield Goal("the rate with 1,000 threads at least half of that with 10" + where,
                   "%.0f %%: %s/s of %s/s" % (100 * kept, *(count(statistics.median(rates)) for rates in (many, few))),
                   kept >= MIN_RATE_KEPT, "with 1,000 threads " + cpu_of_a_tick(most.made[ours]))
        for name, factor, version in (("CPython's sampler", VS_CPYTHON, "3.15"), ("py-spy", VS_PY_SPY, "3.13")):
            if version == self.python.name:
                yield self.goal_against(name, factor, most, ours)
        start = statistics.median(self.starts[MOST])
        yield Goal("first sample within 100 ms with 1,000 threads" + where, "%.0f ms" % (1e3 * start),
                   start <= MAX_START_S, "attaching reads every thread's state, name and stack once")
        each = (min(self.peaks[MOST]) - min(self.peaks[10])) / (MOST - 10)
        yield Goal("memory under 4 kB a thread" + where, "%.1f kB" % (each / 1e3), each < MAX_THREAD_BYTES,
                   "the peak with 1,000 threads less that with 10, a thread")

    def goal_against(self, name, factor, most, ours):
        text = "at least %sx %s with 1,000 threads on CPython %s" % ("{:,}".format(factor), name, self.python.name)
        gain = most.gain(ours, most.best(name, WHOLE))
        if gain is None:
            return Goal(text, "-", None, "%s made nothing here" % name)
        return Goal(text, "%s: %s/s against %s/s" % (times(gain), count(statistics.median(most.rates(ours))),
                                                      count(statistics.median(most.rates(most.best(name, WHOLE))))),
                    gain >= factor, cpu_of_a_tick(most.made[ours]))


def first_sample_s(program):
    gilspy = peers.Gilspy("gilspy")  # asks it for its version, which is no part of the start
    began_ns = time.monotonic_ns()
    with gilspy.start(program, rate=1000) as run:
        time.sleep(0.5)
        run.finish()
        processes, _ = recording_reader.read(run.out)
    return (processes[0].first_ns - began_ns) / 1e9


def peak_bytes(program):
    return peers.Gilspy().record(program, 1.0, rate=1000).peak_bytes


def looks(plan, python, program):
    """{who: [(wall seconds, CPU seconds), ...]}"""
    commands = {"gilspy dump": [running.find_gilspy(), "dump", "--pid", str(program.pid)]}
    for sampler in plan.peers.values():
        if not sampler.refuses(python):
            commands.update(sampler.look_commands(program.pid))
    found = {name: [] for name in commands}
    for name in in_turn(5 if plan.full else 1, commands):
        try:
            _, wall_s, cpu_s, _ = plan.steady(lambda: peers.measure_command(commands[name]))
            found[name].append((wall_s, cpu_s))
        except peers.NotComparable as reason:
            plan.say("NOT COMPARED: %s: %s" % (name, reason))
    return found


def run(plan):
    results, gilspy = Results(), peers.Gilspy()
    for python in versions(plan, ("3.13", "3.15"), ("3.8", "3.13", "3.15")):
        sizes = Sizes(python)
        sizes.measure(plan, gilspy)
        results.tables += [sizes.rate_table(), sizes.own_table(), *sizes.look_table()]
        results.goals += sizes.goals()
        results.remarks += [text for text in sizes.refusals if text not in results.remarks]
        results.headline += headline(sizes)
    return results


def headline(sizes):
    if sizes.python.name not in ("3.13", "3.15"):
        return []
    most, ours = sizes.made[MOST], sizes.ways[0]
    against = [(name, most.gain(ours, most.best(name, WHOLE))) for name in ("py-spy", "austin", "CPython's sampler")]
    compared = ["%s %s" % (times(gain), name) for name, gain in against if gain]
    return ["CPython %s with 1,000 threads: %s samples a second, %s" % (
        sizes.python.name, count(statistics.median(most.rates(ours))), ", ".join(compared))] if compared else []
