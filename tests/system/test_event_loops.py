"""Event loops: who keeps them, in which line, how late they are, and what their tasks do."""

import json

import pytest
from running import Program, gilspy, record, record_folded, record_json

HANDLERS = ("sleep", "compute", "receive", "lock")
DOES = {"sleep": "it sleeps in", "compute": "it computes in", "receive": "it waits for data from a socket, a pipe or a file in",
        "lock": "it waits for LOCK in"}


def loop_of(report):
    (loop,) = report["loops"]
    return loop


def codes(report):
    return {claim["code"] for claim in report["verdict"]["claims"]}


@pytest.mark.parametrize("handler", HANDLERS)
def test_the_line_that_keeps_the_loop_is_named(any_python, handler):
    with Program(any_python.executable, "asyncio_callbacks.py", "--handler", handler) as program:
        report = record_json(program.pid)
        guilty = program.truth()["guilty"]
    assert report["verdict"]["code"] == "event_loop_blocked"
    headline = report["verdict"]["headline"]
    assert DOES[handler] in headline
    # What it computes is a loop of two lines.
    lines = (guilty, guilty - 1) if handler == "compute" else (guilty,)
    assert any("asyncio_callbacks.py:%d," % line in headline for line in lines), headline


@pytest.mark.parametrize("handler", ["sleep", "compute", "receive", "short"])
def test_lag_is_that_of_a_heartbeat(any_python, handler):
    with Program(any_python.executable, "asyncio_callbacks.py", "--handler", handler, "--handlers", 3) as program:
        report = record_json(program.pid, seconds=4)
        truth = program.truth()["lag"]
    lag = loop_of(report)["lag"]
    for figure in ("mean_s", "p90_s", "p99_s"):
        assert lag[figure] == pytest.approx(truth[figure], rel=0.1, abs=0.002), (figure, lag, truth)
    # The longest may have been before or after the recording.
    assert lag["longest_s"] <= 1.1 * truth["longest_s"] + 0.002
    assert lag["longest_s"] >= 0.9 * truth["p99_s"] - 0.002


def test_a_loop_with_a_thousand_tasks_is_innocent(any_python):
    with Program(any_python.executable, "asyncio_callbacks.py", "--handler", "rest", "--handlers", 1000) as program:
        report = record_json(program.pid)
    assert "event_loop_blocked" not in codes(report)
    loop = loop_of(report)
    assert loop["busy_s"] < 0.5 * loop["observed_s"]
    assert loop["observed_s"] == pytest.approx(report["duration_s"] - report["quality"]["gaps_s"], rel=0.05)
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


def test_threads_beside_the_loop_are_themselves(python):
    with Program(python.executable, "asyncio_callbacks.py", "--handler", "rest", "--mixed", 1) as program:
        report = record_json(program.pid)
    assert "event_loop_blocked" not in codes(report)
    (worker,) = (thread for thread in report["threads"] if thread["name"].startswith(("asyncio_", "ThreadPool")))
    held = worker["activities"]["holds_gil"] + worker["activities"]["holds_gil_off_cpu"]
    assert 0.3 < held / report["duration_s"] < 0.7
    assert worker["blocked_in"]["sleep"] / report["duration_s"] > 0.3
    (main,) = (thread for thread in report["threads"] if thread["tid"] == program.pid)
    assert main["activities"]["blocked"] / report["duration_s"] > 0.8


def tasks_in(stack):
    return [frame for frame in stack if frame.startswith("task ")]


def test_the_running_task_shows(any_python):
    with Program(any_python.executable, "asyncio_callbacks.py", "--handler", "compute") as program:
        stacks = record_folded(program.pid, "--async", "running")
    burning = [(stack, time) for stack, time in stacks if any("burn" in frame for frame in stack)]
    named = sum(time for stack, time in burning if tasks_in(stack) == ["task of main", "task of handle"])
    assert named > 0.9 * sum(time for _, time in burning)
    (stack,) = [max(burning, key=lambda row: row[1])[0]]
    inner = [frame.split(" (")[0].split(".")[-1] for frame in stack[stack.index("task of main"):]]
    assert inner == ["task of main", "main", "task of handle", "handle", "compute", "burn"]


def test_tasks_that_wait_show(any_python):
    with Program(any_python.executable, "task_tree.py") as program:
        stacks = record_folded(program.pid, "--async", "all", seconds=3)
        report = record_json(program.pid, "--async", "all")
    waiting = [(stack, time) for stack, time in stacks if stack[0] == "tasks that wait"]
    inner = {tuple(tasks_in(stack)): time / 3e6 for stack, time in waiting}
    for tasks in (("task gatherer", "task counter"), ("task waiter", "task waited-2"), ("task patient", "task timed")):
        assert inner[tasks] == pytest.approx(1, abs=0.25), inner
    assert sum(row["mean"] for row in report["waiting_tasks"]) == pytest.approx(sum(inner.values()), rel=0.1)
