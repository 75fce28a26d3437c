"""Branch and bound for the most draw of one cluster.

What whole campuses have at most under the headroom of zones is known exactly where all pairs are
within reach (`siting.program.relaxations.knapsack.largest_takes`). So a bound of a site is the most
that it and all within its reach have, a bound of a pair the most that both have with what both
reach, and what a plan better than the best one can have is little. Among many sites the first plan
comes from the same question of few: where sites of a kind lie near each other, the largest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from siting.case import BoolArray, Case
from siting.fiber import RoutedReach
from siting.fiber.reach import FloatArray, IntArray, Reach
from siting.program.formulation.symmetry import by_kind
from siting.program.one_cluster.anchor_queue import AnchorQueue, balls, halves
from siting.program.one_cluster.best_first import Search, best_first
from siting.program.proof import Proof
from siting.program.relaxations.knapsack import Knapsack, fewest_campuses, largest_sizes
from siting.program.sites.neighbourhoods import first_members, neighbourhood
from siting.program.sites.sets import CHUNK_ENTRIES, Rows, in_batches
from siting.sphere import great_circle_km

MANY_SITES = 5_000
"""Among more sites the first plan is sought among the largest of each kind."""

APART_KM = 50.0
"""How far these are from each other at the least, those of a kind [km]."""

FIRST_SHARE = 0.3
"""Part of the time that may be spent on it [1]."""

FIRST_BALLS = 3
"""Sites around which a first plan is sought, within half the reach."""

NEAR_SITES = 16
"""Sites that are bounded together at first, at the most, where distances are routed."""

WORTHWHILE = 0.1
"""Sites are bounded again if this part of them was left out [1]."""

PROBE_SITES = 3_000
"""In a neighbourhood of more sites than this no pairs are probed."""


def most_draw(search: Search) -> Proof:
    """Search the cluster that draws most."""
    _first_plan(search)
    search = _worthwhile(search)
    case = search.case
    draws, sizes = Knapsack.of_draws(case), Knapsack.of(case)

    def bound(rows: Rows) -> FloatArray:
        possible = fewest_campuses(sizes, rows) <= sizes.max_campuses
        possible &= np.bincount(rows.row, minlength=rows.count) >= sizes.min_campuses
        return np.where(possible, -largest_sizes(draws, rows), np.inf)

    anchors = AnchorQueue.of_case(case, first_members(case), bound)
    return best_first(search, anchors, lambda h: _trim(search, draws, h))


# --------------------------------------------------------------------------- a first plan


def _first_plan(search: Search) -> None:
    """Find some plan."""
    case = search.case
    if len(case.site_ids) > MANY_SITES:
        largest = _largest_of_each_kind(case)
        if len(largest) <= MANY_SITES:
            few = search.narrow(largest, case.reach.limit_km)
            few.deadline = search.share(FIRST_SHARE)
            # What is proven of few sites would be told as a bound of all.
            few.progress = None
            most_draw(few)
            search.best, search.solved = few.best, few.solved
            return
    if not case.required.any() and case.cluster.network != "hub":
        _first_balls(search)


def _largest_of_each_kind(case: Case) -> IntArray:
    """``(few,)`` ascending: of each kind of site the largest that are not near each other.

    All required sites are among them.
    """
    kept: list[int] = []
    for sites in by_kind(case, range(len(case.site_ids))):
        # In the order of the anchors, the largest come first.
        left = np.array(sites, dtype=np.int64)
        kept += left[case.required[left]].tolist()
        while len(left):
            i = int(left[0])
            kept.append(i)
            km = great_circle_km(case.lon[left], case.lat[left], case.lon[i], case.lat[i])
            left = left[km > APART_KM]
    return np.unique(kept)


def _first_balls(search: Search) -> None:
    """Find some plan among sites within half the reach of one site.

    Kilometres by fiber obey the triangle inequality, so all of these are within reach of each
    other: a program without conflicts, soon solved.
    """
    case, draws = search.case, Knapsack.of_draws(search.case)
    half = case.reach.within(case.reach.limit_km / 2)
    # Among many sites some are enough; the order of the anchors spreads them over the caps.
    centres = np.arange(0, len(case.site_ids), 1 + len(case.site_ids) // MANY_SITES)
    sizes = np.concatenate(
        [largest_sizes(draws, rows) for _, rows in in_batches(_around(half, centres))]
    )
    for v in centres[np.argsort(-sizes, kind="stable")[:FIRST_BALLS]].tolist():
        search.solve(np.sort(np.append(half.of(v)[0], v)), v)


def _around(reach: Reach, centres: IntArray) -> Iterator[tuple[int, IntArray]]:
    """Each of some sites, and the site with all within its reach."""
    for v, (others, _) in zip(centres.tolist(), reach.rows(centres), strict=True):
        yield v, np.sort(np.append(others, v))


# ---------------------------------------------------------- what a better plan can have


def _worthwhile(search: Search) -> Search:
    """The search without sites that no better plan has.

    A site's cluster has no more than the site and all within its reach have. What is left out is
    missed by others, which then have less, too.
    """
    if search.case.cluster.network != "mesh" or search.best is None:
        return search
    if isinstance(search.case.reach, RoutedReach):
        search = _without_hopeless(search, _most_near(search.case))
    before = math.inf
    while len(search.origin) < (1 - WORTHWHILE) * before and not search.deadline.reached():
        before = len(search.origin)
        search = _without_hopeless(search, _most_around(search.case))
    return search


def _without_hopeless(search: Search, most: FloatArray) -> Search:
    """The search without sites of no better plan; ``most`` is what their plans draw [MW]."""
    stays = (-most < search.cutoff()) | search.case.required
    return search if stays.all() else search.leave_out(stays, search.case.reach.limit_km)


def _most_near(case: Case) -> FloatArray:
    """``(n,)`` no plan with each site draws more [MW]: for sites near each other at a time."""
    draws = Knapsack.of_draws(case)
    sites = np.arange(len(draws.cap))
    most = np.full(len(sites), np.inf)
    splits = math.ceil(math.log2(max(len(sites), NEAR_SITES) / NEAR_SITES))
    groups = list(halves(case, sites, sites, splits))
    around = zip(groups, balls(case, groups), strict=True)
    for members, rows in in_batches((group[close], ball) for group, (close, ball) in around):
        others = largest_sizes(draws, rows, campuses=draws.max_campuses - 1)
        for group, size in zip(members, others.tolist(), strict=True):
            most[group] = draws.cap[group] + size
    return most


def _most_around(case: Case) -> FloatArray:
    """``(n,)`` no plan with each site draws more [MW]."""
    draws = Knapsack.of_draws(case)
    sites = np.arange(len(draws.cap))
    most = np.empty(len(sites))
    for centres, rows in in_batches(_around(case.reach, sites)):
        centre = np.array(centres)
        most[centre] = largest_sizes(draws, rows, forced=rows.site == centre[rows.row])
    return most


def _trim(search: Search, draws: Knapsack, h: int) -> tuple[IntArray, float]:
    """Sites that a plan with anchor ``h`` and more draw can have, and a bound (as a cost)."""
    case, cutoff = search.case, search.cutoff()
    kept = neighbourhood(case, h)
    part, everyone = draws.take(kept), Rows.all_of(len(kept))
    anchor = everyone.site == 0
    bound = -float(largest_sizes(part, everyone, forced=anchor)[0])
    if case.cluster.network != "mesh" or bound >= cutoff:
        return kept, bound
    others = largest_sizes(part, everyone, forced=anchor, campuses=draws.max_campuses - 1)
    stays = (-(part.cap + others) < cutoff) | case.required[kept] | anchor
    ceiling = math.inf if stays.all() else cutoff
    kept = kept[stays]
    if len(kept) > PROBE_SITES:
        return kept, min(bound, ceiling)
    within = case.reach.take(kept).adjacency()
    while True:
        pairs = -_most_of_pairs(draws.take(kept), within)
        bound = max(bound, float(pairs[0]))
        if draws.min_campuses >= 2:
            bound = max(bound, float(pairs[1:].min(initial=np.inf)))
        stays = (pairs < cutoff) | case.required[kept]
        stays[0] = True
        if bound >= cutoff or stays.all():
            return kept, min(bound, ceiling)
        kept, within, ceiling = kept[stays], within[np.ix_(stays, stays)], cutoff


def _most_of_pairs(part: Knapsack, within: BoolArray) -> FloatArray:
    """``(n,)`` no plan with the first site and each other one draws more [MW]."""
    most = np.empty(len(within))
    step = max(1, CHUNK_ENTRIES // len(within))
    for at in range(0, len(within), step):
        rows = Rows.true_in(within[at : at + step])
        forced = (rows.site == 0) | (rows.site == rows.row + at)
        most[at : at + step] = largest_sizes(part, rows, forced=forced)
    return most
