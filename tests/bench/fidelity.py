#!/usr/bin/env python3
"""Fidelity: how far are the hold and wait shares of each thread from the truth of the same seconds?"""

import argparse
import contextlib
import ctypes
import dataclasses
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
for folder in ("system", "formats"):
    sys.path.insert(0, str(TESTS / folder))
import interpreters  # noqa: E402
import recording_reader  # noqa: E402
import running  # noqa: E402
from results import Goal, Plan, Results, Table  # noqa: E402
from truth import NoTruth, Watch, read_events, shares_of, waits_for_nobody  # noqa: E402

TITLE = "Fidelity"
ABOUT = """\
Each thread's shares of time with the GIL (hold) and waiting for it (wait), at 1 kHz and without stopping anybody, against
the truth of the same seconds. *uprobes*: time in `take_gil` and `drop_gil`, by bpftrace, whose probes cost the program some
microseconds a hand-off. *inside*: threads that hold the GIL in C and rest without it, and write down themselves when they
got it (`fixtures/programs/turns.py`); this needs no symbols and no probes. Errors are in points of share, over all threads
and rounds; bias is their mean, spread their standard deviation. *Waits for nobody* is the part of the true waits, in points,
while no thread had the GIL: on the way to a CPU, which is wanted by others. All shares are of the time of which gilspy says
something: while it had no CPU itself it calls everything `unknown`, and that part stands beside them.

What is hard: threads that compute in C without the GIL, with fewer CPUs than threads. Who lets go of the GIL may be inside
`drop_gil` for long, which is a wait by this truth. Seen from outside it is a thread in no system call and without the GIL,
like those that compute, and gilspy says that it runs."""

BOUND_POINTS = 1.0


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    command: tuple         # program and arguments
    truth: str = "uprobes"  # or "inside"
    beside: int = 0        # busy processes beside it, for each CPU
    raised: bool = True    # gilspy may raise its priority
    needs: str = ""        # a module


def spinners(threads, interval="0.005", **more):
    name = "%d spinners" % threads + (", switch interval %g ms" % (1000 * float(interval)) if interval != "0.005" else "")
    return Workload(name, ("spinners.py", "--threads", threads, "--switch-interval", interval), **more)


def turns(name, threads, hold_us, rest_us, sleeps, **more):
    return Workload(name, ("turns.py", "--threads", threads, "--hold-us", hold_us, "--rest-us", rest_us, "--sleeps", sleeps),
                    truth="inside", **more)


def starved(workload, raised):
    name = "%s, overloaded machine%s" % (workload.name, "" if raised else ", normal priority")
    return dataclasses.replace(workload, name=name, beside=2, raised=raised)


MIXED = Workload("mixed I/O and CPU", ("mixed.py",))
SHORT_TURNS = turns("4 threads, C: 0.5 ms of each", 4, 500, 500, 0)
QUICK = {"3.13": (spinners(4), MIXED), "3.15": (SHORT_TURNS,)}
EVERYWHERE = (spinners(4), MIXED, SHORT_TURNS)
BY_UPROBES = (
    spinners(2), spinners(4), spinners(16), spinners(64), spinners(4, "0.0005"), spinners(4, "0.05"), MIXED,
    Workload("NumPy, 4 threads", ("primes_numpy.py",), needs="numpy"),
    Workload("a hog, 100 ms at a time", ("hog.py",)),
    starved(spinners(4), True), starved(spinners(4), False), starved(MIXED, True), starved(MIXED, False),
)
FROM_INSIDE = (
    turns("2 threads, C: 0.5 ms of each", 2, 500, 500, 0), SHORT_TURNS, turns("16 threads, C: 0.5 ms of each", 16, 500, 500, 0),
    turns("64 threads, C: 0.5 ms of each", 64, 500, 500, 0), turns("4 threads, C: 50 us of each", 4, 50, 50, 0),
    turns("4 threads, I/O: hold 0.5 ms, sleep 2 ms", 4, 500, 2000, 1),
    turns("4 threads, I/O: hold 20 ms, sleep 20 ms", 4, 20000, 20000, 1),
    turns("4 hogs, C: 100 ms of each", 4, 100000, 100000, 0), starved(SHORT_TURNS, True), starved(SHORT_TURNS, False),
)


@dataclasses.dataclass
class Round:
    """What one recording came to: differences to the truth in points, for each thread."""
    hold: list
    wait: list
    for_nobody: list  # true waits while nobody had the GIL, in points
    unknown: float = 0.0  # percent
    worst: str = ""       # the thread that is furthest off, in words


def build_library(folder):
    """turns.so, for all interpreters."""
    library = os.path.join(folder, "turns.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, str(running.ROOT / "fixtures" / "native" / "turns.c")],
                   check=True)
    return library


@contextlib.contextmanager
def busy_processes(count):
    """Processes that compute beside what is measured; they end with this one."""
    def die_with_parent():
        ctypes.CDLL(None).prctl(1, int(signal.SIGKILL), 0, 0, 0)  # PR_SET_PDEATHSIG

    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"], preexec_fn=die_with_parent)
               for _ in range(count)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def record(pid, seconds, raised):
    """(report, recording) at 1 kHz."""
    # Without the capability root's own limits decide, and they permit no more than a usual user's.
    normal = [] if raised else ["prlimit", "--nice=0", "--rtprio=0", "setpriv", "--bounding-set=-sys_nice"]
    with tempfile.NamedTemporaryFile(suffix=".gilspy") as out:
        done = subprocess.run([*normal, running.find_gilspy(), "record", "--pid", str(pid), "-d", str(seconds), "-r", "1khz",
                               "-f", "gilspy", "-o", out.name], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=seconds + 60, check=False)
        assert done.returncode == 0, done.stderr
        report = json.loads(running.gilspy("report", out.name, "-f", "json", "-o", "-").stdout)
        recording = recording_reader.read(out.name)[0][0]
    return report, recording


def run_once(python, workload, seconds, library):
    packages = os.path.join(interpreters.cache_folder(), "packages", python.name)  # fixtures/pythons/obtain_numpy
    environment = {"PYTHONPATH": packages} if workload.needs else None
    arguments = [*workload.command[1:], *(["--library", library] if workload.truth == "inside" else [])]
    program = running.Program(python.executable, workload.command[0], *arguments, seconds=seconds + 60,
                              environment=environment)
    with program, busy_processes(workload.beside * os.cpu_count()):
        if workload.truth == "inside":
            return against_inside(program, workload, seconds)
        return against_uprobes(program, workload, seconds)


def against_uprobes(program, workload, seconds):
    with Watch(program.pid) as watch:
        time.sleep(0.5)
        recorded = record(program.pid, seconds, workload.raised)
    return compare(*recorded, watch.events(), program.truth()["threads"])


def against_inside(program, workload, seconds):
    time.sleep(0.5)
    recorded = record(program.pid, seconds, workload.raised)
    threads = program.truth()["threads"]
    path = program.truth_file.name + ".events"
    with open(path, encoding="ascii") as lines:
        events = read_events(lines)
    os.unlink(path)
    # The main thread only waits for the end, and writes nothing down.
    return compare(*recorded, events, [thread for thread in threads if thread["tid"] in events])


def compare(report, recording, events, threads):
    begin, end = recording.first_ns, recording.last_ns
    seen = {thread["tid"]: thread["activities"] for thread in report["threads"]}
    found, worst = Round([], [], [100 * share for share in waits_for_nobody(events, begin, end).values()]), 0.0
    everything = unknown = 0.0
    for thread in threads:
        told, unsure = shares_told(seen[thread["tid"]])
        everything, unknown = everything + sum(seen[thread["tid"]].values()), unknown + unsure
        true = {"hold": 0.0, "wait": 0.0}
        if thread["tid"] in events:
            true = shares_of(events[thread["tid"]], begin, end, recording.gaps)
        for kind, errors in (("hold", found.hold), ("wait", found.wait)):
            errors.append(100 * (told[kind] - true[kind]))
            if abs(errors[-1]) >= worst:
                worst = abs(errors[-1])
                found.worst = "%s of %s: %.1f %% said, %.1f %% true" % (kind, thread["name"], 100 * told[kind],
                                                                       100 * true[kind])
    found.unknown = 100 * unknown / max(everything, 1e-9)
    return found


def shares_told(activities):
    """Shares of the time of which something is said, and the rest in seconds."""
    known = sum(activities.values()) - activities["unknown"] or 1.0
    return {"hold": (activities["holds_gil"] + activities["holds_gil_off_cpu"]) / known,
            "wait": activities["waits_for_gil"] / known}, activities["unknown"]


def furthest(errors):
    return max(errors, key=abs)


def row(python, workload, rounds):
    kinds = [[error for one in rounds for error in one.hold], [error for one in rounds for error in one.wait]]
    return [workload.name, str(python), workload.truth,
            ", ".join("%+.1f" % furthest(errors) for errors in kinds),
            ", ".join("%+.2f" % statistics.mean(errors) for errors in kinds),
            ", ".join("%.2f" % statistics.pstdev(errors) for errors in kinds),
            "%.1f" % statistics.mean(share for one in rounds for share in one.for_nobody),
            "%.1f" % statistics.mean(one.unknown for one in rounds)]


COLUMNS = ["workload", "CPython", "truth", "worst error of hold, wait", "bias of hold, wait", "spread of hold, wait",
           "waits for nobody", "unknown %"]


def chosen(plan):
    """[(python, workload), ...]"""
    pairs = []
    for name, python in plan.pythons.items():
        if python.free_threaded or name not in interpreters.COMMIT:
            continue
        if not plan.full:
            pairs += [(python, workload) for workload in QUICK.get(name, ())]
        elif name == "3.13":
            pairs += [(python, workload) for workload in BY_UPROBES + FROM_INSIDE]
        else:
            pairs += [(python, workload) for workload in (FROM_INSIDE if name == "3.15" else EVERYWHERE)]
    return pairs


def run(plan, pairs=None, seconds=None, count=None):
    seconds, count = seconds or (10 if plan.full else 3), count or (2 if plan.full else 1)
    rows, missed, worst, skipped = [], [], 0.0, {}
    with tempfile.TemporaryDirectory() as folder:
        library = build_library(folder)
        for python, workload in pairs or chosen(plan):
            try:
                rounds = [plan.steady(lambda: run_once(python, workload, seconds, library)) for _ in range(count)]
            except NoTruth as reason:
                skipped.setdefault(str(reason).split(":")[0], []).append("%s on %s" % (workload.name, python))
                continue
            except (AssertionError, KeyError, OSError, ValueError, subprocess.SubprocessError) as error:
                plan.say("NOT MEASURED: %s on %s: %r" % (workload.name, python, error))
                missed.append("%s on %s (failed)" % (workload.name, python))
                continue
            rows.append(row(python, workload, rounds))
            plan.say("  ".join(rows[-1]) + "   " + "; ".join(one.worst for one in rounds))
            error = max(abs(error) for one in rounds for error in one.hold + one.wait)
            worst = max(worst, error)
            if error > BOUND_POINTS:
                missed.append("%s on %s (%.1f)" % (workload.name, python, error))
    goal = Goal("worst error of a thread's hold or wait share: 1 point", "%.1f points" % worst if rows else "nothing",
                not missed if rows or missed else None,
                "further off: " + ", ".join(missed) if missed else "" if rows else "no truth")
    return Results([Table(COLUMNS, rows, "Points of share, %d rounds of %d s each" % (count, seconds))], [goal],
                   ["Not compared, %s: %s." % (reason, ", ".join(what)) for reason, what in skipped.items()])


def main():
    workloads = {workload.name: workload for workload in BY_UPROBES + FROM_INSIDE}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--python", action="append", help="3.13, 3.15, ...: of those that there are")
    parser.add_argument("--workload", action="append", choices=workloads)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--rounds", type=int)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no program outlives this one
    found = interpreters.pick_supported(interpreters.find_interpreters())
    plan = Plan(full=arguments.full, pythons={name: found[name] for name in arguments.python or found})
    pairs = [(python, workloads[name]) for python in plan.pythons.values() for name in arguments.workload or ()]
    results = run(plan, pairs, arguments.seconds, arguments.rounds)
    for part in results.goals + results.remarks:
        print(part)


if __name__ == "__main__":
    main()
