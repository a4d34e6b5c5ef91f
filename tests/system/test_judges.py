"""What judges in the tests and in the benchmarks must be able to say no."""

import copy

import expectations
import judge
import pytest
from truth import shares_of

ROOT = "churn_root (churn.py:40)"


def node(number, line=4):
    return "n%d (churn_nodes.py:%d)" % (number, 4 * number + line)


@pytest.mark.parametrize("frames", [
    ["run (threading.py:1)", ROOT],
    [ROOT, "Lab.running (lab.py:70)"],
    [ROOT, node(5), node(16, 2)],
    [ROOT, node(96), node(94), node(89, 1)],
    [ROOT, node(5), "(truncated)"],
    [ROOT] + [node(0)] * 15,
], ids=";".join)
def test_possible(frames):
    assert judge.complaint(frames) == ""


@pytest.mark.parametrize("frames, reason", [
    ([node(5), node(16)], "no root"),
    ([ROOT, ROOT], "two roots"),
    ([node(1), ROOT, node(5)], "not in a row under the root"),
    ([ROOT, node(5), "Lab.running (lab.py:70)", node(16)], "not in a row under the root"),
    ([ROOT, node(5), "Lab.running (lab.py:70)"], "foreign frame under a function of the program"),
    ([ROOT] + [node(0)] * 16, "too deep"),
    ([ROOT, node(5), node(18)], "illegal call"),
    ([ROOT, node(5, 2), node(16)], "wrong line"),
    ([ROOT, node(5), node(16, 5)], "wrong line"),
], ids=lambda value: value if isinstance(value, str) else None)
def test_impossible(frames, reason):
    assert judge.complaint(frames) == reason


def test_weights_count_not_lines():
    sums = judge.judge([([ROOT, node(5)], 30), ([ROOT, node(5), node(18)], 10), (["main (x.py:1)"], 60)])
    assert (sums["total"], sums["judged"], sums["impossible"]) == (100, 40, 10)
    assert sums["impossible_percent"] == 25


def test_truth_is_clipped_to_the_window():
    """Waits 0-100, holds 100-300, gives up the GIL until 350, computes without it until 500, waits to the end."""
    events = [(0, "T"), (100, "t"), (300, "D"), (350, "d"), (500, "T")]
    assert shares_of(events, 50, 550) == {"hold": 0.4, "wait": (50 + 50 + 50) / 500}
    assert shares_of(events, 150, 250) == {"hold": 1.0, "wait": 0.0}
    assert shares_of(events, 360, 490) == {"hold": 0.0, "wait": 0.0}
    assert shares_of(events, 600, 700) == {"hold": 0.0, "wait": 1.0}


def test_truth_before_the_first_event():
    assert shares_of([(80, "t")], 0, 100) == {"hold": 0.2, "wait": 0.8}
    assert shares_of([(80, "D")], 0, 100) == {"hold": 0.8, "wait": 0.2}


CASE = {"verdict": ["idle"], "parallelism": [0.9, 1.1], "each": {"worker-*": {"holds": [0.2, 0.6]}},
        "sum": {"worker-*": {"holds": [0.9, 1.0]}}}


def report_of(**held):
    """Threads by name, each with its held share of one second, the rest waited."""
    threads = [{"name": name.replace("_", "-"), "python": True,
                "activities": {"holds_gil": share, "holds_gil_off_cpu": 0.0, "waits_for_gil": 1 - share}}
               for name, share in held.items()]
    return {"interpreters": [{"gil": {"utilization": 1.0, "mean_waiters": 1.0}}], "threads": threads,
            "target": {"free_threaded": False, "gil_enabled": True}, "parallelism": 1.0,
            "verdict": {"code": "idle", "headline": "", "claims": [{"code": "idle"}], "culprits": []}}


def test_a_report_within_the_bands():
    assert expectations.complaints(CASE, report_of(worker_1=0.5, worker_2=0.5, other=0.0)) == []


@pytest.mark.parametrize("held, word", [
    ({"worker_1": 0.1, "worker_2": 0.8}, "holds of worker-1"),
    ({"worker_1": 0.3, "worker_2": 0.3}, "all worker-*"),
    ({"other": 1.0}, "no thread is called worker-*"),
])
def test_shares_outside_the_bands(held, word):
    assert any(word in complaint for complaint in expectations.complaints(CASE, report_of(**held)))


def test_a_wrong_verdict_and_a_wrong_number():
    report = copy.deepcopy(report_of(worker_1=0.5, worker_2=0.5))
    report["verdict"]["code"], report["parallelism"] = "io_bound", 2.0
    assert len(expectations.complaints(CASE, report)) == 2
