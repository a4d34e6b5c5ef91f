"""Event loops that mostly wait: who keeps them, in which line, and what their tasks do."""

import json
import time

import pytest
from running import Program, gilspy, record, record_folded, record_json

DOES = {"sleep": "it sleeps in", "receive": "it waits for data from a socket, a pipe or a file in",
        "lock": "it waits for LOCK in"}


def loop_of(report):
    (loop,) = report["loops"]
    return loop


def codes(report):
    return {claim["code"] for claim in report["verdict"]["claims"]}


@pytest.mark.parametrize("handler", DOES)
def test_the_line_that_keeps_the_loop_is_named(any_python, handler):
    with Program(any_python.executable, "asyncio_callbacks.py", "--handler", handler) as program:
        report = record_json(program.pid)
        guilty = program.truth()["guilty"]
    assert report["verdict"]["code"] == "event_loop_blocked"
    assert "%s asyncio_callbacks.py:%d," % (DOES[handler], guilty) in report["verdict"]["headline"]


def test_a_loop_with_a_thousand_tasks_is_innocent(any_python):
    with Program(any_python.executable, "asyncio_callbacks.py", "--handler", "rest", "--handlers", 1000) as program:
        time.sleep(1)  # to make them takes the loop a while
        report = record_json(program.pid)
    assert "event_loop_blocked" not in codes(report)
    loop = loop_of(report)
    assert loop["busy_s"] < 0.5 * loop["observed_s"]
    assert loop["observed_s"] > 0.95 * (report["duration_s"] - report["quality"]["gaps_s"])
    # Half of the thousand become due at about the same time.
    assert loop["ready"]["most"] > 100


def test_what_is_too_long_can_be_said(python, tmp_path):
    recording = tmp_path / "sleep.gilspy"
    with Program(python.executable, "asyncio_callbacks.py", "--handlers", 1) as program:
        assert record(program.pid, "-o", recording).returncode == 0
        report = record_json(program.pid, "--loop-threshold", "300ms", seconds=1)
    assert "event_loop_blocked" not in codes(report)
    for threshold, blocked in (("150ms", True), ("300ms", False)):
        done = gilspy("report", recording, "-f", "json", "-o", "-", "--loop-threshold", threshold)
        assert ("event_loop_blocked" in codes(json.loads(done.stdout))) == blocked, threshold


@pytest.mark.parametrize("threshold", ["20ms", "1", "soon"])
def test_a_threshold_that_cannot_be(threshold):
    done = gilspy("record", "--pid", 1, "--loop-threshold", threshold)
    assert done.returncode == 64
    assert "--loop-threshold" in done.stderr


def tasks_in(stack):
    return tuple(frame for frame in stack if frame.startswith("task "))


def functions(stack):
    """By their own names: those of classes are known from 3.11 on."""
    return [frame if frame.startswith("task ") else frame.split(" (")[0].split(".")[-1] for frame in stack]


def test_the_running_task_shows(any_python):
    with Program(any_python.executable, "asyncio_callbacks.py", "--handler", "receive") as program:
        stacks = record_folded(program.pid, "--async", "running", "--idle")
    inside = [(stack, time) for stack, time in stacks if "receive" in functions(stack)]
    named = sum(time for stack, time in inside if tasks_in(stack) == ("task of main", "task of handle"))
    assert named > 0.9 * sum(time for _, time in inside)
    stack = functions(max(inside, key=lambda row: row[1])[0])
    assert stack[stack.index("task of main"):] == ["task of main", "main", "task of handle", "handle", "receive"]
    assert "_run_once" in stack[:stack.index("task of main")]


def test_tasks_that_wait_show(any_python, tmp_path):
    recording = tmp_path / "tasks.gilspy"
    with Program(any_python.executable, "task_tree.py") as program:
        assert record(program.pid, "-o", recording, "--async", "all", seconds=3).returncode == 0
    stacks = gilspy("report", recording, "-f", "folded", "-o", "-", "--idle").stdout.splitlines()
    report = json.loads(gilspy("report", recording, "-f", "json", "-o", "-").stdout)
    sampled_us = 1e6 * (report["duration_s"] - report["quality"]["gaps_s"])
    means = {}
    for line in stacks:
        stack, _, time = line.rpartition(" ")
        if stack.startswith("tasks that wait;"):
            tasks = tasks_in(stack.split(";"))
            means[tasks] = means.get(tasks, 0) + int(time) / sampled_us
    for tasks in (("task gatherer", "task counter"), ("task waiter", "task waited-2"), ("task patient", "task timed")):
        assert means[tasks] == pytest.approx(1, abs=0.3), means
    # All of them, but the one that runs now and then.
    assert sum(means.values()) == pytest.approx(15.5, abs=1)
    assert sum(row["mean"] for row in report["waiting_tasks"]) == pytest.approx(sum(means.values()), rel=0.05)
    assert sum(sum(thread["activities"].values()) for thread in report["threads"]) == pytest.approx(
        report["duration_s"], rel=0.05)
