"""CI must not pass because it had nothing to test on."""

import pytest
from conftest import ON_CI, PICKED
from interpreters import SUPPORTED


@pytest.mark.parametrize("minor", SUPPORTED, ids=lambda minor: "%d.%d" % minor)
def test_every_supported_version_is_here(minor):
    if minor not in PICKED:
        (pytest.fail if ON_CI else pytest.skip)("no CPython %d.%d on this machine" % minor)
