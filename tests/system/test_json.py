"""The shape of the JSON, and sums that are conserved."""

import os

import pytest
from running import Program, gilspy, record, record_json

ACTIVITIES = {"holds_gil", "holds_gil_off_cpu", "waits_for_gil", "runs_without_gil", "waits_for_lock",
              "stop_the_world", "blocked", "unknown"}
KEYS = {
    (): {"schema", "duration_s", "target", "cpus", "interpreters", "threads", "parallelism", "confidence", "verdict",
         "warnings", "quality", "self"},
    ("target",): {"pid", "command", "python", "free_threaded", "gil_enabled", "executable"},
    ("cpus",): {"online", "allowed", "cgroup_quota"},
    ("interpreters", 0): {"id", "gil"},
    ("interpreters", 0, "gil"): {"id", "utilization", "mean_waiters", "handoffs", "switch_interval_s", "confidence"},
    ("interpreters", 0, "gil", "confidence"): {"utilization", "mean_waiters"},
    ("threads", 0): {"tid", "name", "interpreter", "python", "activities", "confidence"},
    ("threads", 0, "confidence"): {"has_gil", "waits_for_gil", "runs_without_gil", "waits_for_lock", "stop_the_world",
                                   "blocked", "unknown"},
    ("threads", 0, "activities"): ACTIVITIES,
    ("verdict",): {"code", "headline"},
    ("quality",): {"ticks_asked", "ticks", "rate_hz", "late", "lateness", "retried", "truncated", "discarded", "blurred",
                   "errors", "stopped_s", "unknown_share", "system_calls_told"},
    ("self",): {"cpu_s", "peak_rss_bytes"},
}


@pytest.fixture(scope="module")
def reports():
    """One report of mixed.py for each interpreter."""
    return {}


@pytest.fixture
def report(python, reports):
    if python not in reports:
        with Program(python.executable, "mixed.py") as program:
            reports[python] = record_json(program.pid), program.pid, program.command
    return reports[python][0]


def at(report, path):
    for step in path:
        report = report[step]
    return report


@pytest.mark.parametrize("path", KEYS, ids=lambda path: ".".join(map(str, path)) or "report")
def test_keys_are_complete(report, path):
    assert KEYS[path] <= set(at(report, path))


def test_target_is_described(report, python, reports):
    target, pid, command = report["target"], reports[python][1], reports[python][2]
    assert target["pid"] == pid
    assert target["python"].startswith("%d.%d" % python.minor)
    assert not target["free_threaded"] and target["gil_enabled"]
    # In a root of its own, Python is started by a script of the same name.
    assert os.path.basename(target["executable"]) == os.path.basename(os.path.realpath(python.executable))
    assert "mixed.py" in str(target["command"])
    assert os.path.basename(command[0]) == os.path.basename(target["command"][0])


def test_every_second_of_a_thread_is_in_exactly_one_activity(report):
    for thread in report["threads"]:
        assert all(seconds >= 0 for seconds in thread["activities"].values())
        if thread["python"]:
            assert sum(thread["activities"].values()) == pytest.approx(report["duration_s"], rel=0.02, abs=0.02)


def sampled_s(report):
    """What a machine that stood still has not seen is no part of a mean."""
    return report["duration_s"] - report["quality"]["gaps_s"]


def test_the_gil_is_held_by_one_at_a_time(report):
    held = sum(thread["activities"]["holds_gil"] + thread["activities"]["holds_gil_off_cpu"]
               for thread in report["threads"])
    assert held <= report["duration_s"] * 1.001
    assert report["interpreters"][0]["gil"]["utilization"] == pytest.approx(held / sampled_s(report), abs=0.05)


def test_mean_waiters_are_the_waiting_time(report):
    waited = sum(thread["activities"]["waits_for_gil"] for thread in report["threads"])
    assert report["interpreters"][0]["gil"]["mean_waiters"] == pytest.approx(waited / sampled_s(report), abs=0.3)


def test_switch_interval_and_handoffs(report):
    gil = report["interpreters"][0]["gil"]
    assert gil["switch_interval_s"] == pytest.approx(0.005)
    assert gil["handoffs"] > 50


def test_quality_adds_up(report):
    quality = report["quality"]
    assert quality["rate_hz"] == 1000
    assert 0 < quality["ticks"] <= quality["ticks_asked"]
    for loss in ("late", "truncated", "discarded", "blurred"):
        assert 0 <= quality[loss] <= quality["ticks"]


def test_it_says_what_it_cost(report):
    assert 0 < report["self"]["cpu_s"] < 2 * report["duration_s"]
    assert 1e6 < report["self"]["peak_rss_bytes"] < 200e6


def test_duration_is_obeyed(report):
    assert 1.8 < report["duration_s"] < 2.5


def test_cpus_are_those_of_the_target(python):
    """The target is bound to one CPU; gilspy is not."""
    with Program(python.executable, "spinners.py") as program:
        os.sched_setaffinity(program.pid, {min(os.sched_getaffinity(0))})
        report = record_json(program.pid, seconds=1)
    assert report["cpus"]["allowed"] == 1
    assert report["cpus"]["online"] == os.sysconf("SC_NPROCESSORS_ONLN")


@pytest.mark.few_versions
def test_looks_between_ticks_date_the_hand_offs(python):
    """Spinners take turns of 5 ms: none is too short to be seen."""
    with Program(python.executable, "spinners.py", "--threads", 4) as program:
        dated = record_json(program.pid)
        undated = record_json(program.pid, "--gil-rate", "0")
    # They have 0.5 % of a CPU. A look that costs 25 us, as on a machine with much else to do, makes one in five ticks.
    assert dated["quality"]["glances"] > dated["quality"]["ticks"] / 20 > 0
    assert undated["quality"]["glances"] == 0
    for report in dated, undated:
        gil = report["interpreters"][0]["gil"]
        turns = sum(thread["tenure"]["count"] for thread in report["threads"])
        assert 0.7 * gil["handoffs"] < turns < 1.3 * gil["handoffs"] + 5


@pytest.mark.parametrize("rate, hertz", [("100", 100), ("2khz", 2000), ("0.5khz", 500)])
def test_rate(python, rate, hertz):
    with Program(python.executable, "spinners.py") as program:
        quality = record_json(program.pid, "-r", rate, seconds=1)["quality"]
    assert quality["rate_hz"] == hertz
    assert quality["ticks"] <= quality["ticks_asked"] <= hertz * 1.3 + 2


def test_as_fast_as_it_goes(python):
    with Program(python.executable, "spinners.py") as program:
        quality = record_json(program.pid, "-r", "max", seconds=1)["quality"]
    assert quality["ticks"] > 2000


def test_standard_output_has_the_report_and_nothing_else(python):
    with Program(python.executable, "spinners.py") as program:
        done = record(program.pid, "-f", "json", "-o", "-", seconds=1)
    assert done.stdout.startswith("{") and done.stdout.rstrip().endswith("}")
    assert "GIL" in done.stderr


def test_version():
    done = gilspy("--version")
    assert done.returncode == 0 and any(character.isdigit() for character in done.stdout)


@pytest.mark.few_versions
def test_the_name_of_the_file_chooses_the_format(python, tmp_path):
    with Program(python.executable, "spinners.py") as program:
        for name, beginning in (("x.json", b"{"), ("x.folded", b""), ("x.svg", b"<?xml"), ("x.gilspy", b"\x8egilspy")):
            done = record(program.pid, "-o", tmp_path / name, seconds=0.3)
            assert done.returncode == 0, done.stderr
            assert (tmp_path / name).read_bytes().startswith(beginning)
        done = record(program.pid, "-o", tmp_path / "y.json", "-f", "folded", seconds=0.3)
    assert not (tmp_path / "y.json").read_bytes().startswith(b"{")
