"""gilspy record -- COMMAND: recorded from its start to its end, as if it had been started without gilspy."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from running import PROGRAMS, find_gilspy, gilspy

pytestmark = pytest.mark.few_versions

OUR_FAILURE, CANNOT_EXECUTE, NO_COMMAND = 125, 126, 127
# Ends by itself, so that a test that fails leaves nothing behind.
BUSY = """
import threading, time
deadline = time.monotonic() + {seconds}
def spin():
    while time.monotonic() < deadline:
        sum(range(1000))
threads = [threading.Thread(target=spin, name="spinner-%d" % number) for number in (1, 2)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
{then}
"""


def busy(python, seconds=1, then=""):
    return [python.executable, "-c", BUSY.format(seconds=seconds, then=then)]


def launch(*command, out, arguments=(), **options):
    return gilspy("record", "-f", "json", "-o", out, *arguments, "--", *command, **options)


def spinners_of(out):
    report = json.loads(out.read_text())
    return report, [thread for thread in report["threads"] if thread["name"].startswith("spinner-")]


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.json"


def test_it_is_recorded_from_start_to_end(python, out):
    done = launch(*busy(python, seconds=1.5, then="print('mine')"), out=out)
    assert done.returncode == 0, done.stderr
    report, spinners = spinners_of(out)
    assert len(spinners) == 2 and report["ended"] is None
    assert 1.4 < report["duration_s"] < 3
    assert done.stdout == "mine\n"
    assert "GIL" in done.stderr and str(out) in done.stderr and "recording process" not in done.stderr


def test_its_streams_are_ours(python, out):
    copy = "import sys, time; time.sleep(0.3); sys.stdout.write(sys.stdin.read()); print('oops', file=sys.stderr)"
    done = subprocess.run([find_gilspy(), "record", "-o", out, "--", python.executable, "-c", copy], input="hello",
                          text=True, capture_output=True, timeout=30, check=False)
    assert done.stdout == "hello"
    assert done.stderr.startswith("oops\n")


def test_without_a_file_name_one_is_made_up(python, tmp_path):
    done = gilspy("record", "--", *busy(python, then="import os; print(os.getpid())"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["gilspy-%s.svg" % done.stdout.strip()]


# --- how it ends -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("then, code", [("raise SystemExit(3)", 3), ("import os; os.abort()", 128 + signal.SIGABRT),
                                        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137)])
def test_its_exit_status_is_ours(python, out, then, code):
    done = launch(*busy(python, then=then), out=out)
    assert done.returncode == code, done.stderr
    assert len(spinners_of(out)[1]) == 2


@pytest.mark.parametrize("how", ["--blocking", "--exact"])
@pytest.mark.parametrize("then, code", [("raise SystemExit(3)", 3), ("import os; os.abort()", 128 + signal.SIGABRT)])
def test_its_exit_status_is_ours_although_it_was_stopped_and_traced(python, out, how, then, code):
    """Who waits for a thread to stop may be told that the process has ended instead."""
    for _ in range(3):
        done = launch(*busy(python, seconds=0.3, then=then), out=out, arguments=[how, "-r", "max"])
        assert done.returncode == code, done.stderr


def test_commands_that_cannot_be_launched(tmp_path, out):
    done = launch("no-such-command-anywhere", out=out)
    assert done.returncode == NO_COMMAND and "no-such-command-anywhere" in done.stderr
    assert launch("/nowhere/python3", out=out).returncode == NO_COMMAND
    plain = tmp_path / "plain"
    plain.write_text("text")
    done = launch(plain, out=out)
    assert done.returncode == CANNOT_EXECUTE and "Permission denied" in done.stderr
    assert launch(tmp_path, out=out).returncode == CANNOT_EXECUTE
    orphan = script(tmp_path / "orphan", "#!/nowhere/python3\n")
    done = launch(orphan, out=out)
    assert done.returncode == NO_COMMAND and "first line" in done.stderr
    assert not out.exists()


def script(path, text):
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("command, code", [(["true"], OUR_FAILURE), (["false"], 1), (["sh", "-c", "exit 7"], 7),
                                           (["sh", "-c", "kill -9 $$"], 137)], ids=str)
def test_commands_that_end_before_the_first_sample(out, command, code):
    done = launch(*command, out=out)
    assert done.returncode == code
    assert "before the first sample" in done.stderr and len(done.stderr.splitlines()) == 1
    assert not out.exists()


def test_a_command_that_is_not_python(out):
    done = launch("sh", "-c", "sleep 1; echo done; exit 3", out=out)
    assert done.returncode == OUR_FAILURE
    assert done.stdout == "done\n"
    assert "not Python" in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_command_whose_python_is_a_child(python, out):
    wrapper = '"$@" & echo $!; wait $!; exit 0'
    done = launch("sh", "-c", wrapper, "sh", *busy(python, seconds=1), out=out)
    assert done.returncode == OUR_FAILURE
    assert "child %s " % done.stdout.strip() in done.stderr and "exec" in done.stderr and "--pid" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_python_that_is_a_child_is_named_while_it_can_be_recorded(python, out):
    command = ["sh", "-c", '"$@"; exit 0', "sh", *busy(python, seconds=6)]
    with Recording(command, out, stderr=subprocess.PIPE) as recording:
        begin = time.monotonic()
        line = recording.stderr.readline()
        assert "--pid" in line and time.monotonic() - begin < 5
        assert recording.wait() == OUR_FAILURE
        assert recording.stderr.read() == ""


def test_an_unsupported_python_runs_to_its_end(unsupported, out):
    done = launch(unsupported.executable, "-c", "import time; time.sleep(1); print('done')", out=out)
    assert done.returncode == OUR_FAILURE
    assert done.stdout == "done\n" and "%d.%d" % unsupported.minor in done.stderr


# --- what is in the way ------------------------------------------------------------------------------------------

def test_a_shell_that_executes_python(python, out):
    assert launch("sh", "-c", 'sleep 0.5; exec "$@"', "sh", *busy(python), out=out).returncode == 0
    assert len(spinners_of(out)[1]) == 2


def test_a_script_by_its_first_line(python, tmp_path, out):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").symlink_to(python.executable)
    path = dict(os.environ, PATH="%s:%s" % (tmp_path / "bin", os.environ["PATH"]))
    script(tmp_path / "bin" / "my-busy-script", "#!/usr/bin/env python3\n" + BUSY.format(seconds=1, then=""))
    done = launch("my-busy-script", out=out, env=path)
    assert done.returncode == 0, done.stderr
    assert len(spinners_of(out)[1]) == 2


def test_a_launcher_that_takes_its_time(python, out):
    done = launch("sh", "-c", 'sleep 3; exec "$@"', "sh", *busy(python, seconds=1), out=out)
    assert done.returncode == 0, done.stderr
    report, spinners = spinners_of(out)
    assert len(spinners) == 2 and 0.9 < report["duration_s"] < 2


def test_a_launcher_that_is_python_itself(python, out):
    """The program that is meant runs longer than the launcher."""
    launcher = "import os, sys, time; time.sleep(0.3); os.execv(sys.argv[1], sys.argv[1:])"
    done = launch(python.executable, "-c", launcher, *busy(python, seconds=1.5), out=out)
    assert done.returncode == 0, done.stderr
    report, spinners = spinners_of(out)
    assert len(spinners) == 2 and report["ended"] is None and report["duration_s"] > 1.3


def test_one_that_becomes_something_else(python, out):
    done = launch(*busy(python, then="import os; os.execvp('sh', ['sh', '-c', 'sleep 1; exit 5'])"), out=out)
    assert done.returncode == 5
    report, spinners = spinners_of(out)
    assert len(spinners) == 2 and report["duration_s"] < 2


FIRST = BUSY + "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"


def two_pythons(python, first, second):
    """One executes the other."""
    return [python.executable, "-c", FIRST.format(seconds=first, then=""), *busy(python, seconds=second)]


def record_two_pythons(python, out, first, second):
    return gilspy("record", "-f", "gilspy", "-o", out, "--", *two_pythons(python, first, second))


def report_of(recording):
    done = gilspy("report", recording, "-f", "json", "-o", "-")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("first, second", [(0.4, 1.6), (1.6, 0.4)])
def test_of_several_pythons_the_recording_of_the_longest_is_kept(python, tmp_path, first, second):
    recording = tmp_path / "out.gilspy"
    done = record_two_pythons(python, recording, first, second)
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path) == ["out.gilspy"]
    report = report_of(recording)
    assert 1.3 < report["duration_s"] < 3
    assert len([thread for thread in report["threads"] if thread["name"].startswith("spinner-")]) == 2
    # Of the one that was executed by the other, its end is what was waited for.
    if first > second:
        assert "replaced itself" in report["ended"]
    else:
        assert report["ended"] is None


def test_a_link_to_the_recording_stays_one(python, tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.gilspy"
    link.symlink_to("real/out.gilspy")
    done = record_two_pythons(python, link, 0.4, 1.6)
    assert done.returncode == 0, done.stderr
    assert link.is_symlink() and os.listdir(tmp_path / "real") == ["out.gilspy"]
    assert sorted(os.listdir(tmp_path)) == ["link.gilspy", "real"]
    assert report_of(link)["duration_s"] > 1.3


def test_with_a_duration_the_end_of_the_command_comes_early(python, out):
    done = launch(*busy(python, seconds=1), out=out, arguments=("-d", 20))
    assert done.returncode == 0, done.stderr
    assert spinners_of(out)[0]["ended"] == "the process ended"
    assert "It ended early" in done.stderr


def test_of_several_pythons_the_first_goes_into_a_pipe(python, tmp_path):
    """It cannot be taken back, and the pipe is not replaced by a file."""
    pipe, copy = tmp_path / "pipe.gilspy", tmp_path / "copy.gilspy"
    os.mkfifo(pipe)
    with open(copy, "wb") as file, subprocess.Popen(["cat", pipe], stdout=file) as reader:
        try:
            done = record_two_pythons(python, pipe, 0.4, 1.6)
            reader.wait(30)
        finally:
            reader.terminate()
    assert done.returncode == 0, done.stderr
    assert pipe.is_fifo() and sorted(os.listdir(tmp_path)) == ["copy.gilspy", "pipe.gilspy"]
    report = report_of(copy)
    assert report["duration_s"] < 1.3 and "replaced itself" in report["ended"]


def test_one_that_forks_is_recorded_to_its_own_end(python, out):
    begin = time.monotonic()
    done = launch(python.executable, PROGRAMS / "fork_exec.py", "--then", "fork", "--seconds", 2, out=out)
    assert done.returncode == 0, done.stderr
    assert json.loads(out.read_text())["duration_s"] > 1.8
    daemon = "import os, time\nif os.fork(): time.sleep(0.5); os._exit(4)\nos.setsid(); os.closerange(0, 3); time.sleep(8)"
    assert launch(python.executable, "-c", daemon, out=out).returncode == 4
    assert time.monotonic() - begin < 8


# --- the world that it sees --------------------------------------------------------------------------------------

FACTS = """
import json, os, time
time.sleep(0.3)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({"blocked": status["SigBlk"].strip(), "ignored": status["SigIgn"].strip(),
                  "nice": os.getpriority(os.PRIO_PROCESS, 0), "policy": os.sched_getscheduler(0),
                  "descriptors": [fd for fd in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + fd)],
                  "traced": int(status["TracerPid"])}))
"""


def test_it_starts_as_if_it_had_been_started_without_gilspy(python, out):
    command = [python.executable, "-c", FACTS]
    alone = json.loads(subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout)
    done = launch(*command, out=out)
    assert json.loads(done.stdout) == alone
    assert alone["blocked"] == "0" * 16 and sorted(alone["descriptors"]) == ["0", "1", "2"]


def test_a_file_that_cannot_be_written_is_said_before_it_starts(tmp_path):
    done = launch("touch", tmp_path / "started", out=tmp_path / "no" / "such" / "folder.json")
    assert done.returncode == OUR_FAILURE and "no folder" in done.stderr
    assert not (tmp_path / "started").exists()


def test_standard_output_is_not_for_two(python):
    done = launch(*busy(python), out="-")
    assert done.returncode == OUR_FAILURE and "--output" in done.stderr


def test_without_a_reader_of_the_summary_the_exit_status_is_the_same(python, out):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([find_gilspy(), "record", "-o", out, "--", *busy(python, then="raise SystemExit(3)")],
                          stderr=write, check=False, timeout=30)
    os.close(write)
    assert done.returncode == 3


# --- signals and time --------------------------------------------------------------------------------------------

COUNTS_SIGNALS = """
import signal, sys, time
got = []
for name in sys.argv[2:]:
    signal.signal(getattr(signal, name), lambda number, frame: got.append(signal.Signals(number).name))
print("ready", flush=True)
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    time.sleep(0.05)
print(",".join(got), flush=True)
sys.exit(6)
"""


def default_signals():
    """Whoever runs the tests in the background of a script has SIGINT ignored for all of them."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Recording(subprocess.Popen):
    """`gilspy record ... -- COMMAND` while it runs."""

    def __init__(self, command, out, *arguments, **options):
        super().__init__([find_gilspy(), "record", "-f", "json", "-o", out, *arguments, "--", *command],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                         **{"stderr": subprocess.DEVNULL, "preexec_fn": default_signals, **options})

    def command_pid(self):
        with open("/proc/%d/task/%d/children" % (self.pid, self.pid), encoding="utf-8") as children:
            return int(children.read())


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"])
def test_signals_are_passed_on_and_the_recording_goes_on(python, out, name):
    with Recording([python.executable, "-c", COUNTS_SIGNALS, "2.5", name], out) as recording:
        assert recording.stdout.readline() == "ready\n"
        for pause in (0.5, 0.5):  # a second one loses nothing either
            time.sleep(pause)
            recording.send_signal(getattr(signal, name))
        said, _ = recording.communicate(timeout=20)
    assert recording.returncode == 6
    assert said == "%s,%s\n" % (name, name)
    assert json.loads(out.read_text())["duration_s"] > 2.2


def test_a_signal_that_ends_the_command_ends_the_recording(python, out):
    with Recording(busy(python, seconds=20), out) as recording:
        time.sleep(1)
        recording.terminate()
        assert recording.wait(timeout=10) == 128 + signal.SIGTERM
    assert len(spinners_of(out)[1]) == 2


def test_nohup(python, out):
    with Recording([python.executable, "-c", COUNTS_SIGNALS, "1.5"], out,
                   preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as recording:
        assert recording.stdout.readline() == "ready\n"
        recording.send_signal(signal.SIGHUP)
        os.kill(recording.command_pid(), signal.SIGHUP)
        assert recording.wait(timeout=10) == 6


def test_children_that_nobody_waits_for(python, out):
    """Where SIGCHLD is ignored, exit statuses get lost."""
    with Recording(busy(python, then="raise SystemExit(3)"), out,
                   preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)) as recording:
        assert recording.wait(timeout=10) == 3


IN_A_TERMINAL = """
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b""
while b"ready" not in said:
    said += os.read(terminal, 1000)
for _ in range(2):
    time.sleep(0.4)
    os.write(terminal, b"\\x03")
try:
    while True:
        said += os.read(terminal, 1000)
except OSError:
    pass
sys.stdout.write(said.decode().replace("\\r", ""))
sys.exit(os.WEXITSTATUS(os.waitpid(pid, 0)[1]))
"""


def test_ctrl_c_reaches_the_command_once(python, out):
    """A terminal sends it to gilspy and to the command."""
    command = [find_gilspy(), "record", "-f", "json", "-o", str(out), "--", python.executable, "-c", COUNTS_SIGNALS,
               "2", "SIGINT"]
    done = subprocess.run([sys.executable, "-c", IN_A_TERMINAL, *command], capture_output=True, text=True, timeout=30,
                          preexec_fn=default_signals, check=False)
    assert done.returncode == 6, done.stderr
    assert "\nSIGINT,SIGINT\n" in done.stdout.replace("^C", "")
    assert "recording process" not in done.stdout  # a line that is written over and over is not for two
    assert json.loads(out.read_text())["duration_s"] > 1.8


def test_with_a_duration_the_command_goes_on(python, out):
    with Recording(busy(python, seconds=4, then="raise SystemExit(3)"), out, "-d", "1") as recording:
        begin = time.monotonic()
        while not out.exists():
            assert recording.poll() is None and time.monotonic() - begin < 10
            time.sleep(0.05)
        assert recording.poll() is None and time.monotonic() - begin < 3
        assert recording.wait(timeout=20) == 3
        assert time.monotonic() - begin > 3.5
    assert 0.9 < json.loads(out.read_text())["duration_s"] < 1.5


def test_signals_are_passed_on_after_the_recording(python, out):
    with Recording(busy(python, seconds=20), out, "-d", "0.5") as recording:
        time.sleep(1.5)
        recording.terminate()
        assert recording.wait(timeout=10) == 128 + signal.SIGTERM
    assert len(spinners_of(out)[1]) == 2


def test_a_killed_gilspy_leaves_the_command_alone(python, tmp_path, out):
    done = tmp_path / "done"
    with Recording(busy(python, seconds=1.5, then="open(%r, 'w').close()" % str(done)), out) as recording:
        time.sleep(0.7)
        recording.kill()
        recording.wait()
        for _ in range(100):
            if done.exists():
                break
            time.sleep(0.1)
    assert done.exists() and not out.exists()


def test_a_short_program_is_seen(any_python, out):
    """Its start is what it consists of."""
    program = textwrap.dedent("""
        import time
        end = time.monotonic() + 0.2
        while time.monotonic() < end: sum(range(100))
    """)
    done = launch(any_python.executable, "-c", program, out=out)
    assert done.returncode == 0, done.stderr
    assert json.loads(out.read_text())["duration_s"] > 0.15
