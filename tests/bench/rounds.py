"""What the measuring sections share: which versions, who goes when, what a sampler's rounds came to."""

import collections
import random
import statistics

import peers
from spread import of_rates, ratio, times, with_spread


def versions(plan, quick, full):
    """Of the named ones those that there are, loudly."""
    wanted = full if plan.full else quick
    missing = [name for name in wanted if name not in plan.pythons]
    if missing:
        plan.say("NOT MEASURED: there is no CPython %s here (./dev pythons)" % ", ".join(missing))
    return [plan.pythons[name] for name in wanted if name in plan.pythons]


def in_turn(rounds, things):
    """Everything once a round, each time in another order: nothing always comes after the same."""
    things = list(things)
    for _ in range(rounds):
        random.shuffle(things)
        yield from list(things)


Way = collections.namedtuple("Way", "sampler how")


def ways(plan, python, gilspy, of_gilspy=("nonblocking",), of_peers=None):
    """(every way to sample this interpreter, why others are missing)"""
    found, refusals = [Way(gilspy, how) for how in of_gilspy], []
    for sampler in plan.peers.values():
        refusal = sampler.hows and sampler.refuses(python)
        if refusal:
            refusals.append(refusal)
            continue
        found += [Way(sampler, how) for how in sampler.hows if of_peers is None or how in of_peers]
    return found, refusals


class Rounds:
    """Runs by way of sampling; what a sampler could not do is kept, and said in the table."""

    def __init__(self):
        self.made = collections.defaultdict(list)
        self.complaints = collections.defaultdict(list)

    def run(self, plan, way, program, seconds, rate=peers.FASTEST_HZ):
        try:
            made = plan.steady(lambda: way.sampler.record(program, seconds, rate, way.how))
        except peers.NotComparable as reason:
            plan.say("NOT COMPARED: %s" % reason)
            self.complaints[way].append(str(reason))
            return
        self.made[way].append(made)

    def rates(self, way):
        return [made.rate for made in self.made.get(way, [])]

    def best(self, name, hows=None):
        """The fastest way of the sampler of this name; None if it made nothing."""
        named = [way for way in self.made if way.sampler.name == name and (hows is None or way.how in hows)]
        return max(named, key=lambda way: statistics.median(self.rates(way)), default=None)

    def gain(self, way, other):
        """How many times as fast; None where either made nothing."""
        return ratio(self.rates(way), self.rates(other)) if way and other else None

    def row(self, way, reference):
        """Cells: rate, what failed, how many times faster the reference is, CPU, memory."""
        runs, complaints = self.made.get(way), self.complaints.get(way, [])
        if not runs:
            return ["failed: " + (complaints or ["?"])[-1], "-", "-", "-", "-"]
        ticks, failed = sum(made.ticks for made in runs), sum(made.failed for made in runs)
        rounds = ", %d of %d rounds" % (len(complaints), len(complaints) + len(runs)) if complaints else ""
        return [of_rates(self.rates(way)), "%.1f %%%s" % (100 * failed / max(1, ticks + failed), rounds),
                times(self.gain(reference, way)) if way != reference else "",
                "%.0f %%" % (100 * statistics.median(made.cpu_share for made in runs)),
                "%.0f MB" % (max(made.peak_bytes for made in runs) / 1e6)]


COLUMNS = ["ticks/s", "failed", "gilspy is faster by", "CPU", "memory"]


def cpu_of_a_tick(runs):
    """Where the time of a tick goes, for the reason of a goal that is not met."""
    ticks = max(1, sum(made.ticks for made in runs))
    user, system = (1e6 * sum(getattr(made, kind) for made in runs) / ticks for kind in ("user_s", "system_s"))
    return "a tick costs gilspy %.1f us of CPU time, %.1f of them in the kernel; it had %.0f %% of a CPU" % (
        user + system, system, 100 * statistics.median(made.cpu_share for made in runs))


def share(values):
    return with_spread([100 * value for value in values], "%.1f") + " %"
