"""Ground truth from the outside: bpftrace with uprobes on take_gil and drop_gil of a running CPython.

Needs root, bpftrace, and an interpreter that kept its symbol table. Every entry and return is an event with a
CLOCK_MONOTONIC time stamp, so that any window can be cut out of the recording afterwards:
wait = time inside take_gil or drop_gil, hold = time between the return of take_gil and the next entry of drop_gil.
"""

import collections
import re
import shutil
import subprocess
import tempfile
import time

FUNCTIONS = ("take_gil", "drop_gil")


class NoTruth(Exception):
    """The machine or the interpreter cannot tell the truth; the message says why."""


def library_of(pid):
    """The mapped file of the process that has take_gil in its symbol table, and the symbols to probe."""
    mapped = []
    with open("/proc/%d/maps" % pid, encoding="utf-8") as maps:
        for line in maps:
            path = line.split(maxsplit=5)[5].strip() if line.count("/") else ""
            if "python" in path and path not in mapped:
                mapped.append(path)
    for path in mapped:
        symbols = symbols_of(path)
        if all(symbols[function] for function in FUNCTIONS):
            return path, symbols
    raise NoTruth("no take_gil and drop_gil in the symbol tables of " + (", ".join(mapped) or "pid %d" % pid))


def symbols_of(path):
    """{"take_gil": ["take_gil", "take_gil.constprop.0"], ...}: optimised copies of a function are probed, too."""
    found = collections.defaultdict(list)
    if not path.startswith("/"):
        return found
    table = subprocess.run(["nm", path], capture_output=True, text=True, check=False).stdout
    for name in re.findall(r"^[0-9a-f]+ [tT] (\S+)$", table, re.MULTILINE):
        base, _, suffix = name.partition(".")
        if base in FUNCTIONS and "cold" not in suffix and not suffix.startswith("part"):
            found[base].append(name)
    return found


def script(pid, library, symbols):
    """One short line an event: letter, thread, nanoseconds. T/t and D/d are entry and return of take and drop."""
    lines = ['BEGIN { printf("attached\\n"); }']
    for function, letter in zip(FUNCTIONS, "TD"):
        for symbol in symbols[function]:
            for probe, mark in (("uprobe", letter), ("uretprobe", letter.lower())):
                lines.append('%s:%s:"%s" /pid == %d/ { printf("%s %%d %%lld\\n", tid, nsecs); }'
                             % (probe, library, symbol, pid, mark))
    return "\n".join(lines)


class Watch:
    """`with Watch(pid) as watch: ...`, then watch.shares(begin_ns, end_ns) for windows inside the with block."""

    def __init__(self, pid):
        if not shutil.which("bpftrace"):
            raise NoTruth("bpftrace is not installed")
        self.pid = pid
        self.library, self.symbols = library_of(pid)

    def __enter__(self):
        self.out = tempfile.TemporaryFile("w+")
        self.err = tempfile.TemporaryFile("w+")
        self.tracer = subprocess.Popen(["bpftrace", "-e", script(self.pid, self.library, self.symbols)],
                                       stdout=self.out, stderr=self.err)
        self.await_events()
        return self

    def await_events(self, timeout_s=30.0):
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and self.tracer.poll() is None:
            self.out.seek(0)
            if self.out.read().count("\n") > 20:
                return
            time.sleep(0.1)
        self.finish()
        self.err.seek(0)
        raise NoTruth("bpftrace saw nothing: " + self.err.read().strip()[-300:])

    def __exit__(self, *_):
        time.sleep(0.3)  # so that calls in flight at the end of the window return and are printed
        self.finish()

    def finish(self):
        self.tracer.terminate()
        self.tracer.wait(20)

    def events(self):
        self.err.seek(0)
        complaints = self.err.read()
        if "ost" in complaints and re.search(r"[Ll]ost \d+", complaints):
            raise NoTruth("bpftrace lost events")
        self.out.seek(0)
        by_thread = collections.defaultdict(list)
        for line in self.out:
            parts = line.split()
            if len(parts) == 3 and parts[0] in "TtDd":
                by_thread[int(parts[1])].append((int(parts[2]), parts[0]))
        return {tid: sorted(events) for tid, events in by_thread.items()}

    def shares(self, begin_ns, end_ns):
        """{tid: {"hold": share, "wait": share}} of the window."""
        return {tid: shares_of(events, begin_ns, end_ns) for tid, events in self.events().items()}


    def spans(self, begin_ns, end_ns):
        """{"turns": [ns, ...], "waits": [ns, ...]} of all threads: how long the GIL was held, or waited for, at a
        time. Only those that end in the window. A wait begins with being made to let go."""
        found = {"turns": [], "waits": []}
        for events in self.events().values():
            since, held = None, None
            for at, mark in events:
                if mark in "TD":
                    if mark == "D" and held is not None and begin_ns <= at < end_ns:
                        found["turns"].append(at - held)
                    # Back at once: the two calls are one wait.
                    if mark == "D" or since is None or at - since[1] > 50_000:
                        since = (at, at)
                elif since is not None:
                    since = (since[0], at)
                    if mark == "t":
                        held = at
                        if begin_ns <= at < end_ns:
                            found["waits"].append(at - since[0])
                        since = None
        return {kind: sorted(values) for kind, values in found.items()}


# What a thread does after an event. Inside take_gil and drop_gil it waits; a drop on demand is a drop, a wait for
# somebody else to take the GIL, and a take.
STATE_AFTER = {"T": "wait", "t": "hold", "D": "wait", "d": "out"}


def shares_of(events, begin_ns, end_ns):
    """The state before the first event is what that event ends."""
    time_in = collections.Counter()
    state_before = {"T": "out", "t": "wait", "D": "hold", "d": "wait"}
    since, state = begin_ns, state_before[events[0][1]]
    for at, mark in events:
        if at > since:
            time_in[state] += max(0, min(at, end_ns) - since)
            since = min(max(at, begin_ns), end_ns)
        state = STATE_AFTER[mark]
    time_in[state] += max(0, end_ns - since)
    window = max(1, end_ns - begin_ns)
    return {"hold": time_in["hold"] / window, "wait": time_in["wait"] / window}
