"""The most draw of several clusters: a bound by outlines of single ones, priced exactly.

As for the most clusters (`siting.program.counting`), the master is a linear program over known
outlines, here of as many clusters as are asked, and of the most draw. At its duals a cluster is
worth what it draws, less what it uses of what clusters share. For any prices

    draw of all clusters  <=  their number * most worth of one + cost of all there is

and outlines that are worth more than what the master has are known then.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from siting.case import Case
from siting.program.choosing import choose
from siting.program.counting import CHEAPER
from siting.program.fleets import ROUNDING
from siting.program.outline_master import OutlineMaster
from siting.program.outlines import Outlines
from siting.program.prices import Prices
from siting.program.solvers import Deadline, Solver


@dataclass
class Drawing:
    """What is known of the most draw of some clusters.

    Parameters
    ----------
    case
        The question for one cluster, its sites usable and none required.
    count
        How many clusters are asked.
    scale_mw
        A draw of about one cluster [MW].
    solver
        Says how many threads may be used.
    outlines, master
        What clusters there are by class, and those that are known.
    bound_mw
        No plan draws more [MW]; minus infinity if there is none.
    """

    case: Case
    count: int
    scale_mw: float
    solver: Solver
    outlines: Outlines
    master: OutlineMaster
    bound_mw: float = math.inf
    _prices: Prices | None = None
    _most_worth: float = math.inf

    @classmethod
    def of(cls, case: Case, count: int, scale_mw: float, solver: Solver) -> Drawing:
        """What is known before any outline is."""
        outlines = Outlines.of(case)
        master = OutlineMaster(case, outlines.classes)
        master.worth(_worth(case, outlines, scale_mw))
        return cls(case, count, scale_mw, solver, outlines, master)

    def sharpen(self, deadline: Deadline) -> bool:
        """Price all clusters once; whether there were new ones, and time for it."""
        if deadline.reached():
            return False
        worth = _worth(self.case, self.outlines, self.scale_mw)
        prices = self._prices
        if prices is None:
            _, found = self.outlines.cheapest(worth, math.inf, self.solver, deadline)
        else:
            priced = Prices(prices.zone, prices.campus, prices.area, mw=worth.mw)
            least, found = self.outlines.cheapest(priced, self._most_worth, self.solver, deadline)
            all_there_is = self.master.all_there_is(self.case, self.outlines.classes, prices)
            bound = (all_there_is - self.count * least) * self.scale_mw
            self.bound_mw = min(self.bound_mw, bound + ROUNDING * abs(bound))
        # No plan draws less than nothing.
        if self.bound_mw < 0 or not self.outlines.programs:
            self.bound_mw = -math.inf
        for outline in found:
            self.master.add(outline)
        if not found:
            return False
        self.master.least_use({}, self.count, exactly=True)
        self._prices = self.master.prices()
        self._most_worth = self.master.worth_of_one() - CHEAPER
        return True

    def choose(self, deadline: Deadline) -> list[tuple[int, ...]]:
        """As many clusters of the most draw as are asked, among those that are known, as sites."""
        compatible, known = self.outlines.compatible, self.master.outlines
        return choose(compatible, known, self.solver.threads, deadline, count=self.count)


def _worth(case: Case, outlines: Outlines, scale_mw: float) -> Prices:
    """Every MW is worth as much."""
    zone, campus = np.zeros(len(case.zone_ids)), np.zeros(len(outlines.classes))
    return Prices(zone, campus, {}, mw=-1.0 / scale_mw)
