"""The page in a real browser, opened from a file: see html_browser.mjs for what is asserted.

Needs what test_flamegraph_browser.py needs.
"""
import pathlib
import subprocess
import tempfile
import unittest

from test_flamegraph_browser import HERE, chromium, node_folder, tool

SCENARIOS = ("turns", "parallel", "churn", "hostile", "minute", "hour", "empty")


def test_page_in_a_browser():
    modules, browser, writer = node_folder(), chromium(), tool("gilspy_write_page")
    with tempfile.TemporaryDirectory() as name:
        for scenario in SCENARIOS:
            folded = subprocess.run([writer, scenario, f"{name}/{scenario}.html"], stdout=subprocess.PIPE, check=True)
            pathlib.Path(name, scenario + ".tsv").write_bytes(folded.stdout)
        run = subprocess.run(["node", str(HERE / "html_browser.mjs"), str(modules), browser, name],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=400, check=False)
        print(run.stdout)
        assert run.returncode == 0, run.stdout


if __name__ == "__main__":
    try:
        test_page_in_a_browser()
    except unittest.SkipTest as reason:
        print("SKIPPED -", reason)
