"""A reader of recordings that shares nothing with gilspy: written from docs/recording-format.md alone, with `zstd -d`.

It sums what can be summed without judging: ticks, threads and their names, hand-offs, stacks.
"""

import collections
import dataclasses
import struct
import subprocess

MAGIC = b"\x8egilspy re\r\n"
TICK_FLAGS, TICK_PERIOD, TICK_TIME, TICK_GILS, TICK_STARTED, TICK_THREADS = 1, 2, 3, 4, 5, 6
GIL_SHAPE, GIL_HOLDER, GIL_HANDOFFS = 10, 11, 12
STARTED_INDEX, STARTED_TID, STARTED_IDENT, STARTED_NAME = 20, 21, 22, 23
FACT_THREAD, FACT_SHAPE, FACT_STACK = 30, 31, 32
FRAME_FUNCTION, FRAME_FILE, FRAME_LINE = 40, 41, 42
NODE_PARENT, NODE_FRAME = 50, 51

PERIOD_WITHOUT_RATE_NS = 1_000_000
PERIODS_TOLD_OF = 3  # a sample tells of so many periods before it; if more passed since the last, of the rest is nothing known


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def unzigzag(value):
    return (value >> 1) ^ -(value & 1)


def message(data):
    """{field: [value, ...]}: integers, and bytes for everything that has a length."""
    fields, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 1:
            value, at = struct.unpack_from("<d", data, at)[0], at + 8
        else:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        fields.setdefault(key >> 3, []).append(value)
    return fields


def blocks(content):
    assert content[:12] == MAGIC and struct.unpack_from("<I", content, 12)[0] in (1, 2)
    at = 16
    while at < len(content):
        size, inverted = struct.unpack_from("<II", content, at)
        assert size == inverted ^ 0xFFFFFFFF
        frame = content[at + 8:at + 8 + size]
        yield message(subprocess.run(["zstd", "-dc"], input=frame, stdout=subprocess.PIPE, check=True).stdout)
        at += 8 + size


class Columns:
    def __init__(self, block):
        columns = [message(column) for column in block.get(6, [])]
        self.data = {column[1][0]: column[2][0] for column in columns}
        self.at = dict.fromkeys(self.data, 0)
        self.run = {}

    def plain(self, kind):
        if kind not in self.data:
            return 0
        value, self.at[kind] = varint(self.data[kind], self.at[kind])
        return value

    def delta(self, kind, base):
        return base + unzigzag(self.plain(kind))

    def runs(self, kind):
        if kind not in self.data:
            return 0
        value, left = self.run.get(kind, (0, 0))
        if left == 0:
            value, left = self.plain(kind), self.plain(kind)
        self.run[kind] = (value, left - 1)
        return value

    def text(self, kind):
        size = self.plain(kind)
        begin = self.at.get(kind, 0)
        self.at[kind] = begin + size
        return self.data.get(kind, b"")[begin:begin + size].decode("utf-8", "replace")


@dataclasses.dataclass
class Recording:
    header: dict = None
    end: dict = None
    ticks: int = 0
    failed: int = 0
    first_ns: int = None
    last_ns: int = None
    gaps: list = dataclasses.field(default_factory=list)      # (since, until) in ns, of which no sample tells
    handoffs: list = dataclasses.field(default_factory=list)  # by GIL
    names: dict = dataclasses.field(default_factory=dict)     # by thread index
    tids: dict = dataclasses.field(default_factory=dict)
    truncated: int = 0
    stacks_read: int = 0
    lost: int = 0                                             # ticks whose holder's stack could not be kept
    reads: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # (thread, quality, node)
    frames: list = dataclasses.field(default_factory=list)    # (function, file, line)
    nodes: list = dataclasses.field(default_factory=lambda: [None])  # (parent, frame)
    column_bytes: dict = dataclasses.field(default_factory=dict)

    def add(self, block):
        self.header = self.header or message(block[2][0])
        columns = Columns(block)
        for kind, data in columns.data.items():
            self.column_bytes[kind] = self.column_bytes.get(kind, 0) + len(data)
        for _ in range(block.get(4, [0])[0]):
            self.frames.append((columns.text(FRAME_FUNCTION), columns.text(FRAME_FILE),
                                unzigzag(columns.plain(FRAME_LINE))))
        frame = 0
        for _ in range(block.get(5, [0])[0]):
            frame = columns.delta(NODE_FRAME, frame)
            self.nodes.append((columns.delta(NODE_PARENT, len(self.nodes) - 1), frame))
        self.add_ticks(block.get(3, [0])[0], columns)
        for thread in map(message, message(block.get(7, [b""])[0]).get(6, [])):
            self.names[thread.get(1, [0])[0]] = thread.get(4, [b""])[0].decode("utf-8", "replace")
        if 8 in block:
            self.end = message(block[8][0])

    def add_ticks(self, count, columns):
        time = index = tid = 0
        holders, stacks = {}, {}
        for _ in range(count):
            flags = columns.runs(TICK_FLAGS)
            failed = flags & 1
            self.lost += flags >> 2 & 1
            period = unzigzag(columns.runs(TICK_PERIOD))
            time = columns.delta(TICK_TIME, time + period)
            if failed:
                self.failed += 1
                continue
            self.ticks += 1
            told_of = time - PERIODS_TOLD_OF * (period or PERIOD_WITHOUT_RATE_NS)
            if self.last_ns and self.last_ns < told_of:
                self.gaps.append((self.last_ns, told_of))
            self.first_ns, self.last_ns = self.first_ns or time, time
            thread = self.add_gils(columns, holders, columns.runs(TICK_GILS), stacks)
            for _ in range(columns.runs(TICK_STARTED)):
                index = columns.delta(STARTED_INDEX, index) + 1
                tid = columns.delta(STARTED_TID, tid)
                self.names[index - 1], self.tids[index - 1] = columns.text(STARTED_NAME), tid
            for _ in range(columns.plain(TICK_THREADS)):
                thread = columns.delta(FACT_THREAD, thread)
                quality = columns.plain(FACT_SHAPE) & 3
                if quality in (1, 2):
                    stacks[thread] = columns.delta(FACT_STACK, stacks.get(thread, 0))
                    self.stacks_read += 1
                    self.truncated += quality == 2
                if quality:
                    self.reads[thread, quality, stacks.get(thread, 0) if quality < 3 else 0] += 1
            stacks["last"] = thread

    def stack(self, node):
        """[(function, file, line), ...], outermost first."""
        frames = []
        while node:
            node, frame = self.nodes[node]
            frames.append(self.frames[frame])
        return frames[::-1]

    def add_gils(self, columns, holders, count, stacks):
        """What the first thread of the tick is a difference to."""
        thread = stacks.get("last", 0)
        for gil in range(count):
            shape = columns.plain(GIL_SHAPE)
            if shape & 8:
                holders[gil] = columns.delta(GIL_HOLDER, holders.get(gil, 0))
                thread = holders[gil] if gil == 0 else thread
            if gil >= len(self.handoffs):
                self.handoffs.append(0)
            handoffs = columns.plain(GIL_HANDOFFS)
            self.handoffs[gil] += handoffs if shape & 1 else 0
        return thread


def read(path):
    """A Recording for each process, and how the program ended (format 2)."""
    processes, end = [], None
    with open(path, "rb") as file:
        for number, block in enumerate(blocks(file.read())):
            assert block.get(1, [0])[0] == number
            if 10 in block:
                end = message(block[10][0])
                continue
            process = block.get(9, [0])[0]
            assert process <= len(processes)
            if process == len(processes):
                processes.append(Recording())
            processes[process].add(block)
    return processes, end
