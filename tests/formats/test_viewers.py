"""Sums for each thread and activity: in gilspy's JSON, in every viewer, and in the table of docs/formats.md.

GILSPY_WRITE_DOCS=1 writes that table anew; it needs all viewers.
"""
import functools
import os
import re
import unittest

import pytest

# Whoever is imported enters its viewers: this is the order of columns.
import perfetto_viewer  # noqa: F401
import chrome_viewer  # noqa: F401
import speedscope_viewer  # noqa: F401
import pprof_viewer  # noqa: F401
import firefox_viewer  # noqa: F401
import viewers

PAGE = viewers.ROOT / "docs" / "formats.md"
BEGIN, END = "<!-- viewers: written by tests/formats/test_viewers.py -->\n", "<!-- end of viewers -->\n"
each_viewer = pytest.mark.parametrize("viewer", viewers.VIEWERS, ids=lambda viewer: viewer.title)
each_recording = pytest.mark.parametrize("recording", viewers.TESTED, ids=lambda path: path.stem)


def seconds(nanoseconds):
    return f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09}"


@functools.lru_cache(maxsize=None)
def found_in(viewer, recording):
    return viewer.sums(recording)


def numbers_of(viewer, recording):
    try:
        return found_in(viewer, recording)
    except unittest.SkipTest as reason:
        pytest.skip(str(reason))


@each_recording
@each_viewer
def test_a_viewer_finds_the_numbers_of_the_profile(viewer, recording):
    expected = viewers.profile_sums(recording)
    assert expected
    assert numbers_of(viewer, recording) == expected


def test_every_viewer_is_of_a_format_that_there_is():
    page = PAGE.read_text(encoding="utf-8")
    for viewer in viewers.VIEWERS:
        assert f"\n## {viewer.format}\n" in page


# --- the table ---------------------------------------------------------------------------------------------------

def written_table():
    """{(recording, tid, activity): {column: text}}"""
    match = re.search(re.escape(BEGIN) + "(.*?)" + re.escape(END), PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert match, f"no table in {PAGE}: GILSPY_WRITE_DOCS=1 writes it between {BEGIN.strip()} and {END.strip()}"
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in match[1].strip().splitlines()]
    rows = [dict(zip(lines[0], cells)) for cells in lines[2:]]
    return {(row["recording"], int(re.search(r"\((\d+)\)$", row["thread"])[1]), viewers.KEYS[row["activity"]]): row
            for row in rows}


def table():
    titles = ["recording", "thread", "activity", "profile", *[viewer.title for viewer in viewers.VIEWERS]]
    lines = [titles, ["---"] * 3 + ["---:"] * (len(titles) - 3)]
    for recording in viewers.RECORDINGS:
        names = {thread["tid"]: thread["name"] for thread in viewers.threads_of(viewers.report(recording))}
        found = [found_in(viewer, recording) for viewer in viewers.VIEWERS]
        for (tid, activity), time in viewers.profile_sums(recording).items():
            sums = [time, *[sums.get((tid, activity), 0) for sums in found]]
            lines.append([recording.stem, f"{names[tid] or '(unnamed)'} ({tid})", viewers.ACTIVITIES[activity], *map(seconds, sums)])
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


if os.environ.get("GILSPY_WRITE_DOCS"):
    def test_write_the_table():
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        _, found, after = rest.partition(END)
        assert found, f"{PAGE} has no place for the table: {BEGIN.strip()} and {END.strip()}"
        PAGE.write_text(before + BEGIN + table() + END + after, encoding="utf-8")


def test_the_table_has_the_numbers_of_the_profiles():
    expected = {(recording.stem, *key): seconds(time) for recording in viewers.RECORDINGS
                for key, time in viewers.profile_sums(recording).items()}
    assert {key: row["profile"] for key, row in written_table().items()} == expected


@each_viewer
def test_the_table_has_the_numbers_of_the_viewer(viewer):
    expected = {(recording.stem, *key): seconds(time) for recording in viewers.TESTED
                for key, time in numbers_of(viewer, recording).items()}
    names = {recording.stem for recording in viewers.TESTED}
    assert {key: row[viewer.title] for key, row in written_table().items() if key[0] in names} == expected
