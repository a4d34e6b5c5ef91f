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
def nested(python, recordings):
    """By thread: the stack as gilspy saw it, and as the target did. Parked, a thread has one stack only."""
    if python not in recordings:
        with Program(python.executable, "nested.py") as program:
            stacks = record_folded(program.pid, "-i", "-t", seconds=1)
            truth = program.written_truth()
        recordings[python] = stacks, truth
    return recordings[python]


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
    assert any("größe_名前.<locals>.внутри (" in frame for one, _ in stacks for frame in one)
    assert any(one[0].startswith("größe_名前 (") for one, _ in stacks)
