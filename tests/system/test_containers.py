"""Pythons in containers, read from outside, from beside (a sidecar) and from inside; docs/containers.md has the commands."""

import contextlib
import json
import os
import shutil

import containers
import expectations
import pytest
from conftest import FEW, FOUND, PICKED
from containers import SYS_PTRACE, USER, Container, Root, run_gilspy
from quota import Quota
from running import find_gilspy

NOT_PERMITTED, NO_PROCESS = 77, 66

pytestmark = [pytest.mark.skipif(containers.why_not() is not None, reason=str(containers.why_not())),
              pytest.mark.few_versions]


@pytest.fixture(scope="module")
def root_of():
    """The same root for all tests of an interpreter."""
    made = {}
    with contextlib.ExitStack() as folders:
        def of(python):
            if python not in made:
                folder = folders.enter_context(containers.public_folder())
                (folder / "root").mkdir()
                made[python] = Root(folder / "root", python)
                if python.flavour != "musl":
                    made[python].has_library(folder / "libchain.so")
            return made[python]
        yield of


@pytest.fixture(scope="module")
def root(root_of):
    """Where versions make no difference at all."""
    name = next((name for name in FEW if name in PICKED), None)
    return root_of(PICKED[name]) if name else pytest.skip("no CPython %s on this machine" % " or ".join(FEW))


@pytest.fixture(scope="module")
def public_gilspy():
    with containers.public_folder() as folder:
        shutil.copy(find_gilspy(), folder / "gilspy")
        os.chmod(folder / "gilspy", 0o755)
        yield [folder / "gilspy"]


def start(root, *options):
    return Container([root.python, "/program.py", *root.libraries], "--root", root.path, *options)


def as_user(*command, uid=USER):
    return ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", *command]


def look_at(gilspy, pid):
    """At a moment in which the holder holds and nobody has just been woken: most moments are like that."""
    expected = {"holder": "holds_gil", "waiter-1": "waits_for_gil", "waiter-2": "waits_for_gil"}
    for _ in range(30):
        done = run_gilspy(gilspy, "dump", "--native", "-j", "--pid", pid)
        assert done.returncode == 0, done.stderr
        seen = json.loads(done.stdout)
        threads = {thread["name"]: thread for thread in seen["threads"]}
        if all(threads[name]["activity"].startswith(activity) for name, activity in expected.items()):
            return seen, threads
    raise AssertionError("the holder never holds while both others wait: %s" % done.stdout)


def assert_numbered(seen, threads, container, from_inside):
    assert seen["pid_inside"] == (None if from_inside else container.pid_inside)
    for name, number in container.inside.items():
        told = (threads[name]["tid"], threads[name]["tid_inside"])
        assert told == (number, None) if from_inside else told[1] == number


def assert_seen(gilspy, pid, container, from_inside=False):
    """By a gilspy that calls the process `pid`: who holds, who waits, in which files, in whose native functions."""
    seen, threads = look_at(gilspy, pid)
    assert_numbered(seen, threads, container, from_inside)
    holder, waiters = threads["holder"], [threads["waiter-1"], threads["waiter-2"]]
    assert seen["gils"][0]["held_by"] == holder["tid"] and holder["syscall"] == "clock_nanosleep"
    assert {one["waits_for"] for one in waiters} == {holder["tid"]}
    names = [frame["function"] for frame in holder["frames"]]
    assert [name for name in names if name.startswith(("chain_", "other_"))] == [
        "chain_leaf", "chain_inlined", "chain_middle", "chain_outer"]
    for function, thread in (("hold", holder), ("want", waiters[0]), ("want", waiters[1])):
        assert [frame["file"] for frame in thread["frames"] if frame["function"] == function] == ["/program.py"]


def assert_recorded(gilspy, pid, container, native="chain_"):
    """With the shares that the program has by its making: about 0.9 each where it has the CPUs for itself."""
    done = run_gilspy(gilspy, "record", "--native", "--pid", pid, "-d", "1", "-f", "json", "-o", "-")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    # Nothing else about the verdict: where others have the CPUs, it is about that first.
    culprits = report["verdict"]["culprits"]
    assert [one for one in culprits if one["function"].startswith("hold (/program.py:") and native in (one["native"] or "")]
    threads = {thread["name"]: thread for thread in report["threads"]}
    assert expectations.share(threads["holder"], "holds") > 0.2
    for name in container.inside.keys() - {"holder"}:
        assert expectations.share(threads[name], "waits") > 0.4


def test_from_outside(python, root_of):
    with start(root_of(python)) as container:
        assert_seen([find_gilspy()], container.pid, container)
        assert_recorded([find_gilspy()], container.pid, container)


def test_from_a_sidecar(root, tmp_path):
    """The same PID namespace, and nothing else: what the other has as its files is seen through /proc only."""
    for name in ("proc", "tmp"):
        (tmp_path / name).mkdir()
    gilspy = containers.add_gilspy(tmp_path)
    with start(root) as container:
        beside = ["nsenter", "--target", str(container.pid), "--pid", "unshare", "--mount", "sh", "-c",
                  'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"', str(tmp_path), *gilspy]
        assert_seen(beside, 1, container, from_inside=True)
        assert_recorded(beside, 1, container)


def test_from_inside(root):
    with start(root) as container:
        assert_seen(container.enter(*root.gilspy), 1, container, from_inside=True)
        assert_recorded(container.enter(*root.gilspy), 1, container)


def test_from_inside_without_rights(root):
    """Root without a capability reads who has none either."""
    with start(root) as container:
        done = run_gilspy(container.enter(*root.gilspy, drop=(SYS_PTRACE,)), "dump", "--pid", 1)
        assert done.returncode == NOT_PERMITTED
        assert "this container has no CAP_SYS_PTRACE: start the container with `docker run --cap-add" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    with start(root, "--drop", str(SYS_PTRACE)) as container:
        inside = container.enter(*root.gilspy, drop=(SYS_PTRACE,))
        assert_seen(inside, 1, container, from_inside=True)
        # Whoever is met later may have as many rights as gilspy.
        launch = ("--", root.python, "-c", "import time\nend = time.time() + 0.5\nwhile time.time() < end: pass")
        for of in (("--pid", 1, "-d", 1), launch):
            done = run_gilspy(inside, "record", "-s", "-f", "folded", "-o", "/tmp/x.folded", *of)
            assert done.returncode == 0 and "GIL held" in done.stdout + done.stderr, done.stderr


# Containers without root.
def test_rootless_from_outside(root, public_gilspy):
    containers.needs_rootless()
    with start(root, "--user", str(USER)) as container:
        for gilspy in (public_gilspy, as_user(*public_gilspy)):
            assert_seen(gilspy, container.pid, container)
            assert_recorded(gilspy, container.pid, container)
        done = run_gilspy(as_user(*public_gilspy, uid=USER + 1), "dump", "--pid", container.pid)
        assert done.returncode == NOT_PERMITTED and "another user (uid %d)" % USER in done.stderr
        for user in ([], as_user()):
            done = run_gilspy([*user, "unshare", "--user", "--map-root-user", *public_gilspy], "dump", "--pid", container.pid)
            assert done.returncode == NOT_PERMITTED and "only inside of the user namespace that it runs in" in done.stderr


def test_rootless_from_inside(root):
    containers.needs_rootless()
    with start(root, "--user", str(USER)) as container:
        into = ["nsenter", "--target", str(container.pid), "--user", "--preserve-credentials", "--pid", "--mount", *root.gilspy]
        assert_seen(as_user(*into), 1, container, from_inside=True)
        assert_recorded(as_user(*into), 1, container)


# Other builds.
def test_another_libc(root_of):
    """Of musl nothing tells how to get from a function to its caller; Python's own functions are found all the same."""
    musl = next((one for one in FOUND if one.flavour == "musl"), None)
    if musl is None:
        pytest.skip("no CPython on musl libc on this machine")
    with start(root_of(musl)) as container:
        assert_recorded([find_gilspy()], container.pid, container, native="")
        seen, threads = look_at([find_gilspy()], container.pid)
    assert_numbered(seen, threads, container, from_inside=False)
    for name in ("waiter-1", "waiter-2"):
        files = [frame["file"] for frame in threads[name]["frames"]]
        assert files[0] == "kernel" and files[1] == "ld-musl-x86_64.so.1" and "/program.py" in files
        assert threads[name]["native"] == "cut"


# Numbers.
def free_number():
    """That nobody has here, and that no other container is likely to give."""
    return next(number for number in range(20000 + os.getpid() % 10000, 40000) if not os.path.exists("/proc/%d" % number))


def test_a_number_from_inside(root):
    number = free_number()
    with start(root, "--last-pid", str(number - 1)) as container:
        for command in (("dump",), ("record", "-d", "1", "-o", "-"), ("record", "-s", "-d", "1", "-o", "-")):
            done = run_gilspy([find_gilspy()], *command, "--pid", number)
            assert done.returncode == NO_PROCESS
            assert "process %d inside of a container is process %d (python" % (number, container.pid) in done.stderr
            assert "use --pid %d" % container.pid in done.stderr and len(done.stderr.splitlines()) == 1


def test_numbers_from_outside(root):
    with start(root) as container:
        number = free_number()
        done = run_gilspy(container.enter(*root.gilspy), "dump", "--pid", number)
        assert done.returncode == NO_PROCESS
        assert "no process %d in this container (PID namespace)" % number in done.stderr


@pytest.mark.parametrize("prefix, why", [
    (["nsenter", "--pid", "--target", "PID"], "another PID namespace than the one that gilspy runs in: mount it anew"),
    (["unshare", "--mount", "sh", "-c", 'umount -l /proc && exec "$@"', "sh"], "/proc does not show gilspy itself: it is not "
     "mounted"),
], ids=["another's", "none"])
def test_a_proc_that_is_not_ours(root, prefix, why):
    """Its numbers would have one process read, and another one named."""
    with start(root) as container:
        into = [word.replace("PID", str(container.pid)) for word in prefix]
        for number in (1, container.pid):
            done = run_gilspy([*into, find_gilspy()], "dump", "--pid", number)
            assert done.returncode not in (0, NO_PROCESS) and why in done.stderr
            assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("hidepid", [1, 2, 4])
def test_a_proc_that_hides_others(root, public_gilspy, hidepid):
    script = 'mount -t proc -o hidepid=%d proc /proc && exec "$@"' % hidepid
    hidden = ["unshare", "--mount", "sh", "-c", script, "sh"]
    with start(root) as container:
        done = run_gilspy([*hidden, *as_user(*public_gilspy)], "dump", "--pid", container.pid)
        assert done.returncode == NOT_PERMITTED and "hidepid" in done.stderr and "sudo" in done.stderr
        done = run_gilspy([*hidden, *as_user(*public_gilspy)], "dump", "--pid", free_number())
        assert done.returncode == NO_PROCESS
        assert_seen([*hidden, find_gilspy()], container.pid, container)


# Files.
def test_nothing_can_be_written(root, tmp_path):
    """As in containers with a read-only root: standard output is the way out."""
    script = ('mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0" && mount -t tmpfs -o ro none /var/tmp && '
              'exec env TMPDIR=/var/tmp "$@"')
    sealed = ["unshare", "--mount", "sh", "-c", script, str(tmp_path)]
    with start(root) as container:
        for path in (tmp_path / "x.svg", "/var/tmp/x.svg"):
            done = run_gilspy([*sealed, find_gilspy()], "record", "--pid", container.pid, "-d", "1", "-o", path)
            assert done.returncode == 74 and done.stderr == "gilspy: cannot write %s: Read-only file system\n" % path
        assert_recorded([*sealed, find_gilspy()], container.pid, container)


# CPUs.
def test_the_quota_is_the_container_s(root):
    """Not the one that gilspy runs under itself."""
    with Quota(0.5) as its, Quota(1.5) as own, start(root) as container:
        its.add(container.pid)
        done = run_gilspy(own.to_run(find_gilspy()), "record", "--pid", container.pid, "-d", "1", "-f", "json", "-o", "-")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["cpus"]["cgroup_quota"] == 0.5
