"""Stacks are those that the target itself sees: function, file and line of every frame of every parked thread."""

import os
import re

import pytest
from running import Program, record_folded

FRAME = re.compile(r"^(?P<function>.+) \((?P<file>[^()]*|<.*>):(?P<line>\d+)\)$")


def parsed(frame):
    match = FRAME.match(frame)
    assert match, frame
    return match["function"], os.path.basename(match["file"]), int(match["line"])


@pytest.fixture(scope="module")
def recordings():
    return {}


@pytest.fixture
def nested(any_python, recordings):
    """By thread: the stack as gilspy saw it, and as the target did. Parked, a thread has one stack only."""
    if any_python not in recordings:
        with Program(any_python.executable, "nested.py") as program:
            # Time of which nothing is known has no stack: a busy machine makes ticks late.
            stacks = [one for one in record_folded(program.pid, "-i", "-t", seconds=1) if one[0][1] != "unknown"]
            truth = program.written_truth()
        recordings[any_python] = stacks, truth
    return recordings[any_python]


@pytest.mark.every_build
def test_frames_are_what_the_target_sees(nested):
    stacks, truth = nested
    names = {thread["tid"]: thread["name"] for thread in truth["threads"]}
    for tid, frames in truth["stacks"].items():
        mine = {tuple(one[2:]) for one, _ in stacks if one[0].endswith(" (%s)" % tid)}
        expected = tuple((one["function"], os.path.basename(one["file"]), one["line"]) for one in frames)
        assert {tuple(map(parsed, one)) for one in mine} == {expected}, names.get(int(tid), "MainThread")


def test_parked_threads_are_blocked(nested):
    stacks, truth = nested
    for one, _ in stacks:
        if one[0].rpartition("(")[2].rstrip(")") in truth["stacks"]:
            assert one[1] in ("blocked", "waits for a lock")


def test_names_that_are_not_latin_survive(nested):
    stacks, _ = nested
    # Before 3.11 a code object does not know its qualified name.
    assert any(frame.startswith(("größe_名前.<locals>.внутри (", "внутри (")) for one, _ in stacks for frame in one)
    assert any(one[0].startswith("größe_名前 (") for one, _ in stacks)
