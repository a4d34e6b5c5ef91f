"""Threads that run in interpreters of their own: whose GIL, which rows, and who is counted."""

import base64
import json
import re
import zlib

import pytest
from running import Program, gilspy, record, record_folded, record_json


def visitors(report):
    return [thread for thread in report["threads"] if thread["name"].startswith("visitor-") and thread["interpreter"]]


def data_of(page):
    """The header of a page's data: its length comes first, as LEB128."""
    data = zlib.decompress(base64.b64decode(re.search(r'id="gilspy-data">([^<]*)<', page).group(1)))
    length, at = 0, 0
    while True:
        length |= (data[at] & 127) << 7 * at
        at += 1
        if data[at - 1] < 128:
            return json.loads(data[at:at + length])


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


@pytest.mark.since(3, 14)
def test_interpreters_of_the_public_module(python):
    with Program(python.executable, "subinterpreters.py", "--module", "concurrent.interpreters") as program:
        report = record_json(program.pid)
    assert report["verdict"]["code"] == "parallel_interpreters"
    assert not any(one["shares_gil"] for one in report["interpreters"])
    for thread in visitors(report):
        assert share(thread, "holds_gil", "holds_gil_off_cpu") > 0.8


@pytest.mark.since(3, 14)
def test_an_interpreter_pool_runs_side_by_side(python, tmp_path):
    """Each of its threads has the GIL of an interpreter of its own, and the page a lane for its owner."""
    with Program(python.executable, "interpreter_pool.py", "--workers", 2) as program:
        recording = tmp_path / "pool.gilspy"
        assert record(program.pid, "-o", recording).returncode == 0
    report = json.loads(gilspy("report", recording, "-f", "json", "-o", "-").stdout)
    assert report["verdict"]["code"] == "parallel_interpreters"
    assert "2 GILs of their own" in report["verdict"]["headline"]
    held = {row["name"] for row in report["verdict"]["claims"][0]["evidence"] if row["name"].startswith("GIL of")}
    assert held == {"GIL of interpreter 1 held", "GIL of interpreter 2 held"}
    workers = {thread["interpreter"]: thread for thread in report["threads"] if thread["name"].startswith("pool_") and thread["interpreter"]}
    assert set(workers) == {1, 2} and workers[1]["tid"] != workers[2]["tid"]
    for thread in workers.values():
        assert share(thread, "holds_gil", "holds_gil_off_cpu") > 0.8
    trace = json.loads(gilspy("report", recording, "-f", "chrometrace", "-o", "-").stdout)
    lanes = {event["args"]["name"] for event in trace["traceEvents"] if event["name"] == "thread_name"}
    assert {"GIL owner of interpreter %d" % i for i in (1, 2)} <= lanes
    page = gilspy("report", recording, "-f", "html", "-o", "-").stdout
    assert data_of(page)["gils"][report["interpreters"][0]["gil"]["id"]]["heading"].startswith("interpreter 2, own GIL: held ")


@pytest.mark.since(3, 13)  # before, see below
def test_waiting_is_for_the_gil_that_is_shared(python, tmp_path):
    """Interpreters 0, 1 and 2 share a GIL; 3 has its own, which is held now and then, and for which nobody waits."""
    with Program(python.executable, "subinterpreters.py", "--gil", "mixed", "--own-busy", 0.3) as program:
        recording = tmp_path / "mixed.gilspy"
        done = record(program.pid, "-o", recording)
        assert done.returncode == 0
    report = json.loads(gilspy("report", recording, "-f", "json", "-o", "-").stdout)
    sharing = {one["id"]: sorted(one["shares_gil_with"]) for one in report["interpreters"]}
    assert sharing == {0: [1, 2], 1: [0, 2], 2: [0, 1], 3: []}
    gils = {one["id"]: one["gil"] for one in report["interpreters"]}
    assert gils[1]["mean_waiters"] > 0.5 > 0.05 > gils[3]["mean_waiters"]
    assert report["verdict"]["code"] == "serialized_by_gil"
    assert "the GIL that interpreters 0, 1 and 2 share was held" in report["verdict"]["headline"]
    assert " ".join(done.stdout.split()).startswith(report["verdict"]["headline"])
    # All that was seen of a thread is in one interpreter or another.
    for one in report["interpreters"]:
        rows = [thread for thread in report["threads"] if thread["interpreter"] == one["id"]]
        assert one["threads"] == len({thread["tid"] for thread in rows})
        for activity, seconds in one["activities"].items():
            assert seconds == pytest.approx(sum(thread["activities"][activity] for thread in rows), abs=1e-6)
    waited = sum(thread["activities"]["waits_for_gil"] for thread in report["threads"])
    blame = gilspy("report", recording, "-f", "folded", "--view", "blame", "-t", "-o", "-").stdout
    by_holder = {}
    for line in blame.splitlines():
        stack, _, weight = line.rpartition(" ")
        by_holder[stack.split(";")[0]] = by_holder.get(stack.split(";")[0], 0) + int(weight)
    assert sum(by_holder.values()) / 1e6 == pytest.approx(waited, abs=1e-4)
    assert not any("interpreter 3)" in holder for holder in by_holder)
    # The summary: a heading for each GIL, and below it who takes part.
    shared, own = done.stdout.split("\n  interpreters 0, 1 and 2 share a GIL: held ")[1].split("\n  interpreter 3, own GIL: held ")
    assert re.search(r"^ +visitor-1 +\d+ +1 ", shared, re.M) and re.search(r"^ +visitor-2 +\d+ +2 ", shared, re.M)
    assert re.search(r"^ +visitor-3 +\d+ +3 ", own, re.M)


@pytest.mark.since(3, 12)
def test_stacks_by_thread_say_in_which_interpreter(python):
    with Program(python.executable, "subinterpreters.py", "--gil", "own") as program:
        stacks = record_folded(program.pid, "-t", seconds=1)
    roots = {frames[0] for frames, _ in stacks if "spin_in_interpreter" in frames[-1]}
    assert sorted(re.sub(r"\d{2,}", "TID", root) for root in roots) == [
        "visitor-1 (TID, interpreter 1)", "visitor-2 (TID, interpreter 2)"]


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
