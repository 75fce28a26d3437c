"""Solutions of single clusters combined into one plan, and a plan taken apart."""

from __future__ import annotations

import math

import numpy as np

from siting.case import Case
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.fixed_sites import evaluate, settle
from siting.program.formulation.networks import network_km
from siting.program.proof import Settled


def combine(clusters: list[Settled]) -> Settled:
    """A plan of clusters that were placed beside each other."""
    draw_mw = tuple(found.draw_mw[0] for found in clusters)
    contract_mwh = tuple(found.contract_mwh[0] for found in clusters)
    value = sum(found.objective for found in clusters)
    return Settled(
        draw_mw, contract_mwh, value, tuple(t for found in clusters for t in found.tours)
    )


def settle_together(case: Case, clusters: list[Settled], solver: Solver) -> Settled | None:
    """The plan of some clusters, at the best draws for the sense asked; none of none."""
    if not clusters:
        return None
    return settle(case.of_clusters(len(clusters)), combine(clusters).choice, solver)


def take_apart(one: Case, plan: Settled, solver: Solver) -> list[Settled]:
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
