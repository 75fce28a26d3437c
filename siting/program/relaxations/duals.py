"""Duals of shared resources, and the subproblem of one cluster at these prices."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from siting.case import Case
from siting.fiber.reach import FloatArray
from siting.program.sites.classes import Classes

CLUSTER_MUSD = 1000.0
"""What a cluster is worth where prices are asked [MUSD/year]: far from a solver's tolerance."""

THRIFT = 0.005
"""What the target's draw costs where nothing is scarce, as a part of a cluster's worth [1]."""

CAMPUS_THRIFT = 0.0005
"""What a campus costs where nothing is scarce, as a part of a cluster's worth [1]."""


Candidate = tuple[tuple[int, ...], ...]
"""Sets of classes; a cluster counts that has a campus in each of the sets."""


@dataclass(frozen=True, eq=False)
class Prices:
    """Prices of what clusters use, in clusters; at least 0, but for the last two.

    Parameters
    ----------
    zone
        ``(Z,)`` of headroom [1/MW].
    campus
        ``(C,)`` of a campus on any site of a class [1].
    area
        Of covering a MW of draw with clean energy, by delivery area [1/MW].
    candidate
        What clusters pay that count for a candidate, or get where it is below 0 [1].
    mw
        Of any MW, besides; below 0 where draw is worth something [1/MW].
    """

    zone: FloatArray
    campus: FloatArray
    area: dict[int, float]
    candidate: tuple[tuple[Candidate, float], ...] = ()
    mw: float = 0.0

    def by_zone(self, case: Case) -> FloatArray:
        """``(Z,)`` price of a MW that is drawn in a zone, with all zones around it [1/MW]."""
        per_mw, around = self.zone + self.mw, case.parent.copy()
        while (inside := around >= 0).any():
            per_mw[inside] += self.zone[around[inside]]
            around[inside] = case.parent[around[inside]]
        return per_mw


def at_prices(case: Case, prices: Prices) -> Case:
    """The question for the one cluster that uses least of what is scarce.

    Parameters
    ----------
    case
        The question for one cluster; its own costs do not count.
    prices
        What is scarce, by the classes of the case; the last two do not count.
    """
    thrift = THRIFT / max(case.target or 1.0, 1.0)
    campus = prices.campus[Classes.of(case).of_site] + CAMPUS_THRIFT
    premium = np.array([prices.area.get(int(a), 0.0) for a in case.supply_area])
    return replace(
        case,
        sense="minimise_cost",
        fixed_musd_per_year=CLUSTER_MUSD * campus,
        variable_musd_per_mw_year=CLUSTER_MUSD * (prices.by_zone(case)[case.zone] + thrift),
        premium_usd_per_mwh=CLUSTER_MUSD * premium / case.mwh_per_mw * 1e6,
    )
