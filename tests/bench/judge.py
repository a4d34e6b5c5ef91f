#!/usr/bin/env python3
"""Judges stacks of fixtures/programs/churn.py: which of them cannot have existed?

The program's shapes say at their own lines what those may call (call_shapes.py). A stack is judged when it has a frame of
that source. It is impossible when it does not come down from the root, when a call is not one that its line ever makes,
when a line is none of its function, or when it is deeper than the program goes. A stack that merely lacks its last frames
is possible. As a program: judges folded stacks of gilspy or py-spy, and prints the sums as JSON.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "programs"))
import call_shapes  # noqa: E402

FOLDED_FRAME = re.compile(r"^(.*) \((.*?)(?::(\d+))?\)$")

Frame = collections.namedtuple("Frame", "function file line")  # names without their class, files without their folder


def make_frame(function, file, line):
    return Frame(function.rpartition(".")[2], os.path.basename(file), int(line or 0))


class Judge:
    """Of one shape. Stacks are lists of Frame, outermost first."""

    def __init__(self, shape):
        self.shape = call_shapes.SHAPES[shape]()

    def complaint(self, frames):
        """Why these frames cannot have been on one stack; "" when they can."""
        at = first_of_the_program(frames)
        own = frames[at:]
        if own[0].function != call_shapes.ROOT:
            return "no root"
        if not is_above(frames[:at]):
            return "not the root's callers"
        if sum(frame.file == call_shapes.FILE for frame in own) > self.shape.deepest:
            return "too deep"
        for caller, callee, after in zip(own, own[1:] + [None], own[2:] + [None, None]):
            reason = self.wrong_frame(caller) or (callee and self.wrong_call(caller, callee, after))
            if reason:
                return reason
            if callee and callee.file != call_shapes.FILE:
                return "foreign frames go on" if after else ""
        return ""

    def wrong_frame(self, frame):
        function = self.shape.functions.get(frame.function)
        if frame.file != call_shapes.FILE or not function:
            return "unknown function"
        return "" if function.first <= frame.line <= function.last else "wrong line"

    def wrong_call(self, caller, callee, after):
        callees = self.shape.functions[caller.function].calls.get(caller.line)
        if not callees:
            return "a line that calls nothing"
        states = {state for name, state in callees if name == callee.function}
        if not states:
            return "illegal call"
        # Only a frame that calls is surely in the state of its line.
        known = self.shape.functions.get(callee.function)
        state = known.state.get(callee.line) if after and known else ""
        return "illegal call" if state and "" not in states and state not in states else ""


def first_of_the_program(frames):
    return next((at for at, frame in enumerate(frames) if frame.file == call_shapes.FILE), len(frames))


def is_above(frames):
    return tuple(frame.function for frame in frames) == call_shapes.ABOVE


class Sums:
    """Of judged stacks: how many, how many impossible and why, with an example of each kind."""

    def __init__(self, judge):
        self.judge = judge
        self.judged = self.impossible = 0
        self.reasons, self.examples = collections.Counter(), {}

    def add(self, frames, count=1):
        if first_of_the_program(frames) == len(frames):
            return
        self.judged += count
        reason = self.judge.complaint(frames)
        if reason:
            self.impossible += count
            self.reasons[reason] += count
            self.examples.setdefault(reason, ";".join("%s:%d" % (frame.function, frame.line) for frame in frames))

    def merge(self, other):
        self.judged += other.judged
        self.impossible += other.impossible
        self.reasons.update(other.reasons)
        self.examples.update(other.examples)

    @property
    def impossible_percent(self):
        return 100.0 * self.impossible / max(1, self.judged)


def bracketed(text):
    """A frame as gilspy and py-spy fold it, `function (file:line)`; what they put in brackets stands for none."""
    match = FOLDED_FRAME.match(text)
    return match and make_frame(*match.groups())


def colons(text):
    """A frame as CPython's sampler folds it, `file:function:line`; others of its words have fewer colons."""
    parts = text.rsplit(":", 2)
    return make_frame(parts[1], parts[0], parts[2]) if len(parts) == 3 else None


def judge_folded(lines, shape, read_frame=bracketed):
    """Sums over folded stacks, by their weights."""
    sums = Sums(Judge(shape))
    for line in lines:
        stack, _, weight = line.rstrip("\n").rpartition(" ")
        sums.add([frame for frame in map(read_frame, stack.split(";")) if frame], int(weight))
    return sums


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folded", nargs="?", type=argparse.FileType(), default=sys.stdin)
    parser.add_argument("--shape", choices=call_shapes.SHAPES, default="churn")
    arguments = parser.parse_args()
    sums = judge_folded(arguments.folded, arguments.shape)
    json.dump({"judged": sums.judged, "impossible": sums.impossible, "impossible_percent": sums.impossible_percent,
               "reasons": sums.reasons, "examples": sums.examples}, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
