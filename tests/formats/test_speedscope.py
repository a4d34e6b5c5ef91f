"""speedscope files in speedscope's own app; speedscope_viewer.py tells what that needs."""
import json

import pytest

import speedscope_viewer as speedscope
import viewers

SCENARIOS = ["turns", "churn", "hostile", "visits", "interpreters", "coarse", "processes"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """{scenario: (path, truth)}"""
    folder = tmp_path_factory.mktemp("speedscope")
    paths = {name: folder / f"{name}.speedscope.json" for name in [*SCENARIOS, "empty", "million"]}
    return {name: (path, viewers.write_timeline(name, path)) for name, path in paths.items()}


@pytest.fixture(scope="module")
def shown(files):
    """{scenario: what the app holds}"""
    results = speedscope.opened(*(path for path, _ in files.values()))
    return {name: results[path] for name, (path, _) in files.items()}


def truth_sums(truth):
    sums = {}
    for lane, thread in zip(truth["lanes"], truth["threads"]):
        for activity, time in lane.items():
            if time:
                sums[thread["tid"], activity] = sums.get((thread["tid"], activity), 0) + time
    return sums


def without_blocked(sums):
    return {key: time for key, time in sums.items() if key[1] != "blocked"}


@pytest.mark.parametrize("name", [*SCENARIOS, "million"])
def test_sums_are_those_of_the_lanes(files, shown, name):
    expected = truth_sums(files[name][1])
    assert speedscope.lane_sums(shown[name]) == expected
    assert speedscope.stack_sums(shown[name]) == without_blocked(expected)


@pytest.mark.parametrize("name", SCENARIOS)
def test_all_profiles_of_threads_have_the_same_clock(shown, name):
    profiles = shown[name]["profiles"]
    stacks = [profile for profile in profiles if profile["name"].endswith(speedscope.STACKS)]
    assert len({profile["weight"] for profile in stacks}) == 1
    assert {profile["unit"] for profile in profiles} == {"nanoseconds"}
    assert all(profile["shown"] <= profile["weight"] for profile in stacks)


@pytest.mark.parametrize("name", SCENARIOS)
def test_who_made_others_wait_sums_to_the_waiting(files, shown, name):
    last = shown[name]["profiles"][-1]
    assert last["name"] == "all threads: who made others wait for the GIL"
    waiting = sum(time for (_, activity), time in truth_sums(files[name][1]).items() if activity == "waits_for_gil")
    assert last["weight"] == sum(frame["self"] for frame in last["frames"]) == waiting
    assert all(frame["name"].startswith("waiting: ") for frame in last["frames"] if frame["self"])


def test_the_thread_that_waits_most_is_shown_first(files, shown):
    _, truth = files["turns"]
    most = max(range(len(truth["lanes"])), key=lambda i: truth["lanes"][i]["waits_for_gil"])
    first = shown["turns"]["profiles"][shown["turns"]["active"]]
    assert speedscope.tid_of(first) == truth["threads"][most]["tid"] and first["name"].endswith(speedscope.STACKS)
    waits = truth["lanes"][most]["waits_for_gil"] / 1e9
    assert any("waits for the GIL" in row and f"{waits:.2f}s" in row for row in shown["turns"]["rows"])


def test_names_survive(files, shown):
    threads = {profile["name"].rpartition(" (")[0] for profile in shown["hostile"]["profiles"]}
    frames = {frame["name"] for profile in shown["hostile"]["profiles"] for frame in profile["frames"]}
    for thread in files["hostile"][1]["threads"]:
        assert thread["name"] in threads
        assert thread["name"] in frames and "f;" + thread["name"] in frames
    assert {"line\nbreak\ttab\x01", "not utf-8 \ufffd\ufffd"} <= threads


def test_what_was_put_together_is_told(shown):
    for name, result in shown.items():
        assert ("put together inside windows" in result["title"]) == (name in ("coarse", "million")), name
    assert "ended early" in shown["hostile"]["title"]


def test_a_recording_without_threads_opens(shown):
    assert shown["empty"]["error"] is None
    assert [profile["name"] for profile in shown["empty"]["profiles"]] == ["no thread of Python"]


def test_threads_name_their_process_where_there_are_several(files, shown):
    # The last one has two interpreters.
    expected = {f"{thread['name']} ({thread['tid']}){' in interpreter %d' % thread['interpreter'] if thread['pid'] == 9200 else ''}"
                f" of process {thread['pid']}: stacks" for thread in files["processes"][1]["threads"]}
    assert expected <= {profile["name"] for profile in shown["processes"]["profiles"]}
    assert not any("of process" in profile["name"] for profile in shown["visits"]["profiles"])


def test_threads_of_several_interpreters_say_in_which(shown):
    names = {profile["name"].partition(":")[0] for profile in shown["visits"]["profiles"]}
    assert {name.partition(") ")[2] for name in names if name.startswith("visitor (")} == {"in interpreter 0", "in interpreter 1"}
    assert not any("interpreter" in profile["name"] for profile in shown["turns"]["profiles"])


def test_a_million_stretches_are_written_and_shown_in_bounds(files, shown):
    path, truth = files["million"]
    assert truth["stretches"] > 1_000_000
    cost = truth["costs"][str(path)]
    assert cost["kilobytes"] < 30_000 and cost["seconds"] < 20
    assert path.stat().st_size < 25_000_000
    assert shown["million"]["milliseconds"] < 60_000


def stacks_of(path, options):
    document = json.loads(viewers.render(viewers.ROOT / "fixtures/recordings/mixed-3.11.gilspy", path, *options).read_text())
    return document, [document["shared"]["frames"][i] for profile in document["profiles"]
                      if profile["name"].endswith(speedscope.STACKS) for sample in profile["samples"] for i in sample]


def test_options(tmp_path):
    path = tmp_path / "x.speedscope.json"
    document, frames = stacks_of(path, [])
    assert not any(frame["name"] == "blocked" for frame in frames)
    assert {frame.get("line") for frame in frames if frame["name"] == "spin"} == {9, 10}
    assert all("/" not in frame.get("file", "") for frame in frames)
    blame, _ = stacks_of(path, ["--view", "blame"])
    assert blame["activeProfileIndex"] == len(blame["profiles"]) - 1 != document["activeProfileIndex"]
    assert any(frame["name"] == "blocked" for frame in stacks_of(path, ["--idle"])[1])
    assert {frame["line"] for frame in stacks_of(path, ["--function"])[1] if frame["name"] == "spin"} == {6}
    assert not any("line" in frame for frame in stacks_of(path, ["--nolineno"])[1])
    assert any(frame.get("file", "").startswith("/") for frame in stacks_of(path, ["--full-filenames"])[1])
