"""Small cases that ask for the most clusters, and their number by brute force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from cases import random_case
from oracle import divide, makes_cluster, subsets

from siting.case import Case
from siting.program.backends.pulp_backend import Solver

HIGHS = Solver("highs", 1e-4, 1)


NETWORKS = ("mesh", "hub", "ring")


def asking_most(case: Case) -> Case:
    cluster = case.cluster.model_copy(update={"count": "most"})
    if case.target is None:
        cluster = cluster.model_copy(update={"target_mw": 200.0})
    return replace(case, cluster=cluster)


def small(seed: int, **fixed) -> Case:
    """A small case that asks for the most clusters of a small target, so that several fit."""
    case = asking_most(random_case(seed, **{"count": 1, "most_sites": 6} | fixed))
    key = "target_mw" if case.cluster.target_mw is not None else "target_it_mw"
    smaller = case.cluster.model_copy(update={key: (case.target or 0.0) / (2 + seed % 3)})
    return replace(case, cluster=smaller, headroom_mw=(1 + seed % 2) * case.headroom_mw)


def sets_of_clusters(case: Case) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Every set of disjoint clusters that draws may decide on, required sites among them."""
    one = case.of_clusters(1)
    km = case.reach.dense()
    clusters = [
        sites
        for sites in subsets(one)
        if makes_cluster(one, km, sites) and divide_alone(one, km, sites)
    ]
    required = set(np.flatnonzero(case.required).tolist())
    found = [chosen for chosen in disjoint(clusters) if required <= {i for c in chosen for i in c}]
    yield from sorted(found, key=len, reverse=True)


def disjoint(clusters: list[tuple[int, ...]]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Every set of disjoint clusters, of one or more."""
    for at, sites in enumerate(clusters):
        yield (sites,)
        rest = [others for others in clusters[at + 1 :] if not set(others) & set(sites)]
        for chosen in disjoint(rest):
            yield (sites, *chosen)


def divide_alone(one: Case, km: np.ndarray, sites: tuple[int, ...]) -> bool:
    free = replace(one, required=np.zeros_like(one.required))
    return divide(free, km, (sites,)) is not None


def true_most(case: Case) -> int:
    """The number of clusters of the largest set whose draws and contracts exist."""
    km = case.reach.dense()
    for chosen in sets_of_clusters(case):
        if divide(case.of_clusters(len(chosen)), km, chosen) is not None:
            return len(chosen)
    return 0


def tight(sites: int, headroom_mw: float) -> Case:
    """Sites of one zone, all within reach of each other, clusters of two campuses of 100 MW."""
    case = random_case(7, sense="minimise_cost", count=1, most_sites=6, only="none")
    case = replace(case, headroom_mw=np.full(len(case.zone_ids), 1e6))
    case = case.take(np.zeros(sites, np.int64))
    km = np.zeros((sites, sites))
    headroom = case.headroom_mw.copy()
    headroom[list(case.ancestry[case.zone[0]])] = headroom_mw
    return replace(
        case,
        site_ids=tuple(f"s{i:02d}" for i in range(sites)),
        max_mw=np.full(sites, 100.0),
        headroom_mw=headroom,
        reach=type(case.reach).from_dense(km, 100.0),
        routes=None,
        campus=case.campus.model_copy(update={"min_mw": 50.0, "max_mw": 100.0, "module_mw": 0.0}),
        cluster=case.cluster.model_copy(
            update={
                "count": "most",
                "target_mw": 200.0,
                "target_it_mw": None,
                "min_campuses": 2,
                "max_campuses": 3,
            }
        ),
    )
