"""The man page is made from --help; it must not fall behind."""

import re
import shutil
import subprocess
import sys

import pytest
from running import ROOT, find_gilspy, gilspy

PAGE = ROOT / "docs" / "gilspy.1"


def test_it_is_what_help_says():
    made = subprocess.run([sys.executable, ROOT / "docs" / "write_man_page", find_gilspy()], stdout=subprocess.PIPE,
                          text=True, check=True).stdout
    assert made == PAGE.read_text(), "./dev man writes the page anew"


@pytest.mark.parametrize("command", ["record", "report", "check", "diff", "dump"])
def test_it_has_every_option_and_exit_status(command):
    """Whatever becomes of the layout of --help, or of the program that reads it."""
    help_text = gilspy(command, "--help").stdout
    page = re.sub(r"\\f[A-Z]|\\&", "", PAGE.read_text()).replace("\\-", "-")
    options = re.findall(r"^  (?:-\w, |    )?(--[\w-]+)", help_text, re.M)
    statuses = re.findall(r"^  (\d+)  +(\S.*)$", help_text, re.M)
    assert len(options) > 3 and len(statuses) == {"record": 8, "check": 3}.get(command, 0)
    for option in options:
        assert option in page, option
    for number, meaning in statuses:
        assert "%s\n%s" % (number, meaning[:40]) in page, number


@pytest.mark.skipif(not shutil.which("man"), reason="no man on this machine")
def test_man_can_show_it():
    done = subprocess.run(["man", "--warnings", "-E", "ascii", "-l", PAGE], capture_output=True, text=True, check=True)
    assert done.stderr == "" and "record" in done.stdout
