"""Additive bounds on rings: a Lagrangian penalty of each campus of the tour.

Without reach, the best campuses anywhere bound every ring of so many campuses, and by the same
multipliers a plan with other campuses is worse by a penalty for each of them. So no ring is better
than the least penalty of a closed walk through the campuses that it is known to have.

**Cost.** The fractional fill with a shift of the fixed cost, and the reduced cost of each campus
(`siting.program.relaxations.knapsack.extra_cost`).

**Draw.** What whole campuses have under the headroom of nested zones is a function of how many
there are in each zone, and it is M-natural-concave (Murota 2003, "Discrete convex analysis"). So
where ``m`` campuses have most with ``k`` of them in a zone, every campus of the zone beyond the
``k`` costs at least what the first one beyond costs; a campus that draws less than the least of
the ``m`` costs what it draws less; and both add up over campuses and zones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from siting.case import BoolArray
from siting.fiber.reach import FloatArray, IntArray
from siting.program.relaxations.knapsack import (
    Knapsack,
    extra_cost,
    fill_cost,
    filled,
    largest_sizes,
    largest_takes,
)
from siting.program.sites.sets import Rows, sum_before

BEST_SHIFTS = 2
"""Shifts of the fixed cost whose penalties are added up along walks."""


@dataclass(frozen=True, eq=False)
class Penalty:
    """A bound on rings by the campuses that they have.

    Shapes: ``n`` sites, ``a`` areas.

    Parameters
    ----------
    least
        No ring is better (as a cost).
    passing
        ``(n,)`` what each campus beside those that are asked for adds to it.
    stopping
        ``(a,)`` what each campus that is asked for in an area adds.
    staying
        ``(n,)`` what is added where a campus that is asked for in an area is at this very site; 0
        beside the areas. It is not added to what is passed.
    takes
        ``(n,)`` what the bound takes of each site [MW], 0 where it does without.
    limit
        Rings for which it comes to more are none: they are too small. Infinite where the penalty is
        of what is to be best.
    """

    least: float
    passing: FloatArray
    stopping: FloatArray
    staying: FloatArray
    takes: FloatArray
    limit: float = math.inf

    def within(self, values: FloatArray) -> FloatArray:
        """Bounds that it comes to, infinite where they are above its limit, else nothing."""
        if math.isinf(self.limit):
            return values
        return np.where(values > self.limit, math.inf, -math.inf)


def penalties_of_cost(
    knapsack: Knapsack, campuses: int, area: IntArray, asked: Sequence[int]
) -> list[Penalty]:
    """Penalties of the cost of rings, for the best shifts of the fixed cost, the best first.

    Parameters
    ----------
    knapsack
        The sites that such a ring can have.
    campuses
        How many campuses it has.
    area
        ``(n,)`` number of the area that each site is of, -1 for none.
    asked
        How many campuses it has in each area at the least.

    Returns
    -------
    None of them where the target cannot be reached.
    """
    knapsack = replace(knapsack, max_campuses=campuses)
    everyone = Rows.all_of(len(knapsack.cap))
    fills = [
        (*fill_cost(knapsack, everyone, np.array([campuses]), shift), shift)
        for shift in knapsack.shifts()
    ]
    if not all(np.isfinite(fill[0]) for fill, _, _ in fills):
        return []
    penalties = []
    for fill, marginal, shift in sorted(fills, key=lambda of: -of[0][0])[:BEST_SHIFTS]:
        extra = extra_cost(knapsack, everyone, marginal, shift)
        taken, used, _ = filled(knapsack, everyone, shift)
        takes = np.zeros(len(knapsack.cap))
        takes[taken.site] = used
        stopping = _least_of_areas(extra, area, len(asked))
        staying = np.where(area >= 0, extra - np.append(stopping, 0.0)[area], 0.0)
        penalties.append(Penalty(float(fill[0]), extra, stopping, staying, takes))
    return penalties


def penalties_of_draw(
    knapsack: Knapsack, campuses: int, area: IntArray, asked: Sequence[int]
) -> list[Penalty]:
    """Penalties of the draw of rings; see `penalties_of_cost`. ``knapsack`` has draws for sizes.

    The largest sites of each area are among the campuses that have most, so stops have no penalty.
    """
    n = len(knapsack.cap)
    forced = np.zeros(n, dtype=np.bool_)
    for a, often in enumerate(asked):
        sites = np.flatnonzero(area == a)
        forced[sites[np.argsort(-knapsack.cap[sites], kind="stable")[:often]]] = True
    taken, takes = largest_takes(knapsack, Rows.all_of(n), forced)
    chosen, takes = taken.site[:campuses], takes[:campuses]
    most = float(takes.sum())
    full = len(takes) == campuses > sum(asked)
    small = np.maximum(0.0, takes[-1] - knapsack.cap) if full else np.zeros(n)
    zone = knapsack.innermost()
    more = np.zeros(n, dtype=np.bool_)
    more[chosen] = True
    beyond = _one_more(knapsack, campuses, forced, more, most)
    # Where the most have further campuses, as many pass for nothing.
    free = np.isin(zone, zone[more & ~forced])
    passing = np.where((zone < 0) | free, small, np.maximum(small, beyond[zone]))
    of_site = np.zeros(n)
    of_site[chosen] = takes
    staying = _smaller(knapsack, campuses, forced, area, most)
    return [Penalty(-most, passing, np.zeros(len(asked)), staying, of_site)]


def _one_more(
    knapsack: Knapsack, campuses: int, forced: BoolArray, chosen: BoolArray, most: float
) -> FloatArray:
    """``(zones,)`` how much less campuses draw with one more in a zone than the most have [MW].

    None where the most have further ones beside those that are forced.
    """
    zone = knapsack.innermost()
    beyond = np.zeros(int(zone.max(initial=-1)) + 2)
    rows: list[BoolArray] = []
    asked: list[int] = []
    for z in np.setdiff1d(zone[(zone >= 0) & ~chosen], zone[chosen & ~forced]).tolist():
        others = np.flatnonzero((zone == z) & ~chosen)
        with_one = forced.copy()
        with_one[others[np.argmax(knapsack.cap[others])]] = True
        rows.append(with_one)
        asked.append(z)
    beyond[asked] = np.maximum(0.0, most - _most_with(knapsack, campuses, rows))
    return beyond


def _smaller(
    knapsack: Knapsack, campuses: int, forced: BoolArray, area: IntArray, most: float
) -> FloatArray:
    """``(n,)`` how much less campuses draw where a smaller site of an area is one of them [MW]."""
    less = np.zeros(len(area))
    rows: list[BoolArray] = []
    of_row: list[IntArray] = []
    for a in range(int(area.max(initial=-1)) + 1):
        inside = np.flatnonzero((area == a) & ~forced)
        largest = np.flatnonzero((area == a) & forced)
        least = largest[np.argmin(knapsack.cap[largest])]
        for cap in np.unique(knapsack.cap[inside][knapsack.cap[inside] < knapsack.cap[least]]):
            sites = inside[knapsack.cap[inside] == cap]
            instead = forced.copy()
            instead[least], instead[sites[0]] = False, True
            rows.append(instead)
            of_row.append(sites)
    for sites, size in zip(of_row, _most_with(knapsack, campuses, rows), strict=True):
        less[sites] = max(0.0, most - size)
    return less


def _most_with(knapsack: Knapsack, campuses: int, forced: list[BoolArray]) -> FloatArray:
    """What campuses have at most with those of each of some sets among them [MW]."""
    if not forced:
        return np.empty(0)
    sets = np.array(forced)
    # Of the others only the largest of each zone can be among them.
    zone, n = knapsack.innermost(), len(knapsack.cap)
    by = np.lexsort((-knapsack.cap, zone))
    among = np.asarray(sets.any(axis=0))
    among[by[sum_before(zone[by], np.ones(n)) < campuses]] = True
    sets, part = sets[:, among], knapsack.take(np.flatnonzero(among))
    row, site = np.indices(sets.shape)
    rows = Rows(len(sets), row.ravel(), site.ravel())
    return largest_sizes(part, rows, forced=sets.ravel(), campuses=campuses)


def _least_of_areas(values: FloatArray, area: IntArray, areas: int) -> FloatArray:
    least = np.full(areas, np.inf)
    at = area >= 0
    np.minimum.at(least, area[at], values[at])
    return least
