"""The most draw: exact sums of whole campuses under headroom, and what they rule out."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from rivals import rival_case

from siting.case import Case
from siting.fiber import RoutedReach, routed
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.monolithic import solve_monolithic
from siting.program.one_cluster import anchor_queue as cover
from siting.program.one_cluster import max_draw as most_draw
from siting.program.one_cluster.best_first import Search
from siting.program.one_cluster.solve import solve_one_cluster
from siting.program.relaxations.knapsack import Knapsack, fewest_campuses, largest_sizes
from siting.program.sites import sets
from siting.program.sites.neighbourhoods import order_sites
from siting.program.sites.presolve import linkable, required_apart, required_unusable
from siting.program.sites.sets import Rows
from siting.sphere import great_circle_km

GAP = 1e-6
LONG_S = 600.0


def laminar_field(rng: np.random.Generator, sites: int) -> Knapsack:
    """Sites in zones three levels deep, of which some limit nothing."""
    cap = 50.0 * rng.integers(1, 9, sites)
    leaf = rng.integers(0, 4, sites)
    levels = []
    for zone, zones in ((leaf, 4), (leaf // 2, 2), (np.zeros(sites, np.int64), 1)):
        limits = rng.random(zones) < 0.8
        number = np.cumsum(limits) - 1
        headroom = 50.0 * rng.integers(1, 16 if zones == 4 else 24, int(limits.sum()))
        levels.append((np.where(limits[zone], number[zone], -1), headroom))
    zero = np.zeros(sites)
    return Knapsack(cap, zero, zero, zero, tuple(levels), float(50 * rng.integers(2, 30)), 1, 4)


def size_of(knapsack: Knapsack, sites: tuple[int, ...]) -> float:
    """The most that some campuses have together: zone by zone, the inner ones first."""
    left = {i: {i: float(knapsack.cap[i])} for i in sites}
    parts = [(frozenset([i]), float(knapsack.cap[i])) for i in left]
    for zone, headroom in knapsack.zones:
        inside: dict[int, list[tuple[frozenset[int], float]]] = {}
        free = []
        for members, mw in parts:
            z = int(zone[min(members)])
            if z < 0:
                free.append((members, mw))
            else:
                inside.setdefault(z, []).append((members, mw))
        parts = free + [
            (frozenset().union(*(members for members, _ in of)), min(sum(mw for _, mw in of), head))
            for z, of in inside.items()
            for head in [float(headroom[z])]
        ]
    return sum(mw for _, mw in parts)


@pytest.mark.parametrize("seed", range(40))
def test_what_so_many_campuses_have_at_most(seed):
    """Against every choice of campuses."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 9))
    knapsack = laminar_field(rng, n)
    kept = np.flatnonzero(rng.random(n) < 0.8)
    forced = tuple(int(i) for i in kept[rng.random(len(kept)) < 0.2])
    rows = Rows.of([kept, np.arange(n)])
    choices = {
        k: [c for c in itertools.combinations(kept.tolist(), k) if set(forced) <= set(c)]
        for k in range(len(kept) + 1)
    }
    most = 0.0
    for k in range(len(forced), len(kept) + 1):
        most = max([most, *(size_of(knapsack, choice) for choice in choices[k])])
        found = largest_sizes(
            knapsack, rows, forced=(rows.row == 0) & np.isin(rows.site, forced), campuses=k
        )
        assert found[0] == pytest.approx(most), (k, forced)
    sums = {
        k: max(size_of(knapsack, c) for c in itertools.combinations(range(n), k))
        for k in range(1, n + 1)
    }
    enough = [k for k, mw in sums.items() if mw >= knapsack.target * (1 - 1e-9)]
    expected = min(enough[0], 5) if enough else 5
    assert fewest_campuses(knapsack, rows)[1] == expected


def one_cluster(seed: int) -> Case:
    case = replace(rival_case(seed), sense="maximise_mw").of_clusters(1)
    target = {"target_mw": None, "target_it_mw": None} if seed % 2 else {}
    return replace(case, cluster=case.cluster.model_copy(update=target))


@pytest.fixture
def small(monkeypatch):
    """What is done among many sites is done among few; distances are routed where they can be."""
    monkeypatch.setattr(most_draw, "MANY_SITES", 6)
    monkeypatch.setattr(most_draw, "NEAR_SITES", 2)
    monkeypatch.setattr(cover, "FIRST_SPLITS", 1)
    monkeypatch.setattr(cover, "SPLITS", 1)
    monkeypatch.setattr(sets, "CHUNK_ENTRIES", 20)
    monkeypatch.setattr(most_draw, "CHUNK_ENTRIES", 20)
    monkeypatch.setattr(routed, "FEW_SITES", 0)


def check(seed: int) -> str:
    case = one_cluster(seed)
    plain = solve_monolithic(case, Solver("highs", GAP, 1), Deadline(LONG_S))
    found = solve_one_cluster(case, Solver("highs", GAP, 1), Deadline(LONG_S))
    assert plain.complete
    assert found.complete
    assert found.infeasible == plain.infeasible
    if plain.best is None:
        return "none"
    best_mw = plain.best.objective
    assert found.best is not None
    assert found.best.objective == pytest.approx(best_mw, rel=2 * GAP)
    assert found.bound >= best_mw * (1 - GAP)
    check_bounds(case, plain.best.choice[0], best_mw)
    return case.cluster.network + (" routed" if isinstance(case.reach, RoutedReach) else "")


def check_bounds(case: Case, cluster: tuple[int, ...], draw_mw: float) -> None:
    """No bound of a site or a pair is below a plan that has it."""
    if case.cluster.network != "mesh":
        return
    case = linkable(case)
    origin = order_sites(case)
    ordered = case.take(origin)
    members = np.flatnonzero(np.isin(origin, cluster))
    least_mw = draw_mw * (1 - GAP)
    assert (most_draw._most_around(ordered)[members] >= least_mw).all()
    if isinstance(ordered.reach, RoutedReach):
        assert (most_draw._most_near(ordered)[members] >= least_mw).all()
    kept, bound = most_draw._trim(
        Search(ordered, origin, Solver("highs", GAP, 1), Deadline(LONG_S), None),
        Knapsack.of_draws(ordered),
        int(members[0]),
    )
    assert np.isin(members, kept).all()
    assert -bound >= least_mw
    within = ordered.reach.take(kept).adjacency()
    pairs = most_draw._most_of_pairs(Knapsack.of_draws(ordered).take(kept), within)
    assert (pairs[np.isin(kept, members)] >= least_mw).all()


@pytest.mark.parametrize("seed", range(60))
def test_the_most_draw_is_that_of_the_plain_program(small, seed):
    check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60, 1_000))
def test_the_most_draw_is_that_of_the_plain_program_on_many_more(small, seed):
    check(seed)


def test_the_cases_are_of_every_kind(small):
    kinds = {check(seed) for seed in range(60)}
    assert {"none", "mesh", "mesh routed", "hub", "ring"} <= kinds


def test_sites_that_no_better_plan_has_are_left_out(small):
    """A search that holds the best plan keeps few sites, and says what it left out."""
    left = 0
    for seed in range(60):
        case = linkable(one_cluster(seed))
        if case.cluster.network != "mesh" or required_unusable(case) or required_apart(case):
            continue
        solver = Solver("highs", GAP, 1)
        best = solve_monolithic(case, solver, Deadline(LONG_S)).best
        if best is None:
            continue
        origin = order_sites(case)
        search = Search(case.take(origin), origin, solver, Deadline(LONG_S), None, best)
        few = most_draw._worthwhile(search)
        left += len(origin) - len(few.origin)
        if len(few.origin) < len(origin):
            assert few.ceiling == search.cutoff()
            assert few.proof(math.inf, stopped=False).bound == pytest.approx(best.objective)
    assert left > 100


def test_of_a_kind_the_largest_stay_that_are_apart():
    """Whoever is left out is no larger than one nearby that stays."""
    case, rng = one_cluster(7), np.random.default_rng(0)
    case = case.take(order_sites(case))
    n = len(case.site_ids)
    alike = ("zone", "utility", "region", "area", "pue", "grid_clean_fraction")
    case = replace(
        case,
        lon=-100 + rng.uniform(0, 2, n),
        lat=40 + rng.uniform(0, 1, n),
        required=np.arange(n) == n - 1,
        **{name: np.repeat(getattr(case, name)[:1], n) for name in alike},
    )
    kept = most_draw._largest_of_each_kind(case)
    left_out = np.setdiff1d(np.arange(n), kept)
    assert n - 1 in kept
    assert len(left_out) >= n // 3
    km = great_circle_km(case.lon[:, None], case.lat[:, None], case.lon, case.lat)
    for i in left_out:
        near = kept[km[i, kept] <= most_draw.APART_KM]
        assert case.cap_mw[near].max() >= case.cap_mw[i]
    free = kept[~case.required[kept]]
    assert (km[np.ix_(free, free)][~np.eye(len(free), dtype=bool)] > most_draw.APART_KM).all()
