"""Ring constraints: a two-matching of hops; lazy constraints make it one tour."""

from __future__ import annotations

from pulp import LpAffineExpression, LpProblem, LpVariable, lpSum

from siting.case import Case
from siting.program.formulation.variables import Decisions, decides_tours, label


def join_ring(problem: LpProblem, case: Case, x: Decisions) -> None:
    """The tour of a ring comes to every campus and leaves it again.

    For every site ``i`` and cluster ``c``, over the sites ``j`` within ``max_fiber_km``::

        sum over j of hop[i, j, c]  +  2 * alone[i, c]  =  2 * member[i, c]
        hop[i, j, c]  <=  often * member[i, c]

    and, where a cluster may have one campus::

        sum over i of member[i, c]  <=  max_campuses - (max_campuses - 1) * sum of alone[i, c]

    ============  ===================================================================
    campuses      hops
    ============  ===================================================================
    1             none: its campus is alone
    2             one, there and back: ``hop = 2``
    3 or more     a tour: two at each campus
    ============  ===================================================================

    ``often`` is 2 where a cluster may have two campuses, else 1. These rows allow several tours
    beside each other; ``close_one_tour`` forbids them when they are found. Rows: ``ring(i, c)``,
    ``hop(i, j, c)``, ``alone(c)``; only for a ring network.
    """
    if case.cluster.network != "ring" or not decides_tours(case):
        return
    at: dict[tuple[int, int], list[LpVariable]] = {(i, c): [] for i, c in x.member}
    for (i, j, c), hop in x.hop.items():
        at[i, c].append(hop)
        at[j, c].append(hop)
        for here, there in ((i, j), (j, i)):
            ends = (case.site_ids[here], case.site_ids[there], c)
            problem += hop <= hop.upBound * x.member[here, c], label("hop", *ends)
    for (i, c), hops in at.items():
        alone = 2 * x.alone[i, c] if (i, c) in x.alone else 0
        problem += lpSum(hops) + alone == 2 * x.member[i, c], label("ring", case.site_ids[i], c)
    if x.alone:
        most = case.cluster.max_campuses
        for c in x.clusters:
            alone = lpSum(x.alone[i, c] for i in x.sites)
            problem += x.members(c) <= most - (most - 1) * alone, label("alone", c)


def limit_ring(problem: LpProblem, case: Case, x: Decisions) -> None:
    """The tour of a ring is not too long.

    For every cluster ``c``::

        sum over i, j of km[i, j] * hop[i, j, c]  <=  max_ring_km                     [km]

    Rows: ``ring_km(c)``; only for a ring network.
    """
    if case.cluster.network != "ring" or not decides_tours(case):
        return
    for c in x.clusters:
        problem += tour_km(case, x, c) <= case.cluster.max_ring_km, label("ring_km", c)


def tour_km(case: Case, x: Decisions, c: int) -> LpAffineExpression:
    """Length of the tour of a cluster [km]."""
    return lpSum(case.reach.km_between(i, j) * hop for (i, j, of), hop in x.hop.items() if of == c)
