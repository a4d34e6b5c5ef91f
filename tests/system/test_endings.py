"""Recordings that begin too early or end too soon: everything sampled is written, and the target goes on."""

import json
import os
import signal
import subprocess
import threading
import time

import pytest
from running import Program, find_gilspy, record, record_json

pytestmark = pytest.mark.few_versions


def start_recording(pid, out, *arguments, seconds=30):
    return subprocess.Popen([find_gilspy(), "record", "--pid", str(pid), "-d", str(seconds), "-f", "json", "-o", out,
                             *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_ctrl_c_writes_everything(python, tmp_path):
    out = tmp_path / "out.json"
    with Program(python.executable, "spinners.py") as program:
        recording = start_recording(program.pid, out)
        time.sleep(2)
        recording.send_signal(signal.SIGINT)
        said, complaints = recording.communicate(timeout=20)
    assert recording.returncode == 0, complaints
    report = json.loads(out.read_text())
    assert 0.5 < report["duration_s"] < 10
    assert b"GIL" in said


def test_a_stopped_target_is_said_to_be_stopped(python):
    with Program(python.executable, "spinners.py") as program:
        os.kill(program.pid, signal.SIGSTOP)
        done = record(program.pid, "-f", "json", "-o", "-", seconds=1)
        os.kill(program.pid, signal.SIGCONT)
        report = json.loads(done.stdout)
        assert program.truth()["threads"]
    assert report["verdict"]["code"] == "insufficient_data"
    assert "stopped" in report["verdict"]["headline"] and "kill -CONT" in done.stderr
    assert report["quality"]["stopped_s"] > 0.8 * report["duration_s"]


def test_time_in_which_it_was_stopped_is_unknown(python):
    with Program(python.executable, "spinners.py") as program:
        pauses = [threading.Timer(1.0, os.kill, (program.pid, signal.SIGSTOP)),
                  threading.Timer(2.0, os.kill, (program.pid, signal.SIGCONT))]
        for pause in pauses:
            pause.start()
        report = record_json(program.pid, seconds=4)
        for pause in pauses:
            pause.join()
    assert report["verdict"]["code"] == "serialized_by_gil"
    assert 0.6 < report["quality"]["stopped_s"] < 1.4
    for thread in report["threads"]:
        assert 0.6 < thread["activities"]["unknown"] < 1.5


@pytest.mark.parametrize("then", ["exec", "exit", "kill"])
def test_a_target_that_ends_half_way(python, then):
    """It lives for 2 more seconds, the recording wants 10."""
    with Program(python.executable, "fork_exec.py", "--then", then, seconds=4) as program:
        report = record_json(program.pid, seconds=10)
    assert 0.5 < report["duration_s"] < 9
    spinners = [thread for thread in report["threads"] if thread["name"].startswith("spinner-")]
    assert len(spinners) == 2
    held = sum(thread["activities"]["holds_gil"] + thread["activities"]["holds_gil_off_cpu"] for thread in spinners)
    assert held > 0.7 * (report["duration_s"] - report["quality"]["gaps_s"])


def test_a_target_that_forks_is_followed_to_its_own_end(python):
    with Program(python.executable, "fork_exec.py", "--then", "fork", seconds=4) as program:
        report = record_json(program.pid, seconds=3)
    assert 2.8 < report["duration_s"] < 3.5
    assert report["target"]["pid"] == program.pid


def test_a_target_that_is_just_starting(python):
    with Program(python.executable, "spinners.py", wait=False) as program:
        report = record_json(program.pid, seconds=2)
    assert {"spinner-%d" % number for number in range(1, 5)} <= {thread["name"] for thread in report["threads"]}


def test_a_target_that_is_about_to_become_python(python):
    """A shell that executes Python a little later, under the same pid."""
    with Program(python.executable, "spinners.py", wait=False) as program:
        program.process.kill()
        shell = subprocess.Popen(["sh", "-c", 'sleep 0.5; exec "$@"', "sh", *program.command],
                                 stdout=subprocess.DEVNULL)
        try:
            report = record_json(shell.pid, seconds=2)
        finally:
            shell.kill()
            shell.wait()
    assert report["target"]["pid"] == shell.pid


class Watcher(threading.Thread):
    """Looks at the states of all threads of a process as often as it can."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.seen, self.tracers, self.done = pid, set(), set(), False

    def run(self):
        while not self.done:
            for tid in os.listdir("/proc/%d/task" % self.pid):
                with open("/proc/%d/task/%s/status" % (self.pid, tid), encoding="utf-8") as status:
                    facts = dict(line.split(":", 1) for line in status)
                self.seen.add(facts["State"].split()[0])
                self.tracers.add(int(facts["TracerPid"]))
            time.sleep(0.002)


def test_nobody_is_stopped(python):
    with Program(python.executable, "spinners.py") as program:
        watcher = Watcher(program.pid)
        watcher.start()
        record_json(program.pid)
        watcher.done = True
        watcher.join()
    assert watcher.seen <= {"R", "S", "D"}
    assert watcher.tracers == {0}


def test_a_killed_gilspy_leaves_the_target_alone(python, tmp_path):
    with Program(python.executable, "spinners.py") as program:
        recording = start_recording(program.pid, tmp_path / "out.json")
        time.sleep(1)
        recording.kill()
        recording.communicate()
        assert program.state() in "RS"
        truth = program.truth()
    assert {thread["name"] for thread in truth["threads"]} >= {"spinner-1", "MainThread"}


def test_without_a_file_name_one_is_made_up_and_printed(python, tmp_path):
    with Program(python.executable, "spinners.py") as program:
        done = record(program.pid, seconds=1, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (made,) = tmp_path.iterdir()
    assert made.suffix == ".svg" and str(program.pid) in made.name
    assert made.name in done.stdout + done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write files for others")
def test_under_sudo_the_file_belongs_to_the_user(python, tmp_path):
    out = tmp_path / "out.svg"
    sudo = dict(os.environ, SUDO_USER="nobody", SUDO_UID="65534", SUDO_GID="65534")
    with Program(python.executable, "spinners.py") as program:
        done = record(program.pid, "-o", out, seconds=1, env=sudo)
    assert done.returncode == 0, done.stderr
    assert (out.stat().st_uid, out.stat().st_gid) == (65534, 65534)


def start_with_pid(pid, command):
    """The number is the next one to be given: somebody else may be quicker."""
    for _ in range(100):
        with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as last:
            last.write(str(pid - 1))
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if process.pid == pid:
            return process
        process.kill()
        process.wait()
    raise AssertionError("pid %d could not be had again" % pid)


@pytest.mark.skipif(not os.access("/proc/sys/kernel/ns_last_pid", os.W_OK), reason="only root chooses pids")
@pytest.mark.parametrize("how", ["--nonblocking", "--blocking"])
def test_a_pid_that_is_used_again_is_somebody_else(python, how, tmp_path):
    """The same program under the same number, at once: nothing of it is in the recording."""
    out = tmp_path / "out.json"
    with Program(python.executable, "spinners.py", "--threads", 2) as program:
        recording = start_recording(program.pid, out, how)
        time.sleep(1.5)
        program.process.kill()
        program.process.wait()
        again = start_with_pid(program.pid, program.command)
        try:
            said, complaints = recording.communicate(timeout=20)
            assert again.poll() is None
        finally:
            again.kill()
            again.wait()
    assert recording.returncode == 0, complaints
    report = json.loads(out.read_text())
    assert report["ended"] == "the process ended"
    assert report["duration_s"] < 2
    assert len([thread for thread in report["threads"] if thread["name"].startswith("spinner")]) == 2
    assert b"It ended early" in said


def test_time_in_which_gilspy_was_stopped_thins_nothing(python, tmp_path):
    out = tmp_path / "out.json"
    with Program(python.executable, "spinners.py", "--threads", 2) as program:
        recording = start_recording(program.pid, out, seconds=3)
        time.sleep(1)
        recording.send_signal(signal.SIGSTOP)
        time.sleep(1)
        recording.send_signal(signal.SIGCONT)
        said, complaints = recording.communicate(timeout=20)
    assert recording.returncode == 0, complaints
    report = json.loads(out.read_text())
    assert 0.9 < report["quality"]["gaps_s"] < 1.5
    assert report["verdict"]["code"] == "serialized_by_gil"
    assert "gilspy itself did not run" in " ".join(said.decode().split())
    waiting = sum(thread["activities"]["waits_for_gil"] for thread in report["threads"])
    assert waiting > 0.8 * (report["duration_s"] - report["quality"]["gaps_s"])
    assert "1.0 threads waited" in " ".join(report["verdict"]["headline"].split())


def test_a_duration_is_kept_at_low_rates(python):
    with Program(python.executable, "spinners.py") as program:
        began = time.monotonic()
        report = record_json(program.pid, "-r", "0.2", seconds=1)
        assert time.monotonic() - began < 2.5
    assert 0.9 < report["duration_s"] < 1.5
