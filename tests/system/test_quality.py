"""Every result says how exact it is, and when not to trust it."""

import json
import signal
import subprocess
import time

import pytest
from running import Program, find_gilspy, gilspy, record, record_json

pytestmark = pytest.mark.few_versions


def codes(report):
    return [warning["code"] for warning in report["warnings"]]


def contains(interval, value):
    return 0 <= interval["low"] <= value + 1e-9 and value - 1e-9 <= interval["high"]


def test_intervals_contain_what_was_seen(python):
    with Program(python.executable, "mixed.py") as program:
        report = record_json(program.pid)
    gil = report["interpreters"][0]["gil"]
    assert contains(gil["confidence"]["utilization"], gil["utilization"])
    assert contains(gil["confidence"]["mean_waiters"], gil["mean_waiters"])
    assert contains(report["confidence"]["parallelism"], report["parallelism"])
    for thread in report["threads"]:
        spent = thread["activities"]
        for activity, interval in thread["confidence"].items():
            of = ("holds_gil", "holds_gil_off_cpu") if activity == "has_gil" else (activity,)
            assert contains(interval, sum(spent[name] for name in of) / sum(spent.values())), (activity, thread)
            assert interval["low"] < interval["high"] <= 1


def test_a_moment_is_not_certain(python, tmp_path):
    with Program(python.executable, "primes.py") as program:
        done = record(program.pid, "-f", "gilspy", "-o", tmp_path / "brief.gilspy", seconds=0.06)
    assert done.stdout.startswith("Not certain: ") and "are too short" in done.stdout, done.stdout
    report = json.loads(gilspy("report", tmp_path / "brief.gilspy", "-f", "json", "-o", "-").stdout)
    assert report["verdict"]["headline"].startswith("Not certain: ")
    assert codes(report)[0] == "too_few_samples"
    assert report["threads"][0]["confidence"] is None and report["confidence"] is None
    for name, part in (("x.md", "**Mind that**"), ("x.html", '<ul class="warnings">')):
        assert gilspy("report", tmp_path / "brief.gilspy", "-o", tmp_path / name).returncode == 0
        assert part in (tmp_path / name).read_text(encoding="utf-8")


def test_a_sampler_that_got_no_cpu_says_so(python, tmp_path):
    """Stopped in the midst of it, as a machine that is much too busy would do; and so says the recording."""
    file = tmp_path / "starved.gilspy"
    with Program(python.executable, "primes.py") as program:
        sampler = subprocess.Popen([find_gilspy(), "record", "-p", str(program.pid), "-d", "2", "-o", str(file)],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(0.8)
        sampler.send_signal(signal.SIGSTOP)
        time.sleep(0.4)
        sampler.send_signal(signal.SIGCONT)
        said, _ = sampler.communicate(timeout=30)
    assert "Warning: gilspy itself did not run for 0." in said, said
    report = json.loads(gilspy("report", file, "-f", "json", "-o", "-").stdout)
    assert "gaps" in codes(report)
    quality = report["quality"]
    assert quality["lateness"]["count"] == quality["late"] > 0
    assert 0.3 < quality["lateness"]["longest_s"] < 1
    assert 0.1 < quality["unknown_share"] < 0.5
