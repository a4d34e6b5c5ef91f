"""What real shells make of the completions."""

import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import time

import pytest
from conftest import PICKED
from running import Program, find_gilspy, gilspy

SHELLS = ("bash", "zsh", "fish")


def script_of(shell):
    done = gilspy("completions", shell)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def shell_environment(tmp_path):
    """`gilspy` is the one under test; nobody's own settings."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    if not (folder / "gilspy").exists():
        (folder / "gilspy").symlink_to(os.path.abspath(find_gilspy()))
    return dict(os.environ, PATH="%s:%s" % (folder, os.environ["PATH"]), HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path),
                XDG_DATA_HOME=str(tmp_path), TERM="dumb")


def run(command, tmp_path):
    done = subprocess.run(command, text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
                          cwd=tmp_path, env=shell_environment(tmp_path))
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


# Readline's part: words are broken at "=" as well.
BASH = """
{before}
source <(gilspy completions bash)
COMP_LINE=$1
COMP_POINT=${{#COMP_LINE}}
COMP_WORDS=("${{@:2}}")
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_gilspy gilspy "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}" || true
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
PACKAGE = "/usr/share/bash-completion/bash_completion"


def complete_in_bash(line, tmp_path, before=""):
    words = re.findall(r"=|[^ =]+", line) + ([""] if line[-1] in " " else [])
    return run(["bash", "--norc", "-c", BASH.format(before=before), "bash", line, *words], tmp_path)


def complete_in_bash_with_package(line, tmp_path):
    return complete_in_bash(line, tmp_path, "source " + PACKAGE)


def complete_in_fish(line, tmp_path):
    found = run(["fish", "--no-config", "-c", "gilspy completions fish | source; complete -C $argv[1]", line], tmp_path)
    return [one.split("\t")[0].rpartition("=")[2] for one in found]


ZSHRC = """
PS1='READY> '
setopt no_beep no_always_last_prompt
autoload -U compinit && compinit -u -D
source <(gilspy completions zsh)
zstyle ':completion:*' list-colors ''
zstyle ':completion:*' format ''
LISTMAX=0
"""


def complete_in_zsh(line, tmp_path):
    """Asks for a list (^D), as somebody at a terminal would."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execvpe("zsh", ["zsh", "-f", "-i"], dict(shell_environment(tmp_path), COLUMNS="40", LINES="50"))
    try:
        (tmp_path / "rc").write_text(ZSHRC + "bindkey '^D' list-choices\n")
        os.write(terminal, b". ./rc\n")
        read_until(terminal, "READY> ")
        os.write(terminal, line.encode() + b"\x04")
        answer = read_until(terminal, "READY> " + line)  # below the list
    finally:
        os.close(terminal)
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    listed = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\x08\x07]", "", answer).split("\n")[1:]
    return [word for row in listed for word in row.partition(" -- ")[0].split()
            if not row.startswith("READY> ")]


def read_until(terminal, text, patience=20):
    said, deadline = "", time.monotonic() + patience
    while text not in said:
        assert time.monotonic() < deadline, said
        if select.select([terminal], [], [], 0.1)[0]:
            said += os.read(terminal, 65536).decode(errors="replace")
    return said


WAYS = [
    pytest.param(complete_in_bash, id="bash"),
    pytest.param(complete_in_bash_with_package, id="bash-with-its-package", marks=pytest.mark.skipif(
        not os.path.exists(PACKAGE), reason="no bash-completion on this machine")),
    pytest.param(complete_in_zsh, id="zsh", marks=pytest.mark.skipif(
        not shutil.which("zsh"), reason="no zsh on this machine")),
    pytest.param(complete_in_fish, id="fish", marks=pytest.mark.skipif(
        not shutil.which("fish"), reason="no fish on this machine")),
]
in_every_shell = pytest.mark.parametrize("complete", WAYS)


@in_every_shell
@pytest.mark.parametrize("line, expected", [
    ("gilspy ", {"record", "report", "check", "diff", "dump", "top", "completions"}),
    ("gilspy check --max-", {"--max-gil-wait", "--max-handoff-p99", "--max-loop-block"}),
    ("gilspy check --fail-on ser", {"serialized_by_gil"}),
    ("gilspy re", {"record", "report"}),
    ("gilspy record --fu", {"--function", "--full-filenames"}),
    ("gilspy record -d 3 --no", {"--nolineno", "--nonblocking"}),
    ("gilspy dump --j", {"--json"}),
    ("gilspy record --format ", {"flamegraph", "html", "folded", "json", "markdown", "perfetto", "chrometrace",
                                 "speedscope", "pprof", "firefox", "gilspy"}),
    ("gilspy record -f f", {"flamegraph", "folded", "firefox"}),
    ("gilspy report --view ", {"all", "held", "wait", "blame"}),
    ("gilspy record --view=", {"all", "held", "wait", "blame"}),
    ("gilspy completions ", {"bash", "zsh", "fish"}),
    ("gilspy record -o a", {"a.svg", "another.svg"}),
    ("gilspy report a", {"a.svg", "another.svg"}),
    ("gilspy diff a", {"a.svg", "another.svg"}),
    ("gilspy diff a.svg a", {"a.svg", "another.svg"}),
    ("gilspy diff --format ", {"flamegraph", "json", "markdown"}),
    ("gilspy record -- gil", {"gilspy", "gilspy-other"}),
], ids=lambda part: part if isinstance(part, str) else "")
def test_words(complete, line, expected, tmp_path):
    for name in ("a.svg", "another.svg"):
        (tmp_path / name).touch()
    shell_environment(tmp_path)
    (tmp_path / "bin" / "gilspy-other").symlink_to("/bin/true")
    found = complete(line, tmp_path)
    assert expected <= set(found), found
    if "report" not in line and "diff" not in line and "-- gil" not in line:
        assert {word for word in found if not word.startswith("-")} <= expected | {"rc"}, found


@in_every_shell
def test_pids_of_pythons(complete, tmp_path):
    if not PICKED:
        pytest.skip("no supported CPython on this machine")
    with Program(next(iter(PICKED.values())).executable, "spinners.py") as program, \
            subprocess.Popen(["sleep", "60"]) as other:
        try:
            found = complete("gilspy record --pid ", tmp_path)
        finally:
            other.kill()
    assert str(program.pid) in found and str(other.pid) not in found


@in_every_shell
def test_options_that_help_does_not_list_are_not_offered(complete, tmp_path):
    shell_environment(tmp_path)
    assert "--subprocesses" in complete("gilspy record --su", tmp_path)
    assert "--subprocesses" not in complete("gilspy dump --su", tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
def test_every_option_of_the_help_is_there(shell):
    script = script_of(shell)
    for command in ("record", "report", "check", "diff", "dump"):
        for option in re.findall(r"^  (?:-\w, |    )--([\w-]+)", gilspy(command, "--help").stdout, re.M):
            assert option in script, option


@pytest.mark.skipif(not shutil.which("cmake"), reason="no cmake on this machine")
def test_they_are_installed_where_shells_look(tmp_path):
    build = pathlib.Path(find_gilspy()).resolve().parent
    if not (build / "cmake_install.cmake").exists():
        pytest.skip("gilspy was not built here by CMake")
    subprocess.run(["cmake", "--install", build, "--prefix", tmp_path], check=True, capture_output=True, timeout=60)
    for shell, place in (("bash", "bash-completion/completions/gilspy"), ("zsh", "zsh/site-functions/_gilspy"),
                         ("fish", "fish/vendor_completions.d/gilspy.fish")):
        assert (tmp_path / "share" / place).read_text() == script_of(shell)
