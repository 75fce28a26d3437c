"""Single clusters beside each other: what they leave, and the plan that they are together."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from siting.case import Case
from siting.program.networks import network_km
from siting.program.settle import Settled, evaluate, settle
from siting.program.solvers import Solver


def what_is_left(case: Case, clusters: list[Settled]) -> Case:
    """The case without what some clusters use: their sites, headroom and clean energy."""
    max_mw, headroom_mw = case.max_mw.copy(), case.headroom_mw.copy()
    contractable_mwh = case.contractable_mwh.copy()
    for cluster in clusters:
        for i, mw in cluster.draw_mw[0].items():
            max_mw[i] = 0.0
            headroom_mw[list(case.ancestry[case.zone[i]])] -= mw
        for (r, _), mwh in cluster.contract_mwh[0].items():
            contractable_mwh[r] -= mwh
    return replace(
        case,
        max_mw=max_mw,
        headroom_mw=np.maximum(headroom_mw, 0.0),
        contractable_mwh=np.maximum(contractable_mwh, 0.0),
    )


def together(clusters: list[Settled]) -> Settled:
    """A plan of clusters that were placed beside each other."""
    draw_mw = tuple(found.draw_mw[0] for found in clusters)
    contract_mwh = tuple(found.contract_mwh[0] for found in clusters)
    value = sum(found.objective for found in clusters)
    return Settled(
        draw_mw, contract_mwh, value, tuple(t for found in clusters for t in found.tours)
    )


def settled(case: Case, clusters: list[Settled], solver: Solver) -> Settled | None:
    """The plan of some clusters, at the best draws for the sense asked; none of none."""
    if not clusters:
        return None
    return settle(case.of_clusters(len(clusters)), together(clusters).choice, solver)


def nearest(
    case: Case, clusters: list[Settled], middle: int, count: int, stay: int = 0
) -> list[int]:
    """A cluster and those nearest to it, so many in all; the first ones stay."""
    sites = [np.array(sorted(found.draw_mw[0])) for found in clusters]
    lon = np.array([case.lon[of].mean() for of in sites])
    lat = np.array([case.lat[of].mean() for of in sites])
    east = (lon - lon[middle]) * math.cos(math.radians(float(lat[middle])))
    away = np.hypot(east, lat - lat[middle])
    away[:stay] = np.inf
    return sorted(np.argsort(away, kind="stable")[: min(count, len(clusters) - stay)].tolist())


def apart(one: Case, plan: Settled, solver: Solver) -> list[Settled]:
    """The clusters of a plan, one by one, each with what it is worth itself."""
    tours: list[tuple[tuple[int, ...], ...]] = [(tour,) for tour in plan.tours]
    tours = tours or [()] * len(plan.draw_mw)
    return [
        Settled((draws,), (contracts,), _worth(one, draws, contracts, solver), tour)
        for draws, contracts, tour in zip(plan.draw_mw, plan.contract_mwh, tours, strict=True)
    ]


def _worth(
    one: Case, draws: dict[int, float], contracts: dict[tuple[int, int], float], solver: Solver
) -> float:
    """The objective of one cluster, in the unit of the sense."""
    if one.sense != "minimise_fiber_km":
        return evaluate(one, (draws,), (contracts,))
    network = network_km(one, np.array(sorted(draws), np.int64), solver)
    return math.inf if network is None else network[0]
