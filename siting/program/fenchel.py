"""What single clusters cost at prices for what is scarce, as a row for the clusters of a group.

The fleets (`siting.program.fleets`) see the clusters of a group of anchors as sums, so they may mix
parts of clusters into what no cluster can be: sites beyond each other's reach, parts of campuses.
At any prices `>= 0` for what clusters use, each cluster of the group costs at least what the
cheapest does, which the search over the anchors proves. So do all of them together::

    what a fleet uses, at the prices  >=  the least cost of one cluster  x  number of its clusters

That is a **Fenchel cut** of the fleet (Boyd 1994, "Fenchel cutting planes for integer programs",
Operations Research 42). The clusters that are found on the way are columns of the master, whose
duals are the next prices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from siting.case import BoolArray, Case
from siting.fiber.reach import FloatArray, IntArray
from siting.program.anchors import solve_anchors
from siting.program.settle import Settled
from siting.program.solvers import Deadline, Solver

CLUSTER_MUSD = 1000.0
"""What a cluster is worth where prices are asked [MUSD/year]: far from a solver's tolerance."""

THRIFT = 0.005
"""What the target's draw costs where nothing is scarce, as a part of a cluster's worth [1]."""

CAMPUS_THRIFT = 0.0005
"""What a campus costs where nothing is scarce, as a part of a cluster's worth [1]."""


@dataclass(frozen=True, eq=False)
class Prices:
    """Prices of what clusters use, in clusters; all at least 0.

    Parameters
    ----------
    zone
        ``(Z,)`` of headroom [1/MW].
    kind
        ``(I,)`` of any site of the same class [1].
    site
        ``(I,)`` of the site itself, besides that [1].
    area
        Of covering a MW of draw with clean energy, by delivery area [1/MW].
    """

    zone: FloatArray
    kind: FloatArray
    site: FloatArray
    area: dict[int, float]

    def towards(self, other: Prices, weight: float) -> Prices:
        """A mean of these prices and of others, which have the weight."""
        areas = self.area.keys() | other.area.keys()
        return Prices(
            (1 - weight) * self.zone + weight * other.zone,
            (1 - weight) * self.kind + weight * other.kind,
            (1 - weight) * self.site + weight * other.site,
            {
                a: (1 - weight) * self.area.get(a, 0.0) + weight * other.area.get(a, 0.0)
                for a in sorted(areas)
            },
        )

    def draw(self, case: Case) -> FloatArray:
        """``(I,)`` price of a MW that a site draws, with all zones that it is in [1/MW]."""
        in_zone = np.array([self.zone[list(chain)].sum() for chain in case.ancestry])
        prices: FloatArray = in_zone[case.zone] + self._thrift(case)
        return prices

    def _thrift(self, case: Case) -> float:
        """Price of a MW where nothing is scarce [1/MW]."""
        return THRIFT / max(case.target or 1.0, 1.0)

    def paid_at(self, case: Case) -> BoolArray:
        """``(I,)`` whether a campus there pays for anything that is scarce."""
        areas = [a for a, price in self.area.items() if price > 0]
        paid: BoolArray = self.draw(case) > self._thrift(case)
        return paid | (self.kind > 0) | (self.site > 0) | np.isin(case.area, areas)

    def campus(self) -> FloatArray:
        """``(I,)`` price of a campus on any site of the class [1]."""
        return self.kind + CAMPUS_THRIFT


@dataclass(frozen=True, eq=False)
class Cut:
    """What a cluster of each group costs at the least.

    Parameters
    ----------
    prices
        Of what clusters use.
    least
        Number of a group to a bound on the cost of each of its clusters, in clusters [1]; infinite
        where it has none.
    """

    prices: Prices
    least: dict[int, float]


def at_prices(case: Case, prices: Prices) -> Case:
    """The question for the one cluster that uses least of what is scarce.

    Parameters
    ----------
    case
        The question for one cluster; its own costs do not count.
    prices
        What is scarce.
    """
    premium = np.array([prices.area.get(int(a), 0.0) for a in case.supply_area])
    return replace(
        case,
        sense="minimise_cost",
        fixed_musd_per_year=CLUSTER_MUSD * (prices.campus() + prices.site),
        variable_musd_per_mw_year=CLUSTER_MUSD * prices.draw(case),
        premium_usd_per_mwh=CLUSTER_MUSD * premium / case.mwh_per_mw * 1e6,
    )


def cut_at(
    case: Case,
    groups: Sequence[IntArray],
    which: Sequence[int],
    prices: Prices,
    solver: Solver,
    deadline: Deadline,
) -> tuple[Cut, list[Settled]]:
    """Bound what clusters cost at prices, group by group, and find their plans.

    Parameters
    ----------
    case
        The question for one cluster, none of its sites required.
    groups
        Positions of the sites that the clusters of each group may have.
    which
        Numbers of the groups that are asked about.
    prices
        Of what clusters use.
    solver, deadline
        As in ``solve_anchors``; groups are asked side by side.
    """
    question = at_prices(case, prices)
    alone = replace(solver, threads=1)

    def ask(g: int) -> tuple[float, Settled | None] | None:
        if deadline.reached():
            return None
        sites = groups[g]
        proof = solve_anchors(question.take(sites), alone, deadline)
        least = max(0.0, proof.bound / CLUSTER_MUSD)
        return least, None if proof.best is None else proof.best.at(sites)

    answers = solver.map(ask, which)
    known = [(g, answer) for g, answer in zip(which, answers, strict=True) if answer is not None]
    plans = [plan for _, (_, plan) in known if plan is not None]
    return Cut(prices, {g: least for g, (least, _) in known}), plans
