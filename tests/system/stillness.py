"""Whether the machine ran at all: what a hypervisor took from it, and for how long nothing on it was woken. What runs
on the machine itself does not count: with a busy program next door gilspy has to cope."""

import contextlib
import mmap
import os
import struct
import subprocess
import sys
import time

STEP_S = 0.02
LATE_S = 0.05  # far beyond what a busy scheduler lets something wait that ranks before all others
CPUS = len(os.sched_getaffinity(0))
TICK_S = 1 / os.sysconf("SC_CLK_TCK")

# A sleeper in a process of its own: seconds for which it could not be woken, in shared memory.
SLEEPER = """
import mmap, os, struct, sys, time
lost = mmap.mmap(int(sys.argv[1]), 8)
parent, sum_s = os.getppid(), 0.0
while os.getppid() == parent:
    due = time.monotonic() + %f
    time.sleep(%f)
    late = time.monotonic() - due
    if late > %f:
        sum_s += late
        lost[:8] = struct.pack("d", sum_s)
""" % (STEP_S, STEP_S, LATE_S)


def first():
    """A CPU before all that others do here, where that may be asked for."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def stolen_s():
    """Seconds that a hypervisor had the CPUs of this machine, all added up."""
    with open("/proc/stat", encoding="ascii") as stat:
        return int(stat.readline().split()[8]) * TICK_S


class Stillness:
    """`share()`: of the time since the last `start()`, how much the machine did not run."""

    def __init__(self):
        memory = os.memfd_create("stillness")
        os.ftruncate(memory, 8)
        self.lost = mmap.mmap(memory, 8)
        subprocess.Popen([sys.executable, "-S", "-c", SLEEPER, str(memory)], pass_fds=[memory], preexec_fn=first,
                         stdin=subprocess.DEVNULL)
        os.close(memory)
        self.start()

    def now(self):
        return time.monotonic(), struct.unpack("d", self.lost[:8])[0], stolen_s()

    def start(self):
        self.began = self.now()

    def share(self):
        seconds, lost, stolen = (after - before for after, before in zip(self.now(), self.began))
        return max(lost, stolen / CPUS) / max(seconds, STEP_S)

    def wait(self, share, most_s=30):
        """Until a second was no worse than that."""
        deadline = time.monotonic() + most_s
        while time.monotonic() < deadline:
            self.start()
            time.sleep(1)
            if self.share() <= share:
                break
