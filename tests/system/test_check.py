"""`gilspy check`: fine, failed or cannot tell, by recordings of known programs."""

import json
import os
import subprocess

import pytest
from running import ROOT, find_gilspy, gilspy

FINE, FAILED, CANNOT_TELL = 0, 1, 2
RECORDINGS = ROOT / "fixtures" / "recordings"
PRIMES = RECORDINGS / "primes-3.13.gilspy"
CALLBACKS = RECORDINGS / "callbacks-3.12.gilspy"
WITHOUT_GIL = RECORDINGS / "primes-3.13t.gilspy"


def check(*arguments, **options):
    return gilspy("check", *arguments, **options)


def assert_cannot_tell(done, *words):
    assert (done.returncode, done.stdout) == (CANNOT_TELL, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("gilspy: cannot tell: "), line
    for word in words:
        assert word in line, line


def test_a_broken_rule():
    done = check(PRIMES, "--max-gil-wait", "30%", "--max-handoff-p99", "10s")
    assert (done.returncode, done.stderr) == (FAILED, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("failed: 1 of 2 rules: max-gil-wait 7") and lines[0].endswith("(at most 30 %)")
    assert lines[2].startswith("  failed       max-gil-wait 30%: threads waited for the GIL for 7")
    assert lines[3].startswith("  fine         max-handoff-p99 10s: ")
    assert lines[5].startswith("What happened: 4 threads did the work of")
    assert lines[6] == "Who makes others wait:"
    assert "is_prime (primes.py:" in lines[7]
    assert lines[-1].startswith("Next: ")


def test_rules_that_are_kept():
    done = check(PRIMES, "--max-gil-wait", "0.9", "--fail-on", "idle,event_loop_blocked")
    assert (done.returncode, done.stderr) == (FINE, "")
    assert done.stdout.splitlines()[0] == "fine: all 3 rules are kept"
    assert "waits" not in done.stdout


def test_every_claim_of_the_verdict_counts():
    done = check(PRIMES, "--fail-on", "serialized_by_gil", "--fail-on", "idle")
    assert done.returncode == FAILED
    assert done.stdout.startswith("failed: 1 of 2 rules: fail-on serialized_by_gil\n")
    assert "this is the verdict: 4 threads did the work of" in done.stdout


def test_an_event_loop():
    done = check(CALLBACKS, "--max-loop-block", "100ms")
    assert done.returncode == FAILED
    assert "a callback kept the event loop for" in done.stdout and "mostly in " in done.stdout
    assert check(CALLBACKS, "--max-loop-block", "5s").returncode == FINE


@pytest.mark.parametrize("arguments, reason", [
    ([WITHOUT_GIL, "--max-gil-wait", "30%"], "its GIL is off"),
    ([PRIMES, "--max-loop-block", "1s"], "no asyncio event loop"),
    ([PRIMES, "--min-parallelism", "64"], "may use "),
], ids=lambda words: words[1] if isinstance(words, list) else None)
def test_rules_that_do_not_apply(arguments, reason):
    done = check(*arguments)
    assert (done.returncode, done.stderr) == (CANNOT_TELL, "")
    assert done.stdout.startswith("cannot tell: 1 of 1 rule: ")
    assert reason in done.stdout


def test_what_is_missing_is_not_fine(tmp_path):
    nothing = tmp_path / "nothing.gilspy"
    nothing.write_bytes(b"")
    half = tmp_path / "half.gilspy"
    half.write_bytes(PRIMES.read_bytes()[:60])
    for recording, word in ((tmp_path / "none.gilspy", "No such file"), (nothing, "empty"), (half, "nothing is in it"),
                            (ROOT / "README.md", "not a recording"), (tmp_path, "directory")):
        assert_cannot_tell(check(recording, "--max-gil-wait", "30%"), str(recording), word)
    done = check(nothing, "--max-gil-wait", "30%", "--json")
    assert done.returncode == CANNOT_TELL
    said = json.loads(done.stdout)
    assert (said["outcome"], said["rules"]) == ("cannot_tell", []) and "empty" in said["headline"]


@pytest.mark.parametrize("arguments, words", [
    ([PRIMES], ["at least one rule", "--max-gil-wait"]),
    (["--max-gil-wait", "30%"], ["RECORDING"]),
    ([PRIMES, "--max-gil-wait", "30"], ["30%", "not clear"]),
    ([PRIMES, "--max-handoff-p99", "20"], ["20ms"]),
    ([PRIMES, "--fail-on", "serialised_by_gil"], ["is serialized_by_gil meant?"]),
    ([PRIMES, "--max-gil-wiat", "30%"], ["no option --max-gil-wiat", "is --max-gil-wait meant?"]),
    ([PRIMES, "--max-gil-wait", "30%", "--max-gil-wait", "40%"], ["--max-gil-wait"]),
    ([PRIMES, "--config", "/nonexistent/gilspy.toml"], ["/nonexistent/gilspy.toml"]),
    ([PRIMES, "--", "python"], []),
], ids=lambda words: " ".join(map(str, words)))
def test_wrong_usage_is_not_fine(arguments, words):
    assert_cannot_tell(check(*arguments), *words)


def test_rules_from_a_file(tmp_path):
    config = tmp_path / "gilspy.toml"
    config.write_text("[check]\nmax-gil-wait = '30%'\nfail-on = ['idle']\n")
    done = check(PRIMES, "--config", config)
    assert done.returncode == FAILED and done.stdout.startswith("failed: 1 of 2 rules: max-gil-wait")
    done = check("--config", config, "--max-gil-wait", "90%", PRIMES)
    assert done.returncode == FINE, "the command line wins"
    assert "fail-on idle" in done.stdout
    config.write_text("[check]\nmax-gil-wiat = '30%'\n")
    assert_cannot_tell(check(PRIMES, "--config", config), "gilspy.toml:2: max-gil-wiat is no rule; is max-gil-wait meant?")
    assert_cannot_tell(check(PRIMES, "--config", config, "--max-gil-wait", "90%"), "max-gil-wiat")


def test_a_file_in_the_folder_is_not_taken_unasked(tmp_path):
    (tmp_path / "gilspy.toml").write_text("[check]\nmax-gil-wait = '1%'\n")
    assert check(PRIMES, "--max-handoff-p99", "10s", cwd=tmp_path).returncode == FINE


def test_json():
    done = check(PRIMES, "--max-gil-wait", "30%", "--fail-on", "idle", "-j")
    assert done.returncode == FAILED
    said = json.loads(done.stdout)
    assert said["schema"] == 1 and said["outcome"] == "failed"
    wait, idle = said["rules"]
    assert wait["rule"] == "max-gil-wait" and wait["limit"] == 0.3 and 0.6 < wait["value"] < 0.8
    assert (idle["rule"], idle["verdict"], idle["outcome"]) == ("fail-on", "idle", "fine")
    assert said["culprits"][0]["function"].startswith("is_prime")
    assert said["verdict"]["code"] == "serialized_by_gil"


def test_the_gil_wait_is_what_json_says():
    numbers = json.loads(gilspy("report", PRIMES, "-f", "json", "-o", "-").stdout)
    waited, wanted = 0, 0
    for thread in numbers["threads"]:
        if thread["python"]:
            times = thread["activities"]
            waited += times["waits_for_gil"]
            wanted += sum(times[key] for key in ("waits_for_gil", "holds_gil", "holds_gil_off_cpu", "runs_without_gil"))
    said = json.loads(check(PRIMES, "--max-gil-wait", "30%", "-j").stdout)
    assert said["rules"][0]["value"] == pytest.approx(waited / wanted, abs=1e-4)


def test_standard_input():
    done = subprocess.run([find_gilspy(), "check", "-", "--max-gil-wait", "30%"], input=PRIMES.read_bytes(),
                          stdout=subprocess.PIPE, timeout=30, check=False)
    assert done.returncode == FAILED and done.stdout.startswith(b"failed: ")


def test_what_cannot_be_written_is_not_fine():
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([find_gilspy(), "check", PRIMES, "--max-gil-wait", "90%"], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    assert done.returncode == CANNOT_TELL and "cannot tell" in done.stderr


def test_the_link_of_a_comment(tmp_path):
    out = tmp_path / "comment.md"
    url = "https://example.org/runs/1/artifacts/2?a=b c"
    done = gilspy("report", PRIMES, "-o", out, "--link", url)
    assert done.returncode == 0, done.stderr
    text = out.read_text()
    assert text.endswith("\nWhole report: <https://example.org/runs/1/artifacts/2?a=b%20c>\n")
    assert len(text.splitlines()) <= 60
    for arguments in (["-o", out, "--link", "javascript:alert(1)"], ["-f", "html", "--link", url]):
        done = gilspy("report", PRIMES, *arguments, cwd=tmp_path)
        assert done.returncode == 64 and "--link" in done.stderr
    assert os.listdir(tmp_path) == ["comment.md"]
