"""All CPython interpreters of this machine: on PATH, from pyenv and uv, and in gilspy's own cache."""

import dataclasses
import glob
import json
import os
import re
import subprocess

# What gilspy supports. Every commit is tested on the first list, `./dev test --all` tests all.
COMMIT = ("3.8", "3.11", "3.13", "3.13t", "3.15")
SUPPORTED = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.13t", "3.14", "3.14t", "3.15", "3.15t")


def version_of(name):
    """(3, 13) for "3.13t"."""
    return tuple(int(part) for part in name.rstrip("t").split("."))


PROBE = """
import json, platform, sys, sysconfig
print(json.dumps({"version": list(sys.version_info[:3]), "executable": sys.executable, "base": sys.base_prefix,
                  "cpython": platform.python_implementation() == "CPython",
                  "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED"))}))
"""


@dataclasses.dataclass(frozen=True)
class Interpreter:
    executable: str
    version: tuple
    free_threaded: bool
    flavour: str = ""  # how it differs from the usual build of its version, for example "static"

    @property
    def minor(self):
        return self.version[:2]

    @property
    def name(self):
        """As in SUPPORTED."""
        return "%d.%d%s" % (*self.minor, "t" if self.free_threaded else "")

    @property
    def supported(self):
        return self.name in SUPPORTED

    def __str__(self):
        version = ".".join(map(str, self.version)) + ("t" if self.free_threaded else "")
        return "-".join(filter(None, (version, self.flavour)))


def cache_folder():
    home_cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.environ.get("GILSPY_CACHE") or os.path.join(home_cache, "gilspy")


def folder_in_cache(path):
    """3.13-static for .../python/3.13-static/bin/python3.13 in the cache; nothing for interpreters elsewhere."""
    pythons = os.path.realpath(os.path.join(cache_folder(), "python")) + os.sep
    return path[len(pythons):].split(os.sep)[0] if path.startswith(pythons) else ""


def flavour_of(folder):
    """What fixtures/pythons/obtain has put behind the version, as in 3.13-static."""
    named = re.fullmatch(r"\d+\.\d+t?-(\w+)", folder)
    return named.group(1) if named else ""


def candidates():
    patterns = [os.path.join(folder, "python3*") for folder in os.environ.get("PATH", "").split(":") if folder]
    patterns += ["/usr/bin/python3*", "/usr/local/bin/python3*"]
    roots = [os.path.join(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"), "versions"),
             os.environ.get("UV_PYTHON_INSTALL_DIR") or os.path.expanduser("~/.local/share/uv/python"),
             os.path.join(cache_folder(), "python")]
    patterns += [os.path.join(root, "*", "bin", "python3.*") for root in roots]
    for pattern in patterns:
        for path in sorted(glob.glob(pattern)):
            if "config" not in path and "/shims/" not in path and os.access(path, os.X_OK):
                yield path


def probe(path):
    try:
        said = subprocess.run([path, "-I", "-c", PROBE], capture_output=True, text=True, timeout=20, check=True).stdout
        return json.loads(said)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def find_interpreters():
    """One for each installation (virtual environments count as the one they are made of), oldest first."""
    found = {}
    for path in dict.fromkeys(os.path.realpath(path) for path in candidates()):
        facts = probe(path)
        if facts and facts["cpython"]:
            # One in a root of its own says /usr, and so does the system's: in the cache the folder tells them apart.
            folder = folder_in_cache(path)
            version, free_threaded = tuple(facts["version"]), facts["free_threaded"]
            key = (folder or facts["base"], version, free_threaded)
            found.setdefault(key, Interpreter(path, version, free_threaded, flavour_of(folder)))
    return sorted(found.values(), key=lambda one: (one.version, one.free_threaded, one.flavour, one.executable))


def pick_supported(interpreters):
    """The newest one of each supported version; one of a special flavour only where there is no usual one."""
    preferred = sorted((one for one in interpreters if one.supported), key=lambda one: (bool(one.flavour), one.version))
    picked = {}
    for one in preferred:
        if not one.flavour or one.name not in picked:
            picked[one.name] = one
    return picked


if __name__ == "__main__":
    for one in find_interpreters():
        print(one, one.executable, "" if one.supported else "(not supported)")
