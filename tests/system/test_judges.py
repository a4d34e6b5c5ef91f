"""What judges in the tests and in the benchmarks must be able to say no."""

import copy

import expectations
import judge
import pytest
from judge import call_shapes
from truth import shares_of, waits_for_nobody, with_beginnings

ABOVE = [judge.Frame(function, "threading.py", 1) for function in call_shapes.ABOVE]


def frames_of(text):
    """`root:40;n5:4;n16:2;~running:7` - what begins with ~ is none of the program."""
    frames = []
    for one in text.split(";"):
        function, _, line = one.lstrip("~").partition(":")
        frames.append(judge.Frame("churn_root" if function == "root" else function,
                                  "lab.py" if one.startswith("~") else call_shapes.FILE, int(line)))
    return ABOVE + frames


def node(number, line=4):
    return "n%d:%d" % (number, 4 * number + line)


def root(line=5):
    """The root of `churn`, on the line that calls its functions, or on the one that looks at the clock."""
    return "root:%d" % (4 * 97 + 2 + line)


def complaint(shape, *frames):
    return judge.Judge(shape).complaint(frames_of(";".join(frames)))


@pytest.mark.parametrize("frames", [
    [root()],
    [root(2)],
    [root(2), "~running:70"],
    [root(), node(5), node(16, 2)],
    [root(), node(96), node(94), node(89, 1)],
    [root()] + [node(0)] * 15,
], ids=";".join)
def test_possible(frames):
    assert complaint("churn", *frames) == ""


@pytest.mark.parametrize("frames, reason", [
    ([node(5), node(16)], "no root"),
    (["~running:7", root(), node(5)], "not the root's callers"),
    ([root(), root()], "illegal call"),
    ([root(), node(5), "~running:70", node(16)], "illegal call"),
    ([root(2), "~running:70", node(16)], "foreign frames go on"),
    ([root(), node(5), "~running:70"], "illegal call"),
    ([root()] + [node(0)] * 16, "too deep"),
    ([root(), node(5), node(18)], "illegal call"),
    ([root(2), node(5)], "illegal call"),
    ([root(), node(5, 2), node(16)], "a line that calls nothing"),
    ([root(), node(5), node(16, 5)], "wrong line"),
    ([root(), "m5:4"], "illegal call"),
], ids=lambda value: value if isinstance(value, str) else None)
def test_impossible(frames, reason):
    assert complaint("churn", *frames) == reason


@pytest.mark.parametrize("frames, reason", [
    (["root:31", "tree:6", "tree:9", "tree:4"], ""),
    (["root:31", "tree:6", "tree:12", "tree:4"], "illegal call"),
    (["root:31", "tree:6", "tree:12"], ""),  # the innermost frame may be on any line
], ids=lambda value: ";".join(value) if isinstance(value, list) else value)
def test_the_state_of_a_frame_is_that_of_its_line(frames, reason):
    assert complaint("recursion", *frames) == reason


@pytest.mark.parametrize("shape", call_shapes.SHAPES)
def test_every_line_that_is_marked_calls_functions_that_there_are(shape):
    functions = call_shapes.SHAPES[shape]().functions
    for function in functions.values():
        for callees in function.calls.values():
            for callee, state in callees:
                assert callee in functions or callee == "running"
                assert not state or state in functions[callee].state.values()


def test_weights_count_not_lines():
    above = "_bootstrap (threading.py:1);_bootstrap_inner (threading.py:2);Worker.run (lab.py:28);"
    own = "churn_root (churn_nodes.py:395);n5 (churn_nodes.py:24)"
    sums = judge.judge_folded([above + own + " 30", above + own + ";n18 (churn_nodes.py:76) 10",
                               above + own + ";(truncated) 5", "main (x.py:1) 60"], "churn")
    assert (sums.judged, sums.impossible, dict(sums.reasons)) == (45, 10, {"illegal call": 10})


def test_truth_is_clipped_to_the_window():
    """Waits 0-100, holds 100-300, gives up the GIL until 350, computes without it until 500, waits to the end."""
    events = [(0, "T"), (100, "t"), (300, "D"), (350, "d"), (500, "T")]
    assert shares_of(events, 50, 550) == {"hold": 0.4, "wait": (50 + 50 + 50) / 500}
    assert shares_of(events, 150, 250) == {"hold": 1.0, "wait": 0.0}
    assert shares_of(events, 360, 490) == {"hold": 0.0, "wait": 0.0}
    assert shares_of(events, 600, 700) == {"hold": 0.0, "wait": 1.0}


def test_truth_without_gaps():
    """As above; nothing is said of 250 to 320 and of 340 to 400."""
    events = [(0, "T"), (100, "t"), (300, "D"), (350, "d"), (500, "T")]
    assert shares_of(events, 100, 500, [(250, 320), (340, 400)]) == {"hold": 150 / 270, "wait": 20 / 270}
    assert shares_of(events, 260, 300, [(250, 320)]) == {"hold": 0.0, "wait": 0.0}


def test_truth_before_the_first_event():
    assert shares_of([(80, "t")], 0, 100) == {"hold": 0.2, "wait": 0.8}
    assert shares_of([(80, "D")], 0, 100) == {"hold": 0.8, "wait": 0.2}


def test_truth_of_who_was_inside_when_the_probes_came():
    """Thread 2 waited until 1 let go at 50, and held until 90."""
    events = with_beginnings({1: [(0, "t"), (50, "D"), (55, "d")], 2: [(90, "D"), (92, "d")]})
    assert shares_of(events[2], 0, 100) == {"hold": 0.4, "wait": (50 + 2) / 100}
    assert events[1] == [(0, "t"), (50, "D"), (55, "d")]


def test_truth_of_waits_for_nobody():
    """1 holds 0-40 and 60-100; 2 waits all the time, 20 of it for nobody."""
    events = {1: [(0, "t"), (40, "D"), (45, "d"), (50, "T"), (60, "t")], 2: [(0, "T"), (100, "t")]}
    assert waits_for_nobody(events, 0, 100) == {1: (5 + 10) / 100, 2: 0.2}
    assert waits_for_nobody(events, 50, 100) == {1: 0.2, 2: 0.2}


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
