"""Fixture programs and gilspy as child processes. Used by the system tests and by the benchmarks."""

import contextlib
import json
import os
import pathlib
import select
import signal
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "fixtures" / "programs"

# Long enough for any test; every program is stopped when its `with` block ends.
LONG_S = 60


def find_gilspy():
    return os.environ.get("GILSPY") or str(ROOT / "build" / "release" / "gilspy")


def gilspy(*arguments, timeout=60, **options):
    """Runs gilspy to its end; `.stdout` and `.stderr` are text."""
    return subprocess.run([find_gilspy(), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=timeout, check=False, **options)


def record(pid, *arguments, seconds=2, **options):
    return gilspy("record", "--pid", pid, "-d", seconds, *arguments, **options)


def record_json(pid, *arguments, seconds=2):
    done = record(pid, "-f", "json", "-o", "-", *arguments, seconds=seconds)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def record_folded(pid, *arguments, seconds=2):
    """[(frames, microseconds), ...]"""
    done = record(pid, "-f", "folded", "-o", "-", *arguments, seconds=seconds)
    assert done.returncode == 0, done.stderr
    return parse_folded(done.stdout)


def parse_folded(text):
    stacks = []
    for line in text.splitlines():
        stack, _, weight = line.rpartition(" ")
        stacks.append((stack.split(";"), int(weight)))
    return stacks


class Program:
    """`with Program(python, "mixed.py", "--spinners", 2) as program:` - running, and ready, inside the block."""

    def __init__(self, python, name, *arguments, seconds=LONG_S, wait=True, cpus=0,
                 environment=None):
        self.truth_file = tempfile.NamedTemporaryFile(suffix=".json")
        self.command = [str(python), str(PROGRAMS / name), "--seconds", str(seconds), "--truth", self.truth_file.name,
                        *map(str, arguments)]
        self.wait = wait
        self.cpus = cpus  # as many of ours; 0: all
        self.environment = dict(os.environ, **environment) if environment else None

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        env=self.environment, preexec_fn=self.take_cpus if self.cpus else None)
        self.pid = self.process.pid
        if self.wait:
            self.await_ready()
        return self

    def take_cpus(self):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:self.cpus])

    def await_ready(self, timeout_s=30):
        readable, _, _ = select.select([self.process.stdout], [], [], timeout_s)
        said = os.read(self.process.stdout.fileno(), 100) if readable else b""
        if said.strip() != b"ready":
            self.__exit__()
            raise AssertionError("%s did not get ready: %r" % (self.command, said))

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.truth_file.close()

    def truth(self):
        """Ends the program early and returns what it knows about itself."""
        for _ in range(10):
            if self.process.poll() is not None:
                break
            # Again and again: in 3.13 and later one that comes just as a join() begins may have to wait for its end.
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(3)
        return self.written_truth()

    def written_truth(self):
        """What a program has written so far, while it is running."""
        with open(self.truth_file.name, encoding="utf-8") as file:
            return json.load(file)

    def state(self):
        """R, S, T, Z, ... as /proc says."""
        with open("/proc/%d/stat" % self.pid, encoding="utf-8", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0]

    def await_end(self, timeout_s=20):
        return self.process.wait(timeout_s)
