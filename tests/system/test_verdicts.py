"""The verdict is right about every program of expect.toml, with two seconds of recording, and innocents are never
accused. Programs that test_activities.py records have their verdicts checked there."""

import contextlib
import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import expectations
import pytest
from interpreters import cache_folder
from quota import Quota
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


@pytest.mark.few_versions
@pytest.mark.parametrize("name, code", [("hashing.py", "cpu_starved"), ("spinners.py", "serialized_by_gil")])
def test_a_quota_is_seen_and_the_gil_is_not_blamed_for_it(python, tmp_path, name, code):
    recording = str(tmp_path / "run.gilspy")
    with Quota() as quota, Program(python.executable, name, "--threads", "4") as program:
        quota.add(program.pid)
        report = record_json(program.pid)
        gilspy("record", "--pid", program.pid, "-d", 1, "-o", recording)
    assert report["verdict"]["code"] == code, report["verdict"]
    starved = [claim for claim in report["verdict"]["claims"] if claim["code"] == "cpu_starved"]
    assert "quota of its cgroup, 0.5 CPUs" in starved[0]["sentence"]
    assert report["cpus"]["throttled_periods"] > 0.5 * report["cpus"]["periods"] > 0
    replayed = json.loads(gilspy("report", recording, "-f", "json", "-o", "-").stdout)
    assert replayed["verdict"]["code"] == code
    assert replayed["cpus"]["throttled_periods"] > 0


@pytest.mark.parametrize("reason, options, environment", [("-X gil=1", ["-X", "gil=1"], None),
                                                         ("PYTHON_GIL=1", [], {"PYTHON_GIL": "1"})])
def test_what_turned_the_gil_on(free_threaded, tmp_path, reason, options, environment):
    recording = str(tmp_path / "run.gilspy")
    with contextlib.ExitStack() as running:
        program = Program(free_threaded.executable, "spinners.py", environment=environment)
        program.command[1:1] = options
        running.enter_context(program)
        done = gilspy("record", "--pid", program.pid, "-d", 2, "-o", recording)
        assert done.returncode == 0, done.stderr
    verdict = json.loads(gilspy("report", recording, "-f", "json", "-o", "-").stdout)["verdict"]
    assert verdict["code"] == "gil_reenabled"
    assert "its GIL is on (%s): 4 threads" % reason in verdict["headline"]


MODULE = """
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "needs_gil", NULL, -1, NULL, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_needs_gil(void) { return PyModule_Create(&module); }
"""


def test_a_module_that_needs_the_gil_is_suspected(free_threaded, tmp_path):
    said = subprocess.run([free_threaded.executable, "-c", "import sysconfig; print(sysconfig.get_path('include'));"
                           "print(sysconfig.get_config_var('EXT_SUFFIX'))"], capture_output=True, text=True, check=True)
    include, suffix = said.stdout.split()
    if not shutil.which("cc") or not os.path.exists(os.path.join(include, "Python.h")):
        pytest.skip("no C compiler, or no headers of CPython %s" % free_threaded.name)
    (tmp_path / "needs_gil.c").write_text(MODULE)
    subprocess.run(["cc", "-shared", "-fPIC", "-I", include, "-o", str(tmp_path / ("needs_gil" + suffix)),
                    str(tmp_path / "needs_gil.c")], check=True)
    (tmp_path / "sitecustomize.py").write_text("import needs_gil\n")
    with Program(free_threaded.executable, "spinners.py", environment={"PYTHONPATH": str(tmp_path)}) as program:
        verdict = record_json(program.pid)["verdict"]
    assert verdict["code"] == "gil_reenabled"
    assert "(for an extension module: needs_gil?)" in verdict["headline"]
