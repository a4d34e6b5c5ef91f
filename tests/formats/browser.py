"""What the tests in a browser need: node, Chromium (CHROMIUM, else /usr/bin/chromium) and playwright-core in
GILSPY_NODE_MODULES or ~/.cache/gilspy/node (`npm install --prefix ~/.cache/gilspy/node playwright-core`). GILSPY_BUILD is
the build directory.
"""
import os
import pathlib
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).parent


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


def find_browser():
    """Before anything is made for it: without one the test is skipped."""
    return [str(node_folder()), chromium()]


def run_script(script, browser, subject, timeout):
    """The script has what find_browser() found, and `subject`, as its arguments."""
    run = subprocess.run(["node", str(HERE / script), *browser, str(subject)],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False)
    print(run.stdout)
    assert run.returncode == 0, run.stdout


def run_or_skip(test):
    """As a program: without what it needs, it says so."""
    try:
        test()
    except unittest.SkipTest as reason:
        print("SKIPPED -", reason)
