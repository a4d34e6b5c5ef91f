"""Event loops that compute, and how late loops are: against a heartbeat inside of them."""

import time

import pytest
from running import Program, record_json
from test_event_loops import codes, loop_of


@pytest.mark.parametrize("handler", ["sleep", "compute", "short"])
def test_lag_is_that_of_a_heartbeat(any_python, handler):
    with Program(any_python.executable, "asyncio_callbacks.py", "--handler", handler, "--handlers", 3) as program:
        time.sleep(1.2)  # at first all begin in the same round; then the heartbeat is there
        report = record_json(program.pid, seconds=4)
        truth = program.truth()
    assert ("event_loop_blocked" in codes(report)) == (handler != "short")
    if handler == "compute":
        # What it computes is a loop of two lines.
        lines = (truth["guilty"], truth["guilty"] - 1)
        headline = report["verdict"]["headline"]
        assert any("it computes in asyncio_callbacks.py:%d," % line in headline for line in lines), headline
    lag = loop_of(report)["lag"]
    for figure in ("mean_s", "median_s", "p90_s", "p99_s"):
        assert lag[figure] == pytest.approx(truth["lag"][figure], rel=0.1, abs=0.002), (figure, lag, truth)
    # The longest may have been before or after the recording.
    assert lag["longest_s"] <= 1.1 * truth["lag"]["longest_s"] + 0.005
    assert lag["longest_s"] >= 0.9 * truth["lag"]["p99_s"] - 0.002


def test_a_loop_without_the_gil_is_late(python):
    """It hardly has anything to do itself: its heartbeat waits for threads that compute."""
    with Program(python.executable, "asyncio_callbacks.py", "--handler", "rest", "--spinners", 2) as program:
        time.sleep(1.2)
        report = record_json(program.pid, seconds=4)
        truth = program.truth()["lag"]
    lag = loop_of(report)["lag"]
    assert truth["mean_s"] > 0.002
    assert lag["mean_s"] == pytest.approx(truth["mean_s"], rel=0.3)
    assert lag["p90_s"] == pytest.approx(truth["p90_s"], rel=0.3)


def test_threads_beside_the_loop_are_themselves(python):
    with Program(python.executable, "asyncio_callbacks.py", "--handler", "rest", "--mixed", 1) as program:
        report = record_json(program.pid)
    assert "event_loop_blocked" not in codes(report)
    workers = [thread for thread in report["threads"] if thread["name"].startswith(("asyncio_", "ThreadPool"))]
    held = sum(worker["activities"][name] for worker in workers for name in ("holds_gil", "holds_gil_off_cpu"))
    assert 0.3 < held / report["duration_s"] < 0.7
    assert sum(worker["blocked_in"].get("sleep", 0) for worker in workers) / report["duration_s"] > 0.3
    (main,) = (thread for thread in report["threads"] if thread["tid"] == program.pid)
    assert main["activities"]["blocked"] / report["duration_s"] > 0.8
