"""Runs .github/actions/gilspy as GitHub would: the steps of its action.yml, a shell for each, and the same environment."""

import os
import pathlib
import re
import subprocess

import yaml
from running import ROOT, find_gilspy

ACTION = ROOT / ".github" / "actions" / "gilspy"
ARTIFACT_URL = "https://github.com/o/r/actions/runs/1/artifacts/2"


class Action:
    """`with_`: the inputs, as a workflow gives them. `action`: the folder of action.yml. The artifact is not uploaded: it
    is looked at, and given an address."""

    def __init__(self, workspace, runner, with_, python=None, action=ACTION):
        self.workspace, self.runner, self.folder_of_action = workspace, runner, action
        self.described = yaml.safe_load((action / "action.yml").read_text(encoding="utf-8"))
        given = dict({"gilspy": os.path.abspath(find_gilspy())}, **with_)
        assert set(given) <= set(self.described["inputs"]), "inputs that action.yml does not know"
        self.inputs = {name: given.get(name, about.get("default", ""))
                       for name, about in self.described["inputs"].items()}
        self.log, self.step_outputs, self.uploaded = "", {}, None
        self.runner.mkdir(parents=True, exist_ok=True)
        self.path = os.environ["PATH"]
        if python:
            (self.runner / "bin").mkdir()
            (self.runner / "bin" / "python").symlink_to(python)
            self.path = "%s:%s" % (self.runner / "bin", self.path)

    @property
    def folder(self):
        return self.workspace / self.inputs["folder"]

    @property
    def summary(self):
        return (self.runner / "summary.md").read_text(encoding="utf-8")

    @property
    def annotations(self):
        return [line for line in self.log.splitlines() if line.startswith("::")]

    @property
    def outputs(self):
        return {name: self.evaluated(about["value"]) for name, about in self.described["outputs"].items()}

    def run(self):
        """The exit status of the step that failed; 0 when none did."""
        status = 0
        for step in self.described["runs"]["steps"]:
            if status and "always()" not in step.get("if", ""):
                continue
            if "uses" in step:
                self.upload(step)
            else:
                status = self.run_script(step) or status
        return status

    def evaluated(self, text):
        """Its ${{ inputs.a }} and ${{ steps.b.outputs.c }}; everything else in such brackets is a mistake."""
        def value(match):
            kind, *names = match[1].split(".")
            if kind == "inputs":
                return self.inputs[names[0]]
            step, outputs, name = names
            assert (kind, outputs) == ("steps", "outputs"), match[0]
            return self.step_outputs.get(step, {}).get(name, "")
        return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", value, text)

    def run_script(self, step):
        output = self.runner / ("output-of-" + step["id"])
        output.touch()
        environment = {name: self.evaluated(value) for name, value in step["env"].items()}
        environment.update(
            PATH=self.path, HOME=str(self.runner), LANG="C.UTF-8", GITHUB_ACTIONS="true", CI="true",
            GITHUB_ACTION_PATH=str(self.folder_of_action), GITHUB_WORKSPACE=str(self.workspace),
            GITHUB_OUTPUT=str(output), GITHUB_STEP_SUMMARY=str(self.runner / "summary.md"))
        folder = self.workspace / self.evaluated(step.get("working-directory", "."))
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]
        assert step["shell"] == "bash"
        done = subprocess.run(shell + [self.evaluated(step["run"])], cwd=folder, env=environment, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.log += done.stdout
        self.step_outputs[step["id"]] = dict(
            line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
        return done.returncode

    def upload(self, step):
        assert step["uses"].startswith("actions/upload-artifact@")
        folder = self.evaluated(step["with"]["path"])
        if not folder:  # nothing was recorded: what `if` says
            return
        self.uploaded = (self.evaluated(step["with"]["name"]), sorted(os.listdir(folder)))
        self.step_outputs[step["id"]] = {"artifact-url": ARTIFACT_URL}


def brief_action(tmp_path, python=None, **with_):
    """In an empty workspace; underscores stand for dashes."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    inputs = {name.replace("_", "-"): value for name, value in with_.items()}
    return Action(workspace, tmp_path / "runner", inputs, python and python.executable)
