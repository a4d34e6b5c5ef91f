"""gilspy dump: one look at every thread."""

import json
import os
import re
import signal
import subprocess
import time

import pytest
from running import PROGRAMS, Program, find_gilspy, gilspy


def dump_json(pid, *arguments):
    done = gilspy("dump", "--pid", pid, "-j", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def by_name(report):
    return {thread["name"]: thread for thread in report["threads"]}


def functions(thread):
    return [frame["function"] for frame in thread["frames"]]


@pytest.mark.parametrize("how", ["--nonblocking", "--blocking"])
def test_who_holds_and_who_waits(python, how):
    with Program(python.executable, "spinners.py", "--threads", 4) as program:
        for _ in range(10):  # at the moment of a hand-off nobody holds it
            report = dump_json(program.pid, how)
            (gil,) = report["gils"]
            if gil["locked"] and gil["waiters"] == 3 and by_name(report)["MainThread"]["activity"] == "blocked":
                break
            time.sleep(0.1)
    assert report["target"]["pid"] == program.pid
    assert gil["enabled"] and gil["interpreters"] == [0] and gil["waiters"] == 3
    threads = by_name(report)
    assert set(threads) == {"MainThread", "spinner-1", "spinner-2", "spinner-3", "spinner-4"}
    holders = [thread for thread in report["threads"] if thread["activity"].startswith("holds_gil")]
    assert [thread["tid"] for thread in holders] == [gil["held_by"]]
    for name, thread in threads.items():
        assert thread["python"] and thread["interpreter"] == 0
        assert not thread["lost"]
        assert thread["frames"] and all(frame["line"] > 0 for frame in thread["frames"])
        if name == "MainThread":
            assert thread["activity"] == "blocked" and thread["waits_for"] is None
            assert functions(thread)[-1] == "<module>"
        elif thread["tid"] != gil["held_by"]:
            assert thread["activity"] == "waits_for_gil" and thread["waits_for"] == gil["held_by"]


def test_for_people(python):
    with Program(python.executable, "spinners.py", "--threads", 2) as program:
        for _ in range(10):
            done = gilspy("dump", "--pid", program.pid)
            if "1 thread waits for it" in done.stdout and "held by spinner" in done.stdout:
                break
            time.sleep(0.1)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Process %d: " % program.pid) and "spinners.py" in lines[0]
    assert lines[1].startswith("CPython %d.%d" % python.version[:2])
    held = re.fullmatch(r"The GIL is held by (spinner-\d) \((\d+)\); 1 thread waits for it.", lines[2])
    assert held, lines[2]
    titles = [line for line in lines if line.startswith("Thread ")]
    assert titles[0].startswith('Thread %s "%s": holds the GIL' % (held[2], held[1]))
    assert "waits for the GIL, which %s (%s) holds" % (held[1], held[2]) in titles[1]
    assert re.search(r'"MainThread": blocked, waits for spinner-\d \(\d+\) to end$', titles[2]), titles[2]
    assert "\033" not in done.stdout
    assert "(spinners.py:" in done.stdout or "(lab.py:" in done.stdout


def test_without_a_gil_nobody_waits(free_threaded):
    with Program(free_threaded.executable, "spinners.py", "--threads", 3) as program:
        report = dump_json(program.pid)
        text = gilspy("dump", "--pid", program.pid).stdout
    assert report["gils"] == [{"interpreters": [0], "enabled": False, "locked": False, "held_by": None, "waiters": 0}]
    spinners = [thread for thread in report["threads"] if thread["name"].startswith("spinner")]
    assert {thread["activity"] for thread in spinners} == {"runs_without_gil"}
    assert "side by side" in text


def test_a_long_chain_of_awaits_is_whole(any_python):
    """Coroutines live on the heap, each in a place of its own."""
    program = """
import sys, time
async def deep(n):
    if n == 0:
        print("ready", flush=True)
        time.sleep(60)
    await deep(n - 1)
try:
    deep(150).send(None)
except StopIteration:
    pass
"""
    process = subprocess.Popen([any_python.executable, "-c", program], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.1)
        (thread,) = dump_json(process.pid)["threads"]
    finally:
        process.kill()
        process.communicate()
    assert functions(thread) == ["deep"] * 151 + ["<module>"]
    assert not thread["truncated"]


@pytest.mark.few_versions
def test_a_stopped_process_is_said_to_be_stopped(python):
    with Program(python.executable, "spinners.py") as program:
        os.kill(program.pid, signal.SIGSTOP)
        time.sleep(0.1)
        report = dump_json(program.pid)
        text = gilspy("dump", "--pid", program.pid).stdout
        os.kill(program.pid, signal.SIGCONT)
        time.sleep(0.2)
        assert not dump_json(program.pid)["stopped"]
    assert report["stopped"]
    assert "kill -CONT %d" % program.pid in text


@pytest.mark.few_versions
def test_threads_come_and_go_meanwhile(python):
    program = """
import threading
print("ready", flush=True)
while True:
    threads = [threading.Thread(target=sum, args=(range(2000),)) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""
    process = subprocess.Popen([python.executable, "-c", program], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"ready\n"
        for how in ["--nonblocking", "--blocking", "--exact"] * 10:
            report = dump_json(process.pid, how)
            assert "MainThread" in by_name(report)
            assert process.poll() is None
    finally:
        process.kill()
        process.communicate()


@pytest.mark.few_versions
def test_native_threads_are_named_too(python):
    program = """
import ctypes, ctypes.util, time
libc = ctypes.CDLL(None)
start = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
thread = ctypes.c_ulong()
# pause(2) as the body of a thread that never meets Python.
libc.pthread_create(ctypes.byref(thread), None, ctypes.cast(libc.pause, ctypes.c_void_p), None)
print("ready", flush=True)
time.sleep(60)
"""
    process = subprocess.Popen([python.executable, "-c", program], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.1)
        report = dump_json(process.pid)
        text = gilspy("dump", "--pid", process.pid).stdout
    finally:
        process.kill()
        process.communicate()
    (native,) = [thread for thread in report["threads"] if not thread["python"]]
    assert native["activity"] == "blocked" and native["syscall"] == "pause" and native["frames"] == []
    assert "native thread" in text


@pytest.mark.few_versions
def test_full_filenames(python):
    with Program(python.executable, "spinners.py") as program:
        short = gilspy("dump", "--pid", program.pid).stdout
        full = gilspy("dump", "--pid", program.pid, "--full-filenames").stdout
    assert str(PROGRAMS) not in "".join(short.splitlines(True)[1:])
    assert "(%s/" % PROGRAMS in full


def test_errors():
    assert gilspy("dump", "--pid", 3999999).returncode == 66
    assert gilspy("dump").returncode == 64
    assert gilspy("dump", "--pid", "x").returncode == 64
    assert gilspy("dump", "--pid", 1, "--blocking", "--exact").returncode == 64
    shell = subprocess.Popen(["sleep", "60"])
    try:
        not_python = gilspy("dump", "--pid", shell.pid)
    finally:
        shell.kill()
        shell.wait()
    assert not_python.returncode == 69 and len(not_python.stderr.splitlines()) == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.few_versions
def test_nowhere_to_write(python):
    with Program(python.executable, "spinners.py") as program, open("/dev/full", "wb") as full:
        done = subprocess.run([find_gilspy(), "dump", "--pid", str(program.pid)], stdout=full, stderr=subprocess.PIPE,
                              check=False)
    assert done.returncode == 74
    assert b"No space left" in done.stderr
