"""Variables of frames: against what repr() said of them in the program itself."""

import contextlib
import json
import re

import pytest
from running import Program, gilspy

# Who reads them needs the address of each object alone.
ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def dump(pid, *arguments):
    done = gilspy("dump", "--json", "--pid", pid, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def frames_of(look, thread):
    return next(one for one in look["threads"] if one["name"] == thread)["frames"]


def frame_of(look, function, thread=None):
    """The frame of a function, whose name is qualified from 3.11 on."""
    frames = frames_of(look, thread or function)
    return next(frame for frame in frames if frame["function"].split(".")[-1] == function)


def values_of(look, function, thread=None):
    return {one["name"]: one["value"] for one in frame_of(look, function, thread)["locals"]}


@contextlib.contextmanager
def running(python, *arguments):
    with Program(python.executable, "variables.py", *arguments) as program:
        yield program


LOOKED = {}


@pytest.fixture
def looked(any_python):
    """The truth, and a dump with -l and one with -ll; once for each interpreter."""
    if any_python.executable not in LOOKED:
        with running(any_python) as program:
            LOOKED[any_python.executable] = program.written_truth(), dump(program.pid, "-l"), dump(program.pid, "-ll")
    return LOOKED[any_python.executable]


@pytest.mark.parametrize("function", ["simple", "texts", "containers", "cycles"])
def test_values_are_what_repr_says(looked, function):
    truth, short, full = looked
    assert len(truth["exact"][function]) >= 5
    assert values_of(full, function) == truth["exact"][function]
    for variable in frame_of(full, function)["locals"]:
        assert not variable["cut"], variable
    for variable in frame_of(short, function)["locals"]:
        assert variable["cut"] or variable["value"] == truth["exact"][function][variable["name"]]


def test_types(looked):
    _, short, _ = looked
    types = {one["name"]: one["type"] for one in frame_of(short, "simple")["locals"]}
    assert (types["nothing"], types["yes"], types["small"], types["half"]) == ("NoneType", "bool", "int", "float")
    types = {one["name"]: one["type"] for one in frame_of(short, "subclasses")["locals"]}
    assert (types["number"], types["counter"]) == ("__main__.Number", "collections.Counter")


def test_subclasses_are_shown_as_what_they_are(looked):
    truth, short, _ = looked
    assert values_of(short, "subclasses") == {
        "number": "Number(5)", "ratio": "Ratio(0.5)", "text": "Text(\"it's\")", "cyrillic": "Text('имя')",
        "raw": "Raw(b'x')", "items": "Items([1, 2])", "table": "Table({'a': 1})", "few": "Few({1})",
        "point": "Point((1, 'y'))", "counter": "Counter({'a': 2, 'b': 1})", "ordered": "OrderedDict({'b': 1, 'a': 2})",
        "moved": "OrderedDict({'c': 3, 'b': 2, 'a': 1})",
        "default": "defaultdict({'a': [1]})", "not_a_list": "__main__.list((1, 2))", "own": "Items([1, Items([...])])",
        "error": "ValueError('bad', 1)", "key_error": "KeyError()",
        "os_error": "FileNotFoundError(2, 'No such file')",
        "red": "<__main__.Colour at %#x>" % truth["addresses"]["red"]}


def test_objects(looked):
    truth, short, full = looked
    values = values_of(short, "objects")
    at = {name: " at %#x" % address for name, address in truth["addresses"].items()}
    expected = {
        "plain": "<__main__.Plain%s>" % at["plain"], "slotted": "<__main__.Slotted%s>" % at["slotted"],
        "method": "<bound method Plain.method>", "function": "<function objects>",
        "built_in": "<built-in function len>", "built_in_method": "<built-in method append of list>",
        "module": "<module 'json'>", "named": "<module 'sys'>", "built_in_class": "<class 'dict'>",
        "own_class": "<class '__main__.Plain'>", "inner": "<class '__main__.make_inner.<locals>.Inner'>",
        "partly": "<functools.partial%s>" % at["partly"], "lock": "<_thread.lock%s>" % at["lock"],
        "anything": "<object%s>" % at["anything"], "generator": "<generator objects.<locals>.<genexpr>>",
        "coroutine": "<coroutine make_coroutine>"}
    assert {name: values[name] for name in expected} == expected
    values = values_of(full, "objects")
    assert values["plain"] == "<__main__.Plain%s amount=12, owner='Zoë', next=<__main__.Plain%s>>" % (at["plain"],
                                                                                                  at["plain"])
    assert ADDRESS.sub("", values["both"]) == "<__main__.Both left=1, right=[2], extra='x'>"


def test_hostile_values(any_python):
    with running(any_python) as program:
        truth = program.written_truth()
        for arguments in ["-l"], ["-ll"]:
            values = values_of(dump(program.pid, *arguments), "hostile")
            assert values["ends_the_program"].startswith("<__main__.Hostile at %#x"
                                                         % truth["addresses"]["ends_the_program"])
            assert values["long_int"] == "<int of 16,610 bits>"
            assert values["long_negative"] == "<negative int of 233 bits>"
            assert values["broken"] == "Broken('no')"
            assert all(len(value or "") < 2000 for value in values.values())
            for name, begins in ("million", "{0: '0', 1: '1', "), ("many", "[0, 1, 2, "), ("crowd", "{0, 1, 2, "):
                assert values[name].startswith(begins) and values[name][-4:-1] == "..."
            assert re.fullmatch("'x+'...", values["long_text"]) and re.fullmatch("b'y+'...", values["long_bytes"])
            assert re.fullmatch(r"\[+<1 item>\]+", values["deep"])
        cut = {one["name"] for one in frame_of(dump(program.pid, "-l"), "hostile")["locals"] if one["cut"]}
        assert cut == {"million", "many", "crowd", "long_text", "long_bytes", "long_int", "long_negative", "deep", "wide"}
        assert program.process.poll() is None, "repr() was called"


def test_arguments_come_first(looked):
    _, short, full = looked
    shown = [(one["name"], one["value"], one["argument"]) for one in frame_of(short, "arguments", "in_arguments")["locals"]
             if one["name"] != "inner"]
    assert shown[:6] == [("first", "1", True), ("second", "2", True), ("keyword", "{'k': 1}", True),
                         ("other", "'o'", True), ("rest", "(3, 4)", True), ("more", "{'extra': 5}", True)]
    assert sorted(shown[6:]) == [("captured", "'captured'", False), ("local", "3", False)]
    values = values_of(full, "arguments", "in_arguments")
    assert values["deleted"] is None and values["never"] is None


def test_cells_are_looked_into(looked):
    _, short, full = looked
    values = values_of(short, "closure")
    assert values["outer"] == "['changed']" and "unset" not in values
    inner = values_of(short, "inner", "closure")
    assert inner["outer"] == "['changed']"
    if any(one["name"] == "closure" for one in short["threads"]):
        assert inner["argument"].startswith("<cell at 0x") or inner["argument"] == "<unreadable>"
    assert values_of(full, "closure")["unset"] is None


def test_generators_and_class_bodies(looked):
    _, short, full = looked
    assert values_of(short, "produce", "generator") == {"start": "10", "here": "11", "there": "12"}
    assert values_of(short, "Made", "class_body") == {"attribute": "['of the class']", "number": "5"}
    by_exec = values_of(short, "<module>", "by_exec")
    assert by_exec == {"park": "<function park>", "given": "7", "made": "[7]"}
    assert values_of(short, "<module>", "by_module") == {}
    assert values_of(full, "<module>", "by_module") == {"given": "8", "made": "8"}


def test_deep_stacks(looked):
    _, short, _ = looked
    frames = [frame for frame in frames_of(short, "recursion") if frame["function"] == "recursion"]
    assert len(frames) == 151
    assert [frame["locals"][0]["value"] for frame in frames[:50]] == [str(150 - i) for i in range(50)]
    assert frames[-1]["locals"] is None


def test_text(any_python):
    with running(any_python) as program:
        text = gilspy("dump", "-l", "--pid", program.pid).stdout
        without = gilspy("dump", "--pid", program.pid).stdout
    assert "        argument start = 10\n        here = 11\n        there = 12\n" in text
    assert "        controls = '\\x00\\x1b[2J\\x7f\\x9f'\n" in text
    assert text.count("(from here on variables are left out: too many frames)") == 1
    assert "here" not in without


def test_nobody_asked(any_python):
    with running(any_python) as program:
        look = dump(program.pid)
    assert not any("locals" in frame for thread in look["threads"] for frame in thread["frames"])


# What changes is never shown half: `high` is made of `low`, in the next line.
@pytest.mark.parametrize("arguments", [["-l"], ["-l", "--blocking"], ["-l", "--exact"]], ids=lambda a: a[-1].strip("-"))
def test_threads_that_run(any_python, arguments):
    with running(any_python, "--spinners", "2") as program:
        for _ in range(50):  # it says that it is ready before it lets them go
            if gilspy("dump", "--pid", program.pid, "--blocking").stdout.count("    spin (") == 2:
                break
        read = changed = 0
        for _ in range(25):
            for thread in dump(program.pid, *arguments)["threads"]:
                frames = [frame for frame in thread["frames"] if frame["function"] == "spin"]
                for frame in frames if thread["name"].startswith("spinner") else []:
                    if frame["locals"] is None:
                        changed += 1
                        continue
                    read += 1
                    values = {one["name"]: int(one["value"]) for one in frame["locals"] if one["type"] == "int"}
                    assert values["high"] - values["low"] in (1_000_000, 999_999), values
        # Of a stack that came out truncated, the frame itself can be missing.
        assert 40 <= read + changed <= 50
        assert read >= (50 if "--blocking" in arguments else 40 if "--exact" in arguments else 1)


def test_beside_native_functions(any_python):
    with running(any_python) as program:
        truth = program.written_truth()
        look = dump(program.pid, "-ll", "--native")
    assert any(frame["native"] for frame in frames_of(look, "simple"))
    assert not any("locals" in frame for frame in frames_of(look, "simple") if frame["native"])
    assert values_of(look, "simple") == truth["exact"]["simple"]
