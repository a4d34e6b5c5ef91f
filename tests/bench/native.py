#!/usr/bin/env python3
"""Native stacks: do they agree with gdb's, and what do they cost the program?"""

import argparse
import bisect
import collections
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "system"))
import chain_library  # noqa: E402
import harm  # noqa: E402
import interpreters  # noqa: E402
import peers  # noqa: E402
import running  # noqa: E402
from results import Goal, Plan, Results, Table  # noqa: E402
from rounds import in_turn, versions  # noqa: E402
from spread import with_spread  # noqa: E402

TITLE = "Native stacks"
ABOUT = """\
*Agreement*: a process is stopped (SIGSTOP), `gilspy dump --native-all` reads its stacks, and then gdb does: both read the very
same ones. Of each thread the functions of gdb and those of gilspy are laid side by side; inlined ones count as well, and two
names for one place are one. gdb also names callers that are gone from the stack since they jumped (tail calls), by what the
compiler noted of calls: these are counted apart. *Cost*: as in the section on harm, four busy threads with and without a
sampler in turn; the pauses are what gilspy says of itself."""

SCRIPT = pathlib.Path(__file__).with_name("gdb_stacks.py")
MOST_GDB_S = 120
LEAST_PERCENT = 99.0
MOST_SLOWER = 1.0  # percent, at the default rate
MOST_PAUSE_US = 30
DEFAULT_HZ = 100   # of gilspy record --native
FAILURES = (AssertionError, OSError, ValueError, subprocess.SubprocessError)


# --- agreement -------------------------------------------------------------------------------------------------------

class Names:
    """Which names the code of a process has at an address, by the symbol tables of its files and their debug files."""

    def __init__(self, pid, tables):
        """`tables`: {path: {address in the file: names}}, to be filled."""
        self.pid, self.tables = pid, tables
        mapped = {}
        with open("/proc/%d/maps" % pid, encoding="utf-8") as maps:
            for line in maps:
                fields = line.split(maxsplit=5)
                if len(fields) == 6 and fields[5].startswith("/"):
                    begin, end = (int(part, 16) for part in fields[0].split("-"))
                    path = fields[5].strip()
                    first, _ = mapped.get(path, (begin, 0))
                    mapped[path] = (first, end)
        self.files = sorted((begin, end, path) for path, (begin, end) in mapped.items())

    def file_at(self, address):
        """(path, what to subtract) or None"""
        at = bisect.bisect(self.files, (address, 1 << 64, ""))
        if at and self.files[at - 1][0] <= address < self.files[at - 1][1]:
            begin, _, path = self.files[at - 1]
            return path, 0 if self.is_fixed(path) else begin
        return None

    def is_fixed(self, path):
        with open(self.outside(path), "rb") as file:
            return int.from_bytes(file.read(18)[16:18], "little") == 2  # ET_EXEC

    def outside(self, path):
        return "/proc/%d/root%s" % (self.pid, path)

    def table(self, path):
        if path not in self.tables:
            found = collections.defaultdict(set)
            for file in [self.outside(path)] + debug_files(self.outside(path)):
                for option in ((), ("-D",)):
                    said = subprocess.run(["nm", *option, file], capture_output=True, text=True, check=False).stdout
                    for address, name in re.findall(r"^([0-9a-f]+) [TtWwiu] ([^\s@]+)", said, re.MULTILINE):
                        found[int(address, 16)].add(name)
            self.tables[path] = found
        return self.tables[path]

    def at(self, address):
        """Names of exactly this place."""
        file = self.file_at(address)
        return self.table(file[0]).get(address - file[1], set()) if file else set()


def debug_files(path):
    said = subprocess.run(["readelf", "-n", path], capture_output=True, text=True, check=False).stdout
    build = re.search(r"Build ID: ([0-9a-f]+)", said)
    debug = "/usr/lib/debug/.build-id/%s/%s.debug" % (build[1][:2], build[1][2:]) if build else ""
    return [debug] if os.path.exists(debug) else []


def stacks_of_gdb(pid):
    done = subprocess.run(["gdb", "-q", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-iex",
                           "set auto-load off", "-p", str(pid), "-x", str(SCRIPT)],
                          capture_output=True, text=True, timeout=MOST_GDB_S, check=False)
    line = next((line for line in done.stdout.splitlines() if line.startswith("STACKS ")), None)
    assert line, "gdb: " + done.stderr[-300:]
    return {int(tid): frames for tid, frames in json.loads(line[7:]).items()}


def stacks_of_gilspy(pid):
    """{tid: native functions, innermost first}; what a thread is blocked in, in the kernel, is not on its stack."""
    done = running.gilspy("dump", "--pid", pid, "--native-all", "-j")
    assert done.returncode == 0, done.stderr
    threads = json.loads(done.stdout)["threads"]
    return {thread["tid"]: [frame for frame in thread["frames"] if frame["line"] == 0 and frame["file"] != "kernel"]
            for thread in threads if thread["python"]}


def base_name(name):
    """Without what a compiler adds to a part or a copy of a function, and what glibc calls its own use of its own."""
    return re.sub(r"^__GI_|\.(?:constprop|isra|part|cold|llvm)\b.*", "", name or "")


def is_same(ours, theirs, names):
    """gilspy's function and gdb's frame."""
    name, kind, address, begin = theirs
    if kind == "signal":
        return "restore_rt" in ours["function"] or "signal" in ours["function"] or "+0x" in ours["function"]
    if name is not None and base_name(ours["function"]) == base_name(name):
        return True
    if kind == "inline":
        return False
    file = names.file_at(address)
    if file is None or (name is not None and begin == 0):
        return False
    if name is None:  # gdb has none: the same file, and not behind the place
        place = re.fullmatch(r".*\+(0x[0-9a-f]+)", ours["function"])
        return ours["file"] in file[0] and (not place or int(place[1], 16) <= address - file[1])
    return ours["function"] in names.at(begin) or base_name(ours["function"]) in map(base_name, names.at(begin))


def aligned(ours, theirs, names):
    """Pairs (ours or None, theirs or None) of the two stacks laid side by side with as many agreements as there can be."""
    same = [[is_same(mine, other, names) for other in theirs] for mine in ours]
    best = [[0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    for i in reversed(range(len(ours))):
        for j in reversed(range(len(theirs))):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + same[i][j])
    pairs, i, j = [], 0, 0
    while i < len(ours) or j < len(theirs):
        if i < len(ours) and j < len(theirs) and same[i][j] and best[i][j] == best[i + 1][j + 1] + 1:
            pairs.append((ours[i], theirs[j]))
            i, j = i + 1, j + 1
        elif j == len(theirs) or (i < len(ours) and best[i][j] == best[i + 1][j]):
            pairs.append((ours[i], None))
            i += 1
        else:
            pairs.append((None, theirs[j]))
            j += 1
    return pairs


class Agreement:
    """Of the threads of one program, or of several."""

    def __init__(self):
        self.threads, self.lost, self.frames, self.agreed, self.tails = 0, 0, 0, 0, 0
        self.in_stacks = [0, 0]  # frames, agreed: of threads of which gilspy has a stack
        self.missing, self.extra = collections.Counter(), collections.Counter()

    def add_thread(self, ours, theirs, names):
        self.threads += 1
        self.lost += not ours
        self.tails += sum(kind == "tail" for _, kind, _, _ in theirs)
        pairs = aligned(ours, [frame for frame in theirs if frame[1] != "tail"], names)
        agreed = sum(mine is not None and other is not None for mine, other in pairs)
        self.frames += len(pairs)
        self.agreed += agreed
        if ours:
            self.in_stacks[0] += len(pairs)
            self.in_stacks[1] += agreed
            self.missing.update("%s (%s)" % (other[0], other[1]) for mine, other in pairs if mine is None)
            self.extra.update(mine["function"] for mine, other in pairs if other is None)

    def add(self, other):
        for name, value in vars(other).items():
            mine = getattr(self, name)
            if isinstance(value, collections.Counter):
                mine.update(value)
            elif isinstance(value, list):
                setattr(self, name, [a + b for a, b in zip(mine, value)])
            else:
                setattr(self, name, mine + value)

    @property
    def percent(self):
        return 100 * self.agreed / max(1, self.frames)

    @property
    def percent_in_stacks(self):
        return 100 * self.in_stacks[1] / max(1, self.in_stacks[0])

    def cells(self):
        return ["%d" % self.threads, "%d" % self.lost, "{:,}".format(self.frames), "%.1f" % self.percent,
                "%.1f" % self.percent_in_stacks, "%d" % self.tails]


def programs(python, chain):
    """{what it is: (command, environment)}"""
    modules = os.path.join(interpreters.cache_folder(), "packages", python.name)
    found = {
        "a chain in C": (["chain.py", "--library", chain, "--round-s", 0.05, "--deep", 100], None),
        "regex, victims": (["hogs.py", "--call", "regex"], None),
        "sort, victims": (["hogs.py", "--call", "sort"], None),
        "asleep with the GIL": (["hog.py"], None),
        "waiting": (["waits.py"], None),
        "JSON": (["documents.py", "--threads", 3], None),
        "hashing": (["hashing.py"], None),
    }
    if os.path.isdir(os.path.join(modules, "numpy")):
        found["NumPy"] = (["primes_numpy.py"], {"PYTHONPATH": modules})
    return found


def compare_once(program, agreement, tables):
    os.kill(program.pid, signal.SIGSTOP)
    try:
        for _ in range(100):
            if program.state() == "T":
                break
            time.sleep(0.01)
        ours = stacks_of_gilspy(program.pid)
        theirs = stacks_of_gdb(program.pid)
        names = Names(program.pid, tables)
        for tid, frames in ours.items():
            if tid in theirs:
                agreement.add_thread(frames, theirs[tid], names)
    finally:
        os.kill(program.pid, signal.SIGCONT)


def agreement_of(plan, python, chain, stops):
    """{program: Agreement}"""
    found = {}
    for name, (command, environment) in programs(python, chain).items():
        found[name] = Agreement()
        try:
            with running.Program(python.executable, *command, environment=environment, seconds=600) as program:
                tables = {}
                for stop in range(stops):
                    time.sleep(0.3 + 0.013 * stop)
                    compare_once(program, found[name], tables)
        except FAILURES as reason:
            plan.say("NOT COMPARED: %s on %s: %s" % (name, python, reason))
            continue
        plan.say("%s, %s: %s" % (python, name, ", ".join(found[name].cells())))
        for what, counted in (("gilspy lacks", found[name].missing), ("only gilspy has", found[name].extra)):
            if counted:
                plan.say("    %s: %s" % (what, ", ".join("%s %d" % one for one in counted.most_common(8))))
    return found


def run_agreement(plan, results):
    rows, total = [], Agreement()
    with tempfile.TemporaryDirectory() as folder:
        chain = chain_library.ChainLibrary(folder, "debug").path
        for python in versions(plan, ("3.13",), ("3.8", "3.11", "3.13")):
            for name, agreement in agreement_of(plan, python, chain, 3 if plan.full else 1).items():
                rows.append([name, str(python), *agreement.cells()])
                total.add(agreement)
    rows.append(["all", "", *total.cells()])
    results.tables.append(Table(["program", "CPython", "threads", "without a stack", "frames", "agree %",
                                 "agree % of stacks", "tail callers"], rows, "Agreement with gdb"))
    reason = "%d of %d threads have no native stack; of the others %.1f %% agree; most often missing: %s" % (
        total.lost, total.threads, total.percent_in_stacks,
        ", ".join("%s (%d times)" % one for one in total.missing.most_common(3)))
    results.goals.append(Goal("at least %g %% of the frames of %d stacks agree with gdb's" % (LEAST_PERCENT, total.threads),
                              "%.1f %%" % total.percent, total.percent >= LEAST_PERCENT if total.threads else None, reason))


# --- cost ------------------------------------------------------------------------------------------------------------

class Gilspy(peers.Gilspy):
    hows = ("nonblocking", "native")

    def command(self, pid, out, rate, how):
        option = "--native" if how == "native" else "--" + how
        return [running.find_gilspy(), "record", "--pid", str(pid), "-r", str(rate), option, "-f", self.output, "-o", out]


class PySpy(peers.PySpy):
    hows = ("blocking", "native")

    def command(self, pid, out, rate, how):
        return super().command(pid, out, rate, "blocking") + (["--native"] if how == "native" else [])


class Pairs(harm.Pairs):
    """With what gilspy says of its pauses."""

    def __init__(self):
        super().__init__()
        self.pauses = []

    def window(self, turns, condition, seconds, cpu):
        if not condition.sampler:
            return super().window(turns, condition, seconds, cpu)
        with condition.sampler.start(turns.program, condition.rate, condition.how, cpu) as run:
            time.sleep(harm.SETTLE_S)
            begin_cpu_s, events = run.cpu_s(), harm.Window()
            speed = turns.speed_over(seconds)
            rates, cpu_share = events.rates(), (run.cpu_s() - begin_cpu_s) / seconds
            made = run.finish()
            pauses = made.report.get("quality", {}).get("pauses")
            if pauses and pauses["count"]:
                self.pauses.append((pauses, made.seconds))
            return speed, rates, (cpu_share, made.rate)

    def pause_cells(self):
        if not self.pauses:
            return ["", "", "", ""]
        return [with_spread([1e6 * pauses["median_s"] for pauses, _ in self.pauses], "%.0f") + " us",
                with_spread([1e6 * pauses["p99_s"] for pauses, _ in self.pauses], "%.0f") + " us",
                "%.1f ms" % (1e3 * max(pauses["longest_s"] for pauses, _ in self.pauses)),
                with_spread([100 * pauses["total_s"] / seconds for pauses, seconds in self.pauses], "%.2f") + " %"]


def conditions(plan, python):
    gilspy = Gilspy()
    found = [harm.CONTROL, harm.Condition(gilspy, "nonblocking", DEFAULT_HZ), harm.Condition(gilspy, "native", DEFAULT_HZ)]
    if plan.full:
        found.append(harm.Condition(gilspy, "native", 1000))
    py_spy = plan.peers.get("py-spy")
    if py_spy and not py_spy.refuses(python):
        peer = PySpy(py_spy.place)
        found.append(harm.Condition(peer, "native", DEFAULT_HZ))
        if plan.full:
            found += [harm.Condition(peer, "native", 100), harm.Condition(peer, "blocking", DEFAULT_HZ)]
    return found


def cost(plan, python):
    rounds, seconds = (11, 2.0) if plan.full else (3, 0.5)
    chosen = conditions(plan, python)
    found = {condition: Pairs() for condition in chosen}
    with harm.Turns(python) as turns:
        for condition in in_turn(rounds, chosen):
            try:
                found[condition].add(plan, turns, condition, seconds)
            except peers.NotComparable as reason:
                plan.say("NOT COMPARED: %s" % reason)
    return found


def run_cost(plan, results):
    for python in versions(plan, ("3.13",), ("3.8", "3.13")):
        plan.say("native: cost, CPython %s" % python)
        found = cost(plan, python)
        control = found[harm.CONTROL]
        rows = [pairs.row(condition, control) + pairs.pause_cells() for condition, pairs in found.items()]
        results.tables.append(Table(harm.COLUMNS + ["pause", "p99", "longest", "stopped"], rows, "Cost, CPython %s" % python))
        condition = next(one for one in found if one.sampler and one.sampler.name == "gilspy" and one.how == "native"
                         and one.rate == DEFAULT_HZ)
        results.goals.append(goal_of_cost(found[condition], control, python))
        results.goals.append(goal_of_pauses(found[condition], python))
    return results


def goal_of_pauses(pairs, python):
    text = "half of the pauses at %d Hz at most %g us, on CPython %s" % (DEFAULT_HZ, MOST_PAUSE_US, python.name)
    if not pairs.pauses:
        return Goal(text, "-", None, "nobody was stopped")
    medians = [1e6 * pauses["median_s"] for pauses, _ in pairs.pauses]
    return Goal(text, with_spread(medians, "%.0f") + " us", statistics.median(medians) <= MOST_PAUSE_US,
                "its registers, the GIL's words, two copies and letting it go are five system calls")


def goal_of_cost(pairs, control, python):
    text = "`--native` at %d Hz at most %g %% slower, on CPython %s" % (DEFAULT_HZ, MOST_SLOWER, python.name)
    if not pairs.slower or not control.slower:
        return Goal(text, "-", None, "gilspy failed")
    measured = "%s %% (A/A %s %%)" % (with_spread(pairs.slower, "%+.1f"), with_spread(control.slower, "%+.1f"))
    slower = statistics.median(pairs.slower)
    margin = harm.margin_of_median(pairs.slower) + harm.margin_of_median(control.slower)
    if abs(slower - MOST_SLOWER) < margin:
        return Goal(text, measured, None, "%d pairs that differ so much tell it to %.1f points only" % (len(pairs.slower), margin))
    return Goal(text, measured, slower <= MOST_SLOWER, harm.why(pairs, None))


def run(plan):
    results = Results()
    run_agreement(plan, results)
    run_cost(plan, results)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--agreement", action="store_true", help="that alone")
    arguments = parser.parse_args()
    import report  # pylint: disable=import-outside-toplevel
    pythons = interpreters.pick_supported(interpreters.find_interpreters())
    plan = Plan(arguments.full, pythons, peers.find(pythons)[0], lambda line: print(line, file=sys.stderr, flush=True))
    results = Results()
    run_agreement(plan, results)
    if not arguments.agreement:
        run_cost(plan, results)
    print(report.text_section(report.Section("native", TITLE, ABOUT, results)))


if __name__ == "__main__":
    main()
