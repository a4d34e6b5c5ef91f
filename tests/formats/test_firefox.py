"""Firefox files by the Firefox Profiler's own command line, which firefox_viewer.py starts, and by what is in them."""
import collections
import decimal
import gzip
import json

import pytest

import firefox_viewer as firefox
import viewers

SCENARIOS = ["turns", "hostile", "visits", "interpreters", "coarse", "processes"]
MIXED = viewers.ROOT / "fixtures/recordings/mixed-3.11.gilspy"


def written(name, folder):
    path = folder / f"{name}.firefox.json.gz"
    return path, viewers.write_timeline(name, path)


def document_of(path):
    """Numbers as they are written."""
    return json.loads(gzip.decompress(path.read_bytes()).decode("utf-8"), parse_float=decimal.Decimal)


def nanoseconds(milliseconds):
    exact = decimal.Decimal(milliseconds) * 1_000_000
    assert exact == int(exact)
    return int(exact)


def truth_sums(truth):
    sums = collections.Counter()
    for lane, thread in zip(truth["lanes"], truth["threads"]):
        for activity, time in lane.items():
            sums[thread["tid"], activity] += time
    return {key: time for key, time in sums.items() if time}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_viewer_finds_the_sums_of_the_lanes(name, tmp_path):
    path, truth = written(name, tmp_path)
    expected = truth_sums(truth)
    with firefox.loaded(path) as profile:
        assert profile.marker_sums() == expected
        assert profile.sample_sums() == {key: time for key, time in expected.items() if key[1] != "blocked"}


def test_markers_of_a_recording_have_the_sums_of_the_profile(tmp_path):
    with firefox.loaded(viewers.render(MIXED, tmp_path / "x.firefox.json.gz")) as profile:
        assert profile.marker_sums() == viewers.profile_sums(MIXED)


# The viewer adds doubles up, which shows in so many of them.
@viewers.thorough
def test_the_viewer_finds_the_sums_of_a_long_recording(tmp_path):
    path, truth = written("million", tmp_path)
    with firefox.loaded(path) as profile:
        profile.threads = profile.threads[1:3]
        found, samples = profile.marker_sums(), profile.sample_sums()
    tids = {int(thread["tid"]) for thread in profile.threads}
    expected = {key: time for key, time in truth_sums(truth).items() if key[0] in tids}
    assert len(expected) == 4
    assert found == pytest.approx(expected, abs=1000) and samples == pytest.approx(expected, abs=1000)


def test_an_empty_recording_loads(tmp_path):
    path, _ = written("empty", tmp_path)
    with firefox.loaded(path) as profile:
        assert len(profile.threads) == 1


@pytest.mark.parametrize("source", ["turns", "visits", "hostile", "coarse", *viewers.RECORDINGS],
                         ids=lambda source: getattr(source, "stem", source))
def test_the_file_has_whole_nanoseconds_in_order(source, tmp_path):
    path = tmp_path / "x.firefox.json.gz"
    truth = viewers.write_timeline(source, path)
    document = document_of(path)
    assert document["meta"]["preprocessedProfileVersion"] == 57
    sums = collections.Counter()
    for thread in document["threads"]:
        samples, markers = thread["samples"], thread["markers"]
        assert {len(samples[column]) for column in ("stack", "time", "weight")} == {samples["length"]}
        assert {len(markers[column]) for column in ("data", "name", "startTime", "endTime", "phase", "category")} == {
            markers["length"]}
        times = [nanoseconds(time) for time in samples["time"]]
        assert times == sorted(times)
        for stack, weight in zip(samples["stack"], samples["weight"]):
            assert stack is not None or weight == 0
            sums[thread["tid"]] += nanoseconds(weight)
        for table in ("stackTable", "frameTable", "funcTable", "resourceTable", "nativeSymbols"):
            assert {len(column) for key, column in thread[table].items() if key != "length"} == {thread[table]["length"]}
        assert all(prefix is None or prefix < i for i, prefix in enumerate(thread["stackTable"]["prefix"]))
    expected = collections.Counter()
    for (tid, activity), time in truth_sums(truth).items():
        expected[tid] += 0 if activity == "blocked" else time
    assert +sums == +expected


# A sample is drawn from halfway to the one before until halfway to the one behind.
def test_samples_are_drawn_where_things_happened(tmp_path):
    path, _ = written("turns", tmp_path)
    for thread in document_of(path)["threads"][1:]:
        roots, drawn = {}, collections.Counter()
        for i, (frame, prefix) in enumerate(zip(thread["stackTable"]["frame"], thread["stackTable"]["prefix"])):
            roots[i] = thread["frameTable"]["category"][frame] if prefix is None else roots[prefix]
        times, weights = thread["samples"]["time"], thread["samples"]["weight"]
        edges = [0, *[(a + b) / 2 for a, b in zip(times, times[1:])], 2000]
        true = collections.Counter()
        for stack, weight, begin, end in zip(thread["samples"]["stack"], weights, edges, edges[1:]):
            drawn[roots[stack]] += end - begin
            true[roots[stack]] += weight
        assert all(abs(drawn[category] - true[category]) < true[category] / 20 for category in true), (drawn, true)


def spans(document, activity):
    """[(begin, end, tid, what the marker says)]"""
    strings = document["shared"]["stringArray"]
    return [(begin, end, thread["tid"], data) for thread in document["threads"]
            for name, begin, end, data in zip(*(thread["markers"][key] for key in ("name", "startTime", "endTime", "data")))
            if strings[name] == activity]


# By all pairs, however slow that is.
@pytest.mark.parametrize("source", ["turns", MIXED], ids=["turns", "mixed"])
def test_waits_name_who_had_the_gil_longest_meanwhile(source, tmp_path):
    path = tmp_path / "x.firefox.json.gz"
    viewers.write_timeline(source, path)
    document = document_of(path)
    names = {thread["tid"]: f"{thread['name']} ({thread['tid']})" for thread in document["threads"]}
    held = spans(document, "holds the GIL") + spans(document, "holds the GIL off CPU")
    waits = spans(document, "waits for the GIL")
    assert len(waits) > 50
    for begin, end, tid, data in waits:
        times = collections.Counter()
        for from_, to, holder, _ in held:
            times[names[holder]] += max(min(end, to) - max(begin, from_), 0)
        times = +times
        assert data["holder"] != names[tid]
        assert times[data["holder"]] == max(times.values()) if times else data["holder"] == "(hand-off)"
    functions = {data.get("function") for *_, data in waits}
    assert functions <= {"count", "is_prime", "spin", "sleep", "hash_buffers", "(no Python frame)", None}
    assert functions & {"is_prime", "spin"}


def test_the_counter_counts_those_that_wait(tmp_path):
    path = tmp_path / "x.firefox.json.gz"
    viewers.render(MIXED, path)
    (counter,) = document_of(path)["counters"]
    count, sum_of_waits, before = 0, 0, 0
    for time, change in zip(counter["samples"]["time"], counter["samples"]["count"]):
        sum_of_waits += count * (nanoseconds(time) - before)
        count, before = count + change, nanoseconds(time)
        assert count >= 0
    expected = sum(time for (_, activity), time in viewers.profile_sums(MIXED).items() if activity == "waits_for_gil")
    assert (count, sum_of_waits) == (0, expected)


def test_the_viewer_knows_counter_verdict_and_coarseness(tmp_path):
    path, _ = written("coarse", tmp_path)
    with firefox.loaded(path) as profile:
        (counter,) = profile.ask("counter", "list")["counters"]
        meta = profile.ask("profile", "meta")
    assert counter["name"] == "threads waiting for the GIL" and max(counter["graph"]) == 4
    entries = {entry["label"]: entry["value"] for entry in meta["extra"][0]["entries"]}
    assert "GIL was held" in entries["Verdict"] and "windows of 16 ms" in entries["Coarseness"]
    assert meta["importedFrom"] == "gilspy"


def test_threads_are_in_their_processes(tmp_path):
    path, truth = written("processes", tmp_path)
    document = document_of(path)
    pids = {thread["tid"]: thread["pid"] for thread in truth["threads"]}
    for thread in document["threads"]:
        pid = pids[thread["tid"]]
        assert thread["pid"] == str(pid) and (thread["tid"] == pid or not thread["isMainThread"])
        assert thread["processName"] == f"python pool.py --worker {(pid - 9000) // 100}"
        assert thread["processStartupTime"] == (pid - 9000) / 100 * 250
    assert [thread["tid"] for thread in document["threads"] if thread["isMainThread"]] == [9000, 9100, 9200]
    assert len(document["counters"]) == 3  # nobody waited for the fourth GIL
    for counter in document["counters"]:
        main = document["threads"][counter["mainThreadIndex"]]
        assert main["isMainThread"] and main["pid"] == counter["pid"]


def test_names_survive(tmp_path):
    path, truth = written("hostile", tmp_path)
    document = document_of(path)
    strings = set(document["shared"]["stringArray"])
    names = {thread["name"] for thread in document["threads"]}
    for thread in truth["threads"]:
        assert f"{thread['name']} in interpreter {thread['interpreter']}" in names
        assert thread["name"] in strings and "f;" + thread["name"] in strings
    assert {"line\nbreak\ttab\x01", "not utf-8 \ufffd\ufffd"} <= strings
    assert len(document["counters"]) == 2  # a GIL for each of the two interpreters


def test_options(tmp_path):
    def lines(*options):
        document = document_of(viewers.render(MIXED, tmp_path / "x.firefox.json.gz", *options))
        strings = document["shared"]["stringArray"]
        found = {(strings[thread["funcTable"]["name"][function]], line) for thread in document["threads"]
                 for function, line in zip(thread["frameTable"]["func"], thread["frameTable"]["line"])}
        return {line for name, line in found if name == "spin"}, {name for name, _ in found}
    assert lines()[0] == {9, 10} and "blocked" not in lines()[1]
    assert lines("--function")[0] == {6}
    assert lines("--nolineno")[0] == {None}
    assert "blocked" in lines("--idle")[1]


def test_a_million_stretches_are_written_in_bounds(tmp_path):
    path, truth = written("million", tmp_path)
    cost = truth["costs"][str(path)]
    assert truth["stretches"] > 1_000_000
    assert cost["kilobytes"] < 100_000 and cost["seconds"] < 60 and path.stat().st_size < 40_000_000
