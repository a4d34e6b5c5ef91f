"""Everything that can go wrong before the first sample or after the last one: one clear line and its exit code."""

import os
import re
import shutil
import subprocess

import pytest
from conftest import PICKED
from running import Program, find_gilspy, gilspy, record

pytestmark = pytest.mark.few_versions

USAGE, NO_PROCESS, NOT_PYTHON, CANNOT_WRITE, NOT_PERMITTED = 64, 66, 69, 74, 77


@pytest.fixture
def some_python():
    if not PICKED:
        pytest.skip("no supported CPython on this machine")
    return next(iter(PICKED.values())).executable


def assert_failed(done, code):
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("gilspy: ")
    assert "terminate called" not in done.stderr


def assert_one_line(done, code):
    assert_failed(done, code)
    assert len(done.stderr.splitlines()) == 1, done.stderr


def free_pid():
    """Of a process that has just ended, so that nobody has it again so soon."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_no_such_process():
    pid = free_pid()
    done = record(pid, seconds=1)
    assert_one_line(done, NO_PROCESS)
    assert str(pid) in done.stderr


@pytest.mark.parametrize("name", ["x.htm", "x.markdown", "x.txt"])
def test_an_ending_that_names_no_format(name, tmp_path):
    for command in (("record", "--pid", "1"), ("report", tmp_path / "no.gilspy")):
        done = gilspy(*command, "-o", tmp_path / name)
        assert_one_line(done, USAGE)
        assert name[1:] in done.stderr and ".svg, .html" in done.stderr and "--format" in done.stderr
        assert (".gilspy" in done.stderr) == (command[0] == "record")
    assert not os.listdir(tmp_path)


def test_a_zombie():
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    try:
        assert_one_line(record(process.pid, seconds=1), NO_PROCESS)
    finally:
        process.wait()


def test_not_python():
    with subprocess.Popen(["sleep", "100"]) as process:
        try:
            assert_one_line(record(process.pid, seconds=1), NOT_PYTHON)
        finally:
            process.kill()


def test_a_wrapper_names_the_child_to_use(some_python):
    """Like `uv run`: the process that was asked for only waits for the one that is Python."""
    with Program(some_python, "spinners.py", wait=False) as program:
        program.process.kill()
        script = '"$@" & echo $!; wait $!; true'
        wrapper = subprocess.Popen(["sh", "-c", script, "sh", *program.command], stdout=subprocess.PIPE, text=True)
        child = wrapper.stdout.readline().strip()
        try:
            assert wrapper.stdout.readline() == "ready\n"
            done = record(wrapper.pid, seconds=1)
        finally:
            os.kill(int(child), 9)
            wrapper.communicate()
    assert_failed(done, NOT_PYTHON)
    assert re.search(r"\b%s\b" % child, done.stderr)


def test_versions_without_a_table_are_refused_by_name(unsupported):
    # The fixture programs need 3.8.
    sleeper = subprocess.Popen([unsupported.executable, "-c", "print('ready', flush=True); import time; time.sleep(60)"],
                               stdout=subprocess.PIPE)
    with sleeper:
        sleeper.stdout.readline()
        done = record(sleeper.pid, seconds=1)
        sleeper.kill()
    assert_one_line(done, NOT_PYTHON)
    assert "%d.%d" % unsupported.minor in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
def test_not_permitted(some_python, tmp_path):
    """nobody looks at a process of root; the binary is copied to where nobody may run it."""
    binary = "/tmp/gilspy-of-nobody-%d" % os.getpid()
    shutil.copy(find_gilspy(), binary)
    os.chmod(binary, 0o755)
    try:
        with Program(some_python, "spinners.py") as program:
            done = subprocess.run([binary, "record", "--pid", str(program.pid), "-d", "1", "-o", "-"], text=True,
                                  capture_output=True, stdin=subprocess.DEVNULL, user="nobody", group="nogroup",
                                  extra_groups=[], cwd="/", timeout=30, check=False)
    finally:
        os.unlink(binary)
    assert_failed(done, NOT_PERMITTED)
    assert "sudo" in done.stderr


@pytest.mark.parametrize("path", ["/nonexistent/x.svg", "/dev/full"])
@pytest.mark.parametrize("form", ["flamegraph", "html", "folded", "json", "markdown", "perfetto", "chrometrace", "speedscope",
                                  "pprof", "firefox"])
def test_cannot_write(some_python, path, form, tmp_path):
    with Program(some_python, "spinners.py") as program:
        done = record(program.pid, "-f", form, "-o", path, seconds=1, env=dict(os.environ, TMPDIR=str(tmp_path)))
    assert done.returncode == CANNOT_WRITE, done.stderr
    assert path in done.stderr


def test_cannot_write_to_standard_output(some_python):
    with Program(some_python, "spinners.py") as program, open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([find_gilspy(), "record", "--pid", str(program.pid), "-d", "1", "-o", "-"], stdout=full,
                              stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, timeout=30, check=False)
    assert done.returncode == CANNOT_WRITE, done.stderr


@pytest.mark.parametrize("arguments", [
    ["record"],
    ["record", "--pid", "abc"],
    ["record", "--pid", "-5"],
    ["record", "--pid", "1", "--nonsense"],
    ["record", "--pid", "1", "-f", "nonsense"],
    ["record", "--pid", "1", "--view", "nonsense"],
    ["record", "--pid", "1", "-r", "0"],
    ["record", "--pid", "1", "-r", "fast"],
    ["record", "--pid", "1", "-d", "-3"],
    ["record", "--pid", "1", "-d", "soon"],
    ["nonsense"],
], ids=" ".join)
def test_usage(arguments):
    assert_failed(gilspy(*arguments), USAGE)


def test_exit_codes_are_in_the_help():
    done = gilspy("--help")
    assert done.returncode == 0
    for code in ("64", "65", "66", "69", "74", "77"):
        assert re.search(r"\b%s\b" % code, done.stdout), code
