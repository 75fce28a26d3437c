"""Column-generation bound on the most draw of several clusters.

As for the most clusters (`siting.program.count.upper_bound`), the master is a linear program over
known cluster types, here of as many clusters as are asked, and of the most draw. At its duals a
cluster is worth what it draws, less what it uses of what clusters share. For any prices

    draw of all clusters  <=  their number * most worth of one + cost of all there is

and cluster types that are worth more than what the master has are known then.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from siting.case import Case
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.cluster_types.master import CHEAPER, TypeMaster
from siting.program.cluster_types.pricing import TypePricing
from siting.program.cluster_types.restricted_master_milp import choose
from siting.program.relaxations.duals import Prices
from siting.program.relaxations.region_milp import ROUNDING


@dataclass
class DrawBound:
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
    cluster_types, master
        What clusters there are by class, and those that are known.
    prices
        At which clusters are asked for next; what is drawn is worth something.
    bound_mw
        No plan draws more [MW]; minus infinity if there is none.
    """

    case: Case
    count: int
    scale_mw: float
    solver: Solver
    cluster_types: TypePricing
    master: TypeMaster
    prices: Prices
    bound_mw: float = math.inf
    _below: float = math.inf

    @classmethod
    def of(cls, case: Case, count: int, scale_mw: float, solver: Solver) -> DrawBound:
        """What is known before any cluster type is."""
        cluster_types = TypePricing.of(case)
        master = TypeMaster(case, cluster_types.classes)
        zone, campus = np.zeros(len(case.zone_ids)), np.zeros(len(cluster_types.classes))
        worth = Prices(zone, campus, {}, mw=-1.0 / scale_mw)
        master.worth(worth)
        return cls(case, count, scale_mw, solver, cluster_types, master, worth)

    def sharpen(self, deadline: Deadline) -> bool:
        """Price all clusters once; whether there were new ones, and time for it."""
        if deadline.reached():
            return False
        prices = self.prices
        least, found = self.cluster_types.cheapest(prices, self._below, self.solver, deadline)
        all_there_is = self.master.all_there_is(self.case, self.cluster_types.classes, prices)
        bound_mw = (all_there_is - self.count * least) * self.scale_mw * (1 + ROUNDING)
        # No plan draws less than nothing.
        self.bound_mw = min(self.bound_mw, bound_mw) if bound_mw >= 0 else -math.inf
        for cluster_type in found:
            self.master.add(cluster_type)
        if not found:
            return False
        self.master.least_use({}, self.count)
        self.prices = replace(self.master.prices(), mw=prices.mw)
        self._below = self.master.convexity_dual() - CHEAPER
        return True

    def choose(self, deadline: Deadline) -> list[tuple[int, ...]]:
        """As many clusters of the most draw as are asked, among those that are known, as sites."""
        compatible, known = self.cluster_types.compatible, self.master.cluster_types
        return choose(compatible, known, self.solver.threads, deadline, count=self.count)
