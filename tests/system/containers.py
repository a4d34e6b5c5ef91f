"""Containers with a Python of their own in a root of their own, and gilspy beside it or in it."""

import contextlib
import functools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import pytest
from chain_library import COMPILE, SOURCE
from running import LONG_S, find_gilspy

USER = 12345
SYS_PTRACE = 19
SCRIPT = pathlib.Path(__file__).with_name("in_container.py")
TOOLS = "/opt/gilspy"  # in a root: gilspy and its libraries

# One thread keeps the GIL, in libchain.so as long as it sleeps there, or, without one, in a regular expression; two want it.
PROGRAM = """
import json, re, sys, threading, time
def library(path):
    import ctypes
    return ctypes.PyDLL(path).chain_outer, (ctypes.c_int64 * 5)(1, 100000000)
def regex():
    pattern, text = re.compile("(a+)+$"), "a" * 10 + "b"
    while True:
        begin = time.perf_counter()
        pattern.match(text)
        if time.perf_counter() - begin > 0.05:
            return pattern.match, text
        text = "a" + text
call, argument = library(sys.argv[1]) if len(sys.argv) > 1 else regex()
def hold():
    while True:
        call(argument)
def want():
    while True:
        pass
threads = [threading.Thread(target=target, name=name, daemon=True) for name, target in
           (("holder", hold), ("waiter-1", want), ("waiter-2", want))]
for thread in threads:
    thread.start()
print(json.dumps({thread.name: thread.native_id for thread in threads}), flush=True)
time.sleep(%d)
""" % LONG_S


def loader_of(program):
    """Which the program itself names, at its beginning."""
    return re.search(rb"/[\w/.-]*/ld-[\w.-]+", pathlib.Path(program).read_bytes()[:4096]).group().decode()


def libraries_of(*programs):
    """All that they are linked with, the loader included. The ldd of one libc knows nothing of another's programs."""
    said = "".join(subprocess.run(["ldd", one], capture_output=True, text=True, check=False).stdout for one in programs)
    return {word for word in said.split() if word.startswith("/") and os.path.exists(word)} | {loader_of(programs[0])}


def place(root, path, source=None):
    """A copy of what is at this path here, or of `source`."""
    there = pathlib.Path(str(root) + str(path))
    there.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source or path, there)
    return there


def add_gilspy(root):
    """As an image brings it along, with all that it needs. Returns how it is called in there."""
    place(root, TOOLS + "/gilspy", find_gilspy())
    for library in libraries_of(find_gilspy()):
        place(root, "%s/%s" % (TOOLS, os.path.basename(library)), library)
    return [TOOLS + "/" + os.path.basename(loader_of(find_gilspy())), "--library-path", TOOLS, TOOLS + "/gilspy"]


class Root:
    """Of a Python with its own libc, at the paths that it has here."""

    def __init__(self, folder, python):
        self.path, self.python, self.libraries = folder, python.executable, []
        for name in ("proc", "tmp"):
            (folder / name).mkdir()
        os.chmod(folder, 0o755)
        modules = subprocess.run([python.executable, "-c", "import os; print(os.path.dirname(os.__file__))"],
                                 capture_output=True, text=True, check=True).stdout.strip()
        shutil.copytree(modules, str(folder) + modules, ignore=self.left_out)
        extensions = [path for path in pathlib.Path(modules, "lib-dynload").glob("*.so") if "_ctypes" in path.name]
        for path in (python.executable, *libraries_of(python.executable, *extensions)):
            place(folder, path)
        (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
        self.gilspy = add_gilspy(folder)

    @staticmethod
    def left_out(_, names):
        return [name for name in names if name in ("test", "site-packages", "dist-packages", "__pycache__", "idlelib") or
                name.startswith("config-") or name.endswith(".a")]

    def has_library(self, path):
        """Its own libchain.so; the file that has this name here has other functions at the same places."""
        there = pathlib.Path(str(self.path) + str(path))
        there.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([*COMPILE, "-o", there, SOURCE], check=True)
        other = SOURCE.read_text(encoding="utf-8").replace("chain_", "other_")
        subprocess.run([*COMPILE, "-x", "c", "-", "-o", path], input=other, text=True, check=True)
        self.libraries = [path]


class Container:
    """A process in one; `pid` is its number here and `pid_inside` there; `inside` is what its threads say of theirs."""

    def __init__(self, command, *options):
        self.command = [sys.executable, SCRIPT, *options, "--", *command]
        self.pid = 0

    def __enter__(self):
        self.process = subprocess.Popen(list(map(str, self.command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        text=True, cwd="/")
        said = self.process.stdout.readline()
        if not said:
            self.__exit__()
            raise AssertionError("%s said nothing" % self.command)
        self.inside = json.loads(said)
        self.pid = self.last_child(self.process.pid)
        status = pathlib.Path("/proc/%d/status" % self.pid).read_text(encoding="utf-8")
        self.pid_inside = int(re.search(r"^NSpid:.*\t(\d+)$", status, re.MULTILINE).group(1))
        return self

    @classmethod
    def last_child(cls, pid):
        below = subprocess.run(["ps", "--no-headers", "-o", "pid", "--ppid", str(pid)], capture_output=True, text=True,
                               check=False).stdout.split()
        return cls.last_child(int(below[0])) if below else pid

    def enter(self, *command, drop=()):
        """To run a command in it: its PID and mount namespaces, its root."""
        into = ["nsenter", "--target", str(self.pid), "--pid", "--mount"]
        if not drop:
            return [*into, *command]
        python = os.readlink("/proc/%d/exe" % self.pid)
        code = "import ctypes, os, sys\nfor one in %r: ctypes.CDLL(None).prctl(24, one, 0, 0, 0)\n" % (drop,)
        return [*into, python, "-c", code + "os.execv(sys.argv[1], sys.argv[1:])", *command]

    def __exit__(self, *_):
        if self.pid:  # those above it end behind it: when they are gone, nothing is left
            os.kill(self.pid, signal.SIGKILL)
        else:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@functools.lru_cache(maxsize=None)
def why_not():
    """Why there can be no containers here; None: there can."""
    if os.geteuid() != 0:
        return "containers are root's to make"
    missing = [name for name in ("nsenter", "unshare", "setpriv", "ps", "cc") if not shutil.which(name)]
    if missing:
        return "no %s on this machine" % missing[0]
    done = subprocess.run([sys.executable, SCRIPT, "--", shutil.which("true")], stderr=subprocess.PIPE, text=True, check=False)
    return None if done.returncode == 0 else "no containers can be made here: " + done.stderr.splitlines()[-1]


@functools.lru_cache(maxsize=None)
def rootless_is_refused():
    done = subprocess.run([sys.executable, SCRIPT, "--user", str(USER), "--", shutil.which("true")], stderr=subprocess.PIPE,
                          text=True, check=False, cwd="/")
    return "" if done.returncode == 0 else "users may make no user namespaces here"


@contextlib.contextmanager
def public_folder():
    """For everybody: pytest's own are closed."""
    with tempfile.TemporaryDirectory(prefix="gilspy-container-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        yield pathlib.Path(folder)


def run_gilspy(command, *arguments, **options):
    return subprocess.run([*map(str, command), *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60, check=False, cwd="/", **options)


def needs_rootless():
    if rootless_is_refused():
        pytest.skip(rootless_is_refused())
