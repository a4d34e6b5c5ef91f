"""--subprocesses: all that a program starts is in one recording, and nothing of it is lost or counted twice."""

import contextlib
import json
import os
import subprocess
import time

import pytest
from running import LONG_S, PROGRAMS, Program, gilspy

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
# On a machine whose CPUs others have, that is what there is to say.
RIGHT = ("parallel_processes", "cpu_starved")


def stat(pid):
    """(parent, CPU seconds) of a process, ended children included."""
    with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / TICKS_A_SECOND


def family(root):
    """{pid: CPU seconds} of a process and all below it."""
    facts = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            facts[int(entry)] = stat(int(entry))
    found, more = {root}, True
    while more:
        more = {pid for pid, (parent, _) in facts.items() if parent in found} - found
        found |= more
    return {pid: facts[pid][1] for pid in found if pid in facts}


def await_family(root, size, timeout_s=20):
    deadline = time.monotonic() + timeout_s
    while len(family(root)) < size and time.monotonic() < deadline:
        time.sleep(0.05)


def record_all(pid, *arguments, seconds=2):
    """The JSON of a program, and the CPUs that it used meanwhile by the kernel's account."""
    begin, before = time.monotonic(), sum(family(pid).values())
    done = gilspy("record", "-s", "--pid", pid, "-d", seconds, "-f", "json", "-o", "-", *arguments)
    end, after = time.monotonic(), sum(family(pid).values())
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), (after - before) / (end - begin)


def held(process):
    return max(interpreter["gil"]["utilization"] for interpreter in process["interpreters"])


def check_sums(report):
    for process in report["processes"]:
        for thread in process["threads"]:
            # A thread of the process that was there from its beginning; others lived for less.
            assert sum(thread["activities"].values()) <= process["duration_s"] * 1.01 + 0.01
        assert process["began_s"] + process["duration_s"] <= report["total"]["duration_s"] + 0.001
    everybody = [thread for process in report["processes"] for thread in process["threads"] if thread["python"]]
    for activity, seconds in report["total"]["activities"].items():
        assert abs(seconds - sum(thread["activities"][activity] for thread in everybody)) < 0.001
    cpu_s = sum(process["parallelism"] * process["duration_s"] for process in report["processes"])
    assert abs(report["total"]["parallelism"] * report["total"]["duration_s"] - cpu_s) < 0.01


@pytest.mark.parametrize("start", ("fork", "spawn", "forkserver"))
def test_a_pool(python, start):
    with Program(python.executable, "pool.py", "--start", start) as program:
        await_family(program.pid, 5)
        report, cpus = record_all(program.pid)
    assert report["verdict"]["code"] in RIGHT, report["verdict"]["headline"]
    assert report["target"]["pid"] == report["processes"][0]["target"]["pid"] == program.pid
    assert report["parallelism"] < 0.4  # the one that hands out work
    # Beside them, spawn and forkserver have processes of their own.
    workers = [process for process in report["processes"][1:] if held(process) > 0.5]
    assert len(workers) == 4
    for worker in workers:
        assert worker["verdict"]["code"] in ("single_threaded", "cpu_starved"), worker["verdict"]["headline"]
    assert report["total"]["parallelism"] == pytest.approx(cpus, rel=0.15, abs=0.2)
    assert report["unread"] == []
    check_sums(report)


# What 8 threads could not.
def test_the_lab_with_8_processes(python):
    with Program(python.executable, "primes.py") as program:
        threads, _ = record_all(program.pid)
    with Program(python.executable, "pool.py", "--work", "primes", "--processes", 8) as program:
        processes, cpus = record_all(program.pid)
    assert threads["verdict"]["code"] == "serialized_by_gil"
    assert threads["total"]["parallelism"] < 1.1
    assert processes["verdict"]["code"] in RIGHT, processes["verdict"]["headline"]
    assert processes["total"]["parallelism"] == pytest.approx(cpus, rel=0.15, abs=0.2)
    assert processes["total"]["processes"] == 9


@pytest.mark.few_versions
def test_workers_that_are_replaced(python, tmp_path):
    recording = tmp_path / "server.gilspy"
    with Program(python.executable, "prefork.py", seconds=LONG_S) as program:
        done = gilspy("record", "-s", "--pid", program.pid, "-d", 3, "-o", recording)
        assert done.returncode == 0, done.stderr
        truth = program.truth()
    done = gilspy("report", recording, "-f", "json", "-o", "-")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    pythons = {process["target"]["pid"] for process in report["processes"]}
    assert program.pid in pythons
    # Two at a time that live for half a second, for three seconds; on a busy machine some take longer.
    workers = [process for process in report["processes"] if process["target"]["pid"] != program.pid]
    assert 6 <= len(workers) <= min(16, truth["workers"])
    assert len(workers) == len(pythons) - 1
    assert all("sleep" not in process["target"]["command"] for process in report["processes"])
    began = sorted(process["began_s"] for process in workers)
    assert began[-1] > 2
    check_sums(report)


# Its root is no Python, and neither is all that it starts.
@pytest.mark.few_versions
def test_a_script_that_starts_programs(python, tmp_path):
    out = tmp_path / "script.json"
    program = "%s %s --seconds 1.5" % (python.executable, PROGRAMS / "spinners.py")
    done = gilspy("record", "-s", "-o", out, "--", "sh", "-c", "sleep 0.1; %s & %s; sleep 0.2; exit 3" % (program, program))
    assert done.returncode == 3, done.stderr
    report = json.loads(out.read_text(encoding="utf-8"))
    assert report["total"]["processes"] == 2
    # Two GILs that are each the limit keep two CPUs busy; on more of them the GIL is said first.
    assert report["verdict"]["code"] in ("serialized_by_gil", *RIGHT), report["verdict"]["headline"]
    for process in report["processes"]:
        assert process["verdict"]["code"] in ("serialized_by_gil", "cpu_starved"), process["verdict"]["headline"]
    assert report["ended"] is None


# What a launcher executes instead of itself is the program; the launcher was one as well.
@pytest.mark.few_versions
def test_a_launcher_written_in_python(python, tmp_path):
    out = tmp_path / "launcher.json"
    launcher = "import os, sys, time; time.sleep(0.3); os.execv(sys.executable, [sys.executable] + sys.argv[1:])"
    done = gilspy("record", "-s", "-o", out, "--", python.executable, "-c", launcher, PROGRAMS / "spinners.py",
                  "--seconds", 1.5)
    assert done.returncode == 0, done.stderr
    report = json.loads(out.read_text(encoding="utf-8"))
    assert [process["target"]["command"][1] for process in report["processes"]] == [str(PROGRAMS / "spinners.py"), "-c"]
    assert len({process["target"]["pid"] for process in report["processes"]}) == 1


@pytest.mark.few_versions
def test_one_process_is_a_program_as_well(python):
    with Program(python.executable, "spinners.py") as program:
        report, _ = record_all(program.pid, seconds=1)
    assert report["total"]["processes"] == len(report["processes"]) == 1
    assert report["processes"][0]["threads"] == report["threads"]
    assert report["verdict"] == report["processes"][0]["verdict"]


def test_nobody_is_python():
    with subprocess.Popen(["sleep", "30"]) as sleeper:
        done = gilspy("record", "-s", "--pid", sleeper.pid, "-d", 1, "-f", "json", "-o", "-")
        sleeper.kill()
    assert done.returncode == 69
    assert "is not Python" in done.stderr
    assert len(done.stderr.splitlines()) == 1
