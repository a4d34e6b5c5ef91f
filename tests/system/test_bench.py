"""The pure parts of the benchmark: what it reads out of its peers' outputs, its statistics, what it writes."""

import json
import types

import bench
import cost
import native
import peers
import pytest
import report
import spread
import stacks
from results import Goal, Results, Table


class FakeRun:
    """What a sampler's count() looks at."""

    def __init__(self, folder, said, out, pid=11889, seconds=2.0):
        self.out, self.pid, self.seconds, self.text = str(folder / "out"), pid, seconds, said
        (folder / "out").write_bytes(out)

    def said(self):
        return self.text

    def last_words(self):
        return self.text


class FakeGilspy(peers.Gilspy):
    """One that need not be built."""

    def __init__(self):  # pylint: disable=super-init-not-called
        self.output = "json"


PY_SPY_SAID = """py-spy> Stopped sampling because Control-C pressed
py-spy> Wrote raw flamegraph data to 'y'. Samples: 15 Errors: 2
"""
RAW = b"""thread (0x7F01): MainThread;<module> (deep.py:65);join (threading.py:1094) 4
thread (0x7F02): busy-1;_bootstrap (threading.py:1012);leaf (deep.py:18) 5
thread (12832): MainThread;<module> (deep.py:65) 1
thread (0x7F03): not the MainThread;leaf (deep.py:18) 5
"""


def test_py_spy_counts_by_its_main_thread(tmp_path):
    sampler = peers.PySpy(tmp_path / "peers-py-spy-0.4.3")
    assert sampler.version == "0.4.3"
    assert sampler.count(FakeRun(tmp_path, PY_SPY_SAID, RAW)) == (5, 2, 2.0, {})


AUSTIN_SAID = """\x1b[1mSampling Statistics\x1b[0m

      Total duration\x1b[0;30m . . . . . . \x1b[0m\x1b[1m1.98s\x1b[0m
      Average sampling rate\x1b[0;30m  . . \x1b[0m\x1b[1m55.21 kHz\x1b[0m
      Error rate\x1b[0;30m . . . . . . . . \x1b[0m\x1b[1m5/20\x1b[0m (\x1b[1m25.00%\x1b[0m)
"""


def test_austin_counts_by_its_main_thread(tmp_path):
    main, other = b"\x02\xb1\xb9\x01\x002e71\x00", b"\x02\xb1\xb9\x01\x002e83\x00"
    assert peers.main_thread_in_mojo(11889) == main
    mojo = b"MOJ\x03" + (main + b"\x09\x0b" + other + b"\x09\x0b") * 4
    sampler = peers.Austin(tmp_path / "peers-austin-4.0.0", [])
    ticks, failed, seconds, _ = sampler.count(FakeRun(tmp_path, AUSTIN_SAID, mojo))
    assert (ticks, failed, seconds) == (4, 1, 1.98)


def test_process_ids_in_austins_output():
    """As it writes 13, 64 and 8192: six bits, then seven at a time."""
    assert [peers.main_thread_in_mojo(pid)[1:-len("%x\0" % pid) - 1] for pid in (13, 64, 8192)] == [
        b"\x0d", b"\x80\x01", b"\x80\x80\x01"]


CPYTHON_SAID = """Interrupted by user.
Captured 47991 samples in 2.00 seconds
Sample rate: 23985.70 samples/sec
Error rate: 0.50
"""


class Python315:
    version, free_threaded = (3, 15, 2), False


def test_cpythons_failed_samples_do_not_count(tmp_path):
    ticks, failed, seconds, _ = peers.CPythonSampler(Python315).count(FakeRun(tmp_path, CPYTHON_SAID, b""))
    assert (ticks, failed, seconds) == (47991 - 240, 240, 2.0)


@pytest.mark.parametrize("sampler", [peers.PySpy, lambda place: peers.Austin(place, []),
                                     lambda _: peers.CPythonSampler(Python315)], ids=["py-spy", "austin", "CPython"])
def test_a_sampler_that_says_nothing_is_no_zero(sampler, tmp_path):
    with pytest.raises(peers.NotComparable, match="permission denied"):
        sampler(tmp_path / "peers-x-1").count(FakeRun(tmp_path, "permission denied", b""))


@pytest.mark.parametrize("made", ["32,518 ticks", "32,518 of 33,000 ticks", "32,518 of\n33,000 ticks"])
def test_the_summary_of_gilspy(made):
    said = "\n%s in 0.99 s, 5 late; stacks: 14 read again, 66 truncated, 7\ndiscarded; gilspy used 25.6 %% of one CPU.\n" % made
    assert peers.Gilspy.summary(said) == {"quality": {"ticks": 32518, "discarded": 7, "errors": 0}, "duration_s": 0.99}


def test_ticks_that_gilspy_could_not_read_are_not_taken_off_twice(tmp_path):
    report = {"quality": {"ticks": 100, "discarded": 3, "errors": 20}, "duration_s": 2.0}
    run = FakeRun(tmp_path, "", json.dumps(report).encode())
    assert peers.Gilspy.count(FakeGilspy(), run)[:3] == (97, 23, 2.0)


def test_a_command_that_does_not_end_is_ended():
    with pytest.raises(peers.NotComparable, match="sleep did not end within 0.05 s"):
        peers.measure_command(["sleep", "60"], timeout_s=0.05)
    assert peers.measure_command(["echo", "done"])[0] == "done\n"


HELP = """
Output:
  -f, --format FORMAT  What to write [default: flamegraph]
                       flamegraph: interactive flame graph, coloured by what the
                         threads did: all of them
                       json: all numbers
                       gilspy: everything that was read
      --link URL       URL of the whole report
      --view VIEW      What its width stands for
                       held: time with the GIL
"""


def test_formats_to_render():
    assert cost.registered_formats(HELP) == ["flamegraph", "json"]


# --- statistics --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("value, text", [(0.5, "0.5"), (9.96, "10.0"), (79.94, "79.9"), (99.97, "100"), (1234, "1,230"),
                                         (118_499, "118,000"), (118_500.1, "119,000")])
def test_three_digits_count(value, text):
    assert spread.count(value) == text


def test_spread_of_few_and_of_many():
    assert spread.with_spread([3, 1, 2], "%.0f") == "2 (1 to 3)"
    assert spread.with_spread(list(range(1, 12)), "%.0f") == "6 (3 to 9)"
    assert spread.with_spread([]) == "-"


def test_percentiles():
    assert spread.percentile(list(range(1000)), 99) == 990
    assert spread.percentile([5], 99) == 5


def test_nothing_has_no_ratio():
    assert spread.ratio([10, 20, 30], [4]) == 5
    assert spread.ratio([], [4]) is None
    assert spread.ratio([1], [0]) is None
    assert spread.times(None) == "-"


# --- what is written ---------------------------------------------------------------------------------------------

def section(met, name="speed", failure=""):
    results = Results([Table(["who", "ticks/s"], [["gilspy", "118,000 (1 to 2)"], ["a|b", "5.3"]], "CPython 3.13")],
                      [Goal("fast", "2.0x", met, "the kernel")], ["a remark"], ["118,000 samples a second"])
    return report.Section(name, name.title(), "How.", None if failure else results, failure)


FACTS = {"peers that are missing": "none", "command": "./dev bench --full", "date": "2020-01-01", "machine": "2 CPUs",
         "gilspy": "gilspy 0.1.0 abc", "peers": "py-spy 0.4.3"}


def test_numbers_stand_below_each_other():
    assert report.text_table(section(True).results.tables[0]).splitlines() == [
        "CPython 3.13", "  who              ticks/s", "  gilspy  118,000 (1 to 2)", "  a|b                  5.3"]


@pytest.mark.parametrize("met, line", [(False, "Speed: NOT met: fast: 2.0x (the kernel)"),
                                       (None, "Speed: not judged: fast: 2.0x (the kernel)")])
def test_what_is_not_met_is_told_with_its_reason(met, line):
    assert report.fell_behind(FACTS, [section(met)]) == [line]
    assert "- " + line in report.document(FACTS, [section(met)])
    assert line.partition(": ")[2] in report.text_section(section(met))


def test_a_failed_section_is_told():
    text = report.document(FACTS, [section(None, failure="OSError: no such file")])
    assert "- failed: Speed: OSError: no such file" in text and "**Not measured**: OSError: no such file" in text
    assert report.fell_behind(FACTS, [section(True)]) == []


def test_a_peer_that_is_missing_is_told():
    facts = dict(FACTS, **{"peers that are missing": "austin: no such package"})
    assert report.fell_behind(facts, [section(True)]) == ["not compared with: austin: no such package"]


def test_a_section_that_measured_nothing_has_failed(monkeypatch):
    monkeypatch.setattr(bench, "importlib", types.SimpleNamespace(import_module=lambda name: types.SimpleNamespace(
        TITLE="Speed", ABOUT="", run=lambda plan: Results([Table(["who"], [], "nobody")], [], [], []))))
    plan = types.SimpleNamespace(steady=types.SimpleNamespace(told=lambda: []))
    assert bench.run_section("speed", plan).failure == "nothing was measured"


@pytest.mark.parametrize("bias, truncated, control, told", [
    (-2.0, 3.0, 0.2, "at most 3.00 points"), (-7.5, 3.1, 0.1, "3.10 points; the rest is not explained"),
    (5.3, 1.0, -5.2, "noise")])
def test_a_bias_is_explained_only_as_far_as_that_goes(bias, truncated, control, told):
    assert stacks.explained(bias, truncated, control).endswith(told)


def test_bars_do_not_break_a_markdown_table():
    assert "| a\\|b | 5.3 |" in report.document(FACTS, [section(True)])


def test_a_section_alone_takes_the_place_of_what_the_document_had():
    whole = report.document(FACTS, [section(False, "speed"), section(False, "harm")])
    alone = report.Section("harm", "Harm", "Anew.", Results([], [Goal("g", "5 %", False, "b")], [], []))
    facts = dict(FACTS, machine="4 CPUs")
    titles = ["Speed", "Harm"]
    once = report.with_sections(whole, facts, [alone], titles)
    assert "Anew." in once and "on 4 CPUs" in once and once.count("## Harm\n") == 1
    assert "- Harm: NOT met: g: 5 % (b)" in once and "- Harm: NOT met: fast" not in once
    assert report.with_sections(once, facts, [alone], titles) == once
    without = report.document(FACTS, [section(False, "speed")])
    added = report.with_sections(without, facts, [alone], titles)
    assert added.index("## Speed\n") < added.index("## Harm\n")


def test_the_readme_gets_its_headlines_again_and_again():
    readme = "before\n%s\nold\n%s\nafter\n" % (report.BEGIN, report.END)
    block = report.headlines(FACTS, [section(True)])
    once = report.with_headlines(readme, block)
    assert "- 118,000 samples a second" in once and "./dev bench --full" in once and "old" not in once
    assert once.startswith("before\n") and once.endswith("\nafter\n") and report.with_headlines(once, block) == once
    with pytest.raises(ValueError):
        report.with_headlines("no markers", block)


def test_the_readme_has_the_markers():
    report.with_headlines((bench.running.ROOT / "README.md").read_text(encoding="utf-8"), "x")


def test_a_document_of_earlier_runs():
    known = bench.SECTIONS + bench.FULL_ONLY
    texts = [bench.as_json(FACTS, [section(False, name)], full=True) for name in reversed(known)]
    facts, sections = bench.from_json(texts)
    assert [one.name for one in sections] == list(known) and facts["machine"] == "2 CPUs"
    assert sections[0].results == section(False).results
    with pytest.raises(ValueError, match="not measured: fidelity"):
        bench.from_json(texts[:-1])
    other = json.loads(texts[0])
    other["facts"].update(date="2020-01-03", command="./dev bench --full what_if", gilspy="gilspy 0.2")
    facts, _ = bench.from_json(texts + [json.dumps(other)])
    assert (facts["command"], facts["date"]) == ("./dev bench --full", "2020-01-01 to 2020-01-03")
    assert facts["gilspy"] == "gilspy 0.1.0 abc (%s); gilspy 0.2 (what_if)" % ", ".join(bench.SECTIONS)
    other["facts"]["machine"] = "96 CPUs"
    with pytest.raises(ValueError, match="on one machine"):
        bench.from_json(texts + [json.dumps(other)])
    with pytest.raises(ValueError, match="only full"):
        bench.from_json([bench.as_json(FACTS, [section(True, name)], full=False) for name in known])


def test_what_nobody_knows_is_no_share_of_a_function():
    folded = [(["unknown", "(no Python frame)"], 60), (["runs without the GIL", "f"], 30), (["runs without the GIL", "f", "g"], 10)]
    assert stacks.shares_below(folded) == {"runs without the GIL": 100, "f": 100, "g": 25}


# --- native stacks beside gdb's --------------------------------------------------------------------------------------

class FakeNames:
    """Of code at 0x1000 to 0x2000 in libone.so."""

    def file_at(self, address):
        return ("/lib/libone.so", 0x1000) if 0x1000 <= address < 0x2000 else None

    def at(self, address):
        return {0x1100: {"read", "__GI___libc_read"}}.get(address, set())


def ours(function, file="libone.so"):
    return {"function": function, "file": file, "line": 0}


@pytest.mark.parametrize("function, frame, same", [
    ("read", ["read", "normal", 0x1104, 0x1100], True),
    ("read", ["__GI___libc_read", "normal", 0x1104, 0x1100], True),
    ("read", ["write", "normal", 0x1204, 0x1200], False),
    ("read", ["__GI___libc_read", "inline", 0x1104, 0], False),
    ("k_mul", ["k_mul.constprop.0", "normal", 0x1304, 0x1300], True),
    ("libone.so+0x300", [None, "normal", 0x1304, 0], True),
    ("libone.so+0x310", [None, "normal", 0x1304, 0], False),
    ("libc.so.6+0x3c050", ["<signal handler called>", "signal", 0x1400, 0], True),
])
def test_a_function_is_gdbs_by_one_of_its_names(function, frame, same):
    assert native.is_same(ours(function), frame, FakeNames()) is same


def test_stacks_are_laid_side_by_side():
    theirs = [[name, "normal", 0x1004, 0x1000] for name in "abcd"]
    pairs = native.aligned([ours(name) for name in "axcd"], theirs, FakeNames())
    told = [(mine and mine["function"], other and other[0]) for mine, other in pairs]
    assert sorted(told, key=str) == sorted([("a", "a"), ("x", None), (None, "b"), ("c", "c"), ("d", "d")], key=str)


def test_agreement_counts_what_either_lacks():
    agreement = native.Agreement()
    theirs = [["a", "normal", 0, 0], ["jumped", "tail", 0, 0], ["b", "normal", 0, 0]]
    agreement.add_thread([ours("a"), ours("c")], theirs, FakeNames())
    agreement.add_thread([], theirs, FakeNames())
    assert (agreement.threads, agreement.lost, agreement.tails) == (2, 1, 2)
    assert (agreement.agreed, agreement.frames) == (1, 5)
    assert agreement.in_stacks == [3, 1]
    assert agreement.missing == {"b (normal)": 1} and agreement.extra == {"c": 1}
