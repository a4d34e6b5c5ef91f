"""fixtures/programs/expect.toml, and how a JSON report is held against it."""

import fnmatch

from running import PROGRAMS

try:
    import tomllib
except ImportError:  # before Python 3.11
    import tomli as tomllib

COMBINED = {
    "holds": ("holds_gil", "holds_gil_off_cpu"),
    "waits": ("waits_for_gil",),
    "rests": ("blocked", "waits_for_lock"),
}


def load_cases(*suites):
    """Those of test_activities.py; or those whose `only` is one of `suites`."""
    with open(PROGRAMS / "expect.toml", "rb") as file:
        cases = tomllib.load(file)
    return {name: case for name, case in cases.items() if (case["only"] in suites if "only" in case else not suites)}


def share(thread, activity):
    """The part of the thread's time in an activity of expect.toml."""
    spent = thread["activities"]
    total = sum(spent.values())
    return sum(spent[name] for name in COMBINED.get(activity, (activity,))) / total if total else 0.0


def complaints(case, report):
    """What the report says that the case does not allow."""
    gil = report["interpreters"][0]["gil"]
    found = [outside(name, value, case[key]) for name, key, value in (
        ("parallelism", "parallelism", report["parallelism"]),
        ("GIL utilization", "gil_utilization", gil["utilization"]),
        ("mean waiters", "mean_waiters", gil["mean_waiters"])) if key in case]
    found += list(wrong_claims(case, report))
    for pattern, bands in case.get("each", {}).items():
        for thread in named(report, pattern):
            found += [outside("%s of %s" % (activity, thread["name"]), share(thread, activity), band)
                      for activity, band in bands.items()]
        if not named(report, pattern):
            found.append("no thread is called " + pattern)
    for pattern, bands in case.get("sum", {}).items():
        found += [outside("%s of all %s" % (activity, pattern),
                          sum(share(thread, activity) for thread in named(report, pattern)), band)
                  for activity, band in bands.items()]
    return [complaint for complaint in found if complaint]


def wrong_claims(case, report):
    """What is wrong with the verdict."""
    verdict = report["verdict"]
    codes = [claim["code"] for claim in verdict["claims"]]
    told = "%s: %s" % (", ".join(codes), verdict["headline"])
    has_gil = not report["target"]["free_threaded"] or report["target"]["gil_enabled"]
    right = case.get("verdict", codes) if has_gil else case.get("verdict_without_gil", case.get("verdict", codes))
    if verdict["code"] not in right:
        yield "the verdict is %s, not %s" % (told, " or ".join(right))
    for code in case.get("innocent_of", ()):
        if code in codes:
            yield "an innocent is accused of %s: %s" % (code, told)
    for code in case.get("also", ()):
        if code not in codes:
            yield "%s is not among the claims: %s" % (code, told)
    if case.get("says", "") not in verdict["headline"]:
        yield "the headline does not say %s: %s" % (case["says"], told)
    culprits = (verdict["culprits"] or [{"function": "", "caller": None}]) if has_gil else [{}]
    for key in ("culprit", "caller"):
        named_now = culprits[0].get({"culprit": "function"}.get(key, key)) or ""
        if has_gil and not named_now.startswith(case.get(key, "")):
            yield "the first %s is %s, not %s" % (key, named_now or "nobody", case[key])


def named(report, pattern):
    return [thread for thread in report["threads"] if thread["python"] and fnmatch.fnmatchcase(thread["name"], pattern)]


def outside(what, value, band):
    return "" if band[0] <= value <= band[1] else "%s is %.3f, not in %s" % (what, value, band)
