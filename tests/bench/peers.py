"""gilspy and its peers, all handled the same way: started on a process, stopped by Ctrl-C, and asked what they made.

A *tick* is one look at all threads of the process, with their stacks. How each says how many it made:

- gilspy: `quality` of its JSON report, without those that it discarded; the time is the report's own.
- py-spy: with -i and -t its raw output has a stack of every thread at every tick; the ticks are those of the main
  thread, which every program here keeps to its end. The time is from its "Sampling process" to the Ctrl-C.
- austin: the same, in its binary output; the time is what it prints.
- CPython's sampler: it prints ticks, how many percent of them failed, and the time. Failed ones do not count.
"""

import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import interpreters  # noqa: E402
import running  # noqa: E402

# Faster than any peer goes. Austin counts in microseconds and so does CPython's sampler.
FASTEST_HZ = 1_000_000
END_TIMEOUT_S = 120


class NotComparable(Exception):
    """A sampler did not do what it was asked for; the message says what it said."""


@dataclasses.dataclass
class Made:
    """What one run of a sampler came to."""
    ticks: int
    seconds: float          # over which these ticks were made
    failed: int = 0         # ticks that failed; not among `ticks`
    cpu_share: float = 0.0  # of one CPU, while it sampled: without start and end
    user_s: float = 0.0     # CPU time of all of it
    system_s: float = 0.0
    peak_bytes: int = 0
    file_bytes: int = 0
    report: dict = dataclasses.field(default_factory=dict)  # gilspy's

    @property
    def rate(self):
        return self.ticks / self.seconds if self.seconds > 0 else 0.0


class Sampler:
    """What can be started on a process. `hows`: the ways in which it samples, the first is its usual one."""
    name = version = ""
    hows = ("nonblocking",)
    suffix = ""

    def refuses(self, python):
        """Why it cannot sample this interpreter; "" when it can."""
        return ""

    def command(self, pid, out, rate, how):
        raise NotImplementedError

    def environment(self):
        """Messages and numbers as this module reads them, whatever the machine speaks."""
        return dict(os.environ, LC_ALL="C")

    def started(self, run):
        """Whether it is about to sample. Those that are quick to start do not tell."""
        return True

    def count(self, run):
        """(ticks, failed, seconds, report)"""
        raise NotImplementedError

    def look_commands(self, pid):
        """{name: a command that prints the stacks of all threads once}"""
        return {}

    def start(self, program, rate=FASTEST_HZ, how=None, cpu=None):
        return Run(self, program.pid, rate, how or self.hows[0], cpu)

    def record(self, program, seconds, rate=FASTEST_HZ, how=None):
        with self.start(program, rate, how) as run:
            time.sleep(seconds)
            return run.finish()


class Run:
    """A sampler at work; `finish()` ends it and tells what it made. Leaving the block ends it in any case."""

    def __init__(self, sampler, pid, rate, how, cpu=None):
        self.sampler, self.pid, self.rate, self.how = sampler, pid, rate, how
        self.folder = tempfile.TemporaryDirectory(prefix="gilspy-bench-")
        self.out = os.path.join(self.folder.name, "out" + sampler.suffix)
        self.messages = open(os.path.join(self.folder.name, "messages"), "w+", encoding="utf-8", errors="replace")
        pin = (lambda: os.sched_setaffinity(0, {cpu})) if cpu is not None else None
        self.process = subprocess.Popen(sampler.command(pid, self.out, rate, how), stdin=subprocess.DEVNULL,
                                        stdout=self.messages, stderr=subprocess.STDOUT, env=sampler.environment(),
                                        preexec_fn=pin)
        self.peak_bytes = 0

    def __enter__(self):
        deadline = time.monotonic() + END_TIMEOUT_S
        while not self.sampler.started(self):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise NotComparable("%s did not start: %s" % (self.sampler.name, self.last_words()))
            time.sleep(0.002)
        self.begin, self.cpu_begin = time.monotonic(), self.cpu_s()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.messages.close()
        self.folder.cleanup()

    def said(self):
        return pathlib.Path(self.messages.name).read_text(encoding="utf-8", errors="replace")

    def last_words(self):
        return " / ".join(self.said().strip().splitlines()[-3:])

    def cpu_s(self):
        """CPU time of the process by its own clock, which also counts threads that have ended."""
        return cpu_s_of(self.process.pid)

    def memory_bytes(self, field="VmRSS"):
        return memory_bytes(self.process.pid, field)

    def finish(self):
        if self.process.poll() is not None:
            raise NotComparable("%s ended by itself: %s" % (self.sampler.name, self.last_words()))
        self.seconds, cpu_s = time.monotonic() - self.begin, self.cpu_s() - self.cpu_begin
        self.peak_bytes = self.memory_bytes("VmHWM")
        self.process.send_signal(signal.SIGINT)
        used = self.await_end()
        self.file_bytes = os.path.getsize(self.out) if os.path.exists(self.out) else 0
        ticks, failed, seconds, report = self.sampler.count(self)
        return Made(ticks, seconds, failed, cpu_s / self.seconds, used.ru_utime, used.ru_stime, self.peak_bytes,
                    self.file_bytes, report)

    def await_end(self):
        """What wait() tells of it. The peak is looked at until the end, since some make their output then; that of
        wait() would be this process's, of which the sampler was a copy before it was executed."""
        deadline = time.monotonic() + END_TIMEOUT_S
        while time.monotonic() < deadline:
            self.peak_bytes = max(self.peak_bytes, self.memory_bytes("VmHWM"))
            ended, status, used = os.wait4(self.process.pid, os.WNOHANG)
            if ended:
                self.process.returncode = os.waitstatus_to_exitcode(status)
                return used
            time.sleep(0.002)
        raise NotComparable("%s did not end within %d s" % (self.sampler.name, END_TIMEOUT_S))


class Gilspy(Sampler):
    name = "gilspy"
    hows = ("nonblocking", "exact", "blocking")

    def __init__(self, output="json"):
        """`output`: a format of `gilspy record`."""
        self.output = output
        self.suffix = ".gilspy" if output == "gilspy" else ".json" if output == "json" else ".svg"
        self.version = running.gilspy("--version").stdout.split()[-1]

    def command(self, pid, out, rate, how):
        return [running.find_gilspy(), "record", "--pid", str(pid), "-r", "max" if rate == FASTEST_HZ else str(rate),
                "--" + how, "-f", self.output, "-o", out]

    def count(self, run):
        report = self.report(run)
        quality = report["quality"]
        # Ticks that could not be read at all are not among them.
        lost = quality["discarded"] + quality["errors"]
        return quality["ticks"] - quality["discarded"], lost, report["duration_s"], report

    def report(self, run):
        try:
            if self.output == "json":
                return json.loads(pathlib.Path(run.out).read_text(encoding="utf-8"))
            if self.output == "gilspy":
                return json.loads(running.gilspy("report", run.out, "-f", "json", "-o", "-").stdout)
        except (OSError, ValueError):
            raise NotComparable("gilspy: " + run.last_words()) from None
        return self.summary(run.said())

    @staticmethod
    def summary(said):
        """The same few numbers from the end of the summary on the terminal: how many were made, not how many asked for."""
        line = re.search(r"([\d,]+)(?:\sof\s[\d,]+)?\sticks?\sin\s([\d.]+)\ss\b.*?([\d,]+)\sdiscarded", said, re.DOTALL)
        if not line:
            raise NotComparable("gilspy: " + " ".join(said[-200:].split()))
        ticks, discarded = (int(number.replace(",", "")) for number in (line[1], line[3]))
        return {"quality": {"ticks": ticks, "discarded": discarded, "errors": 0}, "duration_s": float(line[2])}


class PySpy(Sampler):
    name, suffix = "py-spy", ".raw"
    hows = ("blocking", "nonblocking")

    def __init__(self, place):
        self.place, self.version = place, version_in(place)
        self.program = str(place / "bin" / "py-spy")

    def refuses(self, python):
        if python.free_threaded or python.minor >= (3, 15):
            return "py-spy %s does not know CPython %s" % (self.version, python.name)
        return ""

    def command(self, pid, out, rate, how):
        return [self.program, "record", "--pid", str(pid), "-r", str(rate), "-i", "-t", "-f", "raw", "-o", out,
                *(["--nonblocking"] if how == "nonblocking" else [])]

    def started(self, run):
        return "Sampling process" in run.said()

    def look_commands(self, pid):
        dump = [self.program, "dump", "--pid", str(pid)]
        return {"py-spy dump": dump, "py-spy dump --nonblocking": [*dump, "--nonblocking"]}

    def count(self, run):
        said = re.search(r"Samples: (\d+) Errors: (\d+)", run.said())
        if not said:
            raise NotComparable("py-spy: " + run.last_words())
        ticks = main_thread_of_raw(pathlib.Path(run.out).read_text(encoding="utf-8"))
        return ticks, int(said[2]), run.seconds, {}


def main_thread_of_raw(text):
    """How often the main thread is in py-spy's raw output, whose first frame is the thread."""
    ticks = 0
    for line in text.splitlines():
        stack, _, number = line.rpartition(" ")
        thread = stack.split(";", 1)[0]
        if thread.startswith("thread (") and thread.endswith("): MainThread"):
            ticks += int(number)
    return ticks


class Austin(Sampler):
    name, suffix = "austin", ".mojo"

    def __init__(self, place, loader):
        self.place, self.version = place, version_in(place)
        self.program = [*loader, str(place / "bin" / "austin")]

    def refuses(self, python):
        if python.minor >= (3, 15) or python.minor < (3, 9):
            return "austin %s does not know CPython %s" % (self.version, python.name)
        return ""

    def command(self, pid, out, rate, how):
        return [*self.program, "--pid", str(pid), "--interval", "%dus" % max(1, 1_000_000 // rate), "--output", out]

    def look_commands(self, pid):
        return {"austin --where": [*self.program, "--where", str(pid)]}

    def count(self, run):
        said = re.search(r"Total duration[ .]*([\d.]+)s.*Error rate[ .]*(\d+)/(\d+)",
                         re.sub("\x1b[^m]*m", "", run.said()), re.DOTALL)
        if not said:
            raise NotComparable("austin: " + run.last_words())
        ticks = pathlib.Path(run.out).read_bytes().count(main_thread_in_mojo(run.pid))
        failed_share = int(said[2]) / max(1, int(said[3]))  # of stacks; a tick has one of every thread
        return ticks, round(ticks * failed_share), float(said[1]), {}


class Pystack(Sampler):
    """Looks once; it does not sample."""
    name, hows = "pystack", ()

    def __init__(self, place):
        self.place, self.version = place, version_in(place)
        self.program = ["env", "PYTHONPATH=%s" % place, str(place / "python"), "-m", "pystack"]

    def look_commands(self, pid):
        look = [*self.program, "remote", str(pid)]
        return {"pystack remote": look, "pystack remote --no-block": [*look, "--no-block"]}


def main_thread_in_mojo(pid):
    """What a stack of the main thread begins with in austin's output: its event, process, interpreter, thread."""
    rest, number = pid >> 6, bytearray([pid & 0x3F])
    while rest:
        number[-1] |= 0x80
        number.append(rest & 0x7F)
        rest >>= 7
    return b"\x02%b\x00%x\x00" % (bytes(number), pid)


class CPythonSampler(Sampler):
    """profiling.sampling of CPython 3.15, which samples its own version only."""
    name, suffix = "CPython's sampler", ".bin"
    hows = ("nonblocking", "blocking", "gil")

    def __init__(self, python):
        self.python, self.version = python, ".".join(map(str, python.version))

    def refuses(self, python):
        if python.version != self.python.version or python.free_threaded != self.python.free_threaded:
            return "CPython's sampler %s samples CPython %s only" % (self.version, self.version)
        return ""

    def command(self, pid, out, rate, how):
        options = {"nonblocking": [], "blocking": ["--blocking"], "gil": ["--mode", "gil"]}[how]
        return [*self.beside(pid), "attach", "-a", "-r", str(rate), *options, "--binary", "-o", out, str(pid)]

    def started(self, run):
        return os.path.exists(run.out)  # after half a second of imports

    def look_commands(self, pid):
        return {"profiling.sampling dump": [*self.beside(pid), "dump", "-a", str(pid)]}

    def beside(self, pid):
        return [*interpreter_beside(pid, self.python), "-m", "profiling.sampling"]

    def count(self, run):
        line = r"Captured ([\d,]+) samples? in ([\d.,]+) seconds.*Error rate: ([\d.]+)"
        said = re.search(line, run.said(), re.DOTALL)
        if not said:
            raise NotComparable("CPython's sampler: " + run.last_words())
        ticks = int(said[1].replace(",", ""))
        failed = round(ticks * float(said[3]) / 100)
        return ticks - failed, failed, float(said[2].replace(",", "")), {}


def interpreter_beside(pid, python):
    """A command for the interpreter in the root of this process: fixtures/pythons has some in a root of their own,
    where the sampler must be to find the files that the process has mapped."""
    root, program = (os.readlink("/proc/%d/%s" % (pid, link)) for link in ("root", "exe"))
    if root == "/":
        return [python.executable]
    return ["nsenter", "--target", str(pid), "--mount", "--root", "--wdns=/tmp", program[len(root):]]


def measure_command(command, timeout_s=600):
    """(what it printed, wall seconds, CPU seconds, peak bytes) of a command that must succeed."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as messages:
        begin, peak_bytes, ended = time.monotonic(), 0, 0
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=messages, stderr=subprocess.STDOUT,
                                   env=dict(os.environ, LC_ALL="C"))
        try:
            while not ended:
                time.sleep(0.002)
                peak_bytes = max(peak_bytes, memory_bytes(process.pid, "VmHWM"))
                ended, status, used = os.wait4(process.pid, os.WNOHANG)
                if not ended and time.monotonic() - begin > timeout_s:
                    raise NotComparable("%s did not end within %g s" % (os.path.basename(command[0]), timeout_s))
        finally:
            if not ended:
                process.kill()
                process.wait()
        wall_s = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        messages.seek(0)
        said = messages.read()
    if process.returncode != 0:
        raise NotComparable("exit status %d: %s" % (process.returncode, said.strip()[-200:]))
    return said, wall_s, used.ru_utime + used.ru_stime, peak_bytes


def cpu_s_of(pid):
    """CPU time of a process by its own clock; 0: it is gone."""
    try:
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:
        return 0.0


def memory_bytes(pid, field):
    """VmRSS, what a process has in memory now; VmHWM, the most that it had. 0: it is gone."""
    try:
        status = pathlib.Path("/proc/%d/status" % pid).read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(field + r":\s*(\d+) kB", status)
    return 1024 * int(found.group(1)) if found else 0


def version_in(place):
    """0.4.3 for peers-py-spy-0.4.3"""
    return place.name.rpartition("-")[2]


def place_of(name):
    """The folder of fixtures/peers/obtain; None where there is none."""
    places = pathlib.Path(interpreters.cache_folder()).glob("peers-%s-*/.complete" % name)
    return max((complete.parent for complete in places), key=os.path.getmtime, default=None)


def runs(command):
    try:
        return subprocess.run([*command, "--version"], capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def find_austin(place):
    """Its wheel needs glibc 2.38; on an older machine, with the libc of the root that CPython 3.14 and 3.15 live in."""
    program = str(place / "bin" / "austin")
    root = os.path.join(interpreters.cache_folder(), "roots", "sid", "usr")
    foreign = [os.path.join(root, "lib64", "ld-linux-x86-64.so.2"), "--library-path",
               os.path.join(root, "lib", os.uname().machine + "-linux-gnu")]
    for loader in ([], foreign):
        if runs([*loader, program]):
            return Austin(place, loader)
    raise NotComparable("austin %s does not run here: it needs glibc 2.38, which CPython 3.15 would bring along "
                        "(fixtures/pythons/obtain 3.15)" % version_in(place))


def find_py_spy(place):
    if not runs([str(place / "bin" / "py-spy")]):
        raise NotComparable("py-spy %s does not run here" % version_in(place))
    return PySpy(place)


def find_pystack(place):
    pystack = Pystack(place)
    if not runs(pystack.program):
        raise NotComparable("pystack %s does not run here" % pystack.version)
    return pystack


def find_cpython(pythons):
    if "3.15" not in pythons:
        raise NotComparable("CPython's sampler: there is no CPython 3.15 here (fixtures/pythons/obtain 3.15)")
    return CPythonSampler(pythons["3.15"])


def find(pythons):
    """({name: Sampler}, [why others are missing, ...])"""
    found, missing = {}, []
    for name, make in (("py-spy", find_py_spy), ("austin", find_austin), ("pystack", find_pystack)):
        place = place_of(name)
        try:
            if not place:
                raise NotComparable("%s could not be had (fixtures/peers/obtain %s)" % (name, name))
            found[name] = make(place)
        except NotComparable as reason:
            missing.append(str(reason))
    try:
        sampler = find_cpython(pythons)
        found[sampler.name] = sampler
    except NotComparable as reason:
        missing.append(str(reason))
    return found, missing
