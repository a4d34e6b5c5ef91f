"""The page in a real browser, opened from a file: see html_browser.mjs for what is asserted.

Needs what browser.py lists.
"""
import pathlib
import subprocess
import tempfile

from browser import find_browser, run_or_skip, run_script, tool

SCENARIOS = ("turns", "parallel", "churn", "hostile", "interpreters", "minute", "hour", "empty")


def test_page_in_a_browser():
    browser, writer = find_browser(), tool("gilspy_write_page")
    with tempfile.TemporaryDirectory() as name:
        for scenario in SCENARIOS:
            folded = subprocess.run([writer, scenario, f"{name}/{scenario}.html"], stdout=subprocess.PIPE, check=True)
            pathlib.Path(name, scenario + ".tsv").write_bytes(folded.stdout)
        run_script("html_browser.mjs", browser, name, timeout=400)


if __name__ == "__main__":
    run_or_skip(test_page_in_a_browser)
