"""Run inside of gdb, attached to a process: prints the stacks of all its threads as a line of JSON.

{tid: [[name, kind, address, where the function begins], ...]}, innermost first; kind as gdb's: a frame of the stack
(`normal`), inlined into the next one (`inline`), a signal's (`signal`), or a caller that is gone from the stack since it
jumped, of which gdb tells by what the compiler noted of calls (`tail`).
"""

import json

import gdb

KINDS = {gdb.NORMAL_FRAME: "normal", gdb.INLINE_FRAME: "inline", gdb.SIGTRAMP_FRAME: "signal", gdb.TAILCALL_FRAME: "tail"}


def begin_of(frame):
    """Of the function that gdb knows there; 0: of none."""
    if frame.type() == gdb.INLINE_FRAME or frame.name() is None:
        return 0
    function = frame.function()
    if function is not None:
        return int(function.value().address)
    try:
        block = frame.block()
    except RuntimeError:
        return 0
    return block.start if block.function else 0


def stack():
    frames, frame = [], gdb.newest_frame()
    while frame is not None:
        frames.append([frame.name(), KINDS.get(frame.type(), "other"), frame.pc(), begin_of(frame)])
        try:
            frame = frame.older()
        except gdb.error:
            break
    return frames


stacks = {}
for thread in gdb.selected_inferior().threads():
    thread.switch()
    stacks[thread.ptid[1]] = stack()
print("STACKS " + json.dumps(stacks))
