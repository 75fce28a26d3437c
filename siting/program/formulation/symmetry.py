"""Dominance between sites: a site is tried only where every better one is used.

Many substations of one zone differ in little but their place. Where a site can do all that
another can, and costs no more, a plan with the lesser one alone is no better than the same plan
with the better one instead. Saying so spares a solver from trying all of them.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from pulp import LpProblem, lpSum

from siting.case import BoolArray, Case
from siting.fiber.reach import FloatArray, IntArray
from siting.program.formulation.variables import Decisions, label


def prefer_better_site(problem: LpProblem, case: Case, x: Decisions) -> None:
    """A site is used only where every site that dominates it is used too.

    For every site ``j`` that is not required, and every site ``i`` that dominates it::

        sum over c of member[j, c]  <=  sum over c of member[i, c]

    Site ``i`` dominates ``j`` where both are of one zone, utility, region, delivery area, PUE and
    grid mix, and both or neither are reused from other plans; ``i`` draws at least as much and
    costs no more, and every site within reach of ``j`` is within reach of ``i``. Of sites that
    are alike the first one dominates. Exchanging ``j`` for an unused ``i`` in a plan
    keeps every rule and costs no more, and such exchanges come to an end, so a best plan is left.
    In a hub network only links to the hub count: of a site that cannot be the hub, what it must
    share is the hubs within its reach, and a site that can be is dominated by one that can, too.
    Dominance that follows from that of a third site has no row. Rows: ``better(i, j)``; none
    where kilometres count in more than reach.
    """
    if not exchangeable(case):
        return
    sites = np.array(x.sites, dtype=np.int64)
    hubs = sorted({i for i, _ in x.hub})
    for i, j in dominated_pairs(case, sites, np.array(hubs, dtype=np.int64)):
        problem += (
            lpSum(x.member[j, c] for c in x.clusters) <= lpSum(x.member[i, c] for c in x.clusters),
            label("better", case.site_ids[i], case.site_ids[j]),
        )


def exchangeable(case: Case) -> bool:
    """Whether two sites that are alike in power and cost differ in nothing but reach."""
    return (
        case.sense != "minimise_fiber_km"
        and case.cluster.network in ("mesh", "hub")
        and not case.cluster.keep_after_span_loss
        and len(case.km_by_campuses) == 0
    )


def dominated_pairs(case: Case, sites: IntArray, hubs: IntArray) -> list[tuple[int, int]]:
    """Pairs ``(i, j)`` of sites where ``i`` dominates ``j``, without those that follow.

    ``hubs`` are the sites that can be the hub, in a hub network.
    """
    within = case.reach.adjacency()
    central = np.isin(np.arange(len(within)), hubs)
    if case.cluster.network == "hub":
        within[~central] &= central
    pairs: list[tuple[int, int]] = []
    for group in by_kind(case, sites.tolist()):
        members = np.array(group, dtype=np.int64)
        dominates = _dominance(
            case.cap_mw[members],
            case.fixed_musd_per_year[members],
            case.variable_musd_per_mw_year[members],
            within[np.ix_(members, sites)],
            within[np.ix_(members, members)],
        )
        dominates[:, case.required[members]] = False
        dominates &= central[members][:, None] | ~central[members][None, :]
        follows = (dominates.astype(np.int32) @ dominates.astype(np.int32)) > 0
        pairs.extend((group[a], group[b]) for a, b in np.argwhere(dominates & ~follows).tolist())
    return pairs


def by_kind(case: Case, sites: Iterable[int]) -> list[list[int]]:
    """Some sites, kind by kind: those of a kind can take each other's place but for reach."""
    alike: dict[tuple[float, ...], list[int]] = {}
    for i in sites:
        alike.setdefault(_kind(case, i), []).append(i)
    return [group for _, group in sorted(alike.items())]


def _kind(case: Case, i: int) -> tuple[float, ...]:
    """What two sites must share, for one to take the place of the other under every rule."""
    places = (case.zone[i], case.utility[i], case.region[i], case.area[i])
    reused = case.reused is not None and case.reused[i]
    return (*map(int, places), float(case.pue[i]), float(case.grid_clean_fraction[i]), int(reused))


def _dominance(
    cap: FloatArray, fixed: FloatArray, variable: FloatArray, reach: BoolArray, mutual: BoolArray
) -> BoolArray:
    """``(n, n)`` whether the site of the row dominates the site of the column."""
    better_proof = (
        (cap[:, None] >= cap[None, :])
        & (fixed[:, None] <= fixed[None, :])
        & (variable[:, None] <= variable[None, :])
    )
    # A site that only the lesser one reaches is missed, but for itself.
    missed = (~reach).astype(np.int32) @ reach.T.astype(np.int32)
    better_proof &= missed == (~mutual & np.diag(mutual)[None, :])
    np.fill_diagonal(better_proof, val=False)
    first = np.arange(len(cap))[:, None] < np.arange(len(cap))[None, :]
    return better_proof & (~better_proof.T | first)
