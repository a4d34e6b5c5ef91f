"""The highest rate that gilspy and its peers keep up, with the stacks of all threads."""

import interpreters
import peers
import running
from results import Goal, Results, Table
from rounds import COLUMNS, Rounds, cpu_of_a_tick, in_turn, versions, ways
from spread import count, times

TITLE = "Speed"
ABOUT = """\
Four busy threads, 22 frames deep (`fixtures/programs/deep.py`), and a main thread that waits for them. Every sampler
is asked for more than it can do and has the machine's two or more CPUs beside the program's threads, as it would have
in use. A tick is one look at all threads with their stacks, by the sampler's own count (`tests/bench/peers.py` says
how each tells); ticks that failed do not count: with gilspy those that lost the stack of who held the GIL, with peers
those that they call errors. Between the brackets lies the middle half of the rounds, of fewer
than four all."""

VS_CPYTHON, VS_PY_SPY = 5, 80


def measure(plan, python, gilspy):
    """(Rounds, ways, refusals)"""
    rounds, seconds = (5, 1.0) if plan.full else (3, 0.6)
    chosen, refusals = ways(plan, python, gilspy, gilspy.hows if plan.full else ("nonblocking", "blocking"))
    made = Rounds()
    with running.Program(python.executable, "deep.py", seconds=3600) as program:
        for way in in_turn(rounds, chosen):
            made.run(plan, way, program, seconds)
    return made, chosen, refusals


def table(python, made, chosen):
    rows = [[way.sampler.name, way.how, *made.row(way, chosen[0])] for way in chosen]
    return Table(["sampler", "way", *COLUMNS], rows, "CPython %s" % python)


def goal(made, gilspy, name, factor, python):
    text = "at least %dx %s on CPython %s" % (factor, name, python.name)
    ours, theirs = made.best("gilspy", ("nonblocking",)), made.best(name, ("nonblocking", "blocking"))
    gain = made.gain(ours, theirs)
    if gain is None:
        return Goal(text, "-", None, "%s or gilspy made nothing here" % name)
    measured = "%s: %s/s against %s/s" % (times(gain), count(median(made, ours)), count(median(made, theirs)))
    return Goal(text, measured, gain >= factor, cpu_of_a_tick(made.made[ours]))


def median(made, way):
    rates = sorted(made.rates(way))
    return rates[len(rates) // 2]


def run(plan):
    results, gilspy = Results(), peers.Gilspy()
    for python in versions(plan, ("3.13", "3.15"), interpreters.COMMIT):
        plan.say("speed: CPython %s" % python)
        made, chosen, refusals = measure(plan, python, gilspy)
        results.tables.append(table(python, made, chosen))
        results.remarks += [text for text in refusals if text not in results.remarks]
        if python.name == "3.15":
            results.goals.append(goal(made, gilspy, "CPython's sampler", VS_CPYTHON, python))
        if python.name == "3.13":
            results.goals.append(goal(made, gilspy, "py-spy", VS_PY_SPY, python))
        results.headline += headline(made, python)
    return results


def headline(made, python):
    """A sentence for the README, of the versions that most peers know."""
    if python.name not in ("3.13", "3.15"):
        return []
    ours = made.best("gilspy", ("nonblocking",))
    against = [(name, made.gain(ours, made.best(name, ("nonblocking", "blocking"))))
               for name in ("py-spy", "austin", "CPython's sampler")]
    compared = ["%s %s" % (times(gain), name) for name, gain in against if gain]
    if not ours or not compared:
        return []
    return ["CPython %s, stacks of 4 busy threads 22 frames deep: %s samples a second, %s" % (
        python.name, count(median(made, ours)), ", ".join(compared))]
