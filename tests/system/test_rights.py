"""What gilspy may still do while it records, what it says about that, and whom it refuses."""

import contextlib
import glob
import json
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import time

import pytest
from running import find_gilspy

UID = 12345
NOT_PERMITTED = 77
BITS = {"CAP_CHOWN": 0, "CAP_DAC_OVERRIDE": 1, "CAP_DAC_READ_SEARCH": 2, "CAP_FOWNER": 3, "CAP_KILL": 5,
        "CAP_SYS_PTRACE": 19, "CAP_CHECKPOINT_RESTORE": 40}
FORMATS = ("flamegraph", "html", "folded", "json", "markdown", "perfetto", "chrometrace", "speedscope", "pprof", "firefox",
           "gilspy")
# A CPython that other users may read as well.
PYTHON = next((path for path in ("/usr/bin/python3", "/usr/local/bin/python3") if os.path.exists(path)), None)

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv") or not PYTHON,
                                reason="rights are for root to give away, with setpriv, to a system's Python")

# Two threads that take turns, one that starts others, and a sleeper.
PROGRAM = """
import ctypes, os, subprocess, sys, threading, time
for line in sys.argv[1:]:
    exec(line)
def spin():
    while True:
        sum(range(1000))
def churn():
    while True:
        thread = threading.Thread(target=time.sleep, args=(0.02,))
        thread.start()
        thread.join()
for target in (spin, spin, churn):
    threading.Thread(target=target, daemon=True).start()
print("ready", flush=True)
time.sleep(100)
"""


def as_user(*options):
    return ["setpriv", "--reuid", str(UID), "--regid", str(UID), "--clear-groups", *options]


@contextlib.contextmanager
def program(*lines, prefix=()):
    """A Python that runs PROGRAM, behind these lines."""
    with subprocess.Popen([*prefix, PYTHON, "-c", PROGRAM, *lines], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          cwd="/") as process:
        try:
            assert process.stdout.readline() == b"ready\n"
            yield process.pid
        finally:
            process.kill()


@pytest.fixture
def public(tmp_path_factory):
    """A folder for everybody, and gilspy in it: that of a developer may be closed."""
    folder = pathlib.Path("/tmp") / ("gilspy-rights-%d" % os.getpid())
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(find_gilspy(), folder / "gilspy")
    os.chmod(folder, 0o755)
    os.chmod(folder / "gilspy", 0o755)
    (folder / "out").mkdir()
    os.chown(folder / "out", UID, UID)
    yield folder
    shutil.rmtree(folder)


def run(public, *arguments, prefix=(), **options):
    return subprocess.run([*prefix, public / "gilspy", *map(str, arguments)], stdin=subprocess.DEVNULL, cwd=public / "out",
                          capture_output=True, text=True, timeout=60, check=False, **options)


def status_of(path):
    text = pathlib.Path(path, "status").read_text(encoding="utf-8")
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def names_in(line):
    return set(re.findall(r"CAP_[A-Z_]+", line))


class Recording:
    """A gilspy at work, with what it has said about its rights."""

    def __init__(self, public, *arguments, prefix=(), environment=None):
        self.process = subprocess.Popen(
            [*prefix, public / "gilspy", "record", "-v", "-d", "30", *map(str, arguments)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=public / "out",
            env={**os.environ, **(environment or {})})
        self.lines = []

    def __enter__(self):
        while not any("seccomp" in line for line in self.lines):
            self.lines.append(self.process.stderr.readline())
            assert self.lines[-1], self.lines
        self.kept = names_in(self.lines[0])
        assert self.lines[0].startswith("gilspy: rights kept: ")
        return self

    def threads(self, at_least):
        """The status of each, once there are so many."""
        for _ in range(1000):
            folders = glob.glob("/proc/%d/task/*" % self.process.pid)
            if len(folders) >= at_least:
                return [status_of(folder) for folder in folders]
            time.sleep(0.005)
        raise AssertionError("gilspy has %d threads" % len(folders))

    def end(self):
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate(timeout=30)[1]
        assert self.process.returncode == 0, said
        return said

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


def assert_has_only(recording, threads, bounded=True):
    expected = "%016x" % sum(1 << BITS[name] for name in recording.kept)
    for status in threads:
        assert (status["CapEff"], status["CapPrm"]) == (expected, expected)
        assert int(status["CapInh"], 16) == int(status["CapAmb"], 16) == 0
        assert int(status["CapBnd"], 16) == 0 or not bounded
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


@pytest.mark.parametrize("options, threads", [((), 1), (("--blocking",), 1), (("--native",), 2)], ids=str)
def test_of_a_process_of_root(public, options, threads):
    with program() as pid, Recording(public, "--pid", pid, "-o", "x.svg", *options) as recording:
        # It has all capabilities, which a gilspy without any may not look into. The folder is another user's.
        assert recording.kept == {"CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"}
        assert "process %d has more rights" % pid in recording.lines[0]
        assert_has_only(recording, recording.threads(threads))
        refused = recording.lines[2]
        assert "starting programs, network" in refused
        assert ("ptrace" in refused) == (not options)
        recording.end()
    assert (public / "out" / "x.svg").exists()


def test_of_one_of_root_without_rights(public):
    prefix = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    with program(prefix=prefix) as pid, Recording(public, "--pid", pid, "-o", public / "x.svg") as recording:
        assert recording.kept == set()
        assert recording.lines[0] == "gilspy: rights kept: none\n"
        assert_has_only(recording, recording.threads(1))
        recording.end()


@pytest.mark.parametrize("options, threads", [((), 1), (("--exact",), 1), (("--native",), 2)], ids=str)
def test_of_another_user(public, options, threads):
    with program(prefix=as_user()) as pid:
        with Recording(public, "--pid", pid, "-f", "json", "-o", public / "x.json", *options) as recording:
            assert recording.kept == {"CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"}
            assert "process %d belongs to another user" % pid in recording.lines[0]
            assert_has_only(recording, recording.threads(threads))
            time.sleep(1)  # for threads to come and go
            recording.end()
    # What its threads do, those that were started meanwhile included, is known.
    threads = json.loads((public / "x.json").read_text(encoding="utf-8"))["threads"]
    assert len(threads) > 10
    known = [one for one in threads if one["activities"].get("unknown", 0) < 0.3 * sum(one["activities"].values())]
    assert len(known) > 0.8 * len(threads)


def test_with_processes_that_are_met_later(public):
    child = "subprocess.Popen([sys.executable, '-c', 'import os; p = os.getppid()\\nwhile os.getppid() == p: pass'])"
    with program(child) as pid, Recording(public, "-s", "--pid", pid, "-o", public / "x.json") as recording:
        assert recording.kept == {"CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_CHECKPOINT_RESTORE"}
        assert "met later" in recording.lines[0]
        assert_has_only(recording, recording.threads(2))
        time.sleep(1)
        recording.end()
    assert len(json.loads((public / "x.json").read_text(encoding="utf-8"))["processes"]) == 2


def test_of_the_same_user(public):
    with program(prefix=as_user()) as pid:
        with Recording(public, "--pid", pid, "-o", "x.svg", prefix=as_user()) as recording:
            assert recording.lines[:2] == ["gilspy: rights kept: none\n",
                                           "gilspy: rights given up: none; none can be had from now on (no_new_privs)\n"]
            assert_has_only(recording, recording.threads(1), bounded=False)
            recording.end()
    assert (public / "out" / "x.svg").stat().st_uid == UID


def test_what_the_output_takes_under_sudo(public):
    """The folder is the user's, and the file shall be as well."""
    sudo = {"SUDO_UID": str(UID), "SUDO_GID": str(UID)}
    prefix = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    with program(prefix=prefix) as pid:
        for name in ("x.svg", "x.svg", "x.gilspy"):
            with Recording(public, "--pid", pid, "-o", name, environment=sudo) as recording:
                assert recording.kept == {"CAP_DAC_OVERRIDE", "CAP_CHOWN"}
                assert_has_only(recording, recording.threads(1))
                recording.end()
            assert (public / "out" / name).stat().st_uid == UID
        os.chown(public / "out", 54321, 54321)
        os.chmod(public / "out", 0o1777)
        with Recording(public, "--pid", pid, "-o", "x.svg", environment=sudo) as recording:
            assert recording.kept == {"CAP_FOWNER", "CAP_CHOWN"}
            recording.end()
        assert run(public, "dump", "-v", "--pid", pid).stderr.startswith("gilspy: rights kept: none\n")


def test_files_that_were_deleted(public):
    """Only --native reads them: for the names of functions."""
    library = public / "library.so"
    shutil.copy(next(iter(glob.glob("/usr/lib/*/libz.so.1") + glob.glob("/usr/lib*/libz.so.1"))), library)
    prefix = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    with program("ctypes.CDLL(%r); os.unlink(%r)" % (str(library), str(library)), prefix=prefix) as pid:
        for option, kept in (("--native", {"CAP_CHECKPOINT_RESTORE"}), ("--blocking", set())):
            done = run(public, "dump", "-v", option, "--pid", pid)
            assert done.returncode == 0
            assert names_in(done.stderr.splitlines()[0]) == kept


SAYS_ITS_STATUS = "import time; time.sleep(1); print(open('/proc/self/status').read())"


@pytest.mark.parametrize("options", [(), ("-s",)], ids=str)
def test_a_command_keeps_what_it_had(public, options):
    done = run(public, "record", "-v", *options, "-o", public / "x.svg", "--", PYTHON, "-c", SAYS_ITS_STATUS)
    assert done.returncode == 0, done.stderr
    assert "CAP_KILL" in names_in(done.stderr)
    ours, its = status_of("/proc/self"), dict(re.findall(r"(\w+):\t(.*)", done.stdout))
    for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp"):
        assert its[key] == ours[key], key


def test_a_command_that_becomes_another_user(public):
    done = run(public, "record", "-o", public / "x.json", "--", PYTHON, "-c",
               "import os, time; time.sleep(0.5); os.execvp('setpriv', %r)" % as_user(PYTHON, "-c", """
import time
end = time.time() + 1
while time.time() < end: pass"""))
    assert done.returncode == 0, done.stderr
    recorded = json.loads((public / "x.json").read_text(encoding="utf-8"))
    assert recorded["threads"][0]["activities"].get("unknown", 0) < 0.3


@pytest.mark.parametrize("servers", ["", "http://127.0.0.1:1"])
def test_debuginfod_has_to_be_started(public, servers):
    with program() as pid:
        environment = {**os.environ, "DEBUGINFOD_URLS": servers}
        for option, expected in (("--native", bool(servers)), ("--blocking", False)):
            done = run(public, "dump", "-v", "--pid", pid, option, env=environment)
            assert done.returncode == 0, done.stderr
            assert ("still allowed: starting debuginfod-find" in done.stderr) == expected
            assert ("starting programs, network" in done.stderr) != expected


# Of a user, on what is his.
@pytest.mark.parametrize("options", [(), ("--blocking",), ("--exact",), ("--native",), ("-s",)], ids=str)
def test_a_user_records_what_is_his(public, options):
    with program(prefix=as_user()) as pid:
        done = run(public, "record", "--pid", pid, "-d", "1", "-f", "json", "-o", "-", *options, prefix=as_user())
        assert done.returncode == 0, done.stderr
        assert len(json.loads(done.stdout)["threads"]) >= 4


@pytest.mark.parametrize("format", FORMATS)
def test_a_user_gets_every_output(public, format):
    with program(prefix=as_user()) as pid:
        done = run(public, "record", "--pid", pid, "-d", "0.3", "-f", format, "-o", "out.put", prefix=as_user())
    assert done.returncode == 0, done.stderr
    written = public / "out" / "out.put"
    assert written.stat().st_size > 0 and written.stat().st_uid == UID


def test_a_user_looks_and_launches(public):
    with program(prefix=as_user()) as pid:
        for option in ("--nonblocking", "--blocking", "--native"):
            done = run(public, "dump", "--pid", pid, option, prefix=as_user())
            assert done.returncode == 0 and "MainThread" in done.stdout, done.stderr
    for option in ("--nonblocking", "-s", "--native"):
        done = run(public, "record", option, "-o", "x.svg", "--", PYTHON, "-c", SAYS_ITS_STATUS, prefix=as_user())
        assert done.returncode == 0, done.stderr
        assert "NoNewPrivs:\t0" in done.stdout and "Seccomp:\t0" in done.stdout


# Refusals.
@pytest.mark.parametrize("line, prefix, why", [
    ("", [], "belongs to another user (uid 0)"),
    ("ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)", as_user(), "PR_SET_DUMPABLE"),
    ("", as_user("--inh-caps", "+net_raw", "--ambient-caps", "+net_raw"), "rights that gilspy has not (CAP_NET_RAW)"),
    ("", ["setpriv", "--ruid", str(UID), "--euid", str(UID + 1), "--regid", str(UID), "--clear-groups"], "setuid or setgid"),
], ids=["other user", "not dumpable", "capabilities", "setuid"])
def test_who_is_ahead_of_a_user(public, line, prefix, why):
    with program(line, prefix=prefix) as pid:
        for command in (("dump", "--pid", pid), ("record", "--pid", pid, "-d", "1")):
            done = run(public, *command, prefix=as_user())
            assert done.returncode == NOT_PERMITTED
            assert why in done.stderr and len(done.stderr.splitlines()) == 1
            assert "CAP_SYS_PTRACE" in done.stderr


def test_inside_of_a_user_namespace(public):
    unshare = ["unshare", "--user", "--map-root-user"]
    if subprocess.run([*unshare, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        pytest.skip("this machine has no user namespaces for us")
    with program() as pid:
        done = run(public, "dump", "--pid", pid, prefix=unshare)
        assert done.returncode == NOT_PERMITTED and "user namespace" in done.stderr


@pytest.mark.parametrize("mode", [stat.S_ISUID, stat.S_ISGID])
def test_gilspy_is_not_to_be_setuid(public, mode):
    os.chmod(public / "gilspy", 0o755 | mode)
    with program() as pid:
        for command in (("dump", "--pid", pid), ("record", "--pid", pid), ("--help",)):
            done = run(public, *command, prefix=as_user())
            assert (done.returncode, done.stdout) == (NOT_PERMITTED, "")
            assert "setuid or setgid" in done.stderr and len(done.stderr.splitlines()) == 1


def test_gilspy_with_capabilities_of_its_file(public):
    setcap = shutil.which("setcap") or "/usr/sbin/setcap"
    if not os.path.exists(setcap):
        pytest.skip("there is no setcap")
    give = [setcap, "cap_sys_ptrace,cap_dac_read_search=ep", public / "gilspy"]
    if subprocess.run(give, stderr=subprocess.DEVNULL, check=False).returncode != 0:
        pytest.skip("files cannot have capabilities here")
    with program() as pid:
        # What an environment names that somebody with less rights has set is not followed.
        done = run(public, "dump", "-v", "--native", "--pid", pid, prefix=as_user(),
                   env={**os.environ, "DEBUGINFOD_URLS": "http://127.0.0.1:1"})
        assert done.returncode == 0, done.stderr
        assert names_in(done.stderr.splitlines()[0]) == {"CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"}
        assert "debuginfod-find" not in done.stderr
    with program(prefix=as_user()) as pid:
        assert run(public, "dump", "-v", "--pid", pid, prefix=as_user()).stderr.startswith("gilspy: rights kept: none\n")
