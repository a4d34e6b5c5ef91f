"""Pythons whose runtime is hard to find, that live behind walls, or that are none: with real processes."""

import contextlib
import os
import shutil
import signal
import struct
import subprocess
import time

import pytest
from builds import SPINNERS, assert_recorded, running, runtime_file, shared_pythons
from conftest import FOUND, PICKED
from interpreters import cache_folder
from running import LONG_S, PROGRAMS, find_gilspy, record

UNSUPPORTED = 69

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for namespaces and chroots")


def assert_refused(pid, *words):
    """At once, and not after waiting whether it becomes a Python."""
    began = time.monotonic()
    done = record(pid, "-f", "folded", "-o", "-", seconds=1)
    assert done.returncode == UNSUPPORTED, done.stderr
    assert time.monotonic() - began < 1.5
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr


# --- symbols -----------------------------------------------------------------------------------------------------

def without_section_headers(binary):
    binary[0x28:0x30] = bytes(8)  # e_shoff
    binary[0x3c:0x40] = bytes(4)  # e_shnum, e_shstrndx


def without_names(binary):
    """The symbols that name the runtime and its version stay, so that linking works, but are no variables any more."""
    sections = struct.unpack_from("<Q", binary, 0x28)[0]
    for i in range(struct.unpack_from("<H", binary, 0x3c)[0]):
        at = sections + 64 * i
        kind, (offset, size), strings = (*struct.unpack_from("<I", binary, at + 4),
                                         struct.unpack_from("<QQ", binary, at + 24),
                                         *struct.unpack_from("<I", binary, at + 40))
        if kind not in (2, 11):  # SHT_SYMTAB, SHT_DYNSYM
            continue
        names = struct.unpack_from("<Q", binary, sections + 64 * strings + 24)[0]
        for symbol in range(offset, offset + size, 24):
            name = names + struct.unpack_from("<I", binary, symbol)[0]
            if binary[name:binary.index(0, name)] in (b"_PyRuntime", b"Py_Version"):
                binary[symbol + 4] &= 0xf0  # STT_NOTYPE


@contextlib.contextmanager
def patched(python, folder, *patches):
    """The interpreter with a patched copy of its program or libpython."""
    source, home = runtime_file(python)
    with open(source, "rb") as file:
        binary = bytearray(file.read())
    if not binary.startswith(b"\x7fELF"):
        pytest.skip("%s is run by a script: its program cannot be exchanged" % python)
    for patch in patches:
        patch(binary)
    copy = folder / os.path.basename(source)
    copy.write_bytes(binary)
    copy.chmod(0o755)
    environment = dict(os.environ, PYTHONHOME=home)
    program = copy
    if copy.name.startswith("libpython"):
        environment["LD_PRELOAD"] = str(copy)  # it has the soname that the program asks for
        program = python.executable
    with running([program, "-S", "-c", SPINNERS], env=environment) as process:
        with open("/proc/%d/maps" % process.pid, encoding="utf-8") as maps:
            assert str(copy) in maps.read()
        yield process


@pytest.fixture
def one_python():
    if not PICKED:
        pytest.skip("no supported CPython on this machine")
    return PICKED.get("3.11") or next(iter(PICKED.values()))


@pytest.fixture
def one_file_python():
    for one in FOUND:
        if one.supported and one.executable.startswith("/usr/bin/") and runtime_file(one)[0] == one.executable:
            return one
    pytest.skip("no Python of the system that is one file")


EVERY = [pytest.param(one, id=str(one)) for one in FOUND if one.supported]


@pytest.mark.parametrize("build", EVERY)
def test_a_runtime_without_section_headers(build, tmp_path):
    with patched(build, tmp_path, without_section_headers) as process:
        assert_recorded(process.pid)


@pytest.mark.parametrize("build", EVERY)
def test_a_runtime_without_a_name(build, tmp_path):
    """Found by its cookie from 3.13 on, before that by where its pointers lead."""
    with patched(build, tmp_path, without_names, without_section_headers) as process:
        assert_recorded(process.pid)


def test_a_python_that_has_loaded_another_ones_library():
    """The other one is mapped lower, so that it comes first; it was never started."""
    shared = shared_pythons()
    if len(shared) < 2:
        pytest.skip("needs two Pythons with shared libraries")
    for own, other in ((shared[0], shared[-1]), (shared[-1], shared[0])):
        library = runtime_file(other)[0]
        script = "import ctypes; ctypes.CDLL(%r)\n%s" % (library, SPINNERS)
        with running([own.executable, "-c", script]) as process:
            with open("/proc/%d/maps" % process.pid, encoding="utf-8") as maps:
                assert library in maps.read()
            assert_recorded(process.pid)


def test_a_program_that_is_python_beside_a_library(one_file_python):
    shared = shared_pythons()
    if not shared:
        pytest.skip("no Python with a shared library")
    library = runtime_file(shared[-1])[0]
    environment = dict(os.environ, LD_PRELOAD=library)
    with running([one_file_python.executable, "-S", "-c", SPINNERS], env=environment) as process:
        assert_recorded(process.pid)


# --- files -------------------------------------------------------------------------------------------------------

def test_a_python_that_was_replaced_while_it_runs(one_python, tmp_path):
    with patched(one_python, tmp_path) as process:
        for copy in tmp_path.iterdir():
            other = copy.with_suffix(".new")
            other.write_bytes(b"something else by now")
            other.rename(copy)
        assert_recorded(process.pid)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
def test_a_replaced_python_for_those_who_may_not_open_its_file(one_file_python):
    """Who is not root cannot open a mapped file that has lost its name: what is mapped of it must do."""
    source, _ = runtime_file(one_file_python)
    folder = "/tmp/gilspy-replaced-%d" % os.getpid()
    os.mkdir(folder)
    try:
        copy = shutil.copy(source, folder)
        profiler = shutil.copy(find_gilspy(), folder)
        for path in (folder, copy, profiler):
            os.chmod(path, 0o755)
        nobody = {"user": "nobody", "group": "nogroup", "extra_groups": [], "cwd": "/"}
        # Under another name, so that /proc/PID/exe leads to the loader and not to the deleted file.
        loader = "/lib64/ld-linux-x86-64.so.2"
        environment = dict(os.environ, PYTHONHOME="/usr")
        with running([loader, copy, "-S", "-c", SPINNERS], env=environment, **nobody) as process:
            os.unlink(copy)
            done = subprocess.run([profiler, "record", "--pid", str(process.pid), "-d", "1", "-f", "folded", "-o", "-"],
                                  capture_output=True, text=True, timeout=30, check=False, **nobody)
        assert done.returncode == 0, done.stderr
        assert "spin" in done.stdout
    finally:
        shutil.rmtree(folder)


# --- walls -------------------------------------------------------------------------------------------------------

@root_only
def test_a_pid_namespace(python):
    """Its threads call themselves by other numbers than ours."""
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", python.executable,
               PROGRAMS / "primes.py", "--seconds", LONG_S, "--truth", "/dev/null"]
    with running(command) as wrapper:
        with open("/proc/%d/task/%d/children" % (wrapper.pid, wrapper.pid), encoding="utf-8") as children:
            pid = int(children.read().split()[0])
        assert_recorded(pid, "is_prime")


@root_only
def test_a_chroot(one_python, tmp_path):
    """The maps of the target show paths as we see them, not as it does."""
    for folder in ("usr", "lib", "lib64", "bin", "root", "etc", "home"):
        if os.path.isdir("/" + folder):
            (tmp_path / folder).mkdir()
    script = "".join("mount --bind /%s %s/%s && " % (one.name, tmp_path, one.name) for one in tmp_path.iterdir())
    script += 'exec chroot %s "$@"' % tmp_path
    command = ["unshare", "--mount", "sh", "-c", script, "sh", one_python.executable, "-S", "-c", SPINNERS]
    with running(command) as process:
        assert os.readlink("/proc/%d/root" % process.pid) == str(tmp_path)
        assert_recorded(process.pid)


@root_only
def test_a_chroot_in_our_mount_namespace(one_file_python, tmp_path):
    source, home = runtime_file(one_file_python)
    needed = subprocess.run(["ldd", source], capture_output=True, text=True, check=True).stdout.split()
    for path in [source, *(word for word in needed if word.startswith("/"))]:
        place = tmp_path / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    library = "lib/python%d.%d" % one_file_python.minor
    shutil.copytree(os.path.join(home, library), tmp_path / home.lstrip("/") / library, dirs_exist_ok=True,
                    ignore=lambda folder, names: [n for n in names if not n.endswith(".py") and
                                                  not os.path.isdir(os.path.join(folder, n)) or n.startswith("test")])
    with running(["chroot", tmp_path, source, "-S", "-c", SPINNERS], env=dict(os.environ, PYTHONHOME=home)) as process:
        assert_recorded(process.pid)


# --- others than CPython -----------------------------------------------------------------------------------------

def test_a_program_called_pypy(tmp_path):
    fake = tmp_path / "pypy3.10"
    shutil.copy(shutil.which("sleep"), fake)
    with subprocess.Popen([fake, "100"]) as process:
        try:
            wait_for_program(process.pid, fake)
            assert_refused(process.pid, "PyPy", str(process.pid))
        finally:
            process.kill()


def test_pypy():
    pypy = shutil.which("pypy3") or os.path.join(cache_folder(), "python", "pypy3", "bin", "pypy3")
    if not os.path.exists(pypy):
        pytest.skip("no pypy3 on this machine")
    with running([pypy, "-c", SPINNERS]) as process:
        assert_refused(process.pid, "PyPy", str(process.pid))


def tiny_program(code):
    """A static ELF file for 32-bit x86, of one segment."""
    where = 0x10000
    size = 84 + len(code)
    header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 2, 3, 1, where + 84, 52, 0, 0, 52, 32, 1, 40, 0, 0)
    return header + struct.pack("<8I", 1, 0, where, where, size, size, 5, 4096) + code


def wait_for_program(pid, path):
    for _ in range(100):
        if os.readlink("/proc/%d/exe" % pid) == str(path):
            return
        time.sleep(0.02)


@pytest.mark.parametrize("name", ["python3.11", "something"])
def test_a_32_bit_program(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(tiny_program(b"\xb8\x1d\0\0\0\xcd\x80\xeb\xf7"))  # for (;;) pause();
    path.chmod(0o755)
    try:
        process = subprocess.Popen([path])
    except OSError as error:
        pytest.skip("this kernel runs no 32-bit programs: %s" % error)
    with process:
        try:
            wait_for_program(process.pid, path)
            assert process.poll() is None
            assert_refused(process.pid, "32-bit", str(process.pid))
        finally:
            process.send_signal(signal.SIGKILL)


def test_old_versions_are_refused_at_once():
    old = os.path.expanduser("~/.pyenv/versions/3.6.15/bin/python3.6")
    if not os.path.exists(old):
        pytest.skip("no CPython 3.6 on this machine")
    with running([old, "-S", "-c", SPINNERS]) as process:
        assert_refused(process.pid, "3.6", "older than 3.7")


def test_versions_without_a_table_are_refused_at_once(unsupported):
    with running([unsupported.executable, "-S", "-c", SPINNERS]) as process:
        assert_refused(process.pid, "%d.%d" % unsupported.minor)
