"""Ground truth: when each thread took the GIL and let go of it, as events with CLOCK_MONOTONIC time stamps.

From the outside, bpftrace has uprobes on take_gil and drop_gil of a running CPython (`Watch`): it needs root, bpftrace,
and an interpreter that kept its symbol table, and its probes cost some microseconds a call. From the inside,
fixtures/programs/turns.py writes the same events itself (`read_events`). Any window can be cut out of them afterwards:
wait = time inside take_gil or drop_gil, hold = time between the return of take_gil and the next entry of drop_gil.
"""

import bisect
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
        return with_beginnings(read_events(self.out))


def with_beginnings(by_thread):
    """Who was inside take_gil when the probes came is not seen to return from it, only to let go of the GIL afterwards:
    it took it when somebody else let go before."""
    released = sorted((at, tid) for tid, events in by_thread.items() for at, mark in events if mark == "D")
    for tid, events in by_thread.items():
        if events[0][1] == "D":
            others = [at for at, other in released if other != tid and at < events[0][0]]
            if others:
                events.insert(0, (others[-1], "t"))
    return by_thread


def read_events(lines):
    """{tid: [(ns, mark), ...]} of lines with a mark, a tid and nanoseconds; other lines do not count."""
    by_thread = collections.defaultdict(list)
    for line in lines:
        parts = line.split()
        if len(parts) == 3 and parts[0] in ("T", "t", "D", "d"):
            by_thread[int(parts[1])].append((int(parts[2]), parts[0]))
    return {tid: sorted(events) for tid, events in by_thread.items()}


# What a thread does after an event. Inside take_gil and drop_gil it waits; a drop on demand is a drop, a wait for
# somebody else to take the GIL, and a take.
STATE_AFTER = {"T": "wait", "t": "hold", "D": "wait", "d": "out"}


def stretches(events, begin_ns, end_ns):
    """[(state, since, until), ...] of the window. The state before the first event is what that event ends."""
    found, state_before = [], {"T": "out", "t": "wait", "D": "hold", "d": "wait"}
    since, state = begin_ns, state_before[events[0][1]]
    for at, mark in events:
        at = min(at, end_ns)
        if at > since:
            found.append((state, since, at))
            since = at
        state = STATE_AFTER[mark]
    return found + ([(state, since, end_ns)] if end_ns > since else [])


class Ranges:
    """[(since, until), ...] in order, none over another."""

    def __init__(self, ranges):
        self.ranges = ranges
        self.ends = [until for _, until in ranges]

    def time_within(self, since, until):
        at, found = bisect.bisect_right(self.ends, since), 0
        while at < len(self.ranges) and self.ranges[at][0] < until:
            found += min(until, self.ranges[at][1]) - max(since, self.ranges[at][0])
            at += 1
        return found


def shares_of(events, begin_ns, end_ns, gaps=()):
    """{"hold": share, "wait": share} of the window, but for its gaps."""
    gaps, time_in = Ranges(gaps), collections.Counter()
    for state, since, until in stretches(events, begin_ns, end_ns):
        time_in[state] += until - since - gaps.time_within(since, until)
    window = max(1, end_ns - begin_ns - gaps.time_within(begin_ns, end_ns))
    return {"hold": time_in["hold"] / window, "wait": time_in["wait"] / window}


def waits_for_nobody(by_thread, begin_ns, end_ns):
    """{tid: share}: time in take_gil and drop_gil while no thread held the GIL. That is on the way to a CPU."""
    free = Ranges(free_stretches(by_thread, begin_ns, end_ns))
    return {tid: sum(free.time_within(since, until) for state, since, until in stretches(events, begin_ns, end_ns)
                     if state == "wait") / max(1, end_ns - begin_ns)
            for tid, events in by_thread.items()}


def free_stretches(by_thread, begin_ns, end_ns):
    """[(since, until), ...] in which nobody held the GIL."""
    held = sorted((since, until) for events in by_thread.values()
                  for state, since, until in stretches(events, begin_ns, end_ns) if state == "hold")
    free, since = [], begin_ns
    for begin, end in held + [(end_ns, end_ns)]:
        if begin > since:
            free.append((since, begin))
        since = max(since, end)
    return free
