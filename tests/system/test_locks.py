"""Which lock threads wait for, who has it, and how long: against what the programs measured inside."""

import json
import time

import pytest
from running import Program, gilspy, record_json

NAMES = {"attribute": "self._lock of Pool", "class": "self.till of Shop", "global": "GLOBAL_LOCK", "closure": "lock", "argument": "lock"}
KINDS = {"lock": "lock", "rlock": "rlock"}


def contended(report):
    return [lock for lock in report["locks"] if lock["contention"]]


def wait_share(truth):
    """Of the takers' time, by their own clocks."""
    takers = [thread for thread in truth["threads"] if "lock_wait_s" in thread]
    return sum(thread["lock_wait_s"] for thread in takers) / sum(thread["wall_s"] for thread in takers)


def told_share(report):
    takers = [thread for thread in report["threads"] if thread["name"].startswith("taker")]
    known = sum(sum(thread["activities"].values()) - thread["activities"]["unknown"] for thread in takers)
    return sum(thread["activities"]["waits_for_lock"] for thread in takers) / known


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("home", NAMES)
def test_a_lock_by_its_name(any_python, kind, home):
    with Program(any_python.executable, "lock_homes.py", "--kind", kind, "--home", home) as program:
        report = record_json(program.pid)
        truth = program.truth()
    assert report["verdict"]["code"] in ("lock_bound", "free_threaded_contended"), report["verdict"]["headline"]
    lock = contended(report)[0]
    assert (lock["kind"], lock["name"]) == (KINDS[kind], NAMES[home])
    assert int(lock["address"], 16) == truth["address"]
    assert lock["place"].endswith(")") and "lock_homes.py:" in lock["place"]
    assert lock["owner"] is not None and lock["owner"]["name"].startswith("taker")
    assert lock["owner"]["inferred"] == (kind == "lock")
    assert told_share(report) == pytest.approx(wait_share(truth), abs=0.03)
    assert lock["wait_s"] == pytest.approx(sum(row["wait_s"] for row in lock["blame"]), rel=0.2)
    assert lock["name"] in report["verdict"]["headline"]


def test_an_owner_that_waits_for_the_gil(python):
    with Program(python.executable, "lock_homes.py", "--chain", 1, "--spinners", 3) as program:
        report = record_json(program.pid)
    lock = contended(report)[0]
    did = lock["owner"]["activities"]
    assert did["waits_for_gil"] > 0.5 * lock["wait_s"], lock


@pytest.mark.parametrize("kind", KINDS)
def test_an_owner_that_waits_for_another_lock(any_python, kind):
    with Program(any_python.executable, "lock_chain.py", "--kind", kind) as program:
        report = record_json(program.pid)
        text = gilspy("dump", "--pid", program.pid).stdout
    locks = {lock["name"]: lock for lock in contended(report)}
    near, far = locks["chain.near of Chain"], locks["chain.far of Chain"]
    assert near["owner"]["name"] == "middle"
    assert near["owner"]["waits_for"]["lock"] == far["id"]
    assert near["owner"]["waits_for"]["wait_s"] > 0.5 * near["wait_s"]
    assert far["owner"]["name"] == "first"
    assert "DEADLOCK" not in text


def test_a_convoy(any_python):
    """Held for half a millisecond at a time, by one after the other."""
    with Program(any_python.executable, "lock_homes.py", "--threads", 8, "--hold-s", 0.0005) as program:
        report = record_json(program.pid)
        truth = program.truth()
    assert contended(report)[0]["name"] == "self._lock of Pool"
    assert told_share(report) == pytest.approx(wait_share(truth), abs=0.03)


def test_who_stopped_the_world(free_threaded):
    with Program(free_threaded.executable, "collector.py") as program:
        report = record_json(program.pid)
    (world,) = [lock for lock in report["locks"] if lock["kind"] == "stop_the_world"]
    assert world["owner"]["name"] == "collector" and not world["owner"]["inferred"]
    stood = sum(thread["activities"]["stop_the_world"] for thread in report["threads"])
    assert world["wait_s"] == pytest.approx(stood, rel=0.3)
    assert report["verdict"]["code"] == "free_threaded_contended"
    assert "another one stopped the world in collect (collector.py:" in report["verdict"]["headline"]


def test_who_takes_a_lock_without_with_is_not_known(any_python):
    with Program(any_python.executable, "acquires.py") as program:
        report = record_json(program.pid)
    lock = contended(report)[0]
    assert lock["name"] == "lock" and lock["waiters_mean"] > 1.5
    assert lock["owner"] is None
    assert "look_in" not in report["verdict"]["headline"]
    assert any("not known" in line for line in report["verdict"]["advice"])


def test_who_waits_for_something_to_happen_waits_for_no_lock(any_python):
    with Program(any_python.executable, "waits.py") as program:
        report = record_json(program.pid)
    found = {lock["kind"] for lock in report["locks"]}
    assert {"event", "condition", "queue", "barrier", "thread"} <= found, report["locks"]
    assert sum(lock["wait_s"] for lock in contended(report)) < 0.05
    for thread in report["threads"]:
        assert thread["activities"]["waits_for_lock"] < 0.05, thread


def test_a_lock_that_is_had_through_its_condition(any_python):
    with Program(any_python.executable, "condition_owner.py") as program:
        report = record_json(program.pid)
        text = gilspy("dump", "--pid", program.pid).stdout
    lock = contended(report)[0]
    assert lock["name"] in ("lock", "condition._lock of Condition")
    assert lock["owner"]["name"] == "owner" and lock["owner"]["inferred"]
    assert lock["wait_s"] == pytest.approx(sum(row["wait_s"] for row in lock["blame"]), rel=0.2)
    assert report["deadlocks"] == [] and "DEADLOCK" not in text


DEADLOCKS = {
    "two": (["to-checking", "to-savings"], "second.lock of Account"),
    "self": (["closes-twice"], "account.lock of Account"),
    "join": (["closes-and-waits", "closer"], "account.lock of Account"),
}


@pytest.mark.parametrize("how, rlock", [("two", 0), ("two", 1), ("self", 0), ("join", 0), ("join", 1)])
def test_a_deadlock(any_python, how, rlock):
    names, lock = DEADLOCKS[how]
    with Program(any_python.executable, "deadlock.py", "--how", how, "--rlock", rlock) as program:
        time.sleep(0.3)
        text = gilspy("dump", "--pid", program.pid).stdout
        (circle,) = json.loads(gilspy("dump", "--pid", program.pid, "-j").stdout)["deadlocks"]
        report = record_json(program.pid)
    assert "DEADLOCK: " in text and lock in text
    assert len(text.splitlines()) < 50
    assert len(circle["threads"]) == len(names)
    assert report["verdict"]["code"] == "deadlock"
    assert "lock_bound" not in [claim["code"] for claim in report["verdict"]["claims"]]
    headline = report["verdict"]["headline"]
    assert headline.startswith("Deadlock: ") and lock in headline and all(name in headline for name in names)
    (told,) = report["deadlocks"]
    assert sorted(thread["name"] for thread in told["threads"]) == sorted(names)
    assert [report["locks"][thread["lock"]]["contention"] for thread in told["threads"]].count(True) >= 1
    assert told["lasts"] and told["from_s"] < 0.3


@pytest.mark.parametrize("rlock", (0, 1))
def test_a_circle_that_gives_up_is_over(any_python, rlock):
    with Program(any_python.executable, "deadlock.py", "--how", "timeout", "--rlock", rlock, seconds=4) as program:
        report = record_json(program.pid, seconds=3)
    (told,) = report["deadlocks"]
    assert not told["lasts"]
    assert told["to_s"] - told["from_s"] == pytest.approx(0.5, abs=0.15)
    assert report["verdict"]["code"] != "deadlock"
    assert "deadlock" in [claim["code"] for claim in report["verdict"]["claims"]]


def test_a_circle_that_has_a_timeout_is_not_for_ever(any_python):
    with Program(any_python.executable, "deadlock.py", "--how", "timeout", "--patience", 30, seconds=6) as program:
        time.sleep(3.3)
        text = gilspy("dump", "--pid", program.pid).stdout
        (circle,) = json.loads(gilspy("dump", "--pid", program.pid, "-j").stdout)["deadlocks"]
        report = record_json(program.pid, seconds=1)
    assert "until one of them gives up" in text and "for ever" not in text
    assert circle["lasts"] is False
    (told,) = report["deadlocks"]
    assert not told["lasts"]
    assert report["verdict"]["code"] != "deadlock"
    assert "deadlock" in [claim["code"] for claim in report["verdict"]["claims"]]


@pytest.mark.parametrize("what, kind, type_name", [("dict", "object", "dict"), ("list", "object", "list"),
                                                   ("lock", "lock", "_thread.lock")])
def test_objects_that_threads_share(free_threaded, what, kind, type_name):
    with Program(free_threaded.executable, "shared_objects.py", "--what", what) as program:
        report = record_json(program.pid)
        addresses = program.truth()["addresses"]
    lock = contended(report)[0]
    assert (lock["kind"], lock["type"]) == (kind, type_name)
    assert int(lock["address"], 16) in addresses.values()
    assert report["verdict"]["code"] == "free_threaded_contended", report["verdict"]["headline"]


def test_objects_that_nobody_shares(free_threaded):
    with Program(free_threaded.executable, "shared_objects.py", "--what", "own") as program:
        report = record_json(program.pid)
    assert sum(lock["wait_s"] for lock in contended(report)) < 0.1 * report["duration_s"]
    assert report["verdict"]["code"] == "parallel_free_threaded", report["verdict"]["headline"]


def test_the_end_of_a_program_is_no_lock(any_python):
    """The main thread waits for the others: up to 3.12 for a lock that each of them has."""
    with Program(any_python.executable, "foreign_thread.py", "--threads", 2) as program:
        report = record_json(program.pid, seconds=1)
        text = gilspy("dump", "--pid", program.pid).stdout
    assert contended(report) == []
    (main,) = [thread for thread in report["threads"] if thread["name"] == "MainThread"]
    assert main["activities"]["blocked"] > 0 and main["activities"]["waits_for_lock"] == 0
    assert '"MainThread": blocked, waits for the other threads to end\n' in text
