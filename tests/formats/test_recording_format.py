"""docs/recording-format.md is enough to read a recording: recording_reader.py was written from it, and finds the numbers
that gilspy itself finds."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

import recording_reader

ROOT = pathlib.Path(__file__).resolve().parents[2]
GILSPY = pathlib.Path(os.environ.get("GILSPY_BUILD") or ROOT / "build" / "release") / "gilspy"
RECORDINGS = sorted((ROOT / "fixtures" / "recordings").glob("*.gilspy"))

if shutil.which("zstd") is None:
    assert os.environ.get("CI", "").lower() not in ("1", "true", "yes"), "CI must have zstd"
    pytest.skip("NOT TESTED: recordings against a reader of our own in Python (no zstd)", allow_module_level=True)


PROCESSES = [(path, process) for path in RECORDINGS for process in range(3 if path.stem.startswith("pool") else 1)]


def report_of(path):
    done = subprocess.run([str(GILSPY), "report", str(path), "-f", "json", "-o", "-"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


@pytest.fixture(params=PROCESSES, ids=lambda pair: "%s-%d" % (pair[0].stem, pair[1]))
def both(request):
    """What the reader found of a process, and gilspy's JSON of it."""
    path, number = request.param
    process = recording_reader.read(path)[0][number]
    return process, next(one for one in report_of(path)["processes"] if one["target"]["pid"] == process.header[2][0])


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_processes(path):
    processes, end = recording_reader.read(path)
    assert [pair for pair in PROCESSES if pair[0] == path] == [(path, number) for number in range(len(processes))]
    assert {process.header[2][0] for process in processes} == {one["target"]["pid"] for one in report_of(path)["processes"]}
    assert end == ({} if len(processes) > 1 else None)


def test_ticks_and_times(both):
    read, report = both
    assert read.ticks == report["quality"]["ticks"]
    assert read.failed == report["quality"]["errors"]
    assert read.truncated == report["quality"]["truncated"]
    assert (read.last_ns - read.first_ns) / 1e9 == pytest.approx(report["duration_s"], abs=1e-9)
    assert read.end == {}


def test_gaps(both):
    read, report = both
    assert sum(until - since for since, until in read.gaps) / 1e9 == pytest.approx(report["quality"]["gaps_s"], abs=1e-9)


def test_the_target(both):
    read, report = both
    assert read.header[2][0] == report["target"]["pid"]
    assert [argument.decode() for argument in read.header[3]] == report["target"]["command"]


def test_threads(both):
    read, report = both
    recorded = list(zip(read.tids.values(), read.names.values()))
    rest = iter(recorded)
    for thread in report["threads"]:  # in the same order; a name that is only the program's is left out
        assert any(thread["tid"] == tid and thread["name"] in (name, "(unnamed)") for tid, name in rest), thread
    # The others lived for less than a tick, or were in another interpreter all the time.
    shown = {thread["tid"] for thread in report["threads"]}
    missing = [tid for tid, _ in recorded if tid not in shown]
    assert len(recorded) >= len(report["threads"]) and len(missing) <= 0.1 * len(recorded)


def test_handoffs(both):
    read, report = both
    by_gil = {interpreter["gil"]["id"]: interpreter["gil"]["handoffs"] for interpreter in report["interpreters"]}
    assert read.handoffs == [by_gil[gil] for gil in sorted(by_gil)]


def test_stacks(both):
    read, _ = both
    assert read.stacks_read > 100
    functions = {function for function, _, _ in read.frames}
    assert functions & {"is_prime", "spin", "burn", "Handler.handle", "heavy", "hand_out", "Pool.take", "hot_dict",
                        "spin_in_interpreter"}
    for number, (parent, frame) in enumerate(read.nodes[1:], 1):
        assert 0 <= parent < number and 0 <= frame < len(read.frames)
