"""chrometrace by what every reader of the format relies on."""
import collections
import json
import unittest

import pytest

import chrome_viewer
import viewers

SOURCES = ["turns", "churn", "hostile", "visits", "interpreters", "coarse", "processes", "empty", *viewers.RECORDINGS]


@pytest.fixture(params=SOURCES, ids=lambda source: getattr(source, "stem", source))
def both(request, tmp_path):
    truth = viewers.write_timeline(request.param, tmp_path / "x.trace.json")
    text = (tmp_path / "x.trace.json").read_bytes().decode("utf-8")  # strictly
    return truth, json.loads(text, parse_float=str)


def nanoseconds(text):
    whole, _, fraction = text.partition(".")
    assert len(fraction) == 3
    return int(whole) * 1000 + int(fraction)


def test_events_are_sorted_and_whole(both):
    _, document = both
    times = [nanoseconds(event["ts"]) for event in document["traceEvents"] if "ts" in event]
    assert times == sorted(times)
    for event in document["traceEvents"]:
        assert event["ph"] in "MXC" and isinstance(event["pid"], int) and isinstance(event["name"], str)
        assert event["ph"] != "X" or {"tid", "ts", "dur"} <= set(event)
    kinds = [event["ph"] for event in document["traceEvents"]]
    assert "M" not in kinds[kinds.count("M"):], "names come first"


def test_lanes_have_names_and_nothing_overlaps(both):
    _, document = both
    named = {event["tid"] for event in document["traceEvents"] if event["name"] == "thread_name"}
    ends = collections.Counter()
    for event in document["traceEvents"]:
        if event["ph"] == "X":
            assert event["tid"] in named
            assert nanoseconds(event["ts"]) >= ends[event["tid"]]
            ends[event["tid"]] = nanoseconds(event["ts"]) + nanoseconds(event["dur"])


def test_sums_are_those_of_the_lanes(both):
    truth, document = both
    found = collections.Counter()
    for event in document["traceEvents"]:
        if event["ph"] == "X" and event["name"] in viewers.KEYS:
            found[viewers.KEYS[event["name"]]] += nanoseconds(event["dur"])
    expected = collections.Counter()
    for lane in truth["lanes"]:
        expected.update(lane)
    assert found == +expected


def test_coarseness_is_told(both):
    truth, document = both
    assert document["otherData"]["coarsened_window_ns"] == str(truth["window_ns"])
    assert ("coarseness" in document["otherData"]) == (truth["window_ns"] > 0)
    assert document["otherData"]["coarsened_turns_window_ns"] == str(truth["turns_window_ns"])
    assert ("coarseness_of_turns" in document["otherData"]) == (truth["turns_window_ns"] > 0)


def test_names_survive(tmp_path):
    truth = viewers.write_timeline("hostile", tmp_path / "x.trace.json")
    document = json.loads((tmp_path / "x.trace.json").read_text(encoding="utf-8"))
    found = {event["args"]["name"] for event in document["traceEvents"] if event["name"] == "thread_name"}
    names = {f"{thread['name']} in interpreter {thread['interpreter']}" for thread in truth["threads"]}
    assert "line\nbreak\ttab\x01 in interpreter 1" in names and "not utf-8 \ufffd\ufffd in interpreter 1" in names
    assert names <= found


@pytest.mark.parametrize("source", ["hostile", "visits", "processes"])
def test_chrome_s_viewer_has_nothing_to_complain_about(source, tmp_path):
    truth = viewers.write_timeline(source, tmp_path / "x.trace.json")
    try:
        found = chrome_viewer.imported(tmp_path / "x.trace.json")
    except unittest.SkipTest as reason:
        pytest.skip(str(reason))
    assert found["warnings"] == []
    names = [lane["name"] for lane in sorted(found["lanes"], key=lambda lane: lane["order"])]
    assert len(names) == len(truth["threads"]) + len(truth["gils"])
    assert len(names) == len(set(names)) or source == "processes"
    assert [name.startswith("GIL owner") for name in names] == [True] * len(truth["gils"]) + [False] * len(truth["threads"])
    if source == "hostile":
        assert "line\nbreak\ttab\x01 in interpreter 1" in names
    counters = {counter["name"] for counter in found["counters"]}
    assert {"CPUs in use", "threads waiting for the GIL of interpreter 1"} <= counters
