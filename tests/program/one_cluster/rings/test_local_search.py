"""Rings that exchanges make better: what they are, what they are worth, and that none is left."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from ring_cases import ring_case

from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.fixed_sites import settle
from siting.program.one_cluster.rings.local_search import improved_by_exchanges

SOLVER = Solver("highs", 1e-6, 1)


def shortest_km(km: np.ndarray, sites: tuple[int, ...]) -> float:
    """Length of the shortest tour, of all orders."""
    if len(sites) == 1:
        return 0.0
    orders = ((sites[0], *rest) for rest in itertools.permutations(sites[1:]))
    return min(sum(km[a, b] for a, b in zip(o, (*o[1:], o[0]), strict=True)) for o in orders)


def sets_around(sites: tuple[int, ...], n: int) -> set[tuple[int, ...]]:
    """All sets of sites that differ by one that is exchanged, added or left out."""
    others = [j for j in range(n) if j not in sites]
    left = [tuple(i for i in sites if i != k) for k in sites]
    found = {tuple(sorted((*sites, j))) for j in others}
    found |= {tuple(sorted((*rest, j))) for rest in left for j in others}
    return found | {rest for rest in left if rest}


@pytest.mark.parametrize("sense", ["minimise_cost", "maximise_mw"])
@pytest.mark.parametrize("seed", range(40))
def test_a_ring_that_exchanges_end_with(seed, sense):
    case = ring_case(seed, sense)
    km, sign = case.reach.dense(), -1 if sense == "maximise_mw" else 1
    for tour, worth in improved_by_exchanges(case, [(0,), (len(km) - 1,)], Deadline(60)):
        hops = list(zip(tour, (*tour[1:], tour[0]), strict=True))
        if len(tour) > 1:
            assert sum(km[a, b] for a, b in hops) <= case.cluster.max_ring_km * (1 + 1e-9)
        assert len(set(tour)) == len(tour)
        assert case.cluster.min_campuses <= len(tour) <= case.cluster.max_campuses
        plan = settle(case, (tuple(sorted(tour)),), SOLVER)
        if plan is None:
            # Too small: then no exchange makes it large enough.
            assert sense == "maximise_mw" or worth > 1e4
            continue
        # An exchange lets a campus draw nothing where a plan lets it draw a kilowatt.
        assert worth == pytest.approx(plan.objective * sign, rel=1e-5)
        if len(tour) == 1:
            continue
        # Of all rings that differ by one site and whose tour, with the others in the order that
        # they have, is short enough, none is better.
        for sites in sets_around(tour, len(km)):
            if not case.cluster.min_campuses <= len(sites) <= case.cluster.max_campuses:
                continue
            new = [j for j in sites if j not in tour]
            rest = tuple(i for i in tour if i in sites)
            orders = [rest[:p] + tuple(new) + rest[p:] for p in range(1, len(rest) + 1)]
            lengths = [
                sum(km[a, b] for a, b in zip(o, (*o[1:], o[0]), strict=True)) if len(o) > 1 else 0
                for o in orders
            ]
            if min(lengths) > case.cluster.max_ring_km:
                continue
            other = settle(case, (sites,), SOLVER)
            assert other is None or sign * other.objective >= worth * (1 - sign * 1e-6) - 1e-6


@pytest.mark.parametrize("sense", ["minimise_cost", "maximise_mw"])
def test_exchanges_find_the_best_ring_more_often_than_not(sense):
    """Against all rings; from every site as a start."""
    best, cases = 0, 0
    for seed in range(30):
        case = ring_case(seed, sense)
        km, n = case.reach.dense(), len(case.site_ids)
        sign = -1 if sense == "maximise_mw" else 1
        worths = []
        for m in range(case.cluster.min_campuses, min(case.cluster.max_campuses, 4) + 1):
            for sites in itertools.combinations(range(n), m):
                if shortest_km(km, sites) <= case.cluster.max_ring_km:
                    plan = settle(case, (sites,), SOLVER)
                    worths += [] if plan is None else [plan.objective * sign]
        if not worths:
            continue
        cases += 1
        limited = replace(
            case,
            cluster=case.cluster.model_copy(
                update={"max_campuses": min(case.cluster.max_campuses, 4)}
            ),
        )
        starts = [(i,) for i in range(n)]
        found = min(worth for _, worth in improved_by_exchanges(limited, starts, Deadline(60)))
        assert found >= min(worths) - 1e-5 * abs(min(worths))
        best += math.isclose(found, min(worths), rel_tol=1e-5)
    assert cases >= 15
    assert best >= 0.8 * cases


def test_required_sites_stay():
    case = ring_case(3, "minimise_cost")
    required = np.arange(len(case.site_ids)) == 1
    for tour, _ in improved_by_exchanges(replace(case, required=required), [(1,)], Deadline(60)):
        assert 1 in tour
