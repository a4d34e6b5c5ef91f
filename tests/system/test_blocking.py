"""--blocking and --exact: exact stacks, and whatever happens nobody is left standing."""

import json
import os
import random
import shutil
import signal
import subprocess
import time

import judge
import pytest
from running import Program, find_gilspy, gilspy, record, record_json


def ticks_of(pid):
    """CPU time of the process, in clock ticks."""
    with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def tracers_and_states(pid):
    found = set()
    for tid in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, tid), encoding="utf-8") as status:
            facts = dict(line.split(":", 1) for line in status)
        found.add((facts["TracerPid"].strip(), facts["State"].split()[0]))
    return found


def assert_it_runs_on(pid):
    """Nobody traces it, nobody stands, and it computes."""
    for _ in range(50):  # what a dying gilspy held goes on as the kernel cleans up
        if {state for _, state in tracers_and_states(pid)} <= {"R", "S", "D"}:
            break
        time.sleep(0.02)
    seen = tracers_and_states(pid)
    assert {tracer for tracer, _ in seen} == {"0"}, seen
    assert {state for _, state in seen} <= {"R", "S", "D"}, seen
    before = ticks_of(pid)
    for _ in range(100):
        if ticks_of(pid) > before:
            return
        time.sleep(0.05)
    raise AssertionError("it does not compute any more")


@pytest.mark.parametrize("how", ["--blocking", "--exact"])
def test_no_stack_is_impossible_or_lost(any_python, how, tmp_path):
    out = tmp_path / "out.folded"
    view = () if any_python.free_threaded else ("-g",)
    with Program(any_python.executable, "churn.py") as program:
        done = record(program.pid, "-f", "folded", "-o", out, how, *view)
        report = record_json(program.pid, how)
        assert_it_runs_on(program.pid)
    assert done.returncode == 0, done.stderr
    sums = judge.judge_folded(out.read_text().splitlines(), "churn")
    quality = report["quality"]
    assert sums.judged > 0 and sums.impossible == 0, sums.examples
    assert quality["discarded"] == 0
    assert quality["pauses"]["denied"] == 0
    if how == "--blocking":
        assert "stopped" in done.stdout
        assert 0 < quality["pauses"]["median_s"] <= quality["pauses"]["longest_s"]
        assert quality["truncated"] == 0
        assert quality["pauses"]["count"] > 0.7 * quality["ticks"]
    else:
        assert quality["truncated"] < 0.1 * quality["ticks"]


@pytest.mark.few_versions
def test_idle_threads_are_not_disturbed(python):
    """Nobody runs Python: there is nobody to stop."""
    with Program(python.executable, "io_bound.py") as program:
        report = record_json(program.pid, "--blocking")
    assert report["quality"]["pauses"]["count"] < 0.2 * report["quality"]["ticks"]


@pytest.mark.few_versions
@pytest.mark.parametrize("how", ["--blocking", "--exact"])
def test_blocked_threads_are_not_interrupted(python, how):
    with Program(python.executable, "patient.py") as program:
        time.sleep(0.5)  # until its main thread waits
        for _ in range(5):
            report = record_json(program.pid, how, seconds=0.3)
        truth = program.truth()
    assert truth["interrupted"] == 0
    if how == "--blocking":
        assert report["quality"]["pauses"]["count"] > 0


@pytest.mark.few_versions
def test_a_debugger_that_is_there_first(python):
    if shutil.which("strace") is None:
        pytest.skip("no strace")
    with Program(python.executable, "spinners.py") as program:
        tracer = subprocess.Popen(["strace", "-qq", "-f", "-e", "trace=none", "-p", str(program.pid)],
                                  stderr=subprocess.DEVNULL)
        try:
            while {tracer for tracer, _ in tracers_and_states(program.pid)} != {str(tracer.pid)}:
                time.sleep(0.02)
            refused = record(program.pid, "--blocking", "-f", "json", "-o", "-")
            without = record(program.pid, "-f", "json", "-o", "-", seconds=1)
        finally:
            tracer.terminate()
            tracer.wait()
        assert_it_runs_on(program.pid)
    assert refused.returncode == 77
    assert "strace" in refused.stderr and str(tracer.pid) in refused.stderr and "--blocking" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert without.returncode == 0, without.stderr


@pytest.mark.few_versions
def test_a_debugger_that_comes_later(python):
    if shutil.which("strace") is None:
        pytest.skip("no strace")
    with Program(python.executable, "spinners.py") as program:
        recording = subprocess.Popen([find_gilspy(), "record", "--pid", str(program.pid), "-d", "4", "--blocking", "-f",
                                      "json", "-o", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(1)
        # strace may find a thread that gilspy has at this moment: it tries once.
        for _ in range(20):
            tracer = subprocess.Popen(["strace", "-qq", "-f", "-e", "trace=none", "-p", str(program.pid)],
                                      stderr=subprocess.DEVNULL)
            time.sleep(0.5)
            if tracer.poll() is None:
                break
        said, complaints = recording.communicate(timeout=30)
        tracer.terminate()
        tracer.wait()
        assert_it_runs_on(program.pid)
    assert recording.returncode == 0, complaints
    pauses = json.loads(said)["quality"]["pauses"]
    assert pauses["denied"] > 0 and pauses["count"] > 0
    assert "another tracer" in complaints


@pytest.mark.few_versions
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_to_gilspy(python, number):
    with Program(python.executable, "spinners.py") as program:
        recording = subprocess.Popen([find_gilspy(), "record", "--pid", str(program.pid), "--blocking", "-f", "json",
                                      "-o", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(0.7)
        recording.send_signal(number)
        said, complaints = recording.communicate(timeout=20)
        assert_it_runs_on(program.pid)
    assert recording.returncode == 0, complaints
    assert json.loads(said)["quality"]["pauses"]["count"] > 0


def await_stop(pid, timeout_s=10):
    """Until job control has stopped the process."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as stat:
            if stat.read().rpartition(")")[2].split()[0] == "T":
                return
        time.sleep(0.01)
    raise AssertionError("Ctrl-Z does not stop it")


@pytest.mark.few_versions
@pytest.mark.parametrize("form", ["json", "gilspy"])
def test_ctrl_z_waits_until_nobody_stands(python, form, tmp_path):
    with Program(python.executable, "spinners.py") as program:
        for _ in range(10):
            # As a shell does it, in a group of its own that has a parent in the session: others the kernel lets run.
            recording = subprocess.Popen([find_gilspy(), "record", "--pid", str(program.pid), "--blocking", "-r", "max",
                                          "-f", form, "-o", str(tmp_path / "out")], stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL, preexec_fn=os.setpgrp)
            try:
                time.sleep(0.3 + random.random() / 50)
                recording.send_signal(signal.SIGTSTP)
                await_stop(recording.pid)
                assert_it_runs_on(program.pid)
            finally:
                recording.kill()
                recording.wait()


@pytest.mark.few_versions
def test_200_recordings_that_are_killed(python):
    """At random moments, as fast as it goes: so that many die while they hold somebody."""
    with Program(python.executable, "spinners.py", seconds=120) as program:
        for round_ in range(200):
            recording = subprocess.Popen([find_gilspy(), "record", "--pid", str(program.pid), "--blocking", "-r", "max",
                                          "-f", "json", "-o", "/dev/null"], stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
            time.sleep(0.03 + random.random() / 20)
            recording.kill()
            recording.wait()
            if round_ % 20 == 19:
                assert_it_runs_on(program.pid)
        assert_it_runs_on(program.pid)
        truth = program.truth()
    assert {thread["name"] for thread in truth["threads"]} >= {"spinner-1", "MainThread"}


@pytest.mark.few_versions
@pytest.mark.parametrize("then", ["exec", "exit", "kill"])
def test_a_target_that_ends_while_it_is_read(python, then, tmp_path):
    with Program(python.executable, "fork_exec.py", "--then", then, seconds=4) as program:
        done = gilspy("record", "--pid", program.pid, "-d", 10, "--blocking", "-r", "5000", "-f", "json", "-o",
                      tmp_path / "out.json")
        if then == "exec":
            seen = tracers_and_states(program.pid)
            assert {tracer for tracer, _ in seen} == {"0"} and "t" not in {state for _, state in seen}, seen
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out.json").read_text())["quality"]["pauses"]["count"] > 0


def test_only_one_way_of_reading():
    done = gilspy("record", "--pid", 1, "--blocking", "--exact")
    assert done.returncode == 64
    assert "take one" in done.stderr
