"""The verdict is right about every program of expect.toml, with two seconds of recording, and innocents are never
accused. Programs that test_activities.py records have their verdicts checked there."""

import contextlib
import os
import shutil
import subprocess
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor

import expectations
import pytest
from conftest import ON_CI
from interpreters import cache_folder
from running import Program, gilspy, record_json

SUITES = ("verdict", "thorough") if os.environ.get("GILSPY_TEST_ALL") else ("verdict",)
CASES = expectations.load_cases(*SUITES)
LIGHT = [name for name, case in CASES.items() if case.get("light")]
HEAVY = [name for name in CASES if name not in LIGHT]
# What there is to tell apart without a GIL; the rest is about the GIL.
WITHOUT_GIL = ("primes_one_thread", "primes_numpy", "asyncio_sleep", "asyncio_compute", "asyncio_short", "race",
               "hashing_on_one_cpu", "primes_on_one_cpu")


def modules_of(python):
    """Where fixtures/pythons/obtain_numpy puts packages for this interpreter."""
    return os.path.join(cache_folder(), "packages", python.name)


def start(python, case):
    environment = {}
    if "needs" in case:
        environment["PYTHONPATH"] = modules_of(python)
        if not os.path.isdir(os.path.join(environment["PYTHONPATH"], case["needs"])):
            pytest.skip("no %s for CPython %s: hashing stands in for it" % (case["needs"], python.name))
    return Program(python.executable, *case["run"], cpus=case.get("cpus", 0), environment=environment)


def check(name, report):
    found = expectations.complaints(CASES[name], report)
    assert not found, "%s:\n%s" % (name, "\n".join(found))


def check_alone(python, name):
    with start(python, CASES[name]) as program:
        check(name, record_json(program.pid))


@pytest.mark.parametrize("name", HEAVY)
def test_verdict(python, name):
    check_alone(python, name)


@pytest.mark.parametrize("name", WITHOUT_GIL)
def test_verdict_without_a_gil(free_threaded, name):
    check_alone(free_threaded, name)


def test_verdicts_of_those_that_wait(python):
    with contextlib.ExitStack() as running, ThreadPoolExecutor() as pool:
        pids = [running.enter_context(start(python, CASES[name])).pid for name in LIGHT]
        for name, report in zip(LIGHT, pool.map(record_json, pids)):
            check(name, report)
