"""pprof reads `pprof`: what `pprof -raw` and `pprof -top` print.

Needs pprof: in GILSPY_PPROF, else in gilspy's cache (`./dev test` builds it there, with Go).
"""
import collections
import os
import pathlib
import re
import subprocess
import tempfile

import viewers

TYPES = ["samples", "wall", "gil_held", "gil_wait", "gil_blame", "native"]
Sample = collections.namedtuple("Sample", "values stack labels")  # {type: number}, location ids, {label: text}


def program():
    if os.environ.get("GILSPY_PPROF"):
        return os.environ["GILSPY_PPROF"]
    found = sorted(viewers.CACHE.glob("pprof-*/pprof"))
    return str(found[-1]) if found else viewers.missing("profiles in pprof (./dev test gets it)")


def pprof(path, *options):
    """What it prints; it says nothing else."""
    with tempfile.TemporaryDirectory() as home:  # it keeps what it reads
        done = subprocess.run([program(), *options, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              env={**os.environ, "HOME": home, "PPROF_TMPDIR": home, "PPROF_BINARY_PATH": home})
    assert done.returncode == 0, done.stderr.decode()
    assert re.fullmatch(r"(Generating report in .*\n)?", done.stderr.decode()), done.stderr.decode()
    return done.stdout.decode("utf-8")  # strictly


def samples(path):
    """All samples, by `pprof -raw`."""
    text = pprof(path, "-raw")
    head, _, rest = text.partition("\nSamples:\n")
    assert rest, head
    types, _, rest = rest.partition("\n")
    body = rest.partition("\nLocations\n")[0]
    assert [kind.partition("/")[0] for kind in types.split()] == TYPES
    found = []
    for line in body.splitlines():
        numbers = re.match(r"^ +((?:-?\d+ +)*-?\d+): ((?:\d+ ?)*)$", line)
        if numbers:
            found.append(Sample(dict(zip(TYPES, map(int, numbers[1].split()))), numbers[2].split(), {}))
        else:
            found[-1].labels.update(re.findall(r"(\w+):\[(.*?)\](?= |$)", line))
    return found


def sums_by_state(found, kind="wall"):
    """{(tid, activity): nanoseconds}, without zeros."""
    sums = collections.Counter()
    for sample in found:
        if "state" in sample.labels:
            sums[int(sample.labels["tid"]), sample.labels["state"]] += sample.values[kind]
    return {key: time for key, time in sums.items() if time}


@viewers.viewer("pprof", "`pprof` in pprof")
def pprof_sums(recording):
    with tempfile.TemporaryDirectory() as folder:
        return sums_by_state(samples(viewers.render(recording, pathlib.Path(folder) / "x.pb.gz")))
