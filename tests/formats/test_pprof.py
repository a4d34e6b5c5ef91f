"""pprof files in pprof; pprof_viewer.py tells what that needs."""
import re

import pytest

import pprof_viewer as viewer
import viewers

SCENARIOS = ["turns", "churn", "hostile", "visits", "interpreters", "coarse", "processes", "million"]
MIXED = viewers.ROOT / "fixtures/recordings/mixed-3.11.gilspy"


def total(found, kind):
    return sum(sample.values[kind] for sample in found)


def truth_total(truth, *activities):
    return sum(lane[activity] for lane in truth["lanes"] for activity in activities)


@pytest.mark.parametrize("name", SCENARIOS)
def test_sums_are_those_of_the_lanes(name, tmp_path):
    path = tmp_path / "x.pb.gz"
    truth = viewers.write_timeline(name, path)
    found = viewer.samples(path)
    expected = {}
    for lane, thread in zip(truth["lanes"], truth["threads"]):
        for activity, time in lane.items():
            if time:
                expected[thread["tid"], activity] = expected.get((thread["tid"], activity), 0) + time
    assert viewer.sums_by_state(found) == expected
    assert total(found, "gil_held") == truth_total(truth, "holds_gil", "holds_gil_off_cpu")
    assert total(found, "gil_wait") == total(found, "gil_blame") == truth_total(truth, "waits_for_gil")
    assert total(found, "native") == truth_total(truth, "runs_without_gil")
    assert total(found, "samples") == pytest.approx(total(found, "wall") / 1e6, abs=1)  # made at 1 kHz


def test_who_waited_stands_beside_who_made_them_wait(tmp_path):
    found = [sample for sample in viewer.samples(viewers.render(MIXED, tmp_path / "x.pb.gz")) if sample.values["gil_blame"]]
    assert {sample.labels["waiting"] for sample in found} == {"spin", "sleep", "hash_buffers"}
    assert all("tid" in sample.labels or not sample.labels.keys() & {"thread", "interpreter"} for sample in found)


def test_top_shows_who_waited_first(tmp_path):
    path = viewers.render(MIXED, tmp_path / "x.pb.gz")
    waited = sum(time for (_, activity), time in viewers.profile_sums(MIXED).items() if activity == "waits_for_gil")
    top = viewer.pprof(path, "-top", "-unit=ns")
    assert "Type: gil_wait\n" in top and "File: Python 3.11" in top
    assert f"Total samples = {waited}ns" in top
    assert re.search(r"^ *\d+ns +[\d.]+% +[\d.]+% +\d+ns +[\d.]+%  spin$", top, re.MULTILINE), top
    assert re.search(r"%  spin .*/spinners.py:10$", viewer.pprof(path, "-top", "-lines"), re.MULTILINE)
    assert "spinner-1" in viewer.pprof(path, "-tags")
    only = viewer.pprof(path, "-top", "-unit=ns", "-sample_index=wall", "-tagfocus=state=^waits_for_gil$")
    assert re.search(rf"Showing nodes accounting for {waited}ns", only), only


# The process of this scenario has a program that there is: of an ELF file pprof would show the instructions.
def test_lines_of_the_sources_are_shown(tmp_path):
    (tmp_path / "a.py").write_text("def one(): hold()\ndef two(): hold()\n")
    viewers.write_timeline("visits", tmp_path / "x.pb.gz")
    sources = ["-trim_path=/tmp", f"-source_path={tmp_path}", "-sample_index=gil_held"]
    viewer.pprof(tmp_path / "x.pb.gz", "-weblist=^two$", f"-output={tmp_path / 'x.html'}", *sources)
    page = (tmp_path / "x.html").read_text()
    assert re.search(r"> +2</span> <span class=\w+> +150ms +150ms +def two\(\): hold\(\) *<", page), page[-1500:]


def test_samples_have_their_process_where_there_are_several(tmp_path):
    path = tmp_path / "x.pb.gz"
    truth = viewers.write_timeline("processes", path)
    pids = {str(thread["tid"]): str(thread["pid"]) for thread in truth["threads"]}
    found = viewer.samples(path)
    assert {sample.labels["tid"]: sample.labels["process"] for sample in found if "tid" in sample.labels} == pids
    assert "process 9100: python pool.py --worker 1\n" in viewer.pprof(path, "-comments")
    viewers.write_timeline("visits", tmp_path / "y.pb.gz")
    assert not any("process" in sample.labels for sample in viewer.samples(tmp_path / "y.pb.gz"))


def test_comments_and_times(tmp_path):
    path = viewers.render(MIXED, tmp_path / "x.pb.gz")
    headline = viewers.report(MIXED)["verdict"]["headline"]
    assert viewer.pprof(path, "-comments").splitlines()[0] == headline
    raw = viewer.pprof(path, "-raw")
    assert re.search(r"^Time: 20\d\d-\d\d-\d\d ", raw, re.MULTILINE) and "\nPeriod: 2000000\n" in raw
    viewers.write_timeline("hostile", tmp_path / "hostile.pb.gz")
    assert "the recording ended early: <i>the process</i> ended\n" in viewer.pprof(tmp_path / "hostile.pb.gz", "-comments")


@pytest.mark.parametrize("options, shown", [([], "gil_wait"), (["--view", "held"], "gil_held"), (["--view", "wait"], "gil_wait"),
                                            (["--view", "blame"], "gil_blame")])
def test_what_is_shown_first(options, shown, tmp_path):
    assert f"Type: {shown}\n" in viewer.pprof(viewers.render(MIXED, tmp_path / "x.pb.gz", *options), "-top")


def test_without_a_gil_all_time_is_shown_first(tmp_path):
    recording = viewers.ROOT / "fixtures/recordings/primes-3.13t.gilspy"
    assert "Type: wall\n" in viewer.pprof(viewers.render(recording, tmp_path / "x.pb.gz"), "-top")


def test_lines_are_as_the_options_ask(tmp_path):
    def lines(*options):
        path = viewers.render(MIXED, tmp_path / "x.pb.gz", *options)
        return {int(line) for line in re.findall(r"%  spin .*/spinners.py:?(\d*)$", viewer.pprof(
            path, "-top", "-lines", "-nodefraction=0", "-sample_index=wall"), re.MULTILINE) if line}
    assert lines() == {9, 10}
    assert lines("--function") == {6}
    assert lines("--nolineno") == set()


# Of names of functions pprof cuts <...> out if it takes them for mangled.
def test_names_survive(tmp_path):
    path = tmp_path / "x.pb.gz"
    truth = viewers.write_timeline("hostile", path)
    top = viewer.pprof(path, "-top", "-sample_index=wall", "-nodefraction=0")
    labels = {sample.labels["thread"] for sample in viewer.samples(path) if "\n" not in sample.labels.get("thread", "\n")}
    for thread in truth["threads"]:
        assert f"%  {thread['name']}\n" in top and f"%  f;{thread['name']}\n" in top
        assert thread["name"] in labels or "\n" in thread["name"]
    assert "not utf-8 \ufffd\ufffd" in top and "line\nbreak\ttab\x01" in top


def test_an_empty_recording_is_a_profile(tmp_path):
    viewers.write_timeline("empty", tmp_path / "x.pb.gz")
    assert "accounting for 0" in viewer.pprof(tmp_path / "x.pb.gz", "-top")


def test_size_does_not_depend_on_the_length(tmp_path):
    path = tmp_path / "x.pb.gz"
    cost = viewers.write_timeline("million", path)["costs"][str(path)]
    assert cost["kilobytes"] < 5_000 and cost["seconds"] < 5 and path.stat().st_size < 100_000
