"""The man page is made from --help; it must not fall behind."""

import re

from running import ROOT, gilspy


def words(text):
    return re.sub(r"\\-", "-", re.sub(r"\\f[A-Z]|\\&", "", text))


def test_man_page_has_every_option_and_exit_status():
    help_text = gilspy("record", "--help").stdout
    page = words((ROOT / "docs" / "gilspy.1").read_text())
    options = re.findall(r"^  (-\S+)", help_text, re.M)
    statuses = re.findall(r"^  (\d+)  +(\S.*)$", help_text, re.M)
    assert len(options) > 10 and len(statuses) == 8
    for option in options:
        assert option in page, f"{option} is missing: ./dev man writes the page anew"
    for number, meaning in statuses:
        assert meaning[:40] in page, f"exit status {number} is missing: ./dev man writes the page anew"
