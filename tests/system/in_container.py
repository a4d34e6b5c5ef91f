"""Becomes a container: in_container.py OPTIONS -- COMMAND... Says on stderr which number its first process has here.

--root FOLDER: its "/", with a /proc of its own. --last-pid N: its number inside is N + 1, not 1. --user UID: that user makes
it, and is root in it, as containers without root are made. --drop NUMBER: a capability that nobody in it will have.
"""

import argparse
import ctypes
import os
import signal
import sys

NEW_MOUNTS, NEW_USERS, NEW_PIDS = 0x20000, 0x10000000, 0x20000000
PRIVATE, BIND, DETACH = (1 << 18) | (1 << 14), (1 << 12) | (1 << 14), 2
DIE_WITH_PARENT, DUMPABLE, DROP_CAPABILITY = 1, 4, 24
libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    if getattr(libc, name)(*(word.encode() if isinstance(word, str) else word for word in arguments)) != 0:
        raise OSError(ctypes.get_errno(), name)


def write(path, text):
    """Without modules of Python, which may be out of sight."""
    file = os.open(path, os.O_WRONLY)
    os.write(file, text.encode())
    os.close(file)


def become_user(uid):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    call("prctl", DUMPABLE, 1, 0, 0, 0)
    call("unshare", NEW_USERS)
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", "0 %d 1" % uid)
    write("/proc/self/gid_map", "0 %d 1" % uid)


def change_root(root):
    call("mount", None, "/", None, PRIVATE, None)
    if root != "/":
        call("mount", root, root, None, BIND, None)
    call("mount", "proc", root + "/proc", "proc", 0, None)
    if root != "/":
        os.chdir(root)
        call("pivot_root", ".", ".")
        call("umount2", ".", DETACH)
        os.chdir("/")


def run(options):
    """In the first process of the PID namespace, or in one that gets the number that was asked for."""
    call("prctl", DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    change_root(options.root)
    if options.last_pid:
        write("/proc/sys/kernel/ns_last_pid", str(options.last_pid))
        if os.fork():
            os.wait()
            os._exit(0)
        call("prctl", DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    for capability in options.drop:
        call("prctl", DROP_CAPABILITY, capability, 0, 0, 0)
    os.execv(options.command[0], options.command)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default="/")
    parser.add_argument("--last-pid", type=int, default=0)
    parser.add_argument("--user", type=int)
    parser.add_argument("--drop", type=int, action="append", default=[])
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    call("prctl", DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    if options.user:
        become_user(options.user)
    call("unshare", NEW_PIDS | NEW_MOUNTS)
    child = os.fork()
    if child == 0:
        run(options)
    sys.exit(os.waitpid(child, 0)[1] != 0)


if __name__ == "__main__":
    main()
