"""Folded stacks: views, flags, and sums that agree with each other and with the clock."""

import re

import pytest
from running import Program, gilspy, parse_folded, record, record_folded

pytestmark = pytest.mark.few_versions

ACTIVITIES = {"holds the GIL", "holds the GIL off CPU", "waits for the GIL", "runs without the GIL",
              "waits for a lock", "stop-the-world", "blocked", "unknown"}
FRAME = re.compile(r"^.+ \(.+:\d+\)$")
SECONDS = 2
MICROSECONDS = SECONDS * 1e6


def total(stacks, first=None):
    return sum(weight for frames, weight in stacks if first is None or frames[0] in first)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Of mixed.py, one for each interpreter."""
    files = {}

    def of(python):
        if python not in files:
            files[python] = tmp_path_factory.mktemp("folded") / "mixed.gilspy"
            with Program(python.executable, "mixed.py") as program:
                done = record(program.pid, "-o", files[python], seconds=SECONDS)
            assert done.returncode == 0, done.stderr
        return files[python]
    return of


@pytest.fixture
def view(python, recordings):
    """view("-g") = the stacks of mixed.py with these arguments."""
    def reported(*arguments):
        done = gilspy("report", recordings(python), "-f", "folded", "-o", "-", *arguments)
        assert done.returncode == 0, done.stderr
        return parse_folded(done.stdout)
    return reported


def test_the_first_frame_is_the_activity(view):
    stacks = view()
    assert {frames[0] for frames, _ in stacks} <= ACTIVITIES - {"blocked"}
    assert {"holds the GIL", "waits for the GIL", "runs without the GIL"} <= {frames[0] for frames, _ in stacks}


def test_all_other_frames_are_functions_with_file_and_line(view):
    frames = {frame for stack, _ in view() for frame in stack[1:]}
    assert any(frame.startswith("spin (") for frame in frames)
    assert [frame for frame in frames if not FRAME.match(frame) and not frame.startswith(("(", "["))] == []


def test_lines_are_unique_and_weights_positive(view):
    stacks = [";".join(frames) for frames, _ in view()]
    assert len(stacks) == len(set(stacks))
    assert all(weight > 0 for _, weight in view())


def test_with_idle_it_is_all_the_time_of_all_threads(view):
    """3 spinners, 2 sleepers, a hasher and the main thread."""
    stacks = view("-i")
    assert total(stacks) == pytest.approx(7 * MICROSECONDS, rel=0.06)
    assert total(stacks, {"blocked"}) > 1.3 * MICROSECONDS


def test_held_is_one_thread_at_a_time(view):
    assert 0.75 * MICROSECONDS < total(view("--view", "held")) < 1.05 * MICROSECONDS


def test_gil_is_short_for_held(view):
    stacks = view("-g")
    assert 0.75 * MICROSECONDS < total(stacks) < 1.05 * MICROSECONDS
    assert not {frames[0] for frames, _ in stacks} & ACTIVITIES


def test_blame_is_as_much_as_wait(view):
    waited, blamed = total(view("--view", "wait")), total(view("--view", "blame"))
    assert waited > 2 * MICROSECONDS
    assert blamed == pytest.approx(waited, rel=0.2)


def test_blame_names_the_holders(view):
    by_spinners = sum(weight for frames, weight in view("--view", "blame") if any("spin (" in one for one in frames))
    assert by_spinners > 0.7 * total(view("--view", "blame"))


def test_wait_names_the_waiters(view):
    frames = {frame.split(" (")[0] for stack, _ in view("--view", "wait") for frame in stack}
    assert {"spin", "hash_buffers", "sleep"} <= frames


def test_threads_come_first(python):
    with Program(python.executable, "mixed.py") as program:
        stacks = record_folded(program.pid, "-t", "-i", seconds=SECONDS)
        truth = program.truth()
    expected = {"%s (%d)" % (thread["name"], thread["tid"]) for thread in truth["threads"]}
    assert {frames[0] for frames, _ in stacks} == expected
    assert {frames[1] for frames, _ in stacks} <= ACTIVITIES
    for thread in expected:
        assert total(stacks, {thread}) == pytest.approx(MICROSECONDS, rel=0.06)


def test_functions_instead_of_lines(view):
    lines = {frame for stack, _ in view() for frame in stack if frame.startswith("spin (")}
    functions = {frame for stack, _ in view("-F") for frame in stack if frame.startswith("spin (")}
    assert len(functions) == 1 and len(lines) > 1


def test_file_and_standard_output_are_the_same_format(python, tmp_path):
    with Program(python.executable, "spinners.py") as program:
        done = record(program.pid, "-f", "folded", "-o", tmp_path / "out.folded", seconds=1)
    assert done.returncode == 0, done.stderr
    assert total(parse_folded((tmp_path / "out.folded").read_text())) > 0
    assert "GIL" in done.stdout + done.stderr


def test_the_views_are_named_in_the_help():
    said = gilspy("record", "--help").stdout
    assert all(word in said for word in ("held", "wait", "blame", "folded", "json", "flamegraph"))
