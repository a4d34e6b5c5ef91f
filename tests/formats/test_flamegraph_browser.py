"""The flame graph in a real browser, opened from a file: see flamegraph_browser.mjs for what is asserted.

Needs node, Chromium (CHROMIUM, else /usr/bin/chromium) and playwright-core in GILSPY_NODE_MODULES or
~/.cache/gilspy/node (`npm install --prefix ~/.cache/gilspy/node playwright-core`). GILSPY_BUILD is the build
directory.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).parent

# 1,000 in all, so that shares read as tenths of a percent. f is recursive: its inner call must not count twice.
FOLDED = """\
waits for the GIL;worker-1;run;f (a.py:1);f (a.py:1) 300
waits for the GIL;worker-1;run;g (a.py:9) 100
waits for the GIL;worker-2;run;f (a.py:1) 300
holds the GIL;worker-1;run;f (a.py:1) 150
holds the GIL;worker-2;run;<lambda> & "q" (a.py:7) 50
holds the GIL off CPU;worker-2;run;f (a.py:1) 60
unknown;worker-2;run 39
unknown;worker-2;rare 1
"""


def missing(what):
    if os.environ.get("CI") == "true":
        raise AssertionError(what)
    raise unittest.SkipTest(what)


def node_folder():
    folder = pathlib.Path(os.environ.get("GILSPY_NODE_MODULES", pathlib.Path.home() / ".cache/gilspy/node"))
    folder = folder.parent if folder.name == "node_modules" else folder
    if not shutil.which("node"):
        missing("node is not installed")
    if not (folder / "node_modules/playwright-core").is_dir():
        missing(f"no playwright-core in {folder}: npm install --prefix {folder} playwright-core")
    return folder


def chromium():
    found = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    return found if os.access(found, os.X_OK) else missing(f"no browser at {found}: set CHROMIUM")


def tool(name):
    build = pathlib.Path(os.environ.get("GILSPY_BUILD", ROOT / "build/release"))
    found = [p for p in build.glob("**/" + name) if p.is_file()]
    assert found, f"no {name} under {build}: build it, or set GILSPY_BUILD"
    return str(found[0])


def test_flame_graph_in_a_browser():
    modules, browser = node_folder(), chromium()
    with tempfile.TemporaryDirectory() as name:
        svg = pathlib.Path(name) / "graph.svg"
        options = ["--title", "primes.py", "--subtitle", "2.00 s", "--countname", "ms", "--minwidth", "0.05"]
        svg.write_bytes(subprocess.run([tool("gilspy_folded_to_svg")] + options, input=FOLDED.encode(), stdout=subprocess.PIPE,
                                       check=True).stdout)
        run = subprocess.run(["node", str(HERE / "flamegraph_browser.mjs"), str(modules), browser, str(svg)],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180)
        print(run.stdout)
        assert run.returncode == 0, run.stdout


if __name__ == "__main__":
    try:
        test_flame_graph_in_a_browser()
    except unittest.SkipTest as reason:
        print("SKIPPED -", reason)
