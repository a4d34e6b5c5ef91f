"""speedscope's own app in Chromium reads `speedscope`: see speedscope.mjs.

Needs node, Chromium and the packages playwright-core, speedscope and ajv (`./dev test` gets them).
"""
import collections
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import browser
import viewers

HERE = pathlib.Path(__file__).parent
LANE, STACKS = ": activity", ": stacks"


def node_folder(what, *packages):
    """The folder whose node_modules has these packages of npm."""
    folder = pathlib.Path(os.environ.get("GILSPY_NODE_MODULES") or viewers.CACHE / "node")
    folder = folder.parent if folder.name == "node_modules" else folder
    if not shutil.which("node"):
        viewers.missing(f"{what} (no node)")
    for package in packages:
        if not (folder / "node_modules" / package).is_dir():
            viewers.missing(f"{what} (no {package} in {folder}: ./dev test gets it)")
    return folder


def opened(*paths):
    """What the app holds of each file, by its path; see speedscope.mjs."""
    folder = node_folder("speedscope", "playwright-core", "speedscope", "ajv")
    done = subprocess.run(["node", str(HERE / "speedscope.mjs"), str(folder), browser.chromium(), *map(str, paths)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr
    return {pathlib.Path(result["file"]): result for result in json.loads(done.stdout)}


@functools.lru_cache(maxsize=None)
def recordings():
    """All recordings at once: starting a browser takes longer than showing them. {recording's name: ...}"""
    with tempfile.TemporaryDirectory() as folder:
        paths = [viewers.render(recording, pathlib.Path(folder) / (recording.stem + ".speedscope.json"))
                 for recording in viewers.RECORDINGS]
        results = opened(*paths)
    return {path.name.partition(".speedscope")[0]: result for path, result in results.items()}


def tid_of(profile):
    return int(re.search(r"\((\d+)\)(?: in interpreter \d+)?(?: of process \d+)?: \w+$", profile["name"])[1])


def activity_of(frame):
    """Its key; None: it is a function. The lock that was waited for stands behind the activity."""
    return viewers.KEYS.get(frame["name"].split(": ")[0]) if frame["file"] is None else None


def lane_sums(result):
    """{(tid, activity): nanoseconds} by the lanes of activities."""
    assert result["error"] is None
    sums = collections.Counter()
    for profile in result["profiles"]:
        if profile["name"].endswith(LANE):
            for frame in profile["frames"]:
                sums[tid_of(profile), activity_of(frame)] += frame["self"]
    return dict(sums)


def stack_sums(result):
    """The same by the outermost frames of the stacks."""
    sums = collections.Counter()
    for profile in result["profiles"]:
        for frame in profile["frames"]:
            if profile["name"].endswith(STACKS) and activity_of(frame):
                sums[tid_of(profile), activity_of(frame)] += frame["total"]
    return dict(sums)


@viewers.viewer("speedscope", "`speedscope` in speedscope")
def speedscope_sums(recording):
    return lane_sums(recordings()[recording.stem])
