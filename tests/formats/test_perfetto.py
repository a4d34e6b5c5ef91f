"""What Perfetto's trace processor finds in both kinds of timelines, beyond the sums of test_viewers.py: lanes of the
GIL's owner, counters, flows, call stacks, names; and that it found nothing wrong.
"""
import functools
import json
import pathlib
import tempfile
import unittest

import pytest

import perfetto_viewer
import viewers

SCENARIOS = ("turns", "churn", "hostile", "visits", "interpreters", "coarse", "processes")
SOURCES = [*SCENARIOS, *viewers.RECORDINGS]
each_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: getattr(source, "stem", source))
each_format = pytest.mark.parametrize("ending", ["pftrace", "trace.json"])

# Viewers are lenient: what they could not read they count, and the worst only as information.
HARMLESS = {"guess_trace_type_duration_ns", "parse_trace_duration_ns", "json_display_time_unit"}
STATS = "SELECT name, severity, value FROM stats WHERE value != 0"
FLOWS = """
    SELECT a.name AS before, b.name AS after, COUNT(*) AS count, MIN(b.ts - (a.ts + a.dur)) AS least,
           SUM(a.track_id = b.track_id) AS same
    FROM flow JOIN slice a ON a.id = slice_out JOIN slice b ON b.id = slice_in GROUP BY 1, 2"""
# By the outermost frame of each stack.
SAMPLES = """
    WITH RECURSIVE up(id, callsite, frame) AS (
      SELECT sample.id, callsite.parent_id, callsite.frame_id
      FROM perf_sample sample JOIN stack_profile_callsite callsite ON callsite.id = sample.callsite_id
      UNION ALL SELECT up.id, callsite.parent_id, callsite.frame_id
      FROM up JOIN stack_profile_callsite callsite ON callsite.id = up.callsite)
    SELECT thread.tid, frame.name, COUNT(*) AS count
    FROM up JOIN perf_sample sample ON sample.id = up.id JOIN thread USING (utid)
         JOIN stack_profile_frame frame ON frame.id = up.frame
    WHERE up.callsite IS NULL GROUP BY 1, 2"""
ABOUT = """SELECT slice.name, SUBSTR(args.key, 7) AS key, args.int_value AS number
           FROM slice JOIN track ON track.id = track_id LEFT JOIN args USING (arg_set_id) WHERE track.name = 'About this recording'"""
BOUNDS = "SELECT start_ts AS begin, end_ts AS end FROM trace_bounds"
OWNERS = {
    "pftrace": """SELECT track.name AS track, slice.name, SUM(dur) AS time FROM slice JOIN track ON track.id = track_id
                  WHERE track.name GLOB 'GIL owner*' GROUP BY track_id, slice.name""",
    "trace.json": """SELECT thread.name AS track, utid, slice.name, SUM(dur) AS time
                     FROM slice JOIN thread_track ON thread_track.id = slice.track_id JOIN thread USING (utid)
                     WHERE thread.name GLOB 'GIL owner*' GROUP BY utid, slice.name"""}
# A counter's value holds until the next one.
COUNTERS = """
    WITH steps AS (SELECT track_id, value, IFNULL(LEAD(ts) OVER (PARTITION BY track_id ORDER BY ts) - ts, 0) AS time
                   FROM counter)
    SELECT counter_track.name, track_id, SUM(value * time) AS area, MAX(value) AS most, MIN(value) AS least
    FROM steps JOIN counter_track ON counter_track.id = track_id GROUP BY track_id"""
TURNS = """SELECT slice.name, ts, dur, EXTRACT_ARG(arg_set_id, 'correlation_id') AS colour
           FROM slice JOIN track ON track.id = track_id WHERE track.name GLOB 'GIL owner*'"""
WAITS = """SELECT thread.name || ' (' || tid || ')' AS thread, ts, dur,
                  EXTRACT_ARG(arg_set_id, 'debug.had_the_gil_longest_meanwhile') AS holder
           FROM slice JOIN thread_track ON thread_track.id = track_id JOIN thread USING (utid)
           WHERE slice.name = 'waits for the GIL'"""
# The viewer's own query for its tree of tracks.
NODES = """SELECT tracks.name, tracks.upid, utid, parent_id AS parent, has_children, order_id AS place
           FROM _track_event_tracks_ordered_groups tracks WHERE has_data OR has_children"""
QUERIES = {
    "pftrace": {"sums": perfetto_viewer.PERFETTO_SUMS, "flows": FLOWS, "samples": SAMPLES, "about": ABOUT,
                "turns": TURNS, "waits": WAITS, "nodes": NODES},
    # A thread that is there once more has a made-up tid, and the true one in its name.
    "trace.json": {"sums": """
        SELECT CASE WHEN tid > 4194304 THEN CAST(SUBSTR(thread.name, INSTR(thread.name, '(') + 1) AS INT) ELSE tid END
               AS tid, slice.name, SUM(dur) AS time
        FROM slice JOIN thread_track ON thread_track.id = track_id JOIN thread USING (utid)
        WHERE thread.name NOT GLOB 'GIL owner*' GROUP BY 1, 2"""}}
FOR_ALL = {
    "stats": STATS, "bounds": BOUNDS, "counters": COUNTERS,
    "slices": "SELECT COUNT(*) AS count FROM slice",
    "tracks": "SELECT name, COUNT(*) AS count FROM track WHERE name IS NOT NULL GROUP BY 1",
    "threads": "SELECT tid, name FROM thread WHERE tid != 0",
    "frames": "SELECT DISTINCT name FROM stack_profile_frame",
    "process": "SELECT name FROM process WHERE pid != 0",
    "pids": "SELECT pid, process.name AS process, tid FROM thread JOIN process USING (upid) WHERE tid != 0",
    "include": "INCLUDE PERFETTO MODULE linux.perf.samples; INCLUDE PERFETTO MODULE viz.summary.track_event",
    "tree": "SELECT id, parent_id, name, self_count, mapping_name FROM linux_perf_samples_summary_tree"}


class Trace:
    """A source in one format, what is in it by gilspy's own account, and what the trace processor answers."""

    def __init__(self, source, ending):
        with tempfile.TemporaryDirectory() as folder:
            path, document = pathlib.Path(folder) / f"x.{ending}", pathlib.Path(folder) / "y.json"
            self.truth = viewers.write_timeline(source, path, document)
            self.report = json.loads(document.read_text())
            self.size = path.stat().st_size
            self.kilobytes = self.truth["costs"][str(path)]["kilobytes"]
            queries = {**FOR_ALL, **QUERIES[ending], "owners": OWNERS[ending]}
            if ending == "trace.json":
                del queries["include"], queries["tree"]
            self.found = perfetto_viewer.query(path, **queries)

    def __getitem__(self, name):
        return self.found[name]

    def sums(self):
        return {(row["tid"], viewers.KEYS[row["name"]]): row["time"] for row in self["sums"]}

    def about(self, key):
        return next(row["number"] for row in self["about"] if row["key"] == key)

    def holders(self):
        """Of each GIL, {name and tid of the holder: nanoseconds}."""
        def name(index):
            thread = self.truth["threads"][int(index)]
            return f"{thread['name'] or '(unnamed)'} ({thread['tid']})"
        return [{name(index): time for index, time in gil["held_ns"].items()} for gil in self.truth["gils"]]


@functools.lru_cache(maxsize=None)
def made(source, ending):
    return Trace(source, ending)


def trace_of(source, ending="pftrace"):
    try:
        return made(source, ending)
    except unittest.SkipTest as reason:
        pytest.skip(str(reason))


@each_format
@each_source
def test_nothing_is_wrong_with_it(source, ending):
    assert {row["name"] for row in trace_of(source, ending)["stats"]} <= HARMLESS


@each_format
@each_source
def test_sums_of_threads(source, ending):
    trace = trace_of(source, ending)
    assert trace.sums() == viewers.sums_of(trace.report)
    # The GIL may be looked at once more behind the last tick.
    whole = trace.report.get("total") or trace.report
    assert trace["bounds"][0]["end"] <= round(whole["duration_s"] * 1e9) + 1_000_000


@each_format
@each_source
def test_owners_of_the_gil(source, ending):
    trace = trace_of(source, ending)
    def without_controls(name):  # the reader of JSON leaves them as they are escaped there
        return json.dumps(name, ensure_ascii=False)[1:-1].replace('\\"', '"') if ending == "trace.json" else name
    found = sorted((row["name"], row["time"]) for row in trace["owners"])
    assert found == sorted((without_controls(name), time) for gil in trace.holders() for name, time in gil.items())
    if ending == "trace.json":
        lanes = {row["utid"] for row in trace["owners"]}
        assert len(lanes) == len([gil for gil in trace.truth["gils"] if gil["tenures"]])


@each_format
@each_source
def test_counters(source, ending):
    trace = trace_of(source, ending)
    waiting = {}
    for thread, lane in zip(trace.truth["threads"], trace.truth["lanes"]):
        waiting[thread["gil"]] = waiting.get(thread["gil"], 0) + lane["waits_for_gil"]
    found = sorted(row["area"] for row in trace["counters"] if row["name"].startswith("threads waiting"))
    expected = sorted(waiting.get(number, 0) for number, gil in enumerate(trace.truth["gils"])
                      if gil["tenures"] or waiting.get(number))
    assert found == pytest.approx(expected, rel=1e-12)
    assert all(row["least"] >= 0 for row in trace["counters"])
    used = [row["area"] for row in trace["counters"] if row["name"].startswith("CPUs in use")]
    if trace.truth["cpu_seconds"]:
        assert used == [pytest.approx(trace.truth["cpu_seconds"] * 1e9, rel=1e-9)]


@each_source
def test_hand_offs_are_flows(source):
    trace = trace_of(source)
    assert sum(row["count"] for row in trace["flows"]) == sum(gil["handoffs"] for gil in trace.truth["gils"])
    for row in trace["flows"]:
        assert (row["before"], row["after"]) == ("has the GIL", "has the GIL")
        assert row["least"] >= 0 and row["same"] == 0


@each_source
def test_call_stacks_are_the_times_rounded(source):
    trace = trace_of(source)
    distance = trace.about("callstack_sample_ns")
    expected = {}
    for thread, lane in zip(trace.truth["threads"], trace.truth["lanes"]):
        for activity, time in lane.items():
            key, count = (thread["tid"], viewers.ACTIVITIES[activity]), (time + distance // 2) // distance
            if activity != "blocked" and count:
                expected[key] = expected.get(key, 0) + count
    assert {(row["tid"], row["name"]): row["count"] for row in trace["samples"]} == expected


def test_stacks_lead_from_the_activity_to_the_leaf(tmp_path):
    recording = viewers.ROOT / "fixtures" / "recordings" / "mixed-3.11.gilspy"
    trace = trace_of(recording)
    rows = {row["id"]: row for row in trace["tree"]}
    stacks = {}
    for row in trace["tree"]:
        frames, at = [], row["id"]
        while at is not None:
            frames.append(rows[at]["name"])
            at = rows[at]["parent_id"]
        if row["self_count"]:
            stacks[";".join(reversed(frames))] = row["self_count"]
    folded = viewers.render(recording, tmp_path / "x.folded").read_text().splitlines()
    expected = {stack: int(count) / 2000 for stack, _, count in (line.rpartition(" ") for line in folded)}  # 500 Hz
    assert set(stacks) <= set(expected)
    often = {stack for stack, count in expected.items() if count >= 20}
    assert len(often) >= 5
    # Each activity of each thread is rounded, not each stack: one that comes and goes gets a share that is a little off.
    for stack in often:
        assert stacks[stack] == pytest.approx(expected[stack], rel=0.1, abs=5)
    assert any(row["mapping_name"].endswith("/spinners.py") for row in trace["tree"])


def test_names_survive():
    trace = trace_of("hostile")
    names = {thread["name"] for thread in trace.truth["threads"]}
    assert {"line\nbreak\ttab\x01", "not utf-8 \ufffd\ufffd", "__proto__"} <= names
    assert {row["name"] for row in trace["threads"]} == names
    frames = {row["name"] for row in trace["frames"]}
    for name in names:
        assert f"f;{name} (/tmp/x.py:5)" in frames or f"f;{name} (x.py:5)" in frames, name
    assert trace["process"][0]["name"] == 'python <b>&.py --x="1" </title>'


def test_threads_have_a_track_in_each_interpreter():
    trace = trace_of("visits")
    tracks = {row["name"]: row["count"] for row in trace["tracks"]}
    assert tracks["GIL owner of interpreter 0"] == tracks["GIL owner of interpreter 1"] == 1
    assert tracks["thread visitor in interpreter 0"] == tracks["thread visitor in interpreter 1"] == 1
    assert tracks["thread visitor in interpreter 1 has the GIL"] == tracks["thread other in interpreter 1 has the GIL"] == 1
    assert sorted(row["name"] for row in trace["threads"]) == ["other", "visitor"]


# Children of the viewer's root have places from 1 on, its processes 50; threads are headless groups. What has neither a
# process nor children would land in a group of its own.
@each_source
def test_the_verdict_and_the_owners_are_above_all_and_turns_right_below_their_thread(source):
    trace = trace_of(source)
    tops = sorted((row["place"], row["name"]) for row in trace["nodes"] if row["parent"] is None and row["utid"] is None)
    used = [gil for gil in trace.truth["gils"] if gil["tenures"]]
    assert tops[0][1] == "About this recording" and len(tops) >= 1 + len(used)
    assert all(name.startswith("GIL owner") and place < 50 for place, name in tops[1:])
    assert all(row["has_children"] for row in trace["nodes"] if row["parent"] is None and row["utid"] is None)
    assert not any(row["upid"] for row in trace["nodes"]), "the viewer shows those behind the threads"
    of_threads = {}
    for row in sorted((row for row in trace["nodes"] if row["utid"] is not None), key=lambda row: row["place"]):
        of_threads.setdefault(row["utid"], []).append(row["name"])
    assert of_threads
    for names in of_threads.values():
        for before, name in zip(["", *names], names):  # of one tid there may be several threads, one after the other
            assert name.startswith("thread ")
            if name.endswith(" has the GIL"):
                assert before in (name, name[:-len(" has the GIL")], "")  # some are seen with the GIL only


@each_source
def test_every_thread_has_a_colour_of_its_own_as_owner(source):
    turns = trace_of(source)["turns"]
    assert all(row["colour"] == row["name"] for row in turns)


# By all pairs, however slow that is.
@pytest.mark.parametrize("source", ["turns", "coarse", viewers.ROOT / "fixtures/recordings/mixed-3.11.gilspy"],
                         ids=["turns", "coarse", "mixed"])
def test_waits_name_who_had_the_gil_longest_meanwhile(source):
    trace = trace_of(source)
    assert len(trace["waits"]) > 50
    for wait in trace["waits"]:
        times = {}
        for turn in trace["turns"]:
            time = min(wait["ts"] + wait["dur"], turn["ts"] + turn["dur"]) - max(wait["ts"], turn["ts"])
            if time > 0 and turn["name"] != wait["thread"]:
                times[turn["name"]] = times.get(turn["name"], 0) + time
        if times:
            assert times[wait["holder"]] == max(times.values())
        else:
            assert wait["holder"] == "(hand-off)"


@each_format
def test_threads_are_in_their_processes(ending):
    trace = trace_of("processes", ending)
    found = {row["tid"]: row["pid"] for row in trace["pids"] if row["tid"] <= 4194304}
    expected = {thread["tid"]: thread["pid"] for thread in trace.truth["threads"]}
    assert {tid: found[tid] for tid in expected} == expected
    assert len(set(expected.values())) == 3
    names = {row["pid"]: row["process"] for row in trace["pids"]}
    assert names == {9000 + 100 * i: f"python pool.py --worker {i}" for i in range(3)}
    if ending == "pftrace":
        owners = {row["track"] for row in trace["owners"]}
        assert owners == {"GIL owner of process 9000", "GIL owner of process 9100",
                          "GIL owner of interpreter 0 of process 9200", "GIL owner of interpreter 1 of process 9200"}


def test_a_coarsened_timeline_says_so():
    coarse, fine = trace_of("coarse"), trace_of("turns")
    assert (coarse.about("coarsened_window_ns"), fine.about("coarsened_window_ns")) == (16_000_000, 0)
    assert (coarse.about("coarsened_turns_window_ns"), fine.about("coarsened_turns_window_ns")) == (64_000_000, 0)
    for words in ("What a thread did with one stack is put together inside windows of 16 ms",
                  "Turns with the GIL are put together inside windows of 64 ms"):
        assert any(words in row["name"] for row in coarse["about"])
    assert not any("windows of" in row["name"] for row in fine["about"])


def test_a_recording_that_ended_early_says_so():
    assert any(row["name"] == "The recording ended early: <i>the process</i> ended." for row in trace_of("hostile")["about"])
    assert not any("early" in row["name"] for row in trace_of("turns")["about"])


@viewers.thorough
@each_format
def test_a_million_stretches_in_little_memory(ending):
    trace = trace_of("million", ending)
    assert trace.truth["stretches"] >= 1_000_000
    assert trace.sums() == viewers.sums_of(trace.report)
    assert trace.kilobytes < 16_000
    assert trace.size < 120_000_000
    if ending == "pftrace":
        assert sum(row["count"] for row in trace["flows"]) == trace.truth["gils"][0]["handoffs"]
        assert sum(row["count"] for row in trace["samples"]) == pytest.approx(500_000, abs=100)


@each_format
def test_an_empty_profile_loads(ending):
    trace = trace_of("empty", ending)
    assert trace["slices"][0]["count"] == (2 if ending == "pftrace" else 0)
    assert {row["name"] for row in trace["stats"]} <= HARMLESS
