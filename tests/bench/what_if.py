#!/usr/bin/env python3
"""What-if, held against reality: from a recording of the lab (8 threads that count primes) on a CPython with a GIL, does
`without_gil` predict how much faster 8 threads are than one on a free-threaded build? And what does that build cost a
single thread? Needs both interpreters and a machine that does nothing else."""

import os
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

import interpreters  # noqa: E402
import running  # noqa: E402

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
    """Wall and CPU seconds of the lab; the best of some, since everything else on the machine only adds to it."""
    command = [python.executable, "-c", LAB, str(running.PROGRAMS), str(threads), str(blocks)]
    return min(tuple(map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()))
               for _ in range(ROUNDS))


def predict(python):
    """From two seconds of recording."""
    with running.Program(python.executable, "primes.py", "--threads", THREADS) as program:
        return running.record_json(program.pid)


def main():
    picked = interpreters.pick_supported(interpreters.find_interpreters())
    missing = [name for name in (WITH_GIL, WITHOUT) if name not in picked]
    if missing:
        sys.exit("what_if: there is no CPython %s here: ./dev pythons" % ", ".join(missing))
    reports = [predict(picked[WITH_GIL]) for _ in range(ROUNDS)]
    predicted = statistics.median(report["verdict"]["what_if"]["without_gil"] for report in reports)
    (one, cpu_one), (many, cpu_many) = lab_s(picked[WITHOUT], 1), lab_s(picked[WITHOUT], THREADS)
    (stock_one, stock_cpu), (stock_many, _) = lab_s(picked[WITH_GIL], 1), lab_s(picked[WITH_GIL], THREADS)
    cpus = min(len(os.sched_getaffinity(0)), THREADS)
    gain = one / many
    error = predicted / gain - 1
    print(reports[0]["verdict"]["headline"])
    print("CPUs: %d, load before: %.1f" % (len(os.sched_getaffinity(0)), os.getloadavg()[0]))
    print("predicted from CPython %s: %.2fx without the GIL" % (WITH_GIL, predicted))
    print("real, CPython %s, 1 and %d threads: %.2f s, %.2f s: %.2fx" % (WITHOUT, THREADS, one, many, gain))
    print("real, CPython %s, 1 and %d threads: %.2f s, %.2f s" % (WITH_GIL, THREADS, stock_one, stock_many))
    print("error of the prediction: %+.1f %%" % (error * 100))
    print("price of %s for a single thread: %.2f times as slow as %s" % (WITHOUT, cpu_one / stock_cpu, WITH_GIL))
    print("%s with %d threads against %s: %.2fx" % (WITHOUT, THREADS, WITH_GIL, stock_many / many))
    if cpu_many / many < 0.95 * cpus:
        print("not judged: other processes had the CPUs, %d threads got %.2f of %d. By CPU time, which they do not take: "
              "%.2fx, error %+.1f %%" % (THREADS, cpu_many / many, cpus, cpus * cpu_one / cpu_many,
                                         (predicted / (cpus * cpu_one / cpu_many) - 1) * 100))
        return 2
    return abs(error) > ALLOWED_ERROR


if __name__ == "__main__":
    sys.exit(main())
