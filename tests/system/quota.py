"""Cgroups with a limit for CPUs."""

import os

import pytest


class Quota:
    """A cgroup of our own with so many CPUs, in either version; skips where we may not make one."""

    made = 0

    def __init__(self, cpus=0.5):
        self.microseconds = "%d" % (cpus * 100000)

    def __enter__(self):
        Quota.made += 1
        name = "gilspy-test-%d-%d" % (os.getpid(), Quota.made)
        for top, files in (("/sys/fs/cgroup/cpu", {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": self.microseconds}),
                           ("/sys/fs/cgroup", {"cpu.max": self.microseconds + " 100000"})):
            self.folder = os.path.join(top, name)
            try:
                os.mkdir(self.folder)
            except OSError:
                continue
            try:
                for file, text in files.items():
                    with open(os.path.join(self.folder, file), "w", encoding="ascii") as out:
                        out.write(text)
                return self
            except OSError:
                os.rmdir(self.folder)
        pytest.skip("no cgroup with a CPU quota can be made here")

    def add(self, pid):
        with open(os.path.join(self.folder, "cgroup.procs"), "w", encoding="ascii") as out:
            out.write(str(pid))

    def to_run(self, *command):
        """In it, in front of its end."""
        return ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', self.folder, *command]

    def __exit__(self, *_):
        os.rmdir(self.folder)
