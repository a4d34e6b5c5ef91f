"""Measurements of a machine that ran meanwhile: what was taken while a hypervisor had its CPUs is taken again."""

import time

from stillness import Stillness

STANDING = 0.03  # share of a measurement's time


class Steady:
    """Called with something that measures. It measures until the machine ran meanwhile, or until all of `patience_s`
    went into what was thrown away: from then on the first result stands."""

    def __init__(self, patience_s):
        self.machine, self.patience_s = Stillness(), patience_s
        self.again, self.kept = 0, 0

    def __call__(self, measure):
        while True:
            begin = time.monotonic()
            self.machine.start()
            made = measure()
            if self.machine.share() <= STANDING:
                return made
            if self.patience_s <= 0:
                self.kept += 1
                return made
            self.again += 1
            time.sleep(1)
            self.patience_s -= time.monotonic() - begin

    def told(self):
        """What was measured since this was asked last, as lines."""
        again, kept, self.again, self.kept = self.again, self.kept, 0, 0
        lines = ["%d measurements were made again: for more than %g %% of their time the machine did not run, since "
                 "others had its CPUs." % (again, 100 * STANDING)] if again else []
        return lines + (["%d such measurements count all the same." % kept] if kept else [])
