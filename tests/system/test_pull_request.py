"""A pull request from its commit to the words in it: a repository whose head brings in a call that keeps the GIL fails,
one that takes it out passes."""

import os
import re
import shutil
import subprocess

import pytest
from action import ACTION, ARTIFACT_URL, Action, brief_action
from running import ROOT, Program, find_gilspy

pytestmark = pytest.mark.few_versions

SERVICE = ROOT / "fixtures" / "service"
INNOCENT = "    return json.dumps(BY_PRICE[number * 20:number * 20 + 20])\n"
# Like a call into a library that sleeps or computes in C; usleep() takes its time however busy the CPUs are.
HOG = """    import ctypes
    ctypes.PyDLL(None).usleep(300_000)
""" + INNOCENT


class Repository:
    """The service, with a commit for each state of a function of it."""

    def __init__(self, folder):
        self.folder = folder
        shutil.copytree(SERVICE, folder, ignore=shutil.ignore_patterns("__pycache__"))
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments):
        names = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *names, *arguments], cwd=self.folder, check=True, capture_output=True)

    def commit(self, branch, function, before):
        """A branch whose head has `function` in the place of `before`."""
        self.git("checkout", "--quiet", "-B", branch)
        file = self.folder / "catalogue.py"
        assert before in file.read_text()
        file.write_text(file.read_text().replace(before, function))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", branch)

    def worktree(self, branch, place):
        """As actions/checkout leaves it."""
        self.git("worktree", "add", "--quiet", "--detach", str(place), branch)
        return place


@pytest.fixture
def repository(tmp_path):
    repository = Repository(tmp_path / "origin")
    repository.commit("main", INNOCENT, INNOCENT)
    repository.commit("with-a-hog", HOG, INNOCENT)
    repository.commit("without-it", INNOCENT, HOG)
    return repository


def test_a_head_with_a_hog_fails_and_one_without_passes(python, repository, tmp_path):
    def action_on(branch):
        workspace = repository.worktree(branch, tmp_path / branch)
        inputs = {"command": "python service.py --seconds 4", "config": "gilspy.toml", "artifact-name": "gil"}
        return Action(workspace, tmp_path / ("runner-of-" + branch), inputs, python.executable)

    head = action_on("with-a-hog")
    assert head.run() == 1, head.log
    assert head.outputs["outcome"] == "failed"
    assert head.annotations[0].startswith("::error title=gilspy::failed: "), head.log
    assert "gil_hogged_by_native_call" in head.annotations[0] and "max-handoff-p99" in head.annotations[0]
    assert "page (catalogue.py:" in head.summary and "kept the GIL through long native calls" in head.summary
    assert "Who makes others wait" in head.summary
    # Where the reader of the change looks.
    line = 1 + (head.workspace / "catalogue.py").read_text().splitlines().index("def page(number):")
    assert "::error title=gilspy,file=catalogue.py,line=%d::this code makes others wait for the GIL" % line in head.log
    assert head.summary.endswith("\nWhole report: <%s>\n" % ARTIFACT_URL)
    assert_report(head)

    fixed = action_on("without-it")
    assert fixed.run() == 0, fixed.log
    assert fixed.outputs["outcome"] == "fine"
    assert fixed.annotations == ["::notice title=gilspy::fine: all 4 rules are kept"], fixed.log
    assert "catalogue.py" not in fixed.summary.split("###")[0]
    assert_report(fixed)


def assert_report(action):
    """What is uploaded, and what may be posted."""
    assert action.uploaded == ("gil", ["flamegraph.svg", "recording.gilspy", "report.html"])
    assert (action.folder / "flamegraph.svg").read_text().startswith("<?xml")
    assert "gilspy-profile" in (action.folder / "report.html").read_text()
    assert len((action.folder / "report.md").read_text().splitlines()) <= 60
    assert action.summary == (action.folder / "comment.md").read_text()
    assert action.outputs["comment"] == str(action.folder / "comment.md")


def test_the_lines_for_gitlab(python, repository, tmp_path):
    """As docs/ci.md has them; the program alone is another one."""
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    script = re.search(r"^  script:\n((?:    - .*\n)+)", text, re.M)[1]
    script = re.sub(r"^    - ", "", script, flags=re.M).replace("python -m pytest tests", "python service.py --seconds 3")
    assert "service.py" in script
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "gilspy").symlink_to(os.path.abspath(find_gilspy()))
    (bin_folder / "python").symlink_to(python.executable)
    for branch, status, answer in (("with-a-hog", 1, "failed: "), ("without-it", 0, "fine: all 2 rules are kept")):
        workspace = repository.worktree(branch, tmp_path / branch)
        environment = dict(os.environ, PATH="%s:%s" % (bin_folder, os.environ["PATH"]),
                           CI_JOB_URL="https://gitlab.com/o/r/-/jobs/7")
        done = subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=workspace, env=environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
        assert done.returncode == status, done.stdout + done.stderr
        assert "\n" + answer in done.stdout
        assert "Whole report: <https://gitlab.com/o/r/-/jobs/7/artifacts/browse/gilspy-report/>" in done.stdout
        assert (workspace / "gilspy-report" / "report.html").exists()


def test_the_failure_of_the_command_is_not_lost(python, tmp_path):
    script = "import sys, time; time.sleep(1); sys.exit(3)"
    action = brief_action(tmp_path, python, command="python -c '%s'" % script)
    assert action.run() == 3, action.log
    assert action.outputs["outcome"] == "not_checked"
    assert action.annotations == ["::error title=gilspy::the command that was recorded failed with exit status 3"]
    assert (action.folder / "report.html").exists()


def test_what_cannot_be_told_fails(python, tmp_path):
    action = brief_action(tmp_path, python, command="python -c 'import time; time.sleep(1)'", max_loop_block="1s")
    assert action.run() == 2, action.log
    assert action.outputs["outcome"] == "cannot_tell"
    assert action.annotations[0] == "::error title=gilspy::cannot tell: 1 of 1 rule: max-loop-block 1s"
    assert action.annotations[1].startswith("::error title=gilspy::cannot tell: max-loop-block 1s: no asyncio event loop")


def test_a_rule_that_is_mistyped_fails(python, tmp_path):
    action = brief_action(tmp_path, python, command="python -c 'import time; time.sleep(1)'", max_gil_wait="30")
    assert action.run() == 2, action.log
    assert "write 30%25 for a percentage" in action.annotations[0]


def test_a_command_that_is_no_python(python, tmp_path):
    action = brief_action(tmp_path, python, command="true")
    assert action.run() == 1
    assert "::error title=gilspy::gilspy could not record; see above (exit status 125)" in action.annotations


def test_a_process_under_load(python, tmp_path):
    """It goes on when the recording has ended."""
    with Program(python.executable, "spinners.py") as program:
        action = brief_action(tmp_path, python, pid=str(program.pid), load="sleep 1.5", fail_on="serialized_by_gil")
        assert action.run() == 1, action.log
        assert program.process.poll() is None
    assert "fail-on serialized_by_gil" in action.annotations[0]


def test_without_a_gilspy_one_is_built_from_the_sources_of_the_action(tmp_path):
    sources = tmp_path / "sources"
    shutil.copytree(ACTION, sources / ".github" / "actions" / "gilspy")
    (sources / "dev").write_text("#!/bin/sh\nset -e\n[ $1 = build ]\nmkdir -p ${0%%/*}/build/release\n"
                                 "ln -s '%s' ${0%%/*}/build/release/gilspy\n" % os.path.abspath(find_gilspy()))
    (sources / "dev").chmod(0o755)
    action = Action(tmp_path, tmp_path / "runner", {"gilspy": ""}, action=sources / ".github" / "actions" / "gilspy")
    assert action.run() == 1 and "say what to record" in action.log
    assert action.step_outputs["obtain"] == {"gilspy": os.path.realpath(find_gilspy())}


# diff is not what is tested here: this one says how it was called.
COMPARING = """#!/bin/sh
if [ "$1" = diff ]; then echo "| compared | $2 $(basename "$3") $4 $5 $6 $7 |"; else exec '%s' "$@"; fi
"""


def test_a_baseline_is_compared_with(python, tmp_path):
    comparing = tmp_path / "gilspy"
    comparing.write_text(COMPARING % os.path.abspath(find_gilspy()))
    comparing.chmod(0o755)
    action = brief_action(tmp_path, python, command="python -c 'import time; time.sleep(1)'", baseline="base.gilspy",
                          gilspy=str(comparing))
    assert action.run() == 0, action.log
    assert action.summary.endswith("\n\n| compared | base.gilspy recording.gilspy -f markdown -o - |\n")


def test_a_baseline_that_is_missing_is_no_failure(python, tmp_path):
    """The first run of a branch has none."""
    action = brief_action(tmp_path, python, command="python -c 'import time; time.sleep(1)'", baseline="none.gilspy")
    assert action.run() == 0, action.log
    assert action.annotations == ["::warning title=gilspy::there is no comparison with none.gilspy; see above"]


@pytest.mark.parametrize("with_, word", [
    ({}, "command, or pid"),
    ({"command": "python x.py", "pid": "1"}, "not both"),
    ({"pid": "1"}, "duration, or load"),
    ({"command": "python x.py", "gilspy": "/nonexistent/gilspy"}, "no program /nonexistent/gilspy"),
], ids=lambda part: part if isinstance(part, str) else "")
def test_inputs_that_do_not_fit(with_, word, tmp_path):
    action = brief_action(tmp_path, **with_)
    assert action.run() == 1
    assert action.uploaded is None
    assert action.annotations[0].startswith("::error title=gilspy::") and word in action.annotations[0]
