"""Branch and bound for the least cost of one cluster: knapsack bounds and reduced-cost fixing."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from siting.case import BoolArray, Case
from siting.fiber.reach import FloatArray, IntArray
from siting.program.one_cluster.anchor_queue import AnchorQueue
from siting.program.one_cluster.best_first import Search, best_first
from siting.program.proof import Proof
from siting.program.relaxations.knapsack import (
    Knapsack,
    extra_cost,
    fewest_campuses,
    fill_cost,
    pair_cost,
    span_cost,
    with_forced,
)
from siting.program.sites.neighbourhoods import first_members, neighbourhood
from siting.program.sites.sets import Rows

PROBE_ROUNDS = 60
"""How often sites are removed from a neighbourhood by probing before its program is solved."""

PROBE_SITES = 1_500
"""In a neighbourhood of more sites than this no pairs are probed."""

FIRST_SITES = 150
"""Sites tried for a first plan, the cheapest of a larger neighbourhood."""


def least_cost(search: Search) -> Proof:
    """Search the cluster that costs least."""
    case, sites = search.case, Knapsack.of(search.case)
    anchors = by_cost(case, sites, first_members(case), cutoff=search.cutoff)
    _first_cheap(search, anchors)
    return best_first(search, anchors, lambda h: trim_by_cost(case, sites, h, search.cutoff()))


def by_cost(
    case: Case,
    sites: Knapsack,
    anchors: IntArray,
    *,
    shifts: int = 1,
    cutoff: Callable[[], float] = lambda: math.inf,
) -> AnchorQueue:
    """Some anchors, and that no plan with each costs less than its bound [MUSD/year].

    The bound is the best of so many shifts of the fixed cost, and the cutoff if that is less.
    """

    def bound(rows: Rows) -> FloatArray:
        limit = cutoff()
        knapsack = sites.below(limit)
        fewest = fewest_campuses(knapsack, rows)
        least = np.zeros(rows.count)
        for shift in sites.shifts()[:shifts]:
            fill, marginal = fill_cost(knapsack, rows, fewest, shift)
            if knapsack.groups:
                fill += span_cost(knapsack, rows, extra_cost(knapsack, rows, marginal, shift))[0]
            least = np.maximum(least, fill)
        least[fewest > knapsack.max_campuses] = np.inf
        return least if knapsack is sites else np.minimum(least, limit)

    return AnchorQueue.of_case(case, anchors, bound)


def cost_with_each(case: Case) -> FloatArray:
    """``(n,)`` no plan with each site costs less, wherever its campuses are [MUSD/year]."""
    knapsack, everyone = Knapsack.of(case), Rows.all_of(len(case.site_ids))
    fewest = fewest_campuses(knapsack, everyone)
    best = np.full(len(case.site_ids), -np.inf)
    for shift in knapsack.shifts():
        fill, marginal = fill_cost(knapsack, everyone, fewest, shift)
        extra = extra_cost(knapsack, everyone, marginal, shift)
        best = np.maximum(best, fill + span_cost(knapsack, everyone, extra)[1])
    return best


def _first_cheap(search: Search, anchors: AnchorQueue) -> None:
    """Find some plan among the cheapest sites around a promising anchor, if there are many."""
    h = anchors.dive()
    if h is None:
        return
    sites = neighbourhood(search.case, h)
    if len(sites) > FIRST_SITES and not search.case.required.any():
        # Sites are in the order of their cost.
        search.solve(sites[:FIRST_SITES], h)


def trim_by_cost(case: Case, sites: Knapsack, h: int, cutoff: float) -> tuple[IntArray, float]:
    """Sites that a plan below the cutoff with anchor ``h`` can have, and a bound on its cost.

    Removes by reduced cost, and by probing pairs, until nothing more can be removed.
    """
    kept = neighbourhood(case, h)
    within: BoolArray | None = None
    probed = case.cluster.network == "mesh"
    # What is left out costs at least the cutoff, so no bound above it holds for the anchor.
    bound, ceiling = -math.inf, math.inf
    for _ in range(PROBE_ROUNDS):
        whole = sites.take(kept)
        part = whole.below(cutoff)
        ceiling = ceiling if part is whole else cutoff
        fewest = fewest_campuses(part, Rows.all_of(len(kept)))
        if fewest[0] > part.max_campuses:
            return kept, ceiling
        least = _anchored_fill(part, fewest)
        bound = max(bound, float(least[0]))
        stays = (least < cutoff) | case.required[kept]
        stays[0] = True
        if stays.all() and bound < cutoff and probed and len(kept) <= PROBE_SITES:
            if within is None:
                within = case.reach.take(kept).adjacency()
            pairs = _pairs_cost(part, within)
            if fewest[0] >= 2:
                bound = max(bound, float(pairs[1:].min(initial=np.inf)))
            stays = (pairs < cutoff) | case.required[kept]
        if stays.all() or bound >= cutoff:
            break
        kept, ceiling = kept[stays], cutoff
        if within is not None:
            within = within[np.ix_(stays, stays)]
    return kept, min(bound, ceiling)


def _anchored_fill(part: Knapsack, fewest: IntArray) -> FloatArray:
    """``(n,)`` no plan with the anchor, which comes first, and each site costs less."""
    everyone = Rows.all_of(len(part.cap))
    least = np.zeros(len(part.cap))
    for shift in part.shifts():
        forced, opened = with_forced(part, 0, shift)
        fill, marginal = fill_cost(forced, everyone, fewest, shift)
        extra = extra_cost(forced, everyone, marginal, shift)
        least = np.maximum(least, fill + opened + span_cost(part, everyone, extra)[1])
    return least


def _pairs_cost(part: Knapsack, within: BoolArray) -> FloatArray:
    """``(n,)`` no plan with the anchor, which comes first, and each other site costs less."""
    pairs_cost: FloatArray = np.max([pair_cost(part, within, 0, s) for s in part.shifts()[:2]], 0)
    pairs_cost[0] = -np.inf
    return pairs_cost
