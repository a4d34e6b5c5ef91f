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


@pytest.fixture(params=RECORDINGS, ids=lambda path: path.stem)
def both(request):
    """What the reader found, and gilspy's JSON."""
    done = subprocess.run([str(GILSPY), "report", str(request.param), "-f", "json", "-o", "-"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    return recording_reader.read(request.param), json.loads(done.stdout)


def test_ticks_and_times(both):
    read, report = both
    assert read.ticks == report["quality"]["ticks"]
    assert read.failed == report["quality"]["errors"]
    assert read.truncated == report["quality"]["truncated"]
    assert (read.last_ns - read.first_ns) / 1e9 == pytest.approx(report["duration_s"], abs=1e-9)
    assert read.end == {}


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
    # The others lived for less than a tick.
    assert 0 <= len(recorded) - len(report["threads"]) <= 0.1 * len(recorded)


def test_handoffs(both):
    read, report = both
    assert read.handoffs == [interpreter["gil"]["handoffs"] for interpreter in report["interpreters"]]


def test_stacks(both):
    read, _ = both
    assert read.stacks_read > 100
    functions = {function for function, _, _ in read.frames}
    assert functions & {"is_prime", "spin", "burn", "Handler.handle"}
    for number, (parent, frame) in enumerate(read.nodes[1:], 1):
        assert 0 <= parent < number and 0 <= frame < len(read.frames)
