"""Programs as production has them: very deep, very many threads, names that only generated code has, workers that are
forked beforehand, applications in one file."""

import json
import pathlib
import subprocess
import time
import xml.etree.ElementTree as ElementTree
import zipapp

import pytest
from conftest import PICKED
from running import LONG_S, PROGRAMS, Program, gilspy, parse_folded, record

LEFT_OUT = "(frames left out)"


def dump_json(pid):
    done = gilspy("dump", "-j", "--pid", pid)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def report(recording, format_name):
    done = gilspy("report", recording, "-f", format_name, "-i", "-t", "-o", "-")
    assert done.returncode == 0, done.stderr
    return done.stdout


def thread_called(profile, name):
    found = [thread for thread in profile["threads"] if thread["name"] == name]
    assert len(found) == 1, [thread["name"] for thread in profile["threads"]]
    return found[0]


def share(thread, *activities):
    return sum(thread["activities"][activity] for activity in activities) / sum(thread["activities"].values())


# --- deep ----------------------------------------------------------------------------------------------------------

def stacks_of(folded, name):
    """[functions, innermost first] of a thread in folded lines with threads."""
    return [[frame.rpartition(" (")[0] or frame for frame in reversed(frames[2:])] for frames, _ in folded
            if frames[0].startswith(name + " (") and frames[1] != "unknown"]


def assert_middle_left_out(functions):
    """Both ends, and of the middle one frame that stands for it."""
    assert functions.count(LEFT_OUT) == 1
    place = functions.index(LEFT_OUT)
    assert functions[:place].index("bottom") <= 3
    assert functions[place - 1] == functions[place + 1] == "descend"
    assert functions.index("deep", place) < len(functions) - 1
    assert functions[-1].endswith("_bootstrap")
    assert 100 < functions.count("descend") < 50_000


def recorded(pid, seconds, folder):
    """One recording: its folded lines, with threads and those that are idle, and its JSON."""
    file = folder / "deep.gilspy"
    done = record(pid, "-o", file, seconds=seconds)
    assert done.returncode == 0, done.stderr
    return parse_folded(report(file, "folded")), json.loads(report(file, "json"))


@pytest.mark.parametrize("how", ("park", "spin"))
def test_100_000_frames(any_python, how, tmp_path):
    with Program(any_python.executable, "recursion.py", "--how", how) as program:
        dumped = thread_called(dump_json(program.pid), "deep")
        folded, profile = recorded(program.pid, 1, tmp_path)
    assert_middle_left_out([frame["function"] for frame in dumped["frames"]])
    stacks = [one for one in stacks_of(folded, "deep") if LEFT_OUT in one]
    assert stacks
    for stack in stacks:
        assert_middle_left_out(stack)
    deep, spinner = (thread_called(profile, name) for name in ("deep", "spinner-1"))
    known = 1 - share(deep, "unknown")
    if how == "park":
        assert share(deep, "blocked") == pytest.approx(known, abs=0.02)
    else:
        assert share(deep, "blocked") < 0.1
    assert share(spinner, "blocked") < 0.1


def test_100_000_frames_that_come_and_go(any_python, tmp_path):
    with Program(any_python.executable, "recursion.py", "--how", "dive") as program:
        folded, profile = recorded(program.pid, 2, tmp_path)
    stacks = stacks_of(folded, "deep")
    dives = [one[:one.index("deep")] for one in stacks if "deep" in one and "descend" in one]
    assert dives
    for one in dives:
        assert one.count(LEFT_OUT) <= 1
        assert set(one[one.index("bottom") + 1 if "bottom" in one else 0:]) <= {"descend", LEFT_OUT}
    # The others' shares do not suffer: both compute all the time.
    deep, spinner = (thread_called(profile, name) for name in ("deep", "spinner-1"))
    for thread in (deep, spinner):
        assert share(thread, "blocked") < 0.1
    assert share(spinner, "unknown") == pytest.approx(share(deep, "unknown"), abs=0.1)


# --- odd names -----------------------------------------------------------------------------------------------------

def same_name(told, name):
    """Up to what cannot be told, and the end of a long one."""
    wanted = name.encode("utf-8", "replace").decode().replace("?", "�") if "\udc80" in name else name
    return told == wanted or (len(wanted) > 1000 and len(told) < 1000 and wanted.startswith(told[:100]))


def test_odd_names_and_long_functions(any_python, tmp_path):
    recording = tmp_path / "odd.gilspy"
    with Program(any_python.executable, "odd_names.py") as program:
        truth = program.written_truth()
        dumped = dump_json(program.pid)
        text = gilspy("dump", "--pid", program.pid)
        done = record(program.pid, "-t", "-o", recording, seconds=1)
    assert text.returncode == done.returncode == 0, text.stderr + done.stderr
    for kind, name in truth["names"].items():
        thread = thread_called(dumped, "%s; \"thread\"\n%s" % (kind, kind))
        functions = [frame["function"] for frame in thread["frames"]]
        assert any(same_name(function, name) for function in functions), functions
    giant = [frame for frame in thread_called(dumped, "giant")["frames"] if frame["function"] == "giant"]
    assert [(frame["file"], frame["line"]) for frame in giant] == [("<generated>", truth["last_line"])]
    # A terminal is not told what to do, and a line is a line.
    assert all(one.isprintable() or one == "\n" for one in text.stdout)
    assert max(map(len, text.stdout.splitlines())) < 2000
    assert_formats_are_whole(recording, len(truth["names"]) + 2)


def assert_formats_are_whole(recording, threads):
    folded = report(recording, "folded")
    lines = folded.rstrip("\n").split("\n")
    stacks = {}
    for line in lines:
        frames, _, weight = line.rpartition(" ")
        assert int(weight) > 0
        stacks.setdefault(frames.split(";")[0], set()).add(len(frames.split(";")))
    assert len(stacks) == threads
    # The thread, what it did, and the frames of it: no name has a ";" of its own.
    assert max(max(counts) for counts in stacks.values()) <= 9
    assert json.loads(report(recording, "json"))["threads"]
    assert json.loads(report(recording, "speedscope"))["profiles"]
    ElementTree.fromstring(report(recording, "flamegraph"))


# --- many ----------------------------------------------------------------------------------------------------------

def test_2_000_threads(any_python):
    with Program(any_python.executable, "crowd.py") as program:
        dumped = dump_json(program.pid)
        done = record(program.pid, "-f", "json", "-o", "-")
    assert done.returncode == 0, done.stderr
    idle = [thread for thread in dumped["threads"] if thread["name"].startswith("idle-")]
    assert len(idle) == 2000
    assert all([frame["function"] for frame in one["frames"]].count("park") == 10 for one in idle)
    profile = json.loads(done.stdout)
    parked = [thread for thread in profile["threads"] if thread["name"].startswith("idle-")]
    assert len(parked) == 2000
    known = 1 - share(parked[0], "unknown")
    assert sum(share(one, "blocked") for one in parked) / 2000 == pytest.approx(known, abs=0.02)
    if any_python.free_threaded:
        return
    holds = [share(thread_called(profile, "busy-%d" % i), "holds_gil", "holds_gil_off_cpu") for i in (1, 2, 3)]
    assert sum(holds) == pytest.approx(known, abs=0.25)
    assert min(holds) > 0.05 * sum(holds)


# --- applications --------------------------------------------------------------------------------------------------

def test_an_application_in_one_file(any_python, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("lab.py", "spinners.py"):
        (source / name).write_bytes((PROGRAMS / name).read_bytes())
    (source / "__main__.py").write_text("import runpy, spinners\nfrom lab import Lab\n"
                                        "def begin():\n    lab = Lab(__doc__)\n"
                                        "    lab.threads(2, 'spinner', spinners.spin)\n    lab.run()\nbegin()\n")
    packed = tmp_path / "app.pyz"
    zipapp.create_archive(source, packed)
    with Program(any_python.executable, packed) as program:
        done = record(program.pid, "-i", "-F", "-f", "folded", "-o", "-", "--full-filenames", seconds=1)
        dumped = dump_json(program.pid)
    assert done.returncode == 0, done.stderr
    assert "spin (%s/spinners.py" % packed in done.stdout
    main = [frame for frame in thread_called(dumped, "MainThread")["frames"] if frame["function"] == "begin"]
    assert [(frame["file"], frame["line"]) for frame in main] == [("%s/__main__.py" % packed, 6)]


def test_workers_with_threads(python):
    """Forked beforehand by a process of one thread, which waits for them."""
    with Program(python.executable, "prefork.py", "--processes", 2, "--threads", 2, "--life", LONG_S) as program:
        done = gilspy("record", "-s", "--pid", program.pid, "-d", 2, "-f", "json", "-o", "-")
    assert done.returncode == 0, done.stderr
    processes = json.loads(done.stdout)["processes"]
    workers = [one for one in processes if one["target"]["pid"] != program.pid]
    assert len(processes) == 3 and len(workers) == 2
    for worker in workers:
        pythons = [thread for thread in worker["threads"] if thread["python"]]
        assert len(pythons) == 3
        held = sum(share(thread, "holds_gil", "holds_gil_off_cpu") for thread in pythons)
        assert held > 0.85 - share(pythons[0], "unknown")
        assert all(share(thread, "holds_gil", "holds_gil_off_cpu") > 0.1 for thread in pythons)


def test_another_python_in_its_place(tmp_path):
    versions = [PICKED[name] for name in ("3.8", "3.13", "3.11") if name in PICKED]
    if len(versions) < 2:
        pytest.skip("needs two versions of CPython")
    old, new = versions[0], versions[1]
    first = ("import os, sys, time\ndef before():\n  end = time.monotonic() + 2\n  while time.monotonic() < end: pass\n"
             "before()\nos.execv(sys.argv[1], sys.argv[1:])")
    for one, other in ((old, new), (new, old)):
        out = tmp_path / "out.json"
        done = gilspy("record", "-s", "-o", out, "--", one.executable, "-c", first, other.executable,
                      PROGRAMS / "spinners.py", "--seconds", 1)
        assert done.returncode == 0, done.stderr
        processes = json.loads(out.read_text(encoding="utf-8"))["processes"]
        assert {process["target"]["python"].split(".")[1] for process in processes} == {
            str(one.minor[1]), str(other.minor[1])}
        assert len({process["target"]["pid"] for process in processes}) == 1


def test_a_process_whose_main_thread_has_ended(python, tmp_path):
    script = tmp_path / "leaderless.py"
    script.write_text("import ctypes, threading\n"
                      "threading.Thread(target=threading.Event().wait).start()\n"
                      "ctypes.CDLL(None).pthread_exit(None)\n", encoding="utf-8")
    with subprocess.Popen([python.executable, script]) as process:
        try:
            while " Z " not in pathlib.Path("/proc/%d/stat" % process.pid).read_text(encoding="utf-8"):
                time.sleep(0.01)
            done = gilspy("dump", "--pid", process.pid)
        finally:
            process.kill()
    assert done.returncode == 66
    assert "the main thread of process %d has ended while others go on" % process.pid in done.stderr
