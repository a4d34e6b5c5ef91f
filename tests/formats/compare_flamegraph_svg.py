#!/usr/bin/env python3
"""Compare two flame graph SVGs by what people and tools see of them.

    compare_flamegraph_svg.py A.svg B.svg [--colours]

Equal are: the multisets of (title, x, y, width, height, fg:x, fg:w[, fill]) of the frames, and the totals.
Both must have the ids and the script variables that tools rely on. Labels are not compared: ours are cut by characters,
not bytes, and name the share of an activity.
"""
import argparse
import collections
import re
import sys
import xml.etree.ElementTree as ElementTree

SVG = "{http://www.w3.org/2000/svg}"
FG = "{http://github.com/jonhoo/inferno}"
IDS = {"title", "details", "unzoom", "search", "matched", "frames", "background"}
VARIABLES = ("nametype", "fontsize", "fontwidth", "xpad", "inverted", "searchcolor", "fluiddrawing",
             "truncate_text_right")


class NotAFlameGraph(Exception):
    pass


def require(condition, what):
    if not condition:
        raise NotAFlameGraph(what)


def check_contract(root):
    require(root.get("onload") == "init(evt)", "no onload")
    missing = IDS - {e.get("id") for e in root.iter()}
    require(not missing, f"missing ids {missing}")
    script = "".join(e.text or "" for e in root.iter(SVG + "script"))
    for variable in VARIABLES:
        require(re.search(rf"var {variable}\b", script), f"no script variable {variable}")


def describe(group, colours):
    tags = [element.tag for element in group]
    require(tags == [SVG + tag for tag in ("title", "rect", "text")], "a frame is not title, rect, text")
    title, rect, _ = group
    seen = (title.text or "",) + tuple(rect.get(a) for a in ("x", "y", "width", "height", FG + "x", FG + "w"))
    if colours:
        seen += (rect.get("fill"),)
    return seen


def load(path, colours=False):
    """(Counter of frames, total samples, subtitle or "")"""
    root = ElementTree.parse(path).getroot()
    check_contract(root)
    frames = root.find(f".//{SVG}svg[@id='frames']")
    subtitle = root.find(f".//{SVG}text[@id='subtitle']")
    seen = collections.Counter(describe(group, colours) for group in frames)
    return seen, int(frames.get("total_samples")), "" if subtitle is None else subtitle.text


def differences(a, b, colours=False):
    """Lines that say what differs; none if the two agree."""
    (frames_a, total_a, _), (frames_b, total_b, _) = (load(path, colours) for path in (a, b))
    lines = [] if total_a == total_b else [f"total {total_a} vs {total_b}"]
    for name, only in (("first", frames_a - frames_b), ("second", frames_b - frames_a)):
        lines += [f"only in the {name}: {frame}" for frame in list(only)[:3]]
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("a")
    parser.add_argument("b")
    parser.add_argument("--colours", action="store_true")
    arguments = parser.parse_args()
    found = differences(arguments.a, arguments.b, arguments.colours)
    print("\n".join(found) if found else "equal")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
