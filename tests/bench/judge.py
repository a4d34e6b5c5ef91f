#!/usr/bin/env python3
"""Judges folded stacks of fixtures/programs/churn.py: which of them cannot have existed?

A stack is judged when it has a frame of that program. It is impossible when an n<i> stands outside churn_root, when a
call is not one that n<i> ever makes, when it is deeper than the program goes, or when a line is none of that function.
A stack that merely lacks its last frames is possible. Prints the sums as JSON; weights are the folded numbers.
"""

import json
import re
import sys

FUNCTIONS = 97
MAX_DEPTH = 15  # churn.DEPTH + 1 functions in a row
NODE_LINES = 4  # n<i> is on the lines 4i + 1 ... 4i + 4
NODE = re.compile(r"^n(\d+) \(churn_nodes\.py(?::(\d+))?\)$")


def complaint(frames):
    """Why these frames, outermost first, cannot have been on one stack; "" when they can."""
    roots = [at for at, frame in enumerate(frames) if frame.startswith("churn_root ")]
    nodes = [(at, NODE.match(frame)) for at, frame in enumerate(frames) if frame.startswith("n") and NODE.match(frame)]
    if not roots:
        return "no root"
    if len(roots) > 1:
        return "two roots"
    if [at for at, _ in nodes] != list(range(roots[0] + 1, roots[0] + 1 + len(nodes))):
        return "not in a row under the root"
    after = frames[roots[0] + 1 + len(nodes):]
    if nodes and any(not frame.startswith(("(", "[")) for frame in after):
        return "foreign frame under a function of the program"
    if len(nodes) > MAX_DEPTH:
        return "too deep"
    return illegal_call([node for _, node in nodes]) or wrong_line([node for _, node in nodes])


def illegal_call(nodes):
    for caller, callee in zip(nodes, nodes[1:]):
        if (int(callee[1]) - 3 * int(caller[1])) % FUNCTIONS not in (0, 1, 2):
            return "illegal call"
    return ""


def wrong_line(nodes):
    for at, node in enumerate(nodes):
        if node[2] is None:
            continue
        line = int(node[2]) - NODE_LINES * int(node[1])
        calls_further = at + 1 < len(nodes)
        if not 1 <= line <= NODE_LINES or (calls_further and line != NODE_LINES):
            return "wrong line"
    return ""


def judge(stacks):
    """The sums over [(frames, weight), ...]."""
    sums = {"total": 0, "judged": 0, "impossible": 0, "reasons": {}, "example": ""}
    for frames, weight in stacks:
        sums["total"] += weight
        if not any(frame.startswith("churn_root ") or NODE.match(frame) for frame in frames):
            continue
        sums["judged"] += weight
        reason = complaint(frames)
        if reason:
            sums["impossible"] += weight
            sums["reasons"][reason] = sums["reasons"].get(reason, 0) + weight
            sums["example"] = sums["example"] or ";".join(frames)
    sums["impossible_percent"] = 100.0 * sums["impossible"] / max(1, sums["judged"])
    return sums


def read_folded(file):
    for line in file:
        stack, _, weight = line.rstrip("\n").rpartition(" ")
        if stack and not line.startswith("# "):
            yield stack.split(";"), int(weight)


def main():
    with (open(sys.argv[1], encoding="utf-8") if len(sys.argv) > 1 else sys.stdin) as file:
        json.dump(judge(read_folded(file)), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
