"""A recording whose file cannot be written when it is over goes to the temporary folder."""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest
from running import Program, find_gilspy, gilspy, record

pytestmark = pytest.mark.few_versions

CANNOT_WRITE, OUR_FAILURE = 74, 125


@pytest.fixture
def temporary(tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def with_temporary(folder):
    return dict(os.environ, TMPDIR=str(folder))


def test_a_folder_that_is_gone(python, tmp_path, temporary):
    folder = tmp_path / "out"
    folder.mkdir()
    with Program(python.executable, "spinners.py") as program:
        recording = subprocess.Popen(
            [find_gilspy(), "record", "--pid", str(program.pid), "-f", "json", "-o", folder / "x.json", "-d", "20"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=with_temporary(temporary))
        time.sleep(1)
        shutil.rmtree(folder)
        recording.send_signal(signal.SIGINT)
        said, complaint = recording.communicate(timeout=20)
    kept = temporary / ("gilspy-%d.json" % program.pid)
    assert recording.returncode == CANNOT_WRITE and "GIL" in said
    assert complaint == "gilspy: cannot write %s: No such file or directory; it is in %s\n" % (folder / "x.json", kept)
    assert json.loads(kept.read_text())["target"]["pid"] == program.pid


def test_a_full_disk(python, temporary):
    with Program(python.executable, "spinners.py") as program:
        taken = temporary / ("gilspy-%d.svg" % program.pid)
        taken.symlink_to("/nonexistent/of/somebody/else")
        done = record(program.pid, "-o", "/dev/full", seconds=0.5, env=with_temporary(temporary))
    assert done.returncode == CANNOT_WRITE
    kept = temporary / ("gilspy-%d-2.svg" % program.pid)
    assert "/dev/full" in done.stderr and str(kept) in done.stderr
    assert kept.read_text().startswith("<?xml") and taken.is_symlink()


def test_of_a_command(python, temporary):
    done = gilspy("record", "-o", "/dev/full", "--", python.executable, "-c", "import time; time.sleep(0.5)",
                  env=with_temporary(temporary))
    (kept,) = temporary.iterdir()
    assert done.returncode == OUR_FAILURE and str(kept) in done.stderr


def test_nowhere_at_all(python):
    with Program(python.executable, "spinners.py") as program:
        done = record(program.pid, "-o", "/dev/full", seconds=0.5, env=with_temporary("/nonexistent"))
    assert done.returncode == CANNOT_WRITE
    assert "it is in" not in done.stderr and len(done.stderr.splitlines()) == 1


def test_standard_output_has_a_reader(python, temporary):
    with Program(python.executable, "spinners.py") as program, open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([find_gilspy(), "record", "--pid", str(program.pid), "-d", "0.5", "-o", "-"], stdout=full,
                              stderr=subprocess.PIPE, env=with_temporary(temporary), check=False, timeout=30)
    assert done.returncode == CANNOT_WRITE
    assert not list(temporary.iterdir())
