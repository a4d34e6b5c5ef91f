"""Threads that run in interpreters of their own: whose GIL, which rows, and who is counted."""

import pytest
from running import Program, record_json


def visitors(report):
    return [thread for thread in report["threads"] if thread["name"].startswith("visitor-") and thread["interpreter"]]


def share(thread, *activities):
    return sum(thread["activities"][name] for name in activities) / sum(thread["activities"].values())


@pytest.mark.since(3, 12)
def test_isolated_interpreters_have_gils_of_their_own(python):
    with Program(python.executable, "subinterpreters.py", "--gil", "own") as program:
        report = record_json(program.pid)
    gils = {one["id"]: one["gil"]["id"] for one in report["interpreters"]}
    assert len(gils) == 3 and len(set(gils.values())) == 3
    busy = [one["id"] for one in report["interpreters"] if one["gil"]["utilization"] > 0.7]
    assert len(busy) == 2 and 0 not in busy
    assert report["verdict"]["code"] == "parallel_interpreters"
    assert "2 threads" in report["verdict"]["headline"] and "2 GILs" in report["verdict"]["headline"]
    # Whatever states they get, two threads: one row each in the interpreter that they visit.
    assert len(visitors(report)) == 2
    for thread in visitors(report):
        assert share(thread, "holds_gil", "holds_gil_off_cpu") > 0.8


@pytest.mark.since(3, 12)
def test_an_interpreter_that_ends_with_its_gil_disturbs_nobody(python):
    with Program(python.executable, "brief_interpreter.py") as program:
        report = record_json(program.pid)
    assert report["quality"]["errors"] < 0.1 * report["quality"]["ticks"]
    assert len({one["gil"]["id"] for one in report["interpreters"]}) == 2
    (spinner,) = (thread for thread in report["threads"] if thread["name"] == "spinner-1")
    assert share(spinner, "holds_gil", "holds_gil_off_cpu") > 0.8


@pytest.mark.since(3, 13)  # before, an interpreter never asks another one to let go of a GIL that they share
def test_interpreters_that_share_the_gil_are_one(python):
    with Program(python.executable, "subinterpreters.py", "--gil", "shared") as program:
        report = record_json(program.pid)
    assert len({one["gil"]["id"] for one in report["interpreters"]}) == 1
    assert report["verdict"]["code"] == "serialized_by_gil"
    assert len(visitors(report)) == 2
    for thread in visitors(report):
        assert 0.25 < share(thread, "waits_for_gil") < 0.75


def test_every_second_of_a_thread_is_in_one_interpreter(python):
    with Program(python.executable, "subinterpreters.py", "--gil", "shared") as program:
        report = record_json(program.pid)
    by_tid = {}
    for thread in report["threads"]:
        by_tid.setdefault(thread["tid"], []).append(sum(thread["activities"].values()))
    for seconds in by_tid.values():
        assert sum(seconds) <= report["duration_s"] * 1.02 + 0.02
