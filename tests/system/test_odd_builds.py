"""Pythons in other programs, in folders of their own, unpacked by a launcher, exchanged while they run: live ones."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest
from builds import SPINNERS, assert_recorded, running, runtime_file, shared_pythons
from conftest import WANTED
from running import ROOT, Program, find_gilspy, gilspy, record_json

NATIVE = ROOT / "fixtures" / "native"
SHARED = [pytest.param(one, id=str(one)) for one in shared_pythons() if one.name in WANTED]
# What can be imported from a library that has no version in its name tells the version of 3.10 and before.
WITH_MODULE = "import select\n" + SPINNERS

every_shared = pytest.mark.parametrize("build", SHARED or [
    pytest.param(None, marks=pytest.mark.skip(reason="no CPython with a shared library"))])
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")


def compiled(program, *arguments, source="embed.c"):
    if not shutil.which("cc"):
        pytest.skip("no C compiler")
    subprocess.run(["cc", "-O1", "-g", "-o", program, NATIVE / source, *arguments, "-ldl", "-pthread"], check=True)
    return program


@pytest.fixture(scope="module")
def embed(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("embed") / "embed")


def of(build):
    """(its library, an environment in which the library finds its modules)"""
    library, home = runtime_file(build)
    return library, dict(os.environ, PYTHONHOME=home)


def maps_of(pid):
    with open("/proc/%d/maps" % pid, encoding="utf-8") as maps:
        return maps.read()


def assert_dumped(pid, build, function="spin"):
    done = gilspy("dump", "--pid", pid)
    assert done.returncode == 0, done.stderr
    assert "CPython %d.%d" % build.minor in done.stdout
    assert function in done.stdout


# --- in other programs -------------------------------------------------------------------------------------------

@every_shared
def test_in_a_program_that_loads_it(build, embed):
    library, environment = of(build)
    with running([embed, library, SPINNERS], env=environment) as process:
        assert_dumped(process.pid, build)
        assert_recorded(process.pid)


@every_shared
def test_in_a_program_that_is_linked_with_it(build, tmp_path):
    library, environment = of(build)
    program = compiled(tmp_path / "linked", "-Wl,--no-as-needed", library, "-Wl,-rpath," + os.path.dirname(library))
    with running([program, "-", SPINNERS], env=environment) as process:
        assert_dumped(process.pid, build)
        # Python's own frames stand among those of the program.
        assert_recorded(process.pid, "run_python [linked]", "--native")


@every_shared
def test_before_and_after_it_is_there(build, embed, tmp_path):
    library, environment = of(build)
    out = tmp_path / "out.folded"
    with running([embed, "-w", library, SPINNERS], b"waits", env=environment, stdin=subprocess.PIPE) as process:
        done = gilspy("dump", "--pid", process.pid)
        assert done.returncode == 69
        assert re.search(r"process %d \(embed\) is not Python$" % process.pid, done.stderr)
        # One that is looked at before it has its Python is waited for.
        with subprocess.Popen([find_gilspy(), "record", "--pid", str(process.pid), "-d", "1", "-f", "folded", "-o", out],
                              stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as recorder:
            process.stdin.write(b"\n")
            process.stdin.flush()
            assert process.stdout.readline().strip() == b"ready"
            said = recorder.communicate(timeout=30)[1]
        assert recorder.returncode == 0, said
        assert "spin" in out.read_text(encoding="utf-8")
        assert_dumped(process.pid, build)


# A plug-in that was linked with the objects of a Python has one under its own name.
@every_shared
def test_in_a_library_of_another_name(build, embed, tmp_path):
    library, environment = of(build)
    plugin = shutil.copy(library, tmp_path / "plugin.so")
    with running([embed, plugin, WITH_MODULE], env=environment) as process:
        assert "libpython" not in maps_of(process.pid)
        assert_dumped(process.pid, build)
        assert_recorded(process.pid)


# --- two in one process --------------------------------------------------------------------------------------------

@every_shared
def test_beside_one_of_the_program_that_was_never_started(build, tmp_path):
    library, environment = of(build)
    program = compiled(tmp_path / "both", "-DHIDDEN_RUNTIME")
    with running([program, library, SPINNERS], env=environment) as process:
        assert_dumped(process.pid, build)
        assert_recorded(process.pid)


@every_shared
def test_beside_a_copy_of_itself_that_was_never_started(build, embed):
    """The same file, in a namespace of its own: below or above the one that runs."""
    library, environment = of(build)
    again = "import ctypes\nassert ctypes.CDLL(None).dlmopen(-1, %r, 2)\n" % library.encode()
    with running([embed, library, again + SPINNERS], env=environment) as process:
        first_pages = [line for line in maps_of(process.pid).splitlines() if library in line and " 00000000 " in line]
        assert len(first_pages) == 2
        assert_dumped(process.pid, build)
        assert_recorded(process.pid)


# --- in folders of their own -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("how", ("--symlinks", "--copies"))
def test_a_virtual_environment(any_python, how, tmp_path):
    made = subprocess.run([any_python.executable, "-m", "venv", "--without-pip", how, tmp_path / "venv"],
                          capture_output=True, text=True, check=False)
    python = tmp_path / "venv" / "bin" / "python"
    if made.returncode != 0 or subprocess.run([shutil.which("env"), python, "-c", ""], check=False).returncode != 0:
        pytest.skip("%s makes no virtual environments" % any_python)
    with Program(python, "spinners.py") as program:
        assert_dumped(program.pid, any_python)
        assert_recorded(program.pid)


@every_shared
def test_a_tree_that_was_moved_and_stripped(build, tmp_path):
    """bin/python3.x that finds ../lib/libpython3.x by its own place, by a name that has nothing of a Python before."""
    library, home = runtime_file(build)
    place = tmp_path / "no version here"
    (place / "bin").mkdir(parents=True)
    (place / "lib").mkdir()
    moved = shutil.copy(library, place / "lib")
    program = compiled(place / "bin" / "python", "-Wl,--no-as-needed", moved, "-Wl,-rpath,$ORIGIN/../lib")
    if shutil.which("strip"):
        subprocess.run(["strip", moved, program], check=True)
    (place / "home").symlink_to(home)
    environment = dict(os.environ, PYTHONHOME="home")  # relative: to the working folder
    with running(["bin/python", "-", SPINNERS], env=environment, cwd=place) as process:
        assert moved.rsplit("/", 1)[-1] in maps_of(process.pid)
        assert_dumped(process.pid, build)
        assert_recorded(process.pid)


# --- unpacked, exchanged, gone -------------------------------------------------------------------------------------------

@every_shared
def test_a_launcher_that_unpacked_it(build, embed, tmp_path):
    """As those of programs in one file do: the child has the Python, and its files are gone already."""
    library, environment = of(build)
    unpacked = tmp_path / "_MEIabcdef"
    unpacked.mkdir()
    copy = shutil.copy(library, unpacked)
    app = shutil.copy(embed, tmp_path / "app")
    with running([app, "-c", copy, SPINNERS], env=environment) as launcher:
        shutil.rmtree(unpacked)
        done = gilspy("dump", "--pid", launcher.pid)
        assert done.returncode == 69
        told = re.search(r"\(app\) is not Python, but its child (\d+) \(app .*\) is: use --pid (\d+)$", done.stderr.strip())
        assert told and told[1] == told[2], done.stderr
        assert_dumped(told[1], build)
        assert_recorded(told[1])
        done = gilspy("record", "-s", "--pid", launcher.pid, "-d", 1, "-f", "folded", "-o", "-")
    assert done.returncode == 0, done.stderr
    assert "spin" in done.stdout


# As uWSGI's workers are: Python is not told that it runs in a child.
@pytest.mark.parametrize("threads", (0, 2))
@every_shared
def test_a_child_that_c_code_forked(build, embed, threads):
    library, environment = of(build)
    code = SPINNERS.replace("range(2)", "range(%d)" % threads)
    with running([embed, "-f", library, code], env=environment) as parent:
        with open("/proc/%d/task/%d/children" % (parent.pid, parent.pid), encoding="utf-8") as children:
            pid = int(children.read())
        for _ in range(50):  # the others keep the GIL from it for a while when it has said that it is ready
            dumped = json.loads(gilspy("dump", "-j", "--pid", pid).stdout)
            (main,) = [thread for thread in dumped["threads"] if thread["tid"] == pid]
            functions = [frame["function"] for frame in main["frames"]]
            if functions != ["<module>"]:
                break
        assert functions == ["spin", "<module>"]
        assert len([thread for thread in dumped["threads"] if thread["python"]]) == 1 + threads
        assert_recorded(pid, "<module>")


@contextlib.contextmanager
def exchanged(build, embed, folder, before=""):
    """A process whose library is another version's by now."""
    others = [runtime_file(one)[0] for one in shared_pythons() if one != build]
    if not others:
        pytest.skip("needs two Pythons with shared libraries")
    library, environment = of(build)
    os.mkdir(folder)
    os.chmod(folder, 0o755)
    copy = shutil.copy(library, folder)
    other = shutil.copy(others[0], str(folder) + "/new")
    with running([embed, copy, before + SPINNERS], env=environment) as process:
        os.rename(other, copy)
        yield process


@every_shared
def test_exchanged_while_it_runs(build, embed, tmp_path):
    with exchanged(build, embed, tmp_path / "place") as process:
        assert_dumped(process.pid, build)
        assert_recorded(process.pid)
        assert_recorded(process.pid, "spin", "--native")


# Becomes somebody who may be looked at by his own kind, with modules that he could not open himself.
BECOME_NOBODY = """
import ctypes, os
os.setgroups([]); os.setgid(65534); os.setuid(65534)
assert ctypes.CDLL(None).prctl(4, 1, 0, 0, 0) == 0
"""


@root_only
@every_shared
def test_exchanged_for_those_who_may_not_open_it(build, embed):
    """Who is not root cannot open a file that has lost its name: what is mapped of it must do."""
    place = "/tmp/gilspy-exchanged-%d" % os.getpid()
    nobody = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/"}
    try:
        with exchanged(build, embed, place, BECOME_NOBODY) as process:
            profiler = shutil.copy(find_gilspy(), place)
            for extra in ([], ["--native"]):
                done = subprocess.run([profiler, "record", "--pid", str(process.pid), "-d", "0.5", "-f", "folded", "-o", "-",
                                       *extra], capture_output=True, text=True, timeout=30, check=False, **nobody)
                assert done.returncode == 0, done.stderr
                assert "spin" in done.stdout
    finally:
        shutil.rmtree(place, ignore_errors=True)


# --- threads of C code -----------------------------------------------------------------------------------------------

def on_cpu(pid, name):
    """Seconds, by the kernel's account."""
    (task,) = [task for task in pathlib.Path("/proc/%d/task" % pid).iterdir() if (task / "comm").read_text().strip() == name]
    return int((task / "schedstat").read_text().split()[0]) / 1e9


@pytest.mark.alone
def test_a_thread_of_a_library_that_calls_python(any_python, tmp_path):
    """Each call makes a thread state anew, and is the same thread all the same; between the calls it is none of Python's."""
    library = compiled(tmp_path / "libcaller.so", "-shared", "-fPIC", source="caller.c")
    with Program(any_python.executable, "foreign_thread.py", "--library", library) as program:
        before, began = on_cpu(program.pid, "caller"), time.monotonic()
        report = record_json(program.pid, seconds=2)
        computed = (on_cpu(program.pid, "caller") - before) / (time.monotonic() - began)
    threads = [thread for thread in report["threads"] if thread["python"]]  # it is another one while it is not in Python
    rows = [thread["name"] for thread in threads]
    assert sorted(rows) == ["MainThread", "caller", "spinner-0"], rows
    did = threads[rows.index("caller")]["activities"]
    told = (did["holds_gil"] + did["runs_without_gil"]) / report["duration_s"]
    assert abs(told - computed) < 0.05 and computed > 0.05, (told, computed)
    assert did["blocked"] < 0.05 * report["duration_s"], did
    if not any_python.free_threaded:
        assert did["waits_for_gil"] > 0.2 * report["duration_s"], did
