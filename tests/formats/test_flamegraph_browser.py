"""The flame graph in a real browser, opened from a file: see flamegraph_browser.mjs for what is asserted.

Needs what browser.py lists.
"""
import pathlib
import subprocess
import tempfile

from browser import find_browser, run_or_skip, run_script, tool

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


def test_flame_graph_in_a_browser():
    browser = find_browser()
    with tempfile.TemporaryDirectory() as name:
        svg = pathlib.Path(name) / "graph.svg"
        options = ["--title", "primes.py", "--subtitle", "2.00 s", "--countname", "ms", "--minwidth", "0.05"]
        svg.write_bytes(subprocess.run([tool("gilspy_folded_to_svg")] + options, input=FOLDED.encode(), stdout=subprocess.PIPE,
                                       check=True).stdout)
        run_script("flamegraph_browser.mjs", browser, svg, timeout=180)


if __name__ == "__main__":
    run_or_skip(test_flame_graph_in_a_browser)
