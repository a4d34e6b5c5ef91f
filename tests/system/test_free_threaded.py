"""Builds without a GIL: threads run side by side, unless the GIL is turned on again."""

from running import Program, record, record_folded, record_json


class WithGil(Program):
    """The same program with the GIL turned on."""

    def __init__(self, python, name, *arguments, **options):
        super().__init__(python, name, *arguments, **options)
        self.command[1:1] = ["-X", "gil=1"]


def share(thread, *activities):
    return sum(thread["activities"][name] for name in activities) / sum(thread["activities"].values())


def workers(report, prefix):
    return [thread for thread in report["threads"] if thread["name"].startswith(prefix)]


def test_the_lab_is_parallel(free_threaded):
    with Program(free_threaded.executable, "primes.py", "--threads", "4") as program:
        report = record_json(program.pid)
    assert report["target"]["free_threaded"] and not report["target"]["gil_enabled"]
    assert report["verdict"]["code"] == "parallel_free_threaded"
    assert "no GIL" in report["verdict"]["headline"]
    assert len(workers(report, "worker-")) == 4
    for thread in workers(report, "worker-"):
        assert share(thread, "runs_without_gil") > 0.9
    assert all(interpreter["gil"]["utilization"] == 0 for interpreter in report["interpreters"])


def test_stacks_are_those_of_all_running_threads(free_threaded):
    with Program(free_threaded.executable, "spinners.py", "--threads", "2") as program:
        stacks = record_folded(program.pid, "-t")
    for name in ("spinner-1", "spinner-2"):
        mine = [(frames, weight) for frames, weight in stacks if frames[0].startswith(name)]
        spinning = sum(weight for frames, weight in mine if any(one.startswith("spin (") for one in frames))
        assert spinning > 0.9 * sum(weight for _, weight in mine) > 0


def test_blocked_threads_are_blocked(free_threaded):
    with Program(free_threaded.executable, "io_bound.py") as program:
        report = record_json(program.pid)
    assert report["verdict"]["code"] == "io_bound"
    assert "GIL" not in report["verdict"]["headline"]
    for thread in report["threads"]:
        assert share(thread, "blocked", "waits_for_lock") > 0.6, thread


def test_one_busy_thread_is_one(free_threaded):
    with Program(free_threaded.executable, "single.py") as program:
        report = record_json(program.pid)
    assert report["verdict"]["code"] == "single_threaded"


def test_thousands_of_threads_are_no_trouble(free_threaded):
    with Program(free_threaded.executable, "idle.py", "--threads", "600") as program:
        report = record_json(program.pid)
    assert len(workers(report, "waiter-")) == 600
    assert report["quality"]["ticks"] > 0.5 * report["quality"]["ticks_asked"]


def test_a_gil_that_was_turned_on_again_is_said_loudly(free_threaded):
    with WithGil(free_threaded.executable, "primes.py", "--threads", "4") as program:
        report = record_json(program.pid)
        said = record(program.pid, "-f", "json", "-o", "-", seconds=1).stderr
    assert report["target"]["free_threaded"] and report["target"]["gil_enabled"]
    assert report["verdict"]["code"] == "gil_reenabled"
    assert "Turn the GIL off: it is on because of" in " ".join(said.split())
    assert report["interpreters"][0]["gil"]["utilization"] > 0.9
    assert 2.2 < report["interpreters"][0]["gil"]["mean_waiters"] < 3.3


def test_a_gil_that_is_on_for_a_moment_is_not_a_gil(free_threaded):
    with Program(free_threaded.executable, "importer.py") as program:
        report = record_json(program.pid, seconds=3)
    assert not report["target"]["gil_enabled"]
    assert report["verdict"]["code"] == "parallel_free_threaded"
    assert report["interpreters"][0]["gil"]["utilization"] < 0.2


def test_stopping_the_world_shows(free_threaded):
    """gc.collect() in one thread suspends all others."""
    with Program(free_threaded.executable, "collector.py") as program:
        report = record_json(program.pid)
    stopped = [share(thread, "stop_the_world") for thread in workers(report, "spinner-")]
    assert stopped and min(stopped) > 0.1


