"""Which interpreters the tests run on, and what was not tested."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "bench"))

import interpreters  # noqa: E402
import running  # noqa: E402

ON_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")
WANTED = interpreters.SUPPORTED if os.environ.get("GILSPY_TEST_ALL") else interpreters.COMMIT
FOUND = interpreters.find_interpreters()
PICKED = interpreters.pick_supported(FOUND)
# Where versions make no difference: one with frames on a C stack's behalf, one with a GIL for each interpreter.
FEW = ("3.11", "3.13")
# What these find depends on the CPUs: they run one at a time. All others may run side by side.
ALONE = ("test_activities", "test_blocking", "test_diff", "test_dump", "test_folded", "test_free_threaded", "test_json",
         "test_judges", "test_processes", "test_pull_request", "test_subinterpreters", "test_verdicts")
# Of those, the ones that say what no moment may show: a stack that is impossible or lost.
NEVER = ("test_blocking",)
assert all(os.path.exists(os.path.join(os.path.dirname(__file__), name + ".py")) for name in ALONE + NEVER)
# The fixtures, and which versions they stand for.
FIXTURES = {
    "python": lambda name: not name.endswith("t"),
    "free_threaded": lambda name: name.endswith("t"),
    "any_python": lambda name: True,
}


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: wants the CPUs for itself")
    config.addinivalue_line("markers", "every_build: runs on all builds of the versions, not on one of each")
    config.addinivalue_line("markers", "since(major, minor): older versions do not have what it tests")
    config.addinivalue_line("markers", "few_versions: what it tests does not depend on the version")
    if not os.access(running.find_gilspy(), os.X_OK):
        pytest.exit("there is no %s; run ./dev build" % running.find_gilspy(), returncode=2)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.stem in ALONE:
            item.add_marker("alone")
            # Shares of two seconds are wrong where the machine itself stood still for half of one. What is wrong with
            # gilspy is wrong twice, and what was measured anew is told at the end.
            if item.path.stem not in NEVER:
                item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_generate_tests(metafunc):
    """`python`: an interpreter with a GIL; `free_threaded`: one without; `any_python`: both; `unsupported`."""
    for fixture in FIXTURES.keys() & set(metafunc.fixturenames):
        metafunc.parametrize(fixture, parameters_for(fixture, metafunc.definition))
    if "unsupported" in metafunc.fixturenames:
        # 2.x and the like are left out.
        others = [one for one in FOUND if not one.supported and one.version >= (3, 7)]
        metafunc.parametrize("unsupported", [pytest.param(one, id=str(one)) for one in others])


def parameters_for(fixture, definition):
    few = definition.get_closest_marker("few_versions") and fixture == "python"
    since = definition.get_closest_marker("since")
    oldest = since.args if since else (3, 0)
    names = [name for name in (FEW if few else WANTED)
             if FIXTURES[fixture](name) and interpreters.version_of(name) >= oldest]
    if definition.get_closest_marker("every_build"):
        chosen = [one for one in FOUND if one.name in names]
    else:
        chosen = [PICKED[name] for name in names if name in PICKED]
    missing = [pytest.param(None, id=name, marks=pytest.mark.skip(reason="no CPython %s on this machine" % name))
               for name in names if name not in PICKED]
    return [pytest.param(one, id=str(one)) for one in chosen] + missing


def pytest_report_header():
    return ["gilspy: " + running.find_gilspy()] + ["CPython %s: %s" % (one, one.executable) for one in FOUND]


def pytest_terminal_summary(terminalreporter):
    again = terminalreporter.stats.get("rerun", [])
    if again:
        terminalreporter.section("MEASURED TWICE", sep="!", yellow=True, bold=True)
        for report in again:
            terminalreporter.line("%s\n%s" % (report.nodeid, report.longreprtext), yellow=True)
    reasons = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason] = reasons.get(reason, 0) + 1
    if reasons:
        terminalreporter.section("NOT TESTED", sep="!", red=True, bold=True)
        for reason, count in sorted(reasons.items()):
            terminalreporter.line("%4d skipped: %s" % (count, reason), red=True)
