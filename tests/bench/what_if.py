"""What-if, held against reality: does `without_gil` predict how much faster threads are on a free-threaded build?"""

import os
import statistics
import subprocess

import running
from results import Goal, Results, Table

TITLE = "What if"
ABOUT = """\
From a recording of the lab (8 threads that count primes, `fixtures/programs/primes.py`) on a CPython with a GIL,
gilspy says how much faster it would be without one. The truth: the same work on a free-threaded build, with 8 threads
and with one. The best of three runs each, since everything else on a machine only adds to them."""

WITH_GIL, WITHOUT = "3.13", "3.13t"
THREADS = 8
ALLOWED_ERROR = 0.15
ROUNDS = 3

# A fixed amount of work, dealt out to threads.
LAB = """
import sys, threading, time
sys.path.insert(0, sys.argv[1])
from primes import count
blocks, threads = list(range(100_000, 100_000 + 2000 * int(sys.argv[3]), 2000)), int(sys.argv[2])
def work(number):
    for first in blocks[number::threads]:
        count(first, first + 2000)
workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
begin, cpu = time.perf_counter(), time.process_time()
for worker in workers: worker.start()
for worker in workers: worker.join()
print(time.perf_counter() - begin, time.process_time() - cpu)
"""


def lab_s(python, threads, blocks=300):
    """Wall and CPU seconds of the lab."""
    command = [python.executable, "-c", LAB, str(running.PROGRAMS), str(threads), str(blocks)]
    return min(tuple(map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()))
               for _ in range(ROUNDS))


def predict(python):
    """From two seconds of recording."""
    with running.Program(python.executable, "primes.py", "--threads", THREADS) as program:
        return running.record_json(program.pid)["verdict"]["what_if"]["without_gil"]


def judge(predicted, one, many):
    """`one`, `many`: (wall, CPU) seconds of one thread and of all without a GIL."""
    cpus = min(len(os.sched_getaffinity(0)), THREADS)
    text = "the gain without the GIL predicted within %.0f %%" % (100 * ALLOWED_ERROR)
    error = predicted / (one[0] / many[0]) - 1
    measured = "predicted %.2fx, real %.2fx: %+.1f %%" % (predicted, one[0] / many[0], 100 * error)
    got = many[1] / many[0]
    if got < 0.95 * cpus:
        return Goal(text, measured, None, "other processes had the CPUs: the threads got %.2f of %d" % (got, cpus))
    return Goal(text, measured, abs(error) <= ALLOWED_ERROR,
                "what the free-threaded build loses to its own locks is not predicted")


def run(plan):
    missing = [name for name in (WITH_GIL, WITHOUT) if name not in plan.pythons]
    if missing:
        return Results(goals=[Goal("the gain without the GIL predicted", "-", None,
                                   "there is no CPython %s here (./dev pythons)" % ", ".join(missing))])
    predicted = statistics.median(plan.steady(lambda: predict(plan.pythons[WITH_GIL])) for _ in range(ROUNDS))
    times = {name: [plan.steady(lambda: lab_s(plan.pythons[name], threads)) for threads in (1, THREADS)]
             for name in (WITH_GIL, WITHOUT)}
    rows = [[str(plan.pythons[name]), "%.2f" % one[0], "%.2f" % many[0], "%.2fx" % (one[0] / many[0])]
            for name, (one, many) in times.items()]
    (stock, stock_many), (free, free_many) = times[WITH_GIL], times[WITHOUT]
    return Results(
        tables=[Table(["CPython", "1 thread, s", "%d threads, s" % THREADS, "gain"], rows)],
        goals=[judge(predicted, free, free_many)],
        remarks=["A single thread is %.2f times as slow on %s as on %s; all %d are %.2f times as fast." % (
            free[1] / stock[1], WITHOUT, WITH_GIL, THREADS, stock_many[0] / free_many[0])])
