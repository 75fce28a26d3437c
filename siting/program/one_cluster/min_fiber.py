"""Branch and bound for the least fiber of one cluster, a mesh or a hub: star bounds."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from siting.case import Case
from siting.fiber.reach import FloatArray, IntArray
from siting.program.one_cluster.anchor_queue import AnchorQueue
from siting.program.one_cluster.best_first import Search, best_first
from siting.program.proof import Proof
from siting.program.relaxations.class_lp import ClassLp, sites_with_room
from siting.program.relaxations.knapsack import Knapsack, fewest_campuses
from siting.program.relaxations.star_bounds import meshes_km, stars_km
from siting.program.sites.neighbourhoods import first_members, neighbourhood
from siting.program.sites.presolve import required_apart
from siting.program.sites.sets import Rows, chunks

SITES_AT_ONCE = 250
"""Sites whose links are held at once; bounds the memory."""

HALVED = 5
"""How often a long reach is halved at the most, to find a plan with short links."""

FIRST_MESHES = 3
"""Sites around which a first plan is sought when the least fiber is."""

FIRST_MESH_SITES = 60
"""Nearest sites among which it is sought at the most."""


def least_mesh(search: Search) -> Proof:
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
    sites, anchors = Knapsack.of(case), first_members(case)
    bounds = np.full(len(anchors), np.inf)
    for chunk, rows in chunks(case, anchors):
        possible = fewest_campuses(sites, rows) <= sites.max_campuses
        possible &= np.bincount(rows.row, minlength=rows.count) >= sites.min_campuses
        bounds[chunk] = np.where(possible, least_km[chunk], np.inf)
    return best_first(
        search,
        AnchorQueue.of_bounds(anchors, bounds),
        lambda h: (neighbourhood(case, h), float(bounds[h])),
    )


def least_spokes(search: Search) -> Proof:
    """Least kilometres of the links to a hub: what its own star costs at least, hub by hub."""
    case = search.case
    least_km, fewest = _stars_km(search), _fewest(case)
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

    return best_first(search, AnchorQueue.of_bounds(hubs, least_km[hubs]), trim)


def _fewest(case: Case) -> int:
    return int(fewest_campuses(Knapsack.of(case), Rows.all_of(len(case.site_ids)))[0])


def _stars_km(search: Search) -> FloatArray:
    knapsack = Knapsack.of(search.case)
    return _some_at_once(search, lambda sites: stars_km(search.case, knapsack, sites))


def _meshes_km(search: Search, fewest: int) -> FloatArray:
    stars = _stars_km(search)
    return _some_at_once(search, lambda sites: meshes_km(search.case, stars, fewest, sites))


def _some_at_once(search: Search, bound: Callable[[IntArray], FloatArray]) -> FloatArray:
    """Bounds of all sites, of some at a time; 0 where time ran out before."""
    case = search.case
    bounds = np.zeros(len(case.site_ids))
    for first in range(0, len(bounds), SITES_AT_ONCE):
        if search.deadline.reached():
            break
        sites = np.arange(first, min(first + SITES_AT_ONCE, len(bounds)))
        case.reach.prepare(sites)
        bounds[sites] = bound(sites)
    return bounds


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
    relaxed = ClassLp(case)
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
