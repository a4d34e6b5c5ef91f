"""The Firefox Profiler's own command line, which has the viewer's code, reads `firefox`.

Needs node and the package @firefox-devtools/profiler-cli (`./dev test` gets it).
"""
import collections
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile

import viewers
from speedscope_viewer import node_folder

PACKAGE = "@firefox-devtools/profiler-cli"
EVERYTHING = ("--max-lines", "10000000")


class Profile:
    """One that is loaded; commands and their answers."""

    def __init__(self, path, home):
        program = node_folder("profiles in the Firefox Profiler", PACKAGE) / "node_modules" / PACKAGE
        self.command = ["node", str(program / "dist" / "profiler-cli.js")]
        self.environment = {**os.environ, "PROFILER_CLI_SESSION_DIR": home}
        self.load(path)
        self.threads = self.ask("thread", "list", "--limit", "0")["threads"]

    def load(self, path):
        """Its daemon has half a second to start, which a busy machine does not always give it; then it says so."""
        for _ in range(20):
            done = self.start("load", str(path))
            late = re.search(r"did not become ready.*run \"kill (\d+)\"", done.stdout + done.stderr, re.DOTALL)
            if not late:
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(late[1]), signal.SIGKILL)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self, *arguments):
        return subprocess.run([*self.command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=self.environment, timeout=300, check=False)

    def run(self, *arguments):
        done = self.start(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(self, *arguments):
        return json.loads(self.run(*arguments, "--json"))

    def call_tree(self, thread):
        """Its outermost nodes."""
        tree = self.ask("thread", "samples-top-down", "--include-idle", "--thread", thread["threadHandle"], *EVERYTHING)
        return tree["regularCallTree"].get("children", [])

    def markers(self, thread):
        return self.ask("thread", "markers", "--thread", thread["threadHandle"], "--list", "--limit", "0")

    def marker_sums(self):
        """{(tid, activity): nanoseconds}"""
        sums = collections.Counter()
        for thread in self.threads:
            for kind in self.markers(thread)["byType"]:
                time = kind["durationStats"]["avg"] * kind["count"]
                sums[int(thread["tid"]), viewers.KEYS[kind["markerName"]]] += round(time * 1e6)
        return dict(sums)

    def sample_sums(self):
        """The same by the outermost frames of samples."""
        sums = collections.Counter()
        for thread in self.threads:
            for node in self.call_tree(thread):
                sums[int(thread["tid"]), viewers.KEYS[node["name"]]] += round(node["totalSamples"] * 1e6)
        return dict(sums)


@contextlib.contextmanager
def loaded(path):
    with tempfile.TemporaryDirectory() as home:  # with a socket in it, so that its name must be short
        profile = Profile(path, home)
        try:
            yield profile
        finally:
            profile.run("stop", "--all")


@viewers.viewer("firefox", "`firefox` in the Firefox Profiler")
def firefox_sums(recording):
    with tempfile.TemporaryDirectory() as folder:
        path = viewers.render(recording, pathlib.Path(folder) / "x.firefox.json.gz", "--idle")
        with loaded(path) as profile:
            return profile.sample_sums()
