"""Every fixture program is told apart from the others, as expect.toml and the program's own truth say."""

import os
import signal
import subprocess

import expectations
import pytest
from running import Program, record_json

CASES = expectations.load_cases()

# The most telling ones: run on all builds of the supported versions.
SMOKE = ("primes", "mixed", "hog")
NEED_CTYPES = ("hog",)


def check(python, name):
    case = CASES[name]
    with Program(python.executable, *case["run"]) as program:
        report = record_json(program.pid)
        truth = program.truth()
    found = expectations.complaints(case, report)
    assert not found, "\n".join(found)
    check_parallelism(report, truth)
    return report, truth


def has_ctypes(python):
    return subprocess.run([python.executable, "-c", "import ctypes"], stderr=subprocess.DEVNULL, check=False).returncode == 0


def check_parallelism(report, truth):
    """CPU seconds per second: what the threads measured of themselves, over a little longer than the recording."""
    used = sum(thread["cpu_s"] / thread["wall_s"] for thread in truth["threads"] if thread.get("wall_s"))
    if "requests" not in truth:  # threads that came and went have measured nothing
        assert abs(report["parallelism"] - used) < 0.25


@pytest.mark.parametrize("name", [name for name in CASES if name not in SMOKE])
def test_program(python, name):
    check(python, name)


@pytest.mark.every_build
@pytest.mark.parametrize("name", SMOKE)
def test_program_on_every_build(python, name):
    if name in NEED_CTYPES and not has_ctypes(python):
        pytest.skip("CPython %s is built without ctypes: hogs.py stands in for hog.py" % python)
    check(python, name)


def test_threads_have_the_names_and_tids_that_people_gave_them(python):
    with Program(python.executable, "mixed.py") as program:
        report = record_json(program.pid, seconds=1)
        truth = program.truth()
    expected = {thread["tid"]: thread["name"] for thread in truth["threads"]}
    assert {thread["tid"]: thread["name"] for thread in report["threads"] if thread["python"]} == expected


def test_a_native_thread_is_not_python(python):
    with Program(python.executable, "native_thread.py") as program:
        report = record_json(program.pid, seconds=1)
    kinds = {thread["tid"] == program.pid: thread["python"] for thread in report["threads"]}
    assert kinds == {True: True, False: False}


def test_a_forked_child_has_threads_of_its_own(python):
    with Program(python.executable, "forked.py") as program:
        child = only_child(program.pid)
        try:
            report = record_json(child, seconds=1)
        finally:
            os.kill(child, signal.SIGKILL)
    assert {thread["name"] for thread in report["threads"]} == {"MainThread", "spinner-1", "spinner-2"}
    assert {thread["tid"] for thread in report["threads"] if thread["name"] == "MainThread"} == {child}
    assert len({thread["tid"] for thread in report["threads"]}) == 3
    assert report["verdict"]["code"] == "serialized_by_gil"


def only_child(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="utf-8") as children:
        return int(children.read())


def test_threads_that_come_and_go_are_counted_once_each(python):
    with Program(python.executable, "thread_churn.py") as program:
        report = record_json(program.pid)
        truth = program.truth()
    tids = [thread["tid"] for thread in report["threads"]]
    assert len(tids) == len(set(tids))
    short_lived = [thread for thread in report["threads"] if sum(thread["activities"].values()) < 0.5]
    assert 20 < len(short_lived) <= truth["requests"] + 1
    assert report["quality"]["errors"] <= report["quality"]["ticks"] * 0.01
