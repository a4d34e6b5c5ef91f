"""What people see who type something for the first time, or who come from py-spy."""

import json
import re

import pytest
from conftest import PICKED
from running import Program, gilspy

USAGE, UNAVAILABLE, NO_PROCESS = 64, 69, 66
COMMANDS = ("record", "report", "check", "diff", "dump", "top", "completions")
NOBODY = "99999999"  # above any pid that Linux gives


def help_of(*command):
    done = gilspy(*command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("command", [[]] + [[name] for name in COMMANDS], ids=" ".join)
def test_help_fits_a_terminal_and_has_examples(command):
    text = help_of(*command)
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("  gilspy ") >= 2  # usage, examples
    assert text == gilspy(*command, "-h").stdout


def test_help_names_all_commands():
    listed = re.findall(r"^  (\w+)  +[A-Z]", help_of(), re.M)
    assert tuple(listed) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_are_understood(command):
    """Each command line of the help is one that gilspy takes; --help behind it says so without running anything."""
    examples = re.split(r"^(?:Examples|Until then):$", help_of(command), flags=re.M)[1].split("\n\n")[0]
    for line in re.findall(r"gilspy (\w.*?)(?:  .*|\).*| [>|].*)?$", examples, re.M):
        before = line.split(" -- ")[0]
        assert gilspy(*before.split(), "--help").returncode == 0, line


def test_alone_it_prints_the_help():
    done = gilspy()
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr == help_of()


@pytest.mark.parametrize("typed, meant", [
    (["4242"], "gilspy record --pid 4242"),
    (["record", "4242"], "gilspy record --pid 4242"),
    (["record", "-d", "5", "4242"], "gilspy record --pid 4242"),
    (["dump", "4242"], "gilspy dump --pid 4242"),
    (["record", "python", "app.py", "-x"], "gilspy record -- python app.py -x"),
    (["record"], "-- COMMAND"),
    (["dump"], "--pid"),
    (["nonsense"], "record, report, check, diff, dump"),
    (["re"], "record or report"),
    (["d"], "diff or dump"),
    (["diff", "old.gilspy"], "HEAD"),
    (["top", "--pid", "4242", "-d", "3"], "gilspy dump --pid 4242"),
    (["dump", "--pid", "1", "-s"], "--subprocesses is for record"),
    (["record", "--pid", "1", "--nonsense"], "gilspy record --help"),
    (["record", "--pid", "1", "-f", "svg"], "flamegraph"),
    (["report"], "RECORDING"),
    (["dump", "--pid", "1", "--", "python"], "only record"),
    (["--", "python"], "gilspy record --"),
], ids=lambda words: " ".join(words) if isinstance(words, list) else None)
def test_what_was_probably_meant(typed, meant):
    done = gilspy(*typed)
    expected = UNAVAILABLE if typed[0] == "top" else USAGE
    assert (done.returncode, done.stdout) == (expected, "")
    assert meant in done.stderr


def test_commands_may_be_abbreviated():
    assert gilspy("rec", "--help").stdout == help_of("record")
    assert gilspy("rep", "--help").stdout == help_of("report")
    assert gilspy("du", "--help").stdout == help_of("dump")


@pytest.mark.few_versions
def test_options_of_py_spy_are_taken(tmp_path):
    """All of them at once, spelled as its users spell them."""
    typed = ["record", "--pid", hex(int(NOBODY)), "-o", tmp_path / "x", "-f", "FlameGraph", "-d", "1", "-r", "100", "-F",
             "-t", "-i", "--nonblocking", "--full-filenames", "--view", "Blame"]
    done = gilspy(*typed)
    assert done.returncode == NO_PROCESS, done.stderr
    assert NOBODY in done.stderr
    typed = ["record", "-p", NOBODY, "--output", tmp_path / "x", "--format", "JSON", "--duration", "unlimited", "--rate",
             "1khz", "--threads", "--gil", "--idle", "--nolineno"]
    assert gilspy(*typed).returncode == NO_PROCESS


@pytest.mark.skipif(not PICKED, reason="no supported CPython on this machine")
def test_a_pid_in_hexadecimal():
    with Program(next(iter(PICKED.values())).executable, "spinners.py") as program:
        done = gilspy("rec", "--pid", hex(program.pid), "-d", "0.5", "-f", "json", "-o", "-")
    assert json.loads(done.stdout)["target"]["pid"] == program.pid
