"""Local search over rings: exchange, insertion and removal of one campus at a time.

A ring of many hops may lead anywhere, so the meshes among which rings are found at first say little
of the best one. Here one campus at a time is exchanged for another site, added or left out, as long
as the tour stays one: whatever gains most, until nothing does. The value of a ring is what its
campuses have together, or cost, under the headroom of zones
(`siting.program.relaxations.knapsack`); other rules are asked of the rings that are found, not on
the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from siting.case import Case
from siting.fiber.reach import FloatArray, IntArray
from siting.program.backends.deadline import Deadline
from siting.program.relaxations.knapsack import Knapsack, fill_cost, largest_sizes
from siting.program.sites.presolve import least_campuses
from siting.program.sites.sets import Rows

SHORT_MUSD_PER_MW = 1e4
"""What a MW that misses the target counts for [MUSD/year]: more than any MW costs."""

BETTER = 1e-9
"""By what part of its value a ring must be better to count [1]."""

Tour = tuple[int, ...]
"""Sites in the order of a closed tour."""


def improved_by_exchanges(
    case: Case, starts: Iterable[Tour], deadline: Deadline
) -> Iterator[tuple[Tour, float]]:
    """Each of some tours, made better until no exchange is.

    Parameters
    ----------
    case
        The question for one ring: usable sites only. A tour may be a single site.
    starts
        Tours to begin with, which hops of the case can make.
    deadline
        When to stop; the tour of that moment is the last.

    Yields
    ------
    tour
        Sites in the order of the tour.
    worth
        No plan with these campuses is better (as a cost).
    """
    hops, fewest = _Hops(case), least_campuses(case)
    value = _cost(case) if case.sense == "minimise_cost" else _draw(case)
    for start in starts:
        tour = start
        worth = float(value(np.array([tour]))[0])
        while not deadline.reached():
            moves = [move for move in _moves(case, hops, tour, fewest) if len(move[0])]
            if not moves:
                break
            values = [value(members) for members, _ in moves]
            best = min(range(len(moves)), key=lambda m: float(values[m].min()))
            at = int(np.argmin(values[best]))
            enough = len(tour) >= fewest
            if enough and values[best][at] >= worth - BETTER * abs(worth):
                break
            worth = float(values[best][at])
            members, place = moves[best]
            # The site that is new stands last.
            rest, new = members[at, :-1].tolist(), members[at, -1:].tolist()
            tour = tuple(rest[: place[at]] + new + rest[place[at] :])
        if len(tour) >= fewest:
            yield tour, worth
        if deadline.reached():
            return


class _Hops:
    """Kilometres from the sites of tours to all others, each looked up once."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._known: dict[int, FloatArray] = {}

    def of(self, i: int) -> FloatArray:
        """``(n,)`` kilometres of a hop from a site, infinite where none leads there [km]."""
        if i not in self._known:
            km = np.full(len(self._case.site_ids), np.inf)
            others, away_km = self._case.reach.of(i)
            km[others] = away_km
            km[i] = 0.0
            self._known[i] = km
        return self._known[i]


def _moves(case: Case, hops: _Hops, tour: Tour, fewest: int) -> Iterator[tuple[IntArray, IntArray]]:
    """Rings that differ from a tour by one site; as long as it has too few, those with one more.

    Yields
    ------
    members
        ``(rings, m)`` their sites; the last of each is where the tour changes.
    place
        ``(rings,)`` before which of the others the last one stands.
    """
    limit_km = case.cluster.max_ring_km
    if len(tour) < case.cluster.max_campuses:
        yield _insert(hops, tour, limit_km, closed=True)
    if len(tour) < fewest:
        return
    for k in range(len(tour)):
        rest = tour[k + 1 :] + tour[:k]
        if not rest or case.required[tour[k]]:
            continue
        yield _insert(hops, rest, limit_km, closed=np.isfinite(hops.of(rest[-1])[rest[0]]))
        if len(rest) >= fewest and _length_km(hops, rest) <= limit_km:
            yield np.array([rest]), np.array([len(rest) - 1])


def _insert(hops: _Hops, rest: Tour, limit_km: float, *, closed: bool) -> tuple[IntArray, IntArray]:
    """Each site that fits into a tour, where it lengthens it least.

    Where the tour is not closed, the site must stand between its last and its first one.
    """
    km = np.array([hops.of(i) for i in rest])
    around = np.roll(km, -1, axis=0)
    added = km + around
    if len(rest) > 1:
        path_km = sum(km[a][rest[a + 1]] for a in range(len(rest) - 1))
        links_km = np.array([km[a][rest[(a + 1) % len(rest)]] for a in range(len(rest))])
        if closed:
            total_km = path_km + links_km[-1] + added - links_km[:, None]
        else:
            total_km = np.full_like(added, np.inf)
            total_km[-1] = path_km + added[-1]
    else:
        total_km = added
    total_km[:, list(rest)] = np.inf
    place = np.argmin(total_km, axis=0)
    new = np.flatnonzero(total_km[place, np.arange(len(place))] <= limit_km)
    members = np.column_stack((np.tile(np.array(rest), (len(new), 1)), new))
    return members, place[new] + 1


def _length_km(hops: _Hops, tour: Tour) -> float:
    return float(sum(hops.of(a)[b] for a, b in zip(tour, tour[1:] + tour[:1], strict=True)))


Value = Callable[[IntArray], FloatArray]
"""From ``(rings, m)`` sites of rings to what they are worth (as a cost)."""


def _draw(case: Case) -> Value:
    draws = Knapsack.of_draws(case)

    def value(members: IntArray) -> FloatArray:
        return -largest_sizes(draws, _rows(members), campuses=members.shape[1])

    return value


def _cost(case: Case) -> Value:
    sizes = Knapsack.of(case)
    opened = replace(sizes, fixed=np.zeros(len(sizes.cap)))

    def value(members: IntArray) -> FloatArray:
        rows = _rows(members)
        size = largest_sizes(sizes, rows, campuses=members.shape[1])
        bought, _ = fill_cost(opened, rows, np.ones(rows.count, np.int64), 0.0)
        short = SHORT_MUSD_PER_MW * np.maximum(sizes.target - size, 0.0)
        cost = np.where(np.isfinite(bought), bought, 0.0) + short
        total: FloatArray = cost + sizes.fixed[members].sum(axis=1)
        return total

    return value


def _rows(members: IntArray) -> Rows:
    rings, m = members.shape
    return Rows(rings, np.repeat(np.arange(rings), m), members.ravel())
