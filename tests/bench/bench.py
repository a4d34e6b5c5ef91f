#!/usr/bin/env python3
"""The benchmark: gilspy beside its peers on the same work, section by section; ./dev bench runs it.

Prints tables, goals that were met or not and why, and at the end what fell behind. Exits with 1 when a section could
not be run; a goal that is not met is a result.
"""

import argparse
import dataclasses
import importlib
import json
import os
import pathlib
import platform
import re
import signal
import subprocess
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import interpreters  # noqa: E402
import peers  # noqa: E402
import report  # noqa: E402
import running  # noqa: E402
from results import Plan, Results  # noqa: E402
from steady import Steady  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
SECTIONS = ("fidelity", "stacks", "speed", "scale", "harm", "native", "cost", "micro")
FULL_ONLY = ("what_if",)
PATIENCE_S = {False: 30, True: 1200}  # for a machine that does not run
OF_A_RUN = ("command", "date", "load before", "gilspy")  # facts that differ between runs of which one document is made


def say(line):
    print("-- %s" % line, file=sys.stderr, flush=True)


# --- what ran where ----------------------------------------------------------------------------------------------

def machine():
    """"2 CPUs, Intel(R) Xeon(R) Processor @ 2.10GHz, Linux 6.18"."""
    model = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return "%d CPUs, %s, Linux %s" % (len(os.sched_getaffinity(0)), model.group(1) if model else platform.machine(),
                                      platform.release())


def commit():
    """git's name of what is checked out; "" outside of a clone."""
    describe = ["git", "-C", str(running.ROOT), "describe", "--always", "--dirty", "--tags"]
    done = subprocess.run(describe, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def facts_of(plan, missing, command):
    """What must be known to read the figures, in the order of the document."""
    version = running.gilspy("--version").stdout.strip()
    if "GILSPY" in os.environ:
        version += ", %s (not necessarily of this commit)" % running.find_gilspy()
    return {
        "command": command,
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine(),
        "load before": "%.2f (one minute), %.2f (five)" % os.getloadavg()[:2],
        "gilspy": " ".join(filter(None, (version, commit()))),
        "peers": ", ".join("%s %s" % (sampler.name, sampler.version) for sampler in plan.peers.values()) or "none",
        "peers that are missing": "; ".join(missing) or "none",
        "CPython": ", ".join(str(python) for python in plan.pythons.values()),
    }


# --- sections ----------------------------------------------------------------------------------------------------

def chosen_sections(named, full):
    """Their names; one that is asked for by name must be there, of the others the missing ones are told."""
    known = SECTIONS + FULL_ONLY
    unknown = [name for name in named if name not in known]
    if unknown:
        sys.exit("bench: no section called %s; there are: %s" % (", ".join(unknown), ", ".join(known)))
    wanted = named or (known if full else SECTIONS)
    absent = [name for name in wanted if not (HERE / (name + ".py")).exists()]
    if absent and named:
        sys.exit("bench: not there yet: %s" % ", ".join(absent))
    for name in absent:
        say("NOT MEASURED: there is no section %s" % name)
    return [name for name in wanted if name not in absent]


def run_section(name, plan):
    """A report.Section; whatever happens in one must not cost the others their figures."""
    section, begin = report.Section(name, name, ""), time.monotonic()
    say("%s: load %.2f" % (name, os.getloadavg()[0]))
    try:
        module = importlib.import_module(name)
        section.title, section.about = module.TITLE, module.ABOUT
        section.results = module.run(plan)
    except Exception as error:  # pylint: disable=broad-except
        traceback.print_exc()
        section.failure = "%s: %s" % (type(error).__name__, error)
    if section.results and not section.results.goals and not any(table.rows for table in section.results.tables):
        section.failure = "nothing was measured"
    if section.results:
        section.results.remarks += plan.steady.told()
    section.seconds = time.monotonic() - begin
    return section


def as_json(facts, sections, full):
    made = [dataclasses.asdict(section) for section in sections]
    return json.dumps({"full": full, "facts": facts, "sections": made}, indent=2)


def from_json(texts):
    """(facts, sections) of full runs of some sections each, put together in the usual order; of a section's runs the last
    one counts."""
    runs = [json.loads(text) for text in texts]
    same = [{key: told for key, told in one["facts"].items() if key not in OF_A_RUN} for one in runs]
    if not all(one["full"] for one in runs) or any(one != same[0] for one in same):
        raise ValueError("only full runs with the same peers on one machine make a document")
    run_of = {section["name"]: one for one in runs for section in one["sections"]}
    sections = {section["name"]: report.Section(**section) for one in runs for section in one["sections"]}
    for section in sections.values():
        section.results = section.results and Results.from_dict(section.results)
    known = SECTIONS + FULL_ONLY
    absent = [name for name in known if name not in sections]
    if absent:
        raise ValueError("not measured: " + ", ".join(absent))
    facts = dict(runs[0]["facts"], command="./dev bench --full")
    for key in ("load before", "gilspy"):
        facts[key] = told_of_runs({name: run_of[name]["facts"].get(key, "") for name in known})
    dates = sorted({one["facts"]["date"] for one in runs})
    facts["date"] = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    return facts, [sections[name] for name in known]


def told_of_runs(by_section):
    """What is the same in all runs, or which run of it had what."""
    told = dict.fromkeys(by_section.values())
    if len(told) == 1:
        return next(iter(told))
    return "; ".join("%s (%s)" % (value, ", ".join(name for name, one in by_section.items() if one == value)) for value in told)


def write_sections(facts, sections):
    """Into the document that is there, those that could be run."""
    sections = [section for section in sections if not section.failure]
    document = running.ROOT / "docs" / "benchmarks.md"
    titles = [importlib.import_module(name).TITLE for name in SECTIONS + FULL_ONLY]
    document.write_text(report.with_sections(document.read_text(encoding="utf-8"), facts, sections, titles), encoding="utf-8")
    say("wrote %s of docs/benchmarks.md; the README's headlines are those of whole runs" %
        ", ".join(section.title for section in sections))


def write_documents(facts, sections):
    readme = running.ROOT / "README.md"
    text = report.with_headlines(readme.read_text(encoding="utf-8"), report.headlines(facts, sections))
    (running.ROOT / "docs" / "benchmarks.md").write_text(report.document(facts, sections), encoding="utf-8")
    readme.write_text(text, encoding="utf-8")
    say("wrote docs/benchmarks.md and the headlines in README.md")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0])
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="under three minutes (default)")
    length.add_argument("--full", action="store_true", help="more versions, more and longer rounds: two to three hours")
    parser.add_argument("--write", action="store_true",
                        help="with --full: write docs/benchmarks.md and the README's headlines; of some sections, these alone")
    parser.add_argument("--json", metavar="FILE", help="also write all results as JSON")
    parser.add_argument("--from", metavar="FILE", action="append", dest="earlier",
                        help="with --write: measure nothing, but take the results of earlier runs with --full --json")
    parser.add_argument("sections", nargs="*", metavar="SECTION",
                        help="of %s (default: all)" % ", ".join(SECTIONS + FULL_ONLY))
    arguments = parser.parse_args()
    if arguments.earlier and not arguments.write:
        parser.error("--from is for --write")
    if arguments.write and not arguments.earlier and not arguments.full:
        parser.error("--write needs --full, or --from")
    return arguments


def main():
    arguments = parse_arguments()
    if arguments.earlier:
        try:
            write_documents(*from_json([pathlib.Path(path).read_text(encoding="utf-8") for path in arguments.earlier]))
        except (OSError, ValueError, KeyError) as error:
            sys.exit("bench: %s" % error)
        return
    names = chosen_sections(arguments.sections, arguments.full)
    if arguments.json:
        try:
            pathlib.Path(arguments.json).touch()
        except OSError as error:
            sys.exit("bench: %s" % error)
    # Started in the background of a shell, Ctrl-C would be ignored here and in every sampler that is ended by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing outlives this one
    pythons = interpreters.pick_supported(interpreters.find_interpreters())
    found, missing = peers.find(pythons)
    plan = Plan(arguments.full, pythons, found, say, Steady(PATIENCE_S[arguments.full]))
    facts = facts_of(plan, missing, " ".join(["./dev bench", *sys.argv[1:]]))
    for key, value in facts.items():
        print("%-23s %s" % (key, value), flush=True)
    sections = []
    for name in names:
        sections.append(run_section(name, plan))
        print(report.text_section(sections[-1]), flush=True)
        if arguments.json:  # each time: a long run may be ended in the midst of it
            pathlib.Path(arguments.json).write_text(as_json(facts, sections, arguments.full), encoding="utf-8")
    behind = report.fell_behind(facts, sections)
    print("\n=== What fell behind ===\n%s" % ("\n".join(behind) or "nothing: every goal was met"))
    print("took %s" % ", ".join("%s %.0f s" % (section.name, section.seconds) for section in sections))
    if arguments.write:
        (write_sections if arguments.sections else write_documents)(facts, sections)
    sys.exit(any(section.failure for section in sections))


if __name__ == "__main__":
    main()
