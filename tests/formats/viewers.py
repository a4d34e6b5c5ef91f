"""Viewer numbers equal profile numbers: what every viewer of the formats has in common.

A viewer is a function from a recording's path to {(tid, activity): nanoseconds}, as somebody else's program that reads
the format finds them. `@viewer` enters it into VIEWERS; test_viewers.py compares all of them with gilspy's own JSON,
for recordings of fixtures/recordings, and with the table in docs/formats.md.
"""
import collections
import itertools
import json
import os
import pathlib
import re
import subprocess
import tempfile

import pytest

from browser import ROOT, missing, tool  # noqa: F401 - missing() is for the viewers

BUILD = pathlib.Path(os.environ.get("GILSPY_BUILD") or ROOT / "build" / "release")
CACHE = pathlib.Path(os.environ.get("GILSPY_CACHE")
                     or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "gilspy")
RECORDINGS = sorted((ROOT / "fixtures" / "recordings").glob("*.gilspy"))
# What a commit is tested with: a GIL and none, one process and several, several interpreters.
COMMIT = ("interpreters-3.13", "mixed-3.11", "pool-3.12", "primes-3.13t")
ALL = bool(os.environ.get("GILSPY_TEST_ALL"))
MOST_TID = 4194304
TESTED = [path for path in RECORDINGS if path.stem in COMMIT or ALL]
assert {path.stem for path in TESTED} >= set(COMMIT)
thorough = pytest.mark.skipif(not ALL, reason="takes long: ./dev test --all")
ACTIVITIES = {  # key in JSON: words for people
    "holds_gil": "holds the GIL", "holds_gil_off_cpu": "holds the GIL off CPU", "waits_for_gil": "waits for the GIL",
    "runs_without_gil": "runs without the GIL", "waits_for_lock": "waits for a lock", "stop_the_world": "stop-the-world",
    "blocked": "blocked", "unknown": "unknown"}
KEYS = {words: key for key, words in ACTIVITIES.items()}

Viewer = collections.namedtuple("Viewer", "format title sums")
VIEWERS = []


def viewer(format_name, title):
    """`title`: of its column in the documentation."""
    def enter(sums):
        VIEWERS.append(Viewer(format_name, title, sums))
        return sums
    return enter


def render(recording, path, *options):
    """What `gilspy report` makes of a recording, in the format that the path's ending names."""
    subprocess.run([str(BUILD / "gilspy"), "report", str(recording), "-o", str(path), *options], check=True,
                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return path


def report(recording):
    with tempfile.TemporaryDirectory() as folder:
        return json.loads(render(recording, pathlib.Path(folder) / "x.json").read_text())


def profile_sums(recording):
    """{(tid, activity): nanoseconds}, without zeros, by gilspy's JSON."""
    return sums_of(report(recording))


def threads_of(document):
    processes = document.get("processes") or [document]
    return list(itertools.chain.from_iterable(process["threads"] for process in processes))


def lane_tid(tid, name):
    """Of a lane of `chrometrace`: of a thread that visits another interpreter, the name has the true one."""
    return tid if tid <= MOST_TID else int(re.search(r" \((\d+)\) in interpreter \d+$", name)[1])


def sums_of(document):
    found = collections.Counter()
    for thread in threads_of(document):
        for activity, seconds in thread["activities"].items():
            found[thread["tid"], activity] += round(seconds * 1e9)
    return {key: time for key, time in found.items() if time}


def write_timeline(source, *paths):
    """A scenario of write_timeline.cpp, or a recording, written to files; what its timeline holds."""
    done = subprocess.run([tool("gilspy_write_timeline"), str(source), *map(str, paths)], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)
