"""gilspy dump --core: what a process did when it ended."""

import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import time

import pytest
from interpreters import find_interpreters, pick_supported
from running import Program, gilspy


FOUND = find_interpreters()
PICKED = pick_supported(FOUND)


@pytest.fixture
def some_python():
    return PICKED.get("3.11") or pytest.skip("no CPython 3.11 on this machine")


@pytest.fixture
def one_file_python():
    """Debian's: the runtime is in the program, whose data is the first of the memory in a core."""
    of_system = [one for one in FOUND if one.supported and one.executable.startswith("/usr/bin/python3")]
    return of_system[0] if of_system else pytest.skip("no Python of the system that is one file")


def holder_program(python):
    return Program(python.executable, "holder.py", "--victims", 3)


def dump(*arguments):
    done = gilspy("dump", "-j", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def by_name(report):
    return {thread["name"]: thread for thread in report["threads"]}


def await_waiters(pid, count):
    for _ in range(60):
        report = dump("--pid", pid)
        threads = by_name(report)
        asleep = "holder" in threads and threads["holder"]["syscall"] == "clock_nanosleep"
        if asleep and report["gils"][0]["waiters"] == count and threads["MainThread"]["activity"] == "blocked":
            return report
        time.sleep(0.05)
    raise AssertionError("they do not wait: %s" % report)


def kernel_writes_cores_here():
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text(encoding="utf-8").strip()
    return bool(pattern) and not pattern.startswith("|") and "/" not in pattern


def gcore(pid, folder):
    done = subprocess.run(["gcore", "-o", str(folder / "core"), str(pid)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout
    return folder / ("core.%d" % pid)


def kernel_core(program, folder):
    resource.prlimit(program.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    program.process.send_signal(signal.SIGABRT)
    program.process.wait(60)
    (core,) = folder.glob("core*")
    return core


@pytest.fixture
def core_of_holder(request, tmp_path, monkeypatch):
    """Makes a core of a holder of the GIL with three victims: (core, its program, the live process as dump saw it before)."""
    def make(python, by_kernel=True):
        monkeypatch.chdir(tmp_path)
        with holder_program(python) as program:
            live = await_waiters(program.pid, 0 if python.free_threaded else 3)
            live["root"] = os.readlink("/proc/%d/root" % program.pid)
            # A copy: the interpreter may live in a root of its own.
            executable = tmp_path / "program"
            shutil.copyfile("/proc/%d/exe" % program.pid, executable)
            core = kernel_core(program, tmp_path) if by_kernel else gcore(program.pid, tmp_path)
        return core, executable, live

    if not kernel_writes_cores_here():
        return lambda python, by_kernel=True: make(python, False)
    return make


def same_stacks(live, dead):
    frames = {thread["tid"]: thread["frames"] for thread in live["threads"]}
    return frames == {thread["tid"]: thread["frames"] for thread in dead["threads"]}


def test_a_core_tells_who_held_the_gil(python, core_of_holder):
    core, executable, live = core_of_holder(python)
    report = dump("--core", core, "--executable", executable)
    threads = by_name(report)
    (gil,) = report["gils"]
    assert gil["locked"] and gil["held_by"] == threads["holder"]["tid"] and gil["waiters"] == 3
    assert threads["holder"]["activity"] == "holds_gil_off_cpu" and threads["holder"]["syscall"] == "clock_nanosleep"
    assert threads["holder"]["frames"][0]["function"] == "hold"
    for name in ("victim-1", "victim-2", "victim-3"):
        assert threads[name]["activity"] == "waits_for_gil"
        assert threads[name]["waits_for"] == threads["holder"]["tid"]
    assert threads["MainThread"]["activity"] == "blocked"
    assert same_stacks(live, report)
    assert report["core"]["path"] == str(core) and report["core"]["bytes_missing"] == 0
    if kernel_writes_cores_here():
        assert report["core"]["signal"] == "SIGABRT" and report["core"]["thread"] == report["target"]["pid"]
    assert report["target"]["pid"] == live["target"]["pid"]
    assert report["target"]["python"] == live["target"]["python"]


def test_without_a_gil(free_threaded, core_of_holder):
    core, executable, live = core_of_holder(free_threaded)
    report = dump("--core", core, "--executable", executable)
    threads = by_name(report)
    assert not report["gils"][0]["enabled"]
    assert threads["holder"]["syscall"] == "clock_nanosleep"
    assert set(threads) == set(by_name(live))
    assert all(threads[name]["frames"] for name in threads)


def test_for_people(some_python, core_of_holder):
    core, executable, live = core_of_holder(some_python)
    done = gilspy("dump", "--core", core, "--executable", executable)
    assert done.returncode == 0 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Core of process %d: " % live["target"]["pid"])
    assert lines[1].startswith("CPython %d.%d" % some_python.version[:2])
    if kernel_writes_cores_here():
        assert lines[2] == "SIGABRT ended it, in MainThread (%d)." % live["target"]["pid"]
    assert "The GIL is held by holder (" in done.stdout and "; 3 threads wait for it." in done.stdout


def test_native_functions_are_in_it(some_python, core_of_holder):
    core, executable, _ = core_of_holder(some_python)
    threads = by_name(dump("--core", core, "--executable", executable, "--native"))
    names = [frame["function"] for frame in threads["holder"]["frames"]]
    assert names[0] == "clock_nanosleep" and "sleep" in names and names.index("sleep") < names.index("hold"), names
    assert threads["holder"]["native"] == "whole", names
    for victim in ("victim-1", "victim-2", "victim-3"):
        names = [frame["function"] for frame in threads[victim]["frames"]]
        assert "take_gil" in names and names.index("take_gil") < names.index("spin"), names


def test_of_gcore(some_python, tmp_path):
    with holder_program(some_python) as program:
        live = await_waiters(program.pid, 3)
        core = gcore(program.pid, tmp_path)
    report = dump("--core", core, "--native")
    assert report["core"]["signal"] is None and report["core"]["thread"] is None
    threads = by_name(report)
    assert report["gils"][0]["held_by"] == threads["holder"]["tid"] and report["gils"][0]["waiters"] == 3
    assert "sleep" in [frame["function"] for frame in threads["holder"]["frames"]]
    assert same_stacks(live, dump("--core", core))


def test_one_that_is_cut_off(one_file_python, core_of_holder, tmp_path):
    core, _, live = core_of_holder(one_file_python)
    size = core.stat().st_size
    read = 0
    for percent in (99, 90, 50, 10, 1, 0):
        os.truncate(core, size * percent // 100)
        done = gilspy("dump", "--core", core)
        assert done.returncode in (0, 65), done.stderr
        if done.returncode == 65:
            assert done.stdout == "" and len(done.stderr.splitlines()) == 1, done.stderr
            continue
        read += 1
        assert "The core is cut off: " in done.stdout
        # Its threads are named at the beginning of the file, and so is who has the GIL: in the program's own data.
        assert "The GIL is held by " in done.stdout and "3 threads wait for it" in done.stdout
        for thread in live["threads"]:
            assert "Thread %d " % thread["tid"] in done.stdout
    assert read > 0


def test_variables_are_in_it(some_python, core_of_holder):
    core, executable, live = core_of_holder(some_python)
    threads = by_name(dump("--core", core, "--executable", executable, "-l"))
    (victims,) = [one for one in threads["holder"]["frames"][0]["locals"] if one["name"] == "victims"]
    assert victims["value"] == "3" and victims["type"] == "int" and victims["argument"]
    for thread in live["threads"]:
        assert all(frame["locals"] is not None for frame in threads[thread["name"]]["frames"]), thread["name"]


def test_of_a_container(python, core_of_holder):
    """Whose files are not where they were: in a root of their own."""
    core, _, live = core_of_holder(python)
    root = live["root"]
    if root == "/":
        pytest.skip("its files are where they were")
    assert dump("--core", core)["core"]["files_missing"] != []
    report = dump("--core", core, "--sysroot", root, "--native")
    assert report["core"]["files_missing"] == []
    names = [frame["function"] for frame in by_name(report)["holder"]["frames"]]
    assert "clock_nanosleep" in names and names.index("clock_nanosleep") < names.index("hold"), names


def test_the_rights_of_a_reader(some_python, core_of_holder):
    """What is read is no process: none can be stopped, whatever is in the file."""
    core, executable, _ = core_of_holder(some_python)
    done = gilspy("dump", "-v", "--core", core, "--executable", executable)
    assert done.returncode == 0
    assert "stopping threads (ptrace)" in done.stderr and "CAP_SYS_PTRACE" not in done.stderr


def test_what_is_not_here_is_said(some_python, core_of_holder):
    core, _, live = core_of_holder(some_python)
    report = dump("--core", core, "--executable", live["target"]["executable"])
    assert report["core"]["files_missing"] == []
    done = gilspy("dump", "--core", core, "--executable", "/bin/sh")
    assert done.returncode == 69
    assert done.stderr.count("\n") == 1 and "is not the program of the core" in done.stderr


@pytest.mark.parametrize("arguments, code, words", [
    (["--core", "/nonexistent"], 65, "No such file"),
    (["--core", "/bin/sh"], 65, "is a program or a library"),
    (["--core", "/etc/passwd"], 65, "is not a core file"),
    (["--core", "/dev/null"], 65, "not a regular file"),
    (["--core", "x", "--pid", "1"], 64, "not both"),
    (["--core", "x", "--blocking"], 64, "a core stands still"),
    (["--pid", "1", "--executable", "x"], 64, "go with --core"),
    (["--pid", "1", "--sysroot", "x"], 64, "go with --core"),
    ([], 64, "--core FILE"),
])
def test_errors(arguments, code, words):
    done = gilspy("dump", *arguments)
    assert done.returncode == code and words in done.stderr and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 or code == 64
