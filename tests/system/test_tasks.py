"""The tasks of asyncio, against what the program made and what asyncio says of itself."""

import contextlib
import json
import time

import pytest
from running import Program, gilspy

AWAITS = {("Task-1", "watch"), ("album", "intro"), ("album", "outro"), ("gatherer", "counter"), ("gatherer", "sleeper"),
          ("waiter", "waited-1"), ("waiter", "waited-2"), ("patient", "timed"), ("second-listener", "album")}
OTHERS = {"has-lock", "wants-lock"}


def tasks_of(program):
    return json.loads(gilspy("dump", "--pid", program.pid, "-j").stdout)["tasks"]


@contextlib.contextmanager
def tree_of(python, *arguments):
    """The program, once all its tasks are there."""
    with Program(python.executable, "task_tree.py", *arguments) as program:
        for _ in range(100):
            if any(task["name"] == "watch" for task in tasks_of(program)):
                break
            time.sleep(0.05)
        yield program


def edges_of(tasks):
    return {(task["name"], tasks[place]["name"]) for task in tasks for place in task["awaits"]}


def functions(tasks, name):
    """Outermost first, by their own names: those of classes are known from 3.11 on."""
    (task,) = [task for task in tasks if task["name"] == name]
    return [frame["function"].split(".")[-1] for frame in reversed(task["frames"])]


def test_who_awaits_whom(any_python):
    with tree_of(any_python) as program:
        tasks = tasks_of(program)
    assert edges_of(tasks) == AWAITS
    assert {task["name"] for task in tasks} == {name for edge in AWAITS for name in edge} | OTHERS
    assert {task["thread"] for task in tasks} == {program.pid}
    assert functions(tasks, "counter") == ["count", "numbers", "sleep_for_long", "sleep"]
    assert functions(tasks, "wants-lock") == ["locker", "__aenter__", "acquire"]
    assert functions(tasks, "intro") == ["play", "sleep_for_long", "sleep"]


def test_as_asyncio_says_it(any_python):
    if any_python.version < (3, 14):
        pytest.skip("asyncio tells who awaits whom from 3.14 on")
    with tree_of(any_python) as program:
        tasks = tasks_of(program)
        graph = program.truth()["call_graph"]
    assert edges_of(tasks) == {(awaiter, name) for name, told in graph.items() for awaiter in told["awaited_by"]}
    for task in tasks:
        if task["name"] == "watch":  # it was running when it asked
            continue
        frames = [[frame["function"], frame["line"]] for frame in task["frames"]]
        told = graph[task["name"]]["frames"]
        assert frames[-len(told):] == told, task["name"]
        assert len(frames) == len(told) or task["name"] == "counter"  # asyncio ends at an asynchronous generator


def test_the_tree_for_people(any_python):
    with tree_of(any_python) as program:
        text = gilspy("dump", "--pid", program.pid).stdout
    lines = text.splitlines()
    assert "asyncio: 16 tasks; below each what it awaits" in lines
    (listener,) = [i for i, line in enumerate(lines) if "second-listener" in line]
    (album,) = [i for i, line in enumerate(lines) if line.endswith("── album")]
    assert listener < album
    assert len(lines[album]) - len(lines[album].lstrip("│ ")) == 4
    assert any(line.endswith("── waited-1, waited-2") for line in lines)


def test_tasks_that_come_and_go(any_python):
    """Whatever is read while the loop goes round: those that stay are there each time."""
    with tree_of(any_python, "--spawn", 1) as program:
        for _ in range(20):
            tasks = tasks_of(program)
            assert AWAITS - edges_of(tasks) == set()
            assert {task["name"] for task in tasks} <= {n for e in AWAITS for n in e} | OTHERS | {"spawner", "brief"}


@pytest.mark.alone
def test_tasks_that_live_for_a_moment(any_python, tmp_path):
    """Fifty of them are there all the time, each for 30 ms: most of their time is seen."""
    with tree_of(any_python, "--batches", 0.03) as program:
        counts = [sum(task["name"] == "passenger" for task in tasks_of(program)) for _ in range(12)]
        out = tmp_path / "out.folded"
        done = gilspy("record", "--pid", program.pid, "--async", "all", "-d", 2, "-f", "folded", "-o", out)
    assert done.returncode == 0, done.stderr
    assert sum(count == 50 for count in counts) >= 9, counts
    lines = [line.rpartition(" ") for line in out.read_text(encoding="utf-8").splitlines()]
    time_us = sum(int(count) for stack, _, count in lines if "passenger (" in stack)
    assert 30 <= time_us / 2e6 <= 52


def test_a_running_task(any_python):
    with Program(any_python.executable, "asyncio_callbacks.py", "--handler", "compute") as program:
        looks = [tasks_of(program) for _ in range(20)]
        text = [gilspy("dump", "--pid", program.pid).stdout for _ in range(20)]
    running = [task for tasks in looks for task in tasks if task["running"]]
    assert running and all(task["frames"] == [] for task in running)
    assert any(f": runs now, with the stack of thread {program.pid}" in look for look in text)


def test_without_asyncio_there_is_no_tree(python):
    with Program(python.executable, "spinners.py") as program:
        assert tasks_of(program) == []
        assert "asyncio" not in gilspy("dump", "--pid", program.pid).stdout
