"""Which interpreters the tests run on, and what was not tested."""

import os
import sys
import time

import pytest
from _pytest.runner import runtestprotocol

sys.path.insert(0, os.path.dirname(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "bench"))

import interpreters  # noqa: E402
import running  # noqa: E402
import stillness  # noqa: E402

ON_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")
WANTED = interpreters.SUPPORTED if os.environ.get("GILSPY_TEST_ALL") else interpreters.COMMIT
FOUND = interpreters.find_interpreters()
PICKED = interpreters.pick_supported(FOUND)
# What runs alone takes longest: in a commit it leaves out a version that differs in its stacks alone, which these test.
STACKS = ("test_blocking", "test_dump", "test_judges")
LEFT_OUT_ALONE = () if os.environ.get("GILSPY_TEST_ALL") else ("3.11",)
# Where versions make no difference: one with frames on a C stack's behalf, one with a GIL for each interpreter.
FEW = ("3.11", "3.13")
# What these find depends on the CPUs: they run one at a time. All others run side by side.
ALONE = ("test_activities", "test_blocking", "test_diff", "test_dump", "test_folded", "test_free_threaded", "test_json",
         "test_judges", "test_locks", "test_loop_lag", "test_processes", "test_pull_request", "test_subinterpreters", "test_verdicts")
# These say what no moment may show: a stack that is impossible or lost. Once is too often.
NEVER = ("test_blocking",)
STILLNESS = pytest.StashKey()
RETRYING = pytest.StashKey()
assert all(os.path.exists(os.path.join(os.path.dirname(__file__), name + ".py")) for name in ALONE + NEVER + STACKS)
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


# What is wrong with gilspy is wrong twice. What was measured alone while the machine stood still is no measurement;
# where it never runs for long enough, or not within what a run may spend on more tries, the test is one that could
# not be made. All tries are told at the end.
TRIES, STILL_TRIES = 6, 2
STANDING = 0.02  # share of the time
RETRYING_S = 300  # of each that runs side by side with others


def pytest_runtest_protocol(item, nextitem):
    if item.path.stem in NEVER:
        return None
    stash = item.config.stash
    if STILLNESS not in stash:
        stash[STILLNESS] = stillness.Stillness()
        stash[RETRYING] = 0.0
    machine = stash[STILLNESS]
    measures = item.get_closest_marker("alone")
    failures_while_it_ran = 0
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for attempt in range(1, TRIES + 1):
        began = time.monotonic()
        machine.start()
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        stood = machine.share()
        failed = [report for report in reports if report.failed]
        it_ran = stood <= STANDING or not measures
        failures_while_it_ran += bool(failed) and it_ran
        tried_enough = failures_while_it_ran == STILL_TRIES or attempt == TRIES
        # What seems to be wrong with gilspy is always tried once more: a fixture may have recorded at a worse time.
        last = not failed or tried_enough or (stash[RETRYING] > RETRYING_S and not it_ran)
        for report in failed:
            report.sections.append(("the machine", "did not run for %.1f %% of the time" % (100 * stood)))
            if not last:
                report.outcome = "rerun"
            elif failures_while_it_ran == 0:
                report.outcome = "skipped"
                report.longrepr = (str(item.path), item.location[1], "the machine stood still again and again")
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        if last:
            break
        # What a fixture has recorded for several tests is recorded anew.
        item.session._setupstate.teardown_exact(None)
        machine.wait(STANDING)
        stash[RETRYING] += time.monotonic() - began
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_report_teststatus(report):
    return ("rerun", "R", ("MEASURED AGAIN", {"yellow": True})) if report.outcome == "rerun" else None


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
    left_out = LEFT_OUT_ALONE if definition.path.stem in ALONE and definition.path.stem not in STACKS else ()
    since = definition.get_closest_marker("since")
    oldest = since.args if since else (3, 0)
    names = [name for name in (FEW if few else WANTED)
             if name not in left_out and FIXTURES[fixture](name) and interpreters.version_of(name) >= oldest]
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
        terminalreporter.section("MEASURED AGAIN", sep="!", yellow=True, bold=True)
        for report in again:
            terminalreporter.line("%s: %s\n%s" % (report.nodeid, report.sections[-1][1], report.longreprtext), yellow=True)
    reasons = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason] = reasons.get(reason, 0) + 1
    if reasons:
        terminalreporter.section("NOT TESTED", sep="!", red=True, bold=True)
        for reason, count in sorted(reasons.items()):
            terminalreporter.line("%4d skipped: %s" % (count, reason), red=True)
