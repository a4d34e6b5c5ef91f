"""fixtures/native/chain.c as a library, with all that tells the names of its functions or without it."""

import pathlib
import re
import subprocess

import running

SOURCE = running.ROOT / "fixtures" / "native" / "chain.c"
COMPILE = ("cc", "-shared", "-fPIC", "-O2", "-fomit-frame-pointer", "-fvisibility=hidden", "-g", "-Wl,--build-id")
# debug: lines and inlined functions in the file itself; symbols: names only; stripped: what it exports; separate:
# stripped, with a file beside it that has the rest.
KINDS = ("debug", "symbols", "stripped", "separate")


def run(*command):
    subprocess.run([str(word) for word in command], check=True)


class ChainLibrary:
    def __init__(self, folder, kind):
        self.path = pathlib.Path(folder) / "libchain.so"
        run(*COMPILE, "-o", self.path, SOURCE)
        self.begins = functions_of(self.path)
        if kind == "symbols":
            run("strip", "--strip-debug", self.path)
        if kind == "separate":
            debug = self.path.with_suffix(".so.debug")
            run("objcopy", "--only-keep-debug", self.path, debug)
            run("strip", self.path)
            run("objcopy", "--add-gnu-debuglink=%s" % debug, self.path)
        if kind == "stripped":
            run("strip", self.path)

    def place(self, function):
        """As what a function is shown whose name nothing tells."""
        return "libchain.so+%#x" % self.begins[function]


def functions_of(path):
    """{name: where it begins in the file}"""
    table = subprocess.run(["nm", str(path)], capture_output=True, text=True, check=True).stdout
    return {name: int(begin, 16) for begin, name in re.findall(r"^([0-9a-f]+) [tT] (\S+)$", table, re.MULTILINE)}
