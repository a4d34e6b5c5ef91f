"""`record -f gilspy` and `report`: the same numbers, whenever they are asked for, from whatever is left of a file."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import time

import pytest
from running import Program, find_gilspy, gilspy, parse_folded, record

pytestmark = pytest.mark.few_versions

USAGE, BAD_RECORDING, CANNOT_WRITE = 64, 65, 74


def report_json(recording, **options):
    done = gilspy("report", recording, "-f", "json", "-o", "-", **options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def without_the_path(summary):
    return re.sub(r"\s*->  \S+\n$", "", summary)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A recording of threads that take turns, and what gilspy said of it."""
    from conftest import PICKED
    if not PICKED:
        pytest.skip("no supported CPython on this machine")
    file = tmp_path_factory.mktemp("recordings") / "spinners.gilspy"
    with Program(next(iter(PICKED.values())).executable, "spinners.py") as program:
        done = record(program.pid, "-f", "gilspy", "-o", file, seconds=4)
    assert done.returncode == 0, done.stderr
    return file, done


def test_report_says_what_record_said(recorded, tmp_path):
    file, done = recorded
    again = gilspy("report", file, "-o", tmp_path / "again.svg")
    assert again.returncode == 0, again.stderr
    assert again.stderr == ""
    assert without_the_path(again.stdout) == without_the_path(done.stdout)


@pytest.mark.parametrize("program", ["mixed.py", "subinterpreters.py", "thread_churn.py"])
def test_report_says_what_record_said_of_others(any_python, program, tmp_path):
    """Threads that come and go, interpreters, names that become known late; with a GIL and without."""
    if program == "subinterpreters.py" and any_python.minor < (3, 12):
        program = "nested.py"
    with Program(any_python.executable, program) as running:
        done = record(running.pid, "-f", "gilspy", "-o", tmp_path / "it.gilspy", seconds=3)
    assert done.returncode == 0, done.stderr
    again = gilspy("report", tmp_path / "it.gilspy", "-o", tmp_path / "it.svg")
    assert without_the_path(again.stdout) == without_the_path(done.stdout), again.stderr


def test_all_formats_and_views(recorded, tmp_path):
    file, _ = recorded
    report = report_json(file)
    assert 3.8 < report["duration_s"] < 4.5
    assert report["ended"] is None
    for view in ("all", "held", "wait", "blame"):
        svg = tmp_path / (view + ".svg")
        assert gilspy("report", file, "--view", view, "-o", svg).returncode == 0
        assert "<svg" in svg.read_text()
    done = gilspy("report", file, "-f", "folded", "--view", "wait", "-o", "-")
    waited = sum(thread["activities"]["waits_for_gil"] for thread in report["threads"])
    assert sum(weight for _, weight in parse_folded(done.stdout)) == pytest.approx(waited * 1e6, abs=1)


def test_the_same_file_gives_the_same_bytes(recorded):
    file, _ = recorded
    assert report_json(file) == report_json(file)


def test_names_are_made_up_beside_each_other(recorded, tmp_path):
    file, _ = recorded
    for _ in range(2):
        assert gilspy("report", file, cwd=tmp_path).returncode == 0
    assert {made.name for made in tmp_path.iterdir()} == {"spinners.svg", "spinners-2.svg"}


def test_through_a_pipe(recorded):
    file, _ = recorded
    with open(file, "rb") as stdin:
        done = subprocess.run([find_gilspy(), "report", "-", "-f", "json", "-o", "-"], stdin=stdin, text=True,
                              capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == report_json(file)


def test_onto_standard_output(python):
    with Program(python.executable, "spinners.py") as program:
        done = subprocess.run([find_gilspy(), "record", "--pid", str(program.pid), "-d", "2", "-f", "gilspy", "-o", "-"],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert b"GIL" in done.stderr
    again = subprocess.run([find_gilspy(), "report", "-", "-f", "json", "-o", "-"], input=done.stdout,
                           capture_output=True, timeout=60, check=False)
    assert json.loads(again.stdout)["target"]["pid"] == program.pid


def start_recording(pid, file, **options):
    return subprocess.Popen([find_gilspy(), "record", "--pid", str(pid), "-f", "gilspy", "-o", str(file)],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            **options)


def test_gilspy_is_killed(python, tmp_path):
    """At most the last second is lost."""
    file = tmp_path / "killed.gilspy"
    with Program(python.executable, "spinners.py") as program:
        recording = start_recording(program.pid, file)
        while not file.exists() or file.stat().st_size == 0:
            time.sleep(0.01)
        begun = time.monotonic() - 0.1  # what is in the first block; from then on there is one a second
        time.sleep(3.5)
        recording.send_signal(signal.SIGKILL)
        lived_s = time.monotonic() - begun
        recording.communicate()
    done = gilspy("report", file, "-f", "json", "-o", "-")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert lived_s - 1.2 < report["duration_s"] < lived_s + 0.2
    assert "ends in the middle at" in report["ended"] and "killed" in report["ended"]
    assert done.stderr.startswith("gilspy: the recording ends in the middle at ")
    assert report["verdict"]["code"] == "serialized_by_gil"
    assert report["target"]["pid"] == program.pid


def test_ctrl_c_and_the_end_of_the_process_are_in_it(python, tmp_path):
    with Program(python.executable, "spinners.py") as program:
        recording = start_recording(program.pid, tmp_path / "stopped.gilspy")
        time.sleep(2)
        recording.send_signal(signal.SIGINT)
        recording.communicate(timeout=20)
        assert recording.returncode == 0
        recording = start_recording(program.pid, tmp_path / "ended.gilspy")
        time.sleep(2)
        program.process.kill()
        recording.communicate(timeout=20)
        assert recording.returncode == 0
    assert report_json(tmp_path / "stopped.gilspy")["ended"] is None
    assert report_json(tmp_path / "ended.gilspy")["ended"] == "the process ended"


def assert_what_was_written_is_kept(file, recording, why):
    said, complaints = recording.communicate(timeout=60)
    assert recording.returncode == CANNOT_WRITE, complaints
    (line,) = complaints.splitlines()
    kept = re.fullmatch(r"gilspy: cannot write %s: %s; the first ([\d.]+) s are in it" % (re.escape(str(file)), why), line)
    assert kept, line
    assert "the recording could not be written" in said and "GIL" in said
    report = report_json(file)
    assert report["duration_s"] == pytest.approx(float(kept.group(1)), abs=0.01)
    assert "the disk was full" in report["ended"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_the_disk_is_full(python, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], check=False).returncode != 0:
        pytest.skip("this container may not mount")
    try:
        with Program(python.executable, "spinners.py") as program:
            file = disk / "full.gilspy"
            assert_what_was_written_is_kept(file, start_recording(program.pid, file), "No space left on device")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_files_may_not_be_that_large(python, tmp_path):
    """SIGXFSZ must not be the end of gilspy."""
    file = tmp_path / "limited.gilspy"
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))  # noqa: E731
    with Program(python.executable, "spinners.py") as program:
        assert_what_was_written_is_kept(file, start_recording(program.pid, file, preexec_fn=limit), "File too large")


def test_nobody_reads_the_pipe(python):
    with Program(python.executable, "spinners.py") as program:
        recording = start_recording(program.pid, "-")
        recording.stdout.close()
        complaints = recording.stderr.read()
        assert recording.wait(timeout=30) == CANNOT_WRITE
    assert "cannot write standard output: Broken pipe" in complaints


def test_a_file_that_is_deleted_meanwhile(python, tmp_path):
    file = tmp_path / "deleted.gilspy"
    with Program(python.executable, "spinners.py") as program:
        recording = start_recording(program.pid, file)
        while not file.exists():
            time.sleep(0.01)
        file.unlink()
        recording.send_signal(signal.SIGINT)
        _, complaints = recording.communicate(timeout=20)
    assert recording.returncode == CANNOT_WRITE
    assert "deleted while it was being written" in complaints


def test_a_recording_that_does_not_come_about_leaves_the_file_before(tmp_path):
    file = tmp_path / "old.gilspy"
    file.write_text("the recording of last week")
    with subprocess.Popen(["sleep", "100"]) as process:
        done = record(process.pid, "-f", "gilspy", "-o", file, seconds=1)
        process.kill()
    assert done.returncode == 69
    assert file.read_text() == "the recording of last week"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write files for others")
def test_under_sudo_the_recording_belongs_to_the_user(python, tmp_path):
    out = tmp_path / "out.gilspy"
    sudo = dict(os.environ, SUDO_USER="nobody", SUDO_UID="65534", SUDO_GID="65534")
    with Program(python.executable, "spinners.py") as program:
        done = record(program.pid, "-f", "gilspy", "-o", out, seconds=2, env=sudo)
    assert done.returncode == 0, done.stderr
    assert (out.stat().st_uid, out.stat().st_gid) == (65534, 65534)


def assert_refused(done, code, word):
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("gilspy: ") and word in line, line


@pytest.mark.parametrize("content, word", [
    (b"", "empty"),
    (b"<svg/>", "not a recording; gilspy record -f gilspy makes one"),
    (b"\x8egilspy re\r\n\x01\0\0\0", "nothing is in it"),
    (b"\x8egilspy re\r\n\x63\0\0\0" + 100 * b"x", "format 99"),
    (b"\x8egilspy re\r\n\x01\0\0\0" + 100 * b"x", "damaged"),
], ids=["empty", "foreign", "without a block", "newer", "damaged"])
def test_what_is_no_recording(content, word, tmp_path):
    file = tmp_path / "it.gilspy"
    file.write_bytes(content)
    done = gilspy("report", file, cwd=tmp_path)
    assert_refused(done, BAD_RECORDING, word)
    assert str(file) in done.stderr
    assert len(list(tmp_path.iterdir())) == 1


def test_there_is_no_recording(tmp_path):
    assert_refused(gilspy("report", tmp_path / "none.gilspy"), BAD_RECORDING, "No such file")
    assert_refused(gilspy("report", tmp_path), BAD_RECORDING, "Is a directory")


def test_damage_in_the_middle(recorded, tmp_path):
    file = tmp_path / "damaged.gilspy"
    content = bytearray(recorded[0].read_bytes())
    content[len(content) * 3 // 4] ^= 0x55
    file.write_bytes(content)
    done = gilspy("report", file, "-f", "json", "-o", "-")
    assert done.returncode == 0
    assert done.stderr.startswith("gilspy: the recording is damaged at ")
    assert 0.5 < json.loads(done.stdout)["duration_s"] < 4


def test_usage(recorded, tmp_path):
    file = tmp_path / "copy.gilspy"
    shutil.copy(recorded[0], file)
    assert_refused(gilspy("report", file, "-f", "gilspy"), USAGE, "gilspy not in")
    assert_refused(gilspy("report", file, "-f", "html", "-o", file), USAGE, "the recording itself")
    assert_refused(gilspy("report", file, "-o", tmp_path / "other.gilspy"), USAGE, "already of format gilspy")
    assert file.read_bytes() == recorded[0].read_bytes()
