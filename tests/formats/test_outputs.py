"""What is binary does not go to a terminal; what has no effect is told."""
import os
import pty
import subprocess

import pytest

import viewers

RECORDING = viewers.RECORDINGS[0]


def on_a_terminal(*options):
    """What `gilspy report` shows, and its status."""
    keeper, terminal = pty.openpty()
    done = subprocess.run([str(viewers.BUILD / "gilspy"), "report", str(RECORDING), "-o", "-", *options], stdout=terminal,
                          stderr=subprocess.PIPE, check=False)
    os.close(terminal)
    os.close(keeper)
    return done


@pytest.mark.parametrize("format_name", ["perfetto", "pprof", "firefox"])
def test_binary_formats_are_not_for_terminals(format_name):
    done = on_a_terminal("-f", format_name)
    assert done.returncode == 64
    assert done.stderr.decode() == (
        f"gilspy: {format_name} is nothing to look at: --output takes a file, or a pipe behind -\n")


def test_text_is_for_terminals():
    assert on_a_terminal("-f", "markdown").returncode == 0


@pytest.mark.parametrize("format_name, magic", [("perfetto", b"\n"), ("pprof", b"\x1f\x8b"), ("firefox", b"\x1f\x8b")])
def test_binary_formats_go_through_pipes(format_name, magic):
    done = subprocess.run([str(viewers.BUILD / "gilspy"), "report", str(RECORDING), "-o", "-", "-f", format_name],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    assert done.stdout.startswith(magic)


def test_an_option_without_effect_is_told_and_the_file_is_written(tmp_path):
    done = subprocess.run([str(viewers.BUILD / "gilspy"), "report", str(RECORDING), "-o", str(tmp_path / "x.pftrace"),
                           "--threads"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    assert done.stderr == b"gilspy: --threads has no effect on perfetto\n"
    assert (tmp_path / "x.pftrace").stat().st_size > 1000
