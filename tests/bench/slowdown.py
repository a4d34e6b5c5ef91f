"""How much slower a program runs while gilspy records it: windows with and without gilspy in turn, on one process.

Prints the median slow-down of neighbouring windows, its spread, and what gilspy itself used. No bound is asserted: the
figure is the machine's as much as gilspy's.
"""

import argparse
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import interpreters  # noqa: E402
from running import find_gilspy  # noqa: E402

# Every thread counts its own turns; the main thread answers each line on stdin with their sum.
TARGET = """
import sys, threading
counts = [0] * THREADS
def leaf(n):
    s = 0
    for i in range(n): s += i * i
    return s
def deep(d, n): return leaf(n) if d == 0 else deep(d - 1, n)
def work(k):
    while True:
        deep(20, 500)
        counts[k] += 1
for k in range(THREADS): threading.Thread(target=work, args=(k,), daemon=True).start()
for _ in sys.stdin: print(sum(counts), flush=True)
"""


class Target:
    def __init__(self, python, threads):
        code = TARGET.replace("THREADS", str(threads))
        self.process = subprocess.Popen([python.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def turns(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        count = int(self.process.stdout.readline())
        return count, time.monotonic()


def speed_over(target, seconds):
    before, start = target.turns()
    time.sleep(seconds)
    after, end = target.turns()
    return (after - before) / (end - start)


def speed_with_gilspy(target, seconds, rate):
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [find_gilspy(), "record", "--pid", str(target.process.pid), "-r", rate, "-f", "json", "-o", out.name]
        recorder = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        time.sleep(0.3)  # attaching is not part of the window
        speed = speed_over(target, seconds)
        recorder.terminate()
        recorder.wait()
        profile = json.load(open(out.name))
    return speed, profile["self"]["cpu_s"] / profile["duration_s"]


def measure(python, threads, rate, rounds, seconds):
    target = Target(python, threads)
    time.sleep(1)
    slower, used = [], []
    for _ in range(rounds):
        both = ["without", "with"]
        random.shuffle(both)
        speeds = {}
        for which in both:
            if which == "with":
                speeds[which], cpu = speed_with_gilspy(target, seconds, rate)
                used.append(cpu)
            else:
                time.sleep(0.3)
                speeds[which] = speed_over(target, seconds)
        slower.append(100 * (speeds["without"] / speeds["with"] - 1))
    target.process.kill()
    quarter = statistics.quantiles(slower, n=4)
    print(f"CPython {python}, {threads} threads, {rate}: slower by {statistics.median(slower):+.1f} % "
          f"(quartiles {quarter[0]:+.1f} to {quarter[2]:+.1f}); gilspy used {100 * statistics.median(used):.1f} % of one CPU")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--rate", default="1khz")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=1.5)
    arguments = parser.parse_args()
    for python in interpreters.pick_supported(interpreters.find_interpreters()).values():
        measure(python, arguments.threads, arguments.rate, arguments.rounds, arguments.seconds)


if __name__ == "__main__":
    main()
