"""The bound on the number of clusters of a case, priced to its end."""

from __future__ import annotations

import numpy as np
from types_of_clusters import HIGHS, LONG

from siting.case import Case
from siting.program.count.upper_bound import CountBound
from siting.program.relaxations.region_milp import Fleets, Group


def counting_of(case: Case) -> CountBound:
    """What the fleets prove where all anchors are in one group, which hides most."""
    everyone = np.arange(len(case.site_ids))
    fleets = Fleets(case, [Group(everyone, everyone)])
    relaxed = fleets.relaxed()
    return CountBound(case, fleets.most(LONG, relaxed.clusters), HIGHS, relaxed.prices)


def price_all(counting: CountBound) -> None:
    """Know all cluster types that have a part in the most clusters, where there are clusters."""
    while not counting.settled and counting.sharpen(0, LONG):
        pass
