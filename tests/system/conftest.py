"""Which interpreters the tests run on, and what was not tested."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "bench"))

import interpreters  # noqa: E402
import running  # noqa: E402

ON_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")
FOUND = interpreters.find_interpreters()
PICKED = interpreters.pick_supported(FOUND)


def pytest_configure(config):
    config.addinivalue_line("markers", "every_build: runs on all builds of the supported versions, not on one of each")
    if not os.access(running.find_gilspy(), os.X_OK):
        pytest.exit("there is no %s; run ./dev build" % running.find_gilspy(), returncode=2)


def pytest_generate_tests(metafunc):
    """`python`: an interpreter that gilspy supports; `unsupported`: one that it does not."""
    if "python" in metafunc.fixturenames:
        every_build = metafunc.definition.get_closest_marker("every_build")
        chosen = [one for one in FOUND if one.supported] if every_build else list(PICKED.values())
        parameters = [pytest.param(one, id=str(one)) for one in chosen]
        for minor in interpreters.SUPPORTED:
            if minor not in PICKED:
                reason = "no CPython %d.%d on this machine" % minor
                parameters.append(pytest.param(None, id="%d.%d" % minor, marks=pytest.mark.skip(reason=reason)))
        metafunc.parametrize("python", parameters)
    if "unsupported" in metafunc.fixturenames:
        # 2.x and the like are left out: what is not supported *yet* matters.
        others = [one for one in FOUND if not one.supported and one.version >= (3, 8)]
        metafunc.parametrize("unsupported", [pytest.param(one, id=str(one)) for one in others])


def pytest_report_header():
    return ["gilspy: " + running.find_gilspy()] + ["CPython %s: %s" % (one, one.executable) for one in FOUND]


def pytest_terminal_summary(terminalreporter):
    reasons = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason] = reasons.get(reason, 0) + 1
    if reasons:
        terminalreporter.section("NOT TESTED", sep="!", red=True, bold=True)
        for reason, count in sorted(reasons.items()):
            terminalreporter.line("%4d skipped: %s" % (count, reason), red=True)
