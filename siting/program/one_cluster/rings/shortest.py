"""Quota travelling salesman: the shortest ring whose campuses reach a target.

Bounds come from balls, and tours are cut out of the relaxation (the problem: Awerbuch et al. 1998,
"New approximation guarantees for minimum-weight k-trees and prize-collecting salesmen", SIAM
Journal on Computing 28).

A tour through ``h`` and ``j`` is at least twice as long as their distance. So a tour through ``h``
that is shorter than the best one lies within half of that one's length of ``h``, and where the
target takes sites as far as ``r(h)``, every tour through ``h`` is at least ``2 r(h)`` long. Sites
where that is no better than the best plan are left out, which may leave others without enough.

What is left is searched by anchors, in the order of ``r``: a tour with anchor ``h`` has only later
sites. Its program on the nearest of these is solved as far as time allows; tours that go beyond
them are at least twice as long as the nearest site that was left out. The anchor of the least
bound is always next, with more sites and more time than before.

Where kilometres are no objective, meshes bound rings and give the first ones, exchanges of campuses
make them better, and what is still open goes on to a tree
(`siting.program.one_cluster.rings.branch_and_bound`).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from siting.case import Case
from siting.errors import SolverError
from siting.fiber import RoutedReach, reach_of_access
from siting.fiber.reach import FloatArray, IntArray, Reach
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.monolithic import solve_monolithic
from siting.program.one_cluster.best_first import Search
from siting.program.one_cluster.rings.local_search import improved_by_exchanges
from siting.program.proof import Proof
from siting.program.relaxations.knapsack import Knapsack, largest_sizes
from siting.program.sites.sets import Rows

FIRST_RINGS = 4
"""Sites around which a first ring is sought."""

FIRST_WIDTH = 1.6
"""How far around them, in units of the least radius that holds the target [1]."""

FIRST_SITES = 100
"""Sites among which it is sought at the most."""

FIRST_SHARE = 0.04
"""Share of the time that each search for a first ring may take [0-1]."""

FIRST_GAP = 0.05
"""Gap at which such a search may stop [1]."""

BETTER_SHARE = 0.12
"""Share of the time that each search for a ring near the best one may take [0-1]."""

BETTER_ROUNDS = 3
"""How often a ring is sought near the best one, while a shorter one is found."""

FIRST_MESH_SHARE = 0.25
"""Share of the time in which the mesh of the longest reach is sought [0-1]."""

FINER = 0.1
"""Part of the gap asked to which it is solved, as its bound is that of all rings [1]."""

MESH_SHARE = 0.1
"""Share of the time that is left in which each mesh of less reach is sought [0-1]."""

EXCHANGE_SHARE = 0.2
"""Share of the time that is left in which campuses of rings are exchanged [0-1]."""

HALVINGS_OF_REACH = 2
"""How often the reach at which a mesh has a tour is halved in on."""

NEAREST = 50
"""Sites of an anchor's program at first."""

MORE_SITES = 1.2
"""How many times as many sites it gets when it is next again."""

MORE_TIME = 2.0
"""How many times as much time it then gets."""

SLICE_S = 1.0
"""Time of an anchor's program at first [s]."""

HALVINGS = 10
"""How often the radius that holds the target is halved in."""


def least_ring(search: Search) -> Proof:
    """Least kilometres of a ring; see ``solve_one_cluster``."""
    case = search.case
    radius_km = radii_km(case)
    if not np.isfinite(radius_km).any():
        # Half of a longer ring than reach may hold the target where no ball does.
        known = case.cluster.max_ring_km / 2 <= case.reach.limit_km
        if known:
            return search.proof(math.inf, stopped=False)
    _first_rings(search, radius_km)
    if not _held(search):
        return search.proof_of(solve_monolithic(case, search.solver, search.deadline))
    ceiling = search.cutoff()
    while True:
        # No hop of a shorter tour is longer than half of it.
        limit_km = min(search.case.reach.limit_km, search.cutoff() / 2)
        radius_km = radii_km(search.case)
        stays = (2 * radius_km < search.cutoff()) | search.case.required
        if stays.all():
            break
        search = search.narrow(np.flatnonzero(stays), limit_km)
    search = search.narrow(np.lexsort((radius_km, ~search.case.required)), limit_km)
    bound, stopped = _deepen(search)
    return search.proof(min(bound, ceiling), stopped=stopped)


def between_meshes(search: Search, find: Callable[[Case, Solver, Deadline], Proof]) -> None:
    """Bound a ring and find one, where kilometres are no objective, by meshes, which ``find`` does.

    Two campuses of a tour are no further apart than half of its length, nor than half of as many
    hops as there are campuses, so every ring is a mesh of that reach, and the best one bounds all
    rings. Where its campuses have no tour that is short enough, those of a mesh of less reach may
    have one: its reach is halved in on, down to that at which any tour through the largest number
    of campuses is short enough.
    """
    case, cluster = search.case, search.case.cluster

    def found(reach: Reach, share: float, *, finer: float = 1.0) -> Proof:
        solver = replace(search.solver, gap=finer * search.solver.gap)
        proof = find(_mesh(case, reach), solver, search.share(share))
        if proof.best is not None:
            search.try_sites(proof.best.choice)
        return proof

    hops = max(1, cluster.max_campuses // 2)
    reach = _wider(case, min(cluster.max_ring_km / 2, hops * case.reach.limit_km))
    if reach is None:
        reach = case.reach
    else:
        widest = found(reach, FIRST_MESH_SHARE, finer=FINER)
        search.floor = max(search.floor, widest.bound * search.sign)
    long_km = reach.limit_km
    short_km = min(case.reach.limit_km, long_km, cluster.max_ring_km / cluster.max_campuses)
    for _ in range(HALVINGS_OF_REACH):
        middle_km = (short_km + long_km) / 2
        if search.proven or search.deadline.reached():
            return
        before = search.best
        mesh = found(reach.within(middle_km), MESH_SHARE)
        if mesh.best is None or search.best is not before:
            short_km = middle_km
        else:
            long_km = middle_km
    if search.best is None:
        found(reach.within(short_km), FIRST_MESH_SHARE)
    _exchange(search)


def _exchange(search: Search) -> None:
    """Look for better rings by exchanging campuses: of the best one, and of one in each zone."""
    case = search.case
    position = search.places()
    tours = search.best.tours if search.best is not None else ()
    starts = [tuple(position[i] for i in tour) for tour in tours]
    # In the order of the anchors, the most promising site of each zone comes first.
    starts += [(int(i),) for i in np.sort(np.unique(case.zone, return_index=True)[1])]
    required = tuple(np.flatnonzero(case.required).tolist())
    if required:
        starts = [start for start in starts if set(required) <= set(start)]
    for tour, worth in improved_by_exchanges(case, starts, search.share(EXCHANGE_SHARE)):
        if worth < search.cutoff():
            search.try_sites((tuple(sorted(tour)),))
        if search.proven:
            return


def _mesh(case: Case, reach: Reach) -> Case:
    """The same question of a mesh with another reach."""
    asked = {"network": "mesh", "keep_after_span_loss": False, "max_fiber_km": reach.limit_km}
    cluster = case.cluster.model_copy(update=asked)
    return replace(case, cluster=cluster, reach=reach, km_by_campuses=())


def _wider(case: Case, limit_km: float) -> Reach | None:
    """Pairs within a limit by fiber, that may be longer than reach; none where fiber is unknown."""
    if limit_km <= case.reach.limit_km:
        return case.reach.within(limit_km)
    if isinstance(case.reach, RoutedReach):
        return RoutedReach(case.reach.searches, case.reach.access, limit_km)
    if case.routes is None:
        return None
    return reach_of_access(case.routes.graph, case.routes.access, limit_km=limit_km)


def _held(search: Search) -> bool:
    """Whether reach holds every pair that a better tour can have.

    The best plan may bound tours by more than twice the longest hop; farther pairs are not held.
    """
    longest_km = min(search.case.cluster.max_ring_km, search.cutoff())
    return longest_km / 2 <= search.case.reach.limit_km


def radii_km(case: Case, *, later: bool = False) -> FloatArray:
    """Least distance from each site within which the target can be held [km].

    Parameters
    ----------
    case
        Usable sites only.
    later
        Of the other sites only those after it count.

    Returns
    -------
    ``(n,)`` no more than the true one; infinite where reach does not hold the target.
    """
    knapsack, n = Knapsack.of(case), len(case.site_ids)
    own = np.arange(n)
    row = np.concatenate((own, np.repeat(own, np.diff(case.reach.indptr))))
    site = np.concatenate((own, case.reach.indices))
    km = np.concatenate((np.zeros(n), case.reach.km))
    if later:
        kept = site >= row
        row, site, km = row[kept], site[kept], km[kept]
    by = np.argsort(row, kind="stable")
    row, site, km = row[by], site[by], km[by]

    def holds(radius_km: FloatArray) -> np.ndarray:
        inside = km <= radius_km[row]
        rows = Rows(n, row[inside], site[inside])
        count = np.bincount(rows.row, minlength=n)
        return (largest_sizes(knapsack, rows) >= knapsack.target * (1 - 1e-9)) & (
            count >= knapsack.min_campuses
        )

    low, high = np.full(n, -1.0), np.full(n, case.reach.limit_km)
    never, at_once = ~holds(high), holds(np.zeros(n))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        held = holds(middle)
        low, high = np.where(held, low, middle), np.where(held, middle, high)
    return np.where(never, np.inf, np.where(at_once, 0.0, np.maximum(low, 0.0)))


def _first_rings(search: Search, radius_km: FloatArray) -> None:
    """Find some ring: sites with the shortest links to one of them, and the tour through these."""
    case = search.case
    if case.required.any():
        promising = np.flatnonzero(case.required)[:1]
    else:
        promising = np.argsort(radius_km, kind="stable")[:FIRST_RINGS]
    left_s = search.deadline.left_s()
    roughly = replace(search.solver, gap=max(FIRST_GAP, search.solver.gap))
    for h in promising.tolist():
        if search.deadline.reached():
            return
        width_km = FIRST_WIDTH * radius_km[h] if np.isfinite(radius_km[h]) else np.inf
        near = _nearest(case, h, FIRST_SITES, within_km=width_km)
        if case.required[near].sum() < case.required.sum():
            continue
        star = replace(case.take(near), cluster=case.cluster.model_copy(update={"network": "hub"}))
        try:
            deadline = search.deadline.within(FIRST_SHARE * left_s)
            found = solve_monolithic(star, roughly, deadline, hub=0)
        except SolverError:
            continue
        if found.best is not None:
            chosen = np.sort(near[list(found.best.draw_mw[0])])
            search.solve(chosen, int(chosen[0]), slice_s=FIRST_SHARE * left_s)
    for _ in range(BETTER_ROUNDS):
        before = search.best
        if before is not None:
            _around_best(search, BETTER_SHARE * left_s)
        if search.best is before:
            break


def _around_best(search: Search, slice_s: float) -> None:
    """Look for a shorter ring among the sites nearest to the best one."""
    case = search.case
    position = search.places()
    assert search.best is not None
    ring = [position[i] for i in search.best.draw_mw[0]]
    away_km = np.full(len(search.origin), np.inf)
    for p in ring:
        others, km = case.reach.of(p)
        away_km[others] = np.minimum(away_km[others], km)
    away_km[ring] = 0.0
    near = np.sort(np.argsort(away_km, kind="stable")[:NEAREST])
    near = near[np.isfinite(away_km[near])]
    search.solve(near, ring[0], slice_s=slice_s)


def _nearest(case: Case, h: int, count: int, *, within_km: float) -> IntArray:
    others, km = case.reach.of(h)
    others, km = others[km <= within_km], km[km <= within_km]
    return np.concatenate(([h], others[np.argsort(km, kind="stable")[: count - 1]]))


def _deepen(search: Search) -> tuple[float, bool]:
    """Raise the least bound of the anchors, again and again; returns it and whether it stopped."""
    case = search.case
    last = 1 if case.required.any() else len(case.site_ids)
    bounds = 2 * radii_km(case, later=True)[:last]
    queue = [(float(b), h, 0) for h, b in enumerate(bounds.tolist()) if math.isfinite(b)]
    heapq.heapify(queue)
    done = 0
    while queue:
        bound, h, times = queue[0]
        if bound >= search.cutoff():
            return bound, False
        if search.deadline.reached():
            return bound, True
        sites, ceiling = _ball(case, h, int(NEAREST * MORE_SITES**times))
        if ceiling > bound:
            found = search.solve(sites, h, slice_s=SLICE_S * MORE_TIME**times)
            bound = max(bound, min(found, ceiling))
        heapq.heapreplace(queue, (bound, h, times + 1))
        done += 1
        search.tell("rings", queue[0][0], done, len(queue))
    return math.inf, False


def _ball(case: Case, h: int, count: int) -> tuple[IntArray, float]:
    """The anchor and the nearest later sites, and how short a tour beyond these can be [km]."""
    others, km = case.reach.of(h)
    later = others > h
    others, km = others[later], km[later]
    order = np.argsort(km, kind="stable")
    kept = np.concatenate(([h], others[order[: count - 1]]))
    missing = np.setdiff1d(np.flatnonzero(case.required), kept)
    if len(missing):
        return np.concatenate(([h], others)), math.inf
    beyond = km[order[count - 1]] if len(order) >= count else math.inf
    return kept, 2 * float(beyond)
