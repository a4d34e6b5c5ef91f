"""The flame graph of a live process: well-formed, self-contained, and the activities are there. Its geometry and its
script are tested with the formats."""

import re
import xml.etree.ElementTree as ET

import pytest
from running import Program, gilspy, record

pytestmark = pytest.mark.few_versions

TITLE = re.compile(r"^(?P<name>.*) \((?P<samples>[\d,]+) \w+, (?P<percent>[\d.]+)%\)$", re.DOTALL)

NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink", "http://www.w3.org/1999/xhtml",
              "http://github.com/jonhoo/inferno"}


@pytest.fixture(scope="module")
def graphs():
    return {}


@pytest.fixture
def graph(python, graphs, tmp_path):
    if python not in graphs:
        out = tmp_path / "out.svg"
        with Program(python.executable, "primes.py") as program:
            done = record(program.pid, "-o", out, seconds=2)
        assert done.returncode == 0, done.stderr
        graphs[python] = out.read_text(encoding="utf-8"), done
    return graphs[python]


def frames(svg):
    """{name: percent} of the frames."""
    found = {}
    for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}title"):
        match = TITLE.match(element.text or "")
        if match:
            found.setdefault(match["name"], float(match["percent"]))
    return found


def test_serialization_is_most_of_the_picture(graph):
    by_name = frames(graph[0])
    assert 60 < by_name["waits for the GIL"] < 95
    assert 5 < by_name["holds the GIL"] + by_name.get("holds the GIL off CPU", 0) < 40
    assert any(name.startswith("is_prime (") for name in by_name)


def test_nothing_is_loaded_from_elsewhere(graph):
    links = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"'<>]*", graph[0]))
    assert links <= NAMESPACES


def test_the_summary_says_it_in_words(graph):
    said = graph[1].stdout + graph[1].stderr
    assert "8 threads" in said and "the GIL was held" in said
    assert "worker-1" in said and "is_prime" in said
    assert "\x1b" not in said  # no colours, for it is no terminal


def test_flamegraph_is_the_default_format(python, tmp_path):
    with Program(python.executable, "single.py") as program:
        done = record(program.pid, "-o", "-", seconds=1)
    assert done.stdout.lstrip().startswith("<?xml") or done.stdout.lstrip().startswith("<svg")
    assert gilspy("record", "--help").returncode == 0
