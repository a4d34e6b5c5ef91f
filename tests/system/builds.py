"""Processes of builds of Python: commands that are no fixture programs, and where the runtime of a build is."""

import contextlib
import os
import subprocess

from conftest import FOUND
from running import parse_folded, record

# Without extension modules, so that it runs in a bare root.
SPINNERS = """
import _thread, sys
def spin():
    while True:
        sum(range(100))
for _ in range(2):
    _thread.start_new_thread(spin, ())
print("ready", flush=True)
spin()
"""


@contextlib.contextmanager
def running(command, says=b"ready", **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, **options)
    try:
        assert process.stdout.readline().strip() == says, command
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        if process.stdin:
            process.stdin.close()


def assert_recorded(pid, function="spin", *arguments):
    done = record(pid, "-f", "folded", "-o", "-", *arguments, seconds=0.5)
    assert done.returncode == 0, done.stderr
    assert any(function in frame for frames, _ in parse_folded(done.stdout) for frame in frames), done.stdout


def runtime_file(python):
    """The file that holds _PyRuntime, and the folder that the interpreter calls its home."""
    said = subprocess.run([python.executable, "-I", "-c", "import sys; print(sys.base_prefix)\n"
                           "for line in open('/proc/self/maps'):\n  if '/libpython' in line: print(line.split()[-1])"],
                          capture_output=True, text=True, check=True).stdout.split()
    return (said[1] if len(said) > 1 else os.path.realpath(python.executable)), said[0]


def shared_pythons():
    return [one for one in FOUND if one.supported and "libpython" in runtime_file(one)[0]]
