"""One cluster at any size, exact: the anchor decomposition.

Fix an order of the sites. The anchor of a cluster is its first member; all members lie within
reach of it and after it. So the clusters are the disjoint union, over anchors ``h``, of those
clusters in the neighbourhood ``N(h)`` that contain ``h``, and the best cluster is the best over
``h`` of a small program that keeps every rule. Nothing is relaxed: for any sense, any option.

Where a site is required, it is put first in the order: it is then the only anchor.
"""

from __future__ import annotations

import math

import numpy as np

from siting.case import BoolArray, Case
from siting.fiber.reach import FloatArray, IntArray
from siting.program.bounds import (
    Field,
    Rows,
    extra_cost,
    fewest_campuses,
    fill_cost,
    largest_sizes,
    meshes_km,
    pair_cost,
    stars_km,
    with_forced,
)
from siting.program.cover import Anchors, chunks
from siting.program.most_draw import most_draw
from siting.program.neighbourhoods import (
    first_members,
    neighbourhood,
    order_sites,
    required_apart,
)
from siting.program.networks import linkable
from siting.program.plain import Proof, required_unusable, sign_of
from siting.program.relaxed import Relaxed, sites_with_room
from siting.program.rings import least_ring, wide_ring
from siting.program.search import Search, best_first
from siting.program.settle import Settled
from siting.program.solvers import Deadline, Solver
from siting.progress import ProgressCallback

PROBE_ROUNDS = 60
"""How often sites are removed from a neighbourhood by probing before its program is solved."""

PROBE_SITES = 1_500
"""In a neighbourhood of more sites than this no pairs are probed."""

FIRST_SITES = 150
"""Of a larger neighbourhood the cheapest so many are tried for a first plan."""

HALVED = 5
"""How often a long reach is halved at the most, to find a plan with short links."""

FIRST_MESHES = 3
"""Sites around which a first plan is sought when the least fiber is."""

FIRST_MESH_SITES = 60
"""Nearest sites among which it is sought at the most."""


def solve_anchors(
    case: Case,
    solver: Solver,
    deadline: Deadline,
    *,
    progress: ProgressCallback | None = None,
    start: Settled | None = None,
) -> Proof:
    """Solve the program of one cluster by its anchors.

    Parameters
    ----------
    case
        The question, with ``cluster.count = 1``.
    solver, deadline
        Who solves the small programs, and until when.
    progress
        Called with where the search stands.
    start
        A plan to start with; what is no better is not sought.

    Raises
    ------
    ValueError
        The case asks for several clusters.
    """
    if case.cluster.count != 1:
        raise ValueError("the anchor decomposition solves one cluster")
    case = linkable(case)
    if required_unusable(case) or required_apart(case):
        return Proof(None, sign_of(case) * math.inf, True, True)
    origin = order_sites(case)
    search = Search(case.take(origin), origin, solver, deadline, progress, start)
    if len(origin) == 0:
        return search.proof(math.inf, stopped=False)
    ring = case.cluster.network == "ring"
    wide = ring and case.cluster.max_ring_km / 2 > case.reach.limit_km
    if wide and case.sense != "minimise_fiber_km":
        return wide_ring(search, lambda mesh, until: solve_anchors(mesh, solver, until))
    if case.sense == "minimise_cost":
        return _least_cost(search)
    if case.sense == "maximise_mw":
        return most_draw(search)
    least = {"mesh": _least_fiber, "hub": _least_spokes, "ring": least_ring}
    return least[case.cluster.network](search)


def neighbourhood_sizes(case: Case) -> tuple[FloatArray, IntArray]:
    """Bound on the size of any cluster around each anchor [MW, in the unit of the target].

    Returns
    -------
    sizes
        ``(anchors,)`` in the order of the anchors [MW].
    sites
        ``(anchors,)`` positions of the anchors in the case.
    """
    origin = order_sites(case)
    ordered = case.take(origin)
    sites = Field.of(ordered)
    anchors = first_members(ordered)
    sizes = np.empty(len(anchors))
    for chunk, rows in chunks(ordered, anchors):
        sizes[chunk] = largest_sizes(sites, rows)
    return sizes, origin[anchors]


# -------------------------------------------------------------------------- minimise cost


def _least_cost(search: Search) -> Proof:
    case, sites = search.case, Field.of(search.case)
    anchors = by_cost(case, sites, first_members(case))
    _first_cheap(search, anchors)
    return best_first(search, anchors, lambda h: trim_by_cost(case, sites, h, search.cutoff()))


def by_cost(case: Case, sites: Field, anchors: IntArray, *, shifts: int = 1) -> Anchors:
    """Some anchors, and that no plan with each costs less than its bound [MUSD/year].

    The bound is the best of so many shifts of the fixed cost.
    """

    def bound(rows: Rows) -> FloatArray:
        fewest = fewest_campuses(sites, rows)
        possible = fewest <= sites.max_campuses
        fill = [fill_cost(sites, rows, fewest, shift)[0] for shift in sites.shifts()[:shifts]]
        return np.asarray(np.where(possible, np.max(fill, axis=0), np.inf), np.float64)

    return Anchors.of_case(case, anchors, bound)


def _first_cheap(search: Search, anchors: Anchors) -> None:
    """Find some plan among the cheapest sites around a promising anchor, if there are many."""
    h = anchors.dive()
    if h is None:
        return
    sites = neighbourhood(search.case, h)
    if len(sites) > FIRST_SITES and not search.case.required.any():
        # Sites are in the order of their cost.
        search.solve(sites[:FIRST_SITES], h)


def trim_by_cost(case: Case, sites: Field, h: int, cutoff: float) -> tuple[IntArray, float]:
    """Sites that a plan below the cutoff with anchor ``h`` can have, and a bound on its cost.

    Removes by reduced cost, and by probing pairs, until nothing more can be removed.
    """
    kept = neighbourhood(case, h)
    within: BoolArray | None = None
    probed = case.cluster.network == "mesh"
    # What is removed costs at least the cutoff, so no bound above it holds for the anchor.
    bound, ceiling = -math.inf, math.inf
    for _ in range(PROBE_ROUNDS):
        part = sites.take(kept)
        fewest = fewest_campuses(part, Rows.all_of(len(kept)))
        if fewest[0] > part.max_campuses:
            return kept, ceiling
        alone, extra = _anchored_fill(part, fewest)
        bound = max(bound, alone)
        stays = (extra < cutoff) | case.required[kept]
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


def _anchored_fill(part: Field, fewest: IntArray) -> tuple[float, FloatArray]:
    """No plan with the anchor, which comes first, costs less; nor does one with each site."""
    everyone = Rows.all_of(len(part.cap))
    alone, extra = -math.inf, np.zeros(len(part.cap))
    for shift in part.shifts():
        forced, opened = with_forced(part, 0, shift)
        fill, marginal = fill_cost(forced, everyone, fewest, shift)
        cost = float(fill[0]) + opened
        alone = max(alone, cost)
        if math.isfinite(cost):
            extra = np.maximum(extra, cost + extra_cost(part, float(marginal[0]), shift))
    return alone, extra


def _pairs_cost(part: Field, within: BoolArray) -> FloatArray:
    """``(n,)`` no plan with the anchor, which comes first, and each other site costs less."""
    pairs_cost: FloatArray = np.max([pair_cost(part, within, 0, s) for s in part.shifts()[:2]], 0)
    pairs_cost[0] = -np.inf
    return pairs_cost


# ---------------------------------------------------------------------- minimise fiber km


def _least_fiber(search: Search) -> Proof:
    """Least kilometres of a mesh.

    Kilometres by fiber obey the triangle inequality, so a mesh of ``m`` campuses whose longest
    link is ``D`` has at least ``(m - 1) * D`` kilometres: every other campus adds at least ``D``
    to its two ends. So the best plan shortens the reach, the shorter reach raises what every
    site's links cost at least, and sites where that is no better than the best plan are left out.
    """
    fewest = _fewest(search.case)
    if fewest > search.case.cluster.max_campuses:
        return search.proof(math.inf, stopped=False)
    _first_near_mesh(search, fewest)
    while True:
        cutoff, limit_km = search.cutoff(), search.case.reach.limit_km
        if math.isfinite(cutoff) and fewest > 1:
            limit_km = min(limit_km, cutoff / (fewest - 1))
        search = search.leave_out(np.ones(len(search.origin), np.bool_), limit_km)
        least_km = _meshes_km(search, fewest)
        stays = (least_km < cutoff) & np.isfinite(least_km)
        stays &= sites_with_room(search.case, stays, search.deadline)
        if np.any(search.case.required & ~stays) or required_apart(search.case):
            return search.proof(math.inf, stopped=False)
        if stays.all():
            break
        search = search.leave_out(stays, limit_km)
    case = search.case
    if required_apart(case):
        return search.proof(math.inf, stopped=False)
    sites, anchors = Field.of(case), first_members(case)
    bounds = np.full(len(anchors), np.inf)
    for chunk, rows in chunks(case, anchors):
        possible = fewest_campuses(sites, rows) <= sites.max_campuses
        possible &= np.bincount(rows.row, minlength=rows.count) >= sites.min_campuses
        bounds[chunk] = np.where(possible, least_km[chunk], np.inf)
    return best_first(
        search,
        Anchors.of_bounds(anchors, bounds),
        lambda h: (neighbourhood(case, h), float(bounds[h])),
    )


def _least_spokes(search: Search) -> Proof:
    """Least kilometres of the links to a hub: what its own star costs at least, hub by hub."""
    case = search.case
    least_km, fewest = stars_km(case, Field.of(case)), _fewest(case)
    hubs = first_members(case)

    def trim(h: int) -> tuple[IntArray, float]:
        # A link is too long if, with the shortest ones beside it, it makes no better plan.
        within, km = case.reach.of(h)
        beside_km = np.sort(km)[: max(fewest - 2, 0)].sum()
        stays = (km + beside_km < search.cutoff()) | case.required[within]
        bound = float(least_km[h])
        return np.concatenate(([h], within[stays])), bound if stays.all() else min(
            bound, search.cutoff()
        )

    return best_first(search, Anchors.of_bounds(hubs, least_km[hubs]), trim)


def _fewest(case: Case) -> int:
    return int(fewest_campuses(Field.of(case), Rows.all_of(len(case.site_ids)))[0])


def _meshes_km(search: Search, fewest: int) -> FloatArray:
    return meshes_km(search.case, stars_km(search.case, Field.of(search.case)), fewest)


def _first_near_mesh(search: Search, fewest: int) -> None:
    """Find some plan within a short reach, where there is little to choose from, else a longer."""
    for halved in range(HALVED, -1, -1):
        limit_km = search.case.reach.limit_km / 2**halved
        near = search.narrow(np.arange(len(search.origin)), limit_km)
        if required_apart(near.case):
            continue
        _first_mesh(near, fewest)
        search.solved = near.solved
        if near.best is not None:
            search.best = near.best
            return


def _first_mesh(search: Search, fewest: int) -> None:
    """Find some plan around the sites whose links promise to be shortest."""
    case = search.case
    least_km = _meshes_km(search, fewest)
    possible = np.isfinite(least_km)
    if case.required.any():
        possible &= case.required
    possible = sites_with_room(case, possible, search.deadline)
    promising = np.argsort(np.where(possible, least_km, np.inf), kind="stable")
    relaxed = Relaxed(case)
    for v in promising[: min(FIRST_MESHES, int(possible.sum()))].tolist():
        within, km = case.reach.of(v)
        by_distance = within[np.argsort(km, kind="stable")]
        count = fewest
        while not search.deadline.reached():
            near = np.sort(np.append(by_distance[:count], v))
            missing = case.required & ~np.isin(np.arange(len(case.site_ids)), near)
            found = search.best
            if not missing.any() and relaxed.holds_cluster(near):
                search.solve(near, v)
            if search.best is not found or count >= min(len(within), FIRST_MESH_SITES):
                break
            count = int(1.5 * count) + 1
