"""Runs the steps of .github/actions/gilspy as GitHub would: same order, same environment, a shell for each."""

import os
import pathlib
import subprocess

from running import ROOT, find_gilspy

ACTION = ROOT / ".github" / "actions" / "gilspy"


class Action:
    """`with_`: the inputs of action.yml, by the names that its scripts know (COMMAND, MAX_GIL_WAIT). `action`: its
    folder."""

    def __init__(self, workspace, runner, python=None, action=ACTION, **with_):
        self.workspace, self.runner = pathlib.Path(workspace), pathlib.Path(runner)
        self.with_ = dict({"FOLDER": "gilspy-report", "GILSPY": os.path.abspath(find_gilspy())}, **with_)
        self.action = action
        self.runner.mkdir(parents=True, exist_ok=True)
        self.log, self.outputs, self.status = "", {}, {}
        self.path = os.environ["PATH"]
        if python:
            (self.runner / "bin").mkdir()
            (self.runner / "bin" / "python").symlink_to(python)
            self.path = "%s:%s" % (self.runner / "bin", self.path)

    @property
    def folder(self):
        return self.workspace / self.with_["FOLDER"]

    @property
    def summary(self):
        return (self.runner / "summary.md").read_text(encoding="utf-8")

    @property
    def annotations(self):
        return [line for line in self.log.splitlines() if line.startswith("::")]

    def step(self, name, **environment):
        """Its exit status; what it told later steps is in `outputs`."""
        output = self.runner / ("output-" + name)
        output.touch()
        environment = dict(
            self.with_, PATH=self.path, HOME=str(self.runner), LANG="C.UTF-8", GITHUB_ACTIONS="true", CI="true",
            GITHUB_ACTION_PATH=str(self.action), GITHUB_WORKSPACE=str(self.workspace), GITHUB_OUTPUT=str(output),
            GITHUB_STEP_SUMMARY=str(self.runner / "summary.md"), **environment)
        done = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", '"$GITHUB_ACTION_PATH/%s"' % name],
                              cwd=self.workspace, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
        self.log += done.stdout
        self.outputs.update(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
        self.status[name] = done.returncode
        return done.returncode

    def run(self):
        """The exit status of the whole action; the artifact is not uploaded, only given an address."""
        if self.step("obtain"):
            return self.status["obtain"]
        gilspy = self.outputs["gilspy"]
        if self.step("record", GILSPY=gilspy):
            return self.status["record"]
        recording = self.outputs["recording"]
        if self.step("render", GILSPY=gilspy, RECORDING=recording):
            return self.status["render"]
        return self.step("judge", GILSPY=gilspy, RECORDING=recording, COMMAND_STATUS=self.outputs["status"],
                         ARTIFACT_URL="https://github.com/o/r/actions/runs/1/artifacts/2")
