"""Our flame graphs against inferno-flamegraph: the same folded file must give the same rectangles.

INFERNO_FLAMEGRAPH names the program, otherwise it is looked for on PATH and in ~/.cache/gilspy/inferno/bin
(`cargo install inferno --version 0.12.8 --locked --root ~/.cache/gilspy/inferno`). GILSPY_BUILD is the build directory.
"""
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import compare_flamegraph_svg as compare  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMES = ["foo", "foo bar", "foo(x)", "f", "a b c", "<module> (a.py:1)", "is_prime (primes.py:4)", "x-1", "x", "x ",
         "\u00e9t\u00e9", "\u6f22\u5b57 (b.py:2)", "\U0001f40d", "\"q\" & 'r'", "<lambda>", "", "-", "--", "a_[k]",
         "b_[w]", "]]>", "all", "waits for the GIL", "holds the GIL", "holds the GIL off CPU", "#x", "\\d+", "100%",
         "x" * 300]
MIN_WIDTHS = ("0", "0.01", "0.0847457627", "0.3", "1", "2.5", "7")


def inferno():
    cached = pathlib.Path.home() / ".cache/gilspy/inferno/bin/inferno-flamegraph"
    found = os.environ.get("INFERNO_FLAMEGRAPH") or shutil.which("inferno-flamegraph") or str(cached)
    if not os.access(found, os.X_OK):
        message = "inferno-flamegraph not found: set INFERNO_FLAMEGRAPH"
        if os.environ.get("CI") == "true":
            raise AssertionError(message)
        raise unittest.SkipTest(message)
    return found


def tool():
    build = pathlib.Path(os.environ.get("GILSPY_BUILD", ROOT / "build/release"))
    found = [p for p in build.glob("**/gilspy_folded_to_svg") if p.is_file()]
    assert found, f"no gilspy_folded_to_svg under {build}: build it, or set GILSPY_BUILD"
    return str(found[0])


def ends_like_a_differential_line(stack):
    tail = stack.rstrip().rpartition(" ")[2]
    return tail.replace(".", "").isdigit()


def folded(rng):
    """A random folded file: sometimes deep, sometimes wide, with repeated stacks and prefixes of each other."""
    lines, stacks = [], [[]]
    depth = rng.choice((2, 4, 12, 60))
    names = rng.sample(NAMES, rng.randint(2, len(NAMES)))
    for _ in range(rng.choice((1, 5, 60, 1500))):
        stem = rng.choice(stacks)
        stack = stem[: rng.randint(0, len(stem))] + [rng.choice(names) for _ in range(rng.randint(0, depth))]
        text = ";".join(stack)
        # A stack without any letter is no stack, and a leading "# " makes a comment of a line.
        if not text.strip() or ends_like_a_differential_line(text):
            continue
        stacks.append(stack)
        lines.append(f"{text} {rng.choice((0, 1, 2, 3, 10, 99, 1000, rng.randint(1, 10**6)))}")
    lines.append("main;run 7")
    rng.shuffle(lines)
    return "\n".join(lines) + "\n"


def svg_of(command, path, out):
    with open(out, "wb") as file:
        subprocess.run(command + [str(path)], stdout=file, check=True, timeout=60)


def compare_one(text, min_width, folder, seed):
    path, ours, theirs = (folder / name for name in ("stacks.folded", "ours.svg", "theirs.svg"))
    path.write_text(text, encoding="utf-8")
    options = ["--minwidth", min_width, "--countname", "ms", "--title", "t & <u>"]
    # Given a subtitle, both make room for it; ours is there anyway as soon as something is pruned.
    subtitle = ["--subtitle", "s"]
    svg_of([tool(), "--maxframes", "0"] + options + subtitle, path, ours)
    svg_of([inferno(), "-q"] + options + subtitle, path, theirs)
    found = compare.differences(ours, theirs)
    assert not found, f"seed {seed}, --minwidth {min_width}:\n" + "\n".join(found)


def test_random_files_give_the_same_rectangles():
    inferno()
    runs = int(os.environ.get("GILSPY_ORACLE_RUNS", "60"))
    with tempfile.TemporaryDirectory() as name:
        for seed in range(runs):
            rng = random.Random(seed)
            compare_one(folded(rng), rng.choice(MIN_WIDTHS), pathlib.Path(name), seed)


def differential(rng):
    """The folded lines of two recordings. Without what inferno takes for separators, which it draws in grey."""
    first, second = ({stack: count for stack, _, count in (line.rpartition(" ") for line in folded(rng).splitlines())
                      if not {"-", "--"} & set(stack.split(";"))} for _ in range(2))
    # Some stacks of the one are in the other as well.
    second.update({stack: rng.choice((count, str(rng.randint(0, 10**6)))) for stack, count in first.items()
                   if rng.random() < 0.6})
    return first, second


def write_folded(path, counts):
    path.write_text("".join("%s %s\n" % item for item in counts.items()), encoding="utf-8")


def compare_differential(seed, folder, negate):
    rng = random.Random(seed)
    first, second = differential(rng)
    for name, counts in (("first", first), ("second", second)):
        write_folded(folder / name, counts)
    path, ours, theirs = (folder / name for name in ("both.folded", "ours.svg", "theirs.svg"))
    svg_of([str(pathlib.Path(inferno()).with_name("inferno-diff-folded")), "-q", str(folder / "first")],
           folder / "second", path)
    options = ["--minwidth", rng.choice(MIN_WIDTHS), "--countname", "ms", "--title", "t", "--subtitle", "s"]
    svg_of([tool(), "--maxframes", "0", "--negate", str(int(negate))] + options, path, ours)
    svg_of([inferno(), "-q"] + options + ["--negate"] * negate, path, theirs)
    found = compare.differences(ours, theirs, colours=True)
    assert not found, f"seed {seed}:\n" + "\n".join(found)


def test_differential_graphs_have_the_same_rectangles_numbers_and_colours():
    inferno()
    runs = int(os.environ.get("GILSPY_ORACLE_RUNS", "60"))
    with tempfile.TemporaryDirectory() as name:
        for seed in range(runs):
            compare_differential(seed, pathlib.Path(name), negate=seed % 2 == 1)


def made_by_gilspy(*arguments):
    gilspy = os.environ.get("GILSPY") or str(pathlib.Path(tool()).parents[2] / "gilspy")
    done = subprocess.run([gilspy, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=True, timeout=60)
    return done.stdout.decode()


def test_gilspy_diff_draws_what_inferno_draws_of_its_folded_stacks():
    """BASE as if it had lasted as long as HEAD; frames without lines, which move between versions."""
    inferno()
    base, head = (ROOT / "fixtures/recordings" / name for name in ("mixed-3.11.gilspy", "primes-3.13.gilspy"))
    sides = json.loads(made_by_gilspy("diff", base, head, "-f", "json", "-o", "-"))
    scale = sides["head"]["sampled_s"] / sides["base"]["sampled_s"]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for view in ("all", "wait", "held", "blame"):
            counts = []
            for file in (base, head):
                text = made_by_gilspy("report", file, "-f", "folded", "--nolineno", "--view", view, "-o", "-")
                counts.append({stack: int(count) for stack, _, count in
                               (line.rpartition(" ") for line in text.splitlines())})
            both = folder / "both.folded"
            both.write_text("".join("%s %d %d\n" % (stack, int(counts[0].get(stack, 0) * scale), counts[1].get(stack, 0))
                                    for stack in counts[0].keys() | counts[1].keys()), encoding="utf-8")
            svg_of([inferno(), "-q", "--minwidth", str(100 / 1180), "--countname", "microseconds", "--subtitle", "s"],
                   both, folder / "theirs.svg")
            made_by_gilspy("diff", base, head, "--view", view, "-o", folder / "ours.svg")
            found = compare.differences(folder / "ours.svg", folder / "theirs.svg", colours=True)
            assert not found, view + ":\n" + "\n".join(found)


def test_a_difference_is_found():
    inferno()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "stacks.folded").write_text("a;b 5\nc 2\n")
        (folder / "other.folded").write_text("a;b 5\nc 3\n")
        svg_of([tool()], folder / "stacks.folded", folder / "ours.svg")
        svg_of([inferno(), "-q"], folder / "other.folded", folder / "theirs.svg")
        assert compare.differences(folder / "ours.svg", folder / "theirs.svg")


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            try:
                test()
                print("ok     ", name)
            except unittest.SkipTest as reason:
                print("SKIPPED", name, "-", reason)
