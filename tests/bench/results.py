"""What a section of the benchmark hands over: tables, goals and remarks. bench.py prints them and writes the document.

A section is a module with TITLE, ABOUT (what is measured and how, for the document) and run(plan) -> Results.
"""

import dataclasses


@dataclasses.dataclass
class Plan:
    """How much to measure. Sections choose their rounds, seconds, versions and sizes by it."""
    full: bool = False             # else: the quick form, all sections together under three minutes
    pythons: dict = dataclasses.field(default_factory=dict)  # by name, "3.13" or "3.13t": interpreters.Interpreter
    peers: dict = dataclasses.field(default_factory=dict)    # by name, those that could be had: peers.Peer
    say: callable = print          # progress, a line at a time
    # Makes a measurement: see steady.Steady.
    steady: callable = lambda measure: measure()  # noqa: E731


@dataclasses.dataclass
class Table:
    columns: list      # headings; the first column is text, the others are numbers unless they are text
    rows: list         # lists of str, one cell a column: the section chooses how many digits are honest
    caption: str = ""


@dataclasses.dataclass
class Goal:
    """What was to be reached, what was measured. `met` None: not judged here, and `reason` says why."""
    text: str
    measured: str
    met: bool | None
    reason: str = ""   # needed unless met: where the rest goes, or why it could not be measured


@dataclasses.dataclass
class Results:
    tables: list = dataclasses.field(default_factory=list)
    goals: list = dataclasses.field(default_factory=list)
    remarks: list = dataclasses.field(default_factory=list)
    headline: list = dataclasses.field(default_factory=list)  # ratios for the README, a sentence each

    @staticmethod
    def from_dict(fields):
        """From what dataclasses.asdict() made of it."""
        return Results([Table(**table) for table in fields["tables"]], [Goal(**goal) for goal in fields["goals"]],
                       fields["remarks"], fields["headline"])
