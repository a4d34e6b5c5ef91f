"""Results as text for the terminal, as Markdown for docs/benchmarks.md, and as the README's block of headlines."""

import dataclasses
import re

VERDICTS = {True: "met", False: "NOT met", None: "not judged"}
BEHIND = "What fell behind"
BEGIN, END = "<!-- headlines of ./dev bench -->", "<!-- end of the headlines -->"


@dataclasses.dataclass
class Section:
    """One section's module and what it came to; `failure` when it could not be run."""
    name: str
    title: str
    about: str
    results: object = None
    failure: str = ""
    seconds: float = 0.0


def is_number(cell):
    return bool(cell) and (cell[0].isdigit() or cell[0] in "+-" and len(cell) > 1)


def text_table(table):
    """Columns under each other; numbers to the right."""
    cells = [table.columns] + table.rows
    widths = [max(len(row[column]) for row in cells) for column in range(len(table.columns))]
    right = [column > 0 and any(is_number(row[column]) for row in table.rows) for column in range(len(widths))]
    lines = [table.caption] if table.caption else []
    for row in cells:
        padded = [cell.rjust(width) if to_right else cell.ljust(width)
                  for cell, width, to_right in zip(row, widths, right)]
        lines.append("  " + "  ".join(padded).rstrip())
    return "\n".join(lines)


def markdown_table(table):
    aligns = ["---" if column == 0 else "--:" for column in range(len(table.columns))]
    rows = [table.columns, aligns] + table.rows
    lines = ["| %s |" % " | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    return "\n".join(([table.caption + ":", ""] if table.caption else []) + lines)


def goal_line(goal):
    """One line of text: verdict, goal, measured, and why not."""
    line = "%s: %s: %s" % (VERDICTS[goal.met], goal.text, goal.measured)
    return line if goal.met or not goal.reason else "%s (%s)" % (line, goal.reason)


def text_section(section):
    parts = ["", "=== %s ===" % section.title]
    if section.failure:
        return "\n".join(parts + ["FAILED: " + section.failure])
    results = section.results
    parts += [text_table(table) + "\n" for table in results.tables]
    parts += [goal_line(goal) for goal in results.goals]
    parts += ["- " + remark for remark in results.remarks]
    return "\n".join(parts)


def markdown_section(section):
    parts = ["## " + section.title, section.about.strip()]
    if section.failure:
        return "\n\n".join(parts + ["**Not measured**: " + section.failure])
    results = section.results
    if results.goals:
        rows = [[goal.text, goal.measured, VERDICTS[goal.met] if goal.met else "**%s**" % VERDICTS[goal.met],
                 "" if goal.met else goal.reason] for goal in results.goals]
        parts.append(markdown_goals(rows))
    parts += [markdown_table(table) for table in results.tables]
    if results.remarks:
        parts.append("\n".join("- " + remark for remark in results.remarks))
    return "\n\n".join(parts)


def markdown_goals(rows):
    lines = ["| goal | measured | | why not |", "|---|---|---|---|"]
    return "\n".join(lines + ["| %s |" % " | ".join(cell.replace("|", "\\|") for cell in row) for row in rows])


def fell_behind(facts, sections):
    """Lines: who was not there, what failed, what was not met, what was not judged."""
    missing = facts["peers that are missing"]
    lines = [] if missing == "none" else ["not compared with: " + missing]
    lines += ["failed: %s: %s" % (section.title, section.failure) for section in sections if section.failure]
    for met in (False, None):
        lines += ["%s: %s" % (section.title, goal_line(goal)) for section in sections if section.results
                  for goal in section.results.goals if goal.met is met]
    return lines


def fell_behind_part(lines):
    return "## %s\n\n%s" % (BEHIND, "\n".join(lines) if lines else "Every goal was met.")


def document(facts, sections):
    """docs/benchmarks.md; `facts`: lines about machine, versions and command."""
    parts = ["# Benchmarks", "Written by `%s`; not edited by hand. All figures of a section are of one machine: ratios carry "
             "over, absolute numbers do not." % facts["command"],
             "| | |\n|---|---|\n" + "\n".join("| %s | %s |" % (key, value) for key, value in facts.items())]
    parts.append(fell_behind_part(["- " + line for line in fell_behind(facts, sections)]))
    return "\n\n".join(parts + [markdown_section(section) for section in sections]) + "\n"


def with_sections(text, facts, sections, titles):
    """The document with these sections, which were run alone, in the place of what it had of them, or in the order of `titles`."""
    head, *rest = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)
    bodies = dict(zip(rest[::2], rest[1::2]))
    alone = "Measured alone, on %s, %s, by `%s`, with %s beside %s (missing: %s)." % tuple(
        facts[key] for key in ("machine", "date", "command", "gilspy", "peers", "peers that are missing"))
    behind = [line for line in bodies.pop(BEHIND).splitlines() if line.startswith("- ")]
    for section in sections:
        behind = [line for line in behind if not re.match(r"- (failed: )?%s: " % re.escape(section.title), line)]
        bodies[section.title] = "\n" + markdown_section(section).partition("\n")[2].strip() + "\n\n" + alone + "\n\n"
    behind += ["- " + line for line in fell_behind(dict(facts, **{"peers that are missing": "none"}), sections)]
    parts = ["## %s\n\n%s" % (title, bodies[title].strip()) for title in titles if title in bodies]
    return "\n\n".join([head.rstrip(), fell_behind_part(behind)] + parts) + "\n"


def headlines(facts, sections):
    """The README's block between its markers, without them."""
    lines = ["- " + line for section in sections if section.results for line in section.results.headline]
    where = "On %s, %s, by `%s`; all figures, and what fell behind: [docs/benchmarks.md](docs/benchmarks.md)." % (
        facts["machine"], facts["date"], facts["command"])
    return "\n".join(lines + ["", where])


def with_headlines(readme, block):
    """The README with this block between its markers."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("README.md lacks the lines %s and %s" % (BEGIN, END))
    return before + BEGIN + "\n" + block + "\n" + END + after
