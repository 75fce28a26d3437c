"""Order of the sites, and their neighbourhoods in the graph of what is within reach."""

from __future__ import annotations

import numpy as np

from siting.case import BoolArray, Case
from siting.fiber.reach import IntArray


def near_all(case: Case, required: IntArray) -> BoolArray:
    """``(n,)`` sites that all required ones, but for themselves, are within reach of."""
    near = np.ones(len(case.site_ids), dtype=np.bool_)
    for r in required:
        around = np.zeros(len(near), dtype=np.bool_)
        around[case.reach.of(int(r))[0]] = True
        around[r] = True
        near &= around
    return near


def order_sites(case: Case) -> IntArray:
    """Usable sites in the order of the anchors: required ones, then the most promising."""
    usable = np.flatnonzero(case.usable)
    cap = case.cap_mw[usable]
    if case.sense == "minimise_cost":
        fixed = case.fixed_musd_per_year[usable]
        lifted = fixed - fixed.min(initial=np.inf) if len(usable) else fixed
        key = (case.variable_musd_per_mw_year[usable] + lifted / cap) / case.target_per_mw[usable]
    else:
        key = -cap
    return usable[np.lexsort((usable, key, ~case.required[usable]))]


def first_members(case: Case) -> IntArray:
    """Positions of the anchors: of all sites that can be the first member of a cluster.

    In a hub network of all that can be the hub.
    """
    if case.cluster.network == "hub":
        return np.flatnonzero(near_all(case, np.flatnonzero(case.required)))
    last = 1 if case.required.any() else len(case.site_ids)
    return np.arange(last, dtype=np.int64)


def neighbourhood(case: Case, h: int) -> IntArray:
    """The anchor and then the sites of its clusters, ascending.

    In a mesh these are all later sites within its reach, and where sites are required, only what
    is within reach of all of them. In a hub network they are all sites within reach of the hub.
    A ring through the anchor is nowhere further from it than half the longest tour; where that is
    longer than a hop, hops may lead to all later sites that any hops lead to.
    """
    within, km = case.reach.of(h)
    if case.cluster.network == "hub":
        return np.concatenate(([h], within))
    if case.cluster.network == "ring":
        half_km = case.cluster.max_ring_km / 2
        if half_km <= case.reach.limit_km:
            return np.concatenate(([h], within[(within > h) & (km <= half_km)]))
        part = case.reach.component
        joined = np.flatnonzero(part == part[h])
        return np.concatenate(([h], joined[joined > h]))
    sites = np.concatenate(([h], within[within > h]))
    for r in np.flatnonzero(case.required):
        if r != h:
            other, _ = case.reach.of(int(r))
            sites = sites[np.isin(sites, other) | (sites == r)]
    return sites
