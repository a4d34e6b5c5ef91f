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


def load_cases():
    with open(PROGRAMS / "expect.toml", "rb") as file:
        return tomllib.load(file)


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
    if "verdict" in case and report["verdict"]["code"] not in case["verdict"]:
        found.append("the verdict is %s, not %s" % (report["verdict"]["code"], " or ".join(case["verdict"])))
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


def named(report, pattern):
    return [thread for thread in report["threads"] if thread["python"] and fnmatch.fnmatchcase(thread["name"], pattern)]


def outside(what, value, band):
    return "" if band[0] <= value <= band[1] else "%s is %.3f, not in %s" % (what, value, band)
