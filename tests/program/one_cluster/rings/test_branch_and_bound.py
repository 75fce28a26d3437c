"""The tree of rings against brute force: its walks, its penalties, and the rings that it finds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from cases import random_case
from oracle import best_plan
from proofs import GAP, check_proof
from ring_cases import ring_case
from scipy.optimize import linprog

from siting.case import Case
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.one_cluster.best_first import Search
from siting.program.one_cluster.rings import branch_and_bound as ring_tree
from siting.program.one_cluster.rings.branch_and_bound import best_ring
from siting.program.one_cluster.rings.penalties import Penalty, penalties_of_cost, penalties_of_draw
from siting.program.one_cluster.rings.walk_relaxation import closed, shortest_through, walks
from siting.program.one_cluster.solve import solve_one_cluster
from siting.program.proof import Proof
from siting.program.relaxations.knapsack import Knapsack
from siting.program.sites.neighbourhoods import order_sites
from siting.program.sites.presolve import linkable, required_unusable

SOLVER = Solver("highs", GAP, 1)


def prove_by_tree(case: Case) -> Proof:
    """What the tree alone proves, without any ring to begin with."""
    case = linkable(case)
    if required_unusable(case):
        return Proof(None, math.inf, infeasible=True, complete=True)
    origin = order_sites(case)
    search = Search(case.take(origin), origin, SOLVER, Deadline(60), None)
    if len(origin) == 0:
        return search.proof(math.inf, stopped=False)
    return best_ring(search)


WAYS: dict[str, dict[str, int]] = {
    "as it is": {},
    "down to single sites": {"FEW_SITES": 0},
    "few places": {"FEW_SITES": 0, "PLACES": 3},
    "few stops": {"FEW_SITES": 0, "MOST_STOPS": 2, "MOST_HOPS": 1, "TOUR_SITES": 4},
}
"""The tree as it is, and with what is done for many sites only done for few."""


@pytest.fixture(params=list(WAYS))
def way(request, monkeypatch):
    for name, value in WAYS[request.param].items():
        monkeypatch.setattr(ring_tree, name, value)


def check_tree(seed: int, sense: str) -> None:
    case = random_case(seed, network="ring", count=1, keep_after_span_loss=None)
    case = replace(case, sense=sense)
    check_proof(case, best_plan(case), prove_by_tree(case))


@pytest.mark.parametrize("sense", ["minimise_cost", "maximise_mw"])
@pytest.mark.parametrize("seed", range(30))
def test_the_tree_finds_the_best_ring(seed, sense, way):
    check_tree(seed, sense)


@pytest.mark.slow
@pytest.mark.parametrize("sense", ["minimise_cost", "maximise_mw"])
@pytest.mark.parametrize("seed", range(30, 300))
def test_the_tree_finds_the_best_ring_in_many_more(seed, sense, way):
    check_tree(seed, sense)


def check_after_meshes(seed: int, sense: str) -> None:
    case = random_case(seed, network="ring", count=1, keep_after_span_loss=None)
    case = replace(case, sense=sense)
    check_proof(case, best_plan(case), solve_one_cluster(case, SOLVER, Deadline(60)))


@pytest.mark.parametrize("sense", ["minimise_cost", "maximise_mw"])
@pytest.mark.parametrize("seed", range(300, 360))
def test_a_ring_to_begin_with_leaves_the_best_one(seed, sense, monkeypatch):
    """With the bound of meshes and a ring, so that rings nearly as good as the bound come first."""
    monkeypatch.setattr(ring_tree, "FEW_SITES", 0)
    check_after_meshes(seed, sense)


@pytest.mark.slow
@pytest.mark.parametrize("sense", ["minimise_cost", "maximise_mw"])
@pytest.mark.parametrize("seed", range(360, 700))
def test_a_ring_to_begin_with_leaves_the_best_one_of_many_more(seed, sense, monkeypatch):
    monkeypatch.setattr(ring_tree, "FEW_SITES", 0)
    check_after_meshes(seed, sense)


@pytest.mark.parametrize("sense", ["minimise_cost", "maximise_mw"])
@pytest.mark.parametrize("seed", range(30))
def test_the_tree_finds_the_best_ring_where_nothing_else_is_asked(seed, sense, way):
    """Where bounds leave no rule out, so that they matter most."""
    case = ring_case(seed, sense)
    check_proof(case, best_plan(case), prove_by_tree(case))


# --------------------------------------------------------------------------------- walks


def closed_walks(km: np.ndarray, most: int) -> Iterator[tuple[tuple[int, ...], float]]:
    """All closed walks of so many hops or fewer, from each of their places, and their lengths."""
    for hops in range(1, most + 1):
        for walk in itertools.product(range(len(km)), repeat=hops):
            length = sum(km[a, b] for a, b in zip(walk, (*walk[1:], walk[0]), strict=True))
            if math.isfinite(length):
                yield walk, length


def hops_between(rng: np.random.Generator, n: int) -> np.ndarray:
    """Kilometres between points in a square, without the long ones; some are places of several."""
    x, y = rng.random((2, n)) * 100
    km = np.hypot(x[:, None] - x, y[:, None] - y)
    km[km > rng.uniform(40, 120)] = np.inf
    np.fill_diagonal(km, np.where(rng.random(n) < 0.3, 0.0, np.inf))
    return km


@pytest.mark.parametrize("seed", range(25))
def test_closed_walks_against_all_of_them(seed):
    rng = np.random.default_rng(seed)
    n, stops = 5, int(rng.integers(1, 4))
    more = int(rng.integers(0, 6 - stops))
    km = hops_between(rng, n)
    passing = np.round(rng.uniform(0, 10, (2, n)))
    per_km = np.array([0.0, 0.1])
    at = [np.array([i]) for i in rng.integers(0, n, stops).tolist()]
    found = walks(km, passing, per_km, at, more)
    all_stops, with_each, at_each = closed(found, at, passing)
    for layer in range(2):
        best, best_with, best_at = math.inf, np.full(n, math.inf), np.full((stops, n), math.inf)
        for walk, length in closed_walks(km, stops + more):
            penalty = length * per_km[layer] + passing[layer][list(walk)].sum()
            for served in itertools.permutations(range(len(walk)), stops):
                places = [walk[v] for v in served]
                paid = penalty - passing[layer][places].sum()
                moved = [s for s in range(stops) if places[s] != at[s][0]]
                if len(moved) == 1:
                    s = moved[0]
                    best_at[s, places[s]] = min(best_at[s, places[s]], paid)
                if moved:
                    continue
                best = min(best, paid)
                for s in range(stops):
                    best_at[s, at[s][0]] = min(best_at[s, at[s][0]], paid)
                for v in set(range(len(walk))) - set(served):
                    best_with[walk[v]] = min(best_with[walk[v]], paid)
        if stops > 1:
            assert all_stops[layer] == pytest.approx(best)
            np.testing.assert_allclose(at_each[layer], best_at)
        np.testing.assert_allclose(with_each[layer], best_with)


@pytest.mark.parametrize("seed", range(15))
def test_a_stop_may_be_at_any_of_its_places(seed):
    rng = np.random.default_rng(seed)
    n, more = 8, int(rng.integers(0, 2))
    km = hops_between(rng, n)
    passing = np.round(rng.uniform(0, 10, (1, n)))
    per_km = np.array([1.0])
    at = [np.array([0, 1]), np.array([2, 3, 4]), np.array([5])]
    all_stops, with_each, at_each = closed(walks(km, passing, per_km, at, more), at, passing)
    for chosen in itertools.product(*(places.tolist() for places in at)):
        single = [np.array([i]) for i in chosen]
        one, each, _ = closed(walks(km, passing, per_km, single, more), single, passing)
        assert all_stops[0] <= one[0] + 1e-9
        assert np.all(with_each <= each + 1e-9)
        for s, i in enumerate(chosen):
            assert at_each[0, s, i] <= one[0] + 1e-9


@pytest.mark.parametrize("seed", range(10))
def test_walks_of_any_number_of_hops_are_those_of_many(seed):
    rng = np.random.default_rng(seed)
    km = hops_between(rng, 9)
    paid = (np.round(rng.uniform(0, 10, (2, 9))), np.array([0.0, 1.0]))
    at = [np.array([0, 1]), np.array([2])]
    np.testing.assert_allclose(walks(km, *paid, at, None)[0], walks(km, *paid, at, 12)[-1])


@pytest.mark.parametrize("seed", range(40))
def test_the_shortest_tour_through_areas_against_all(seed):
    rng = np.random.default_rng(seed)
    n = 8
    x, y = rng.random((2, n)) * 100
    whole = np.hypot(x[:, None] - x, y[:, None] - y)
    hop_km = rng.uniform(30, 150)
    km = np.where(whole <= hop_km, whole, np.inf)
    np.fill_diagonal(km, np.inf)
    area = rng.integers(0, 3, n)
    areas = [a for a in (np.flatnonzero(area == c) for c in range(3)) if len(a)]
    asked = [int(rng.integers(1, min(2, len(a)) + 1)) for a in areas]
    # It may pass a site twice, but not at once.
    choices = [itertools.product(a.tolist(), repeat=q) for a, q in zip(areas, asked, strict=True)]
    lengths = [
        sum(km[a, b] for a, b in zip(order, (*order[1:], order[0]), strict=True))
        for sites in itertools.product(*choices)
        for order in itertools.permutations([i for group in sites for i in group])
    ]
    shortest = min(lengths) if sum(asked) > 1 else 0.0
    for limit_km in (shortest * 0.999, shortest * 1.001, 1e6):
        tour = shortest_through(km, areas, asked, hop_km=hop_km, limit_km=limit_km)
        if not math.isfinite(shortest) or shortest > limit_km:
            assert tour is None
            continue
        if len(tour) > 1:
            length = sum(km[a, b] for a, b in zip(tour, (*tour[1:], tour[0]), strict=True))
            assert length == pytest.approx(shortest)
        assert [sum(i in a for i in tour) for a in areas] == asked


# --------------------------------------------------------------------------------- penalties


def random_field(rng: np.random.Generator, n: int) -> Knapsack:
    """Sites of few caps in nested zones that hold less than they."""
    leaf = rng.integers(-1, 3, n)
    top = np.where(leaf >= 0, np.array([0, 0, -1])[leaf], -1)
    return Knapsack(
        cap=rng.choice([100.0, 200.0, 300.0], n),
        least=np.full(n, 50.0),
        fixed=rng.choice([5.0, 8.0], n),
        unit=rng.choice([1.0, 1.2, 1.5], n) / 10,
        zones=(
            (leaf, rng.choice([150.0, 250.0, 420.0], 3)),
            (top, rng.choice([300.0, 500.0], 1)),
        ),
        target=float(rng.choice([200.0, 350.0])),
        min_campuses=1,
        max_campuses=n,
    )


def plan_of(knapsack: Knapsack, sites: tuple[int, ...], *, draw: bool) -> float:
    """Least cost, or most draw as a cost, of some campuses, by linear programming."""
    held = [
        (np.array([zone[i] == z for i in sites], float), headroom[z])
        for zone, headroom in knapsack.zones
        for z in range(len(headroom))
    ]
    rows, limits = [row for row, _ in held], [limit for _, limit in held]
    if not draw:
        rows.append(-np.ones(len(sites)))
        limits.append(-knapsack.target)
    chosen = list(sites)
    found = linprog(
        -np.ones(len(sites)) if draw else knapsack.unit[chosen],
        A_ub=np.array(rows),
        b_ub=limits,
        # The most draw leaves the least size of a campus out, as the bound does.
        bounds=[(0.0 if draw else knapsack.least[i], knapsack.cap[i]) for i in sites],
    )
    if found.status != 0:
        return math.inf
    return float(found.fun) if draw else float(found.fun + knapsack.fixed[chosen].sum())


def worst_claim(penalty: Penalty, area: np.ndarray, asked: tuple[int, ...], sites: tuple[int, ...]):
    """The most that penalties claim of some campuses, whichever of them are those asked for."""
    claims = []
    of_area = [[i for i in sites if area[i] == a] for a in range(len(asked))]
    for stand in itertools.product(
        *(itertools.combinations(s, q) for s, q in zip(of_area, asked, strict=True))
    ):
        at_stops = {i for group in stand for i in group}
        passed = sum(penalty.passing[i] for i in sites if i not in at_stops)
        claims.append(penalty.least + float(np.dot(penalty.stopping, asked)) + passed)
        claims += [penalty.least + penalty.staying[i] for i in at_stops]
    return max(claims)


@pytest.mark.parametrize("draw", [False, True])
@pytest.mark.parametrize("seed", range(60))
def test_penalties_never_claim_more_than_a_plan(seed, draw):
    rng = np.random.default_rng(seed)
    n, campuses = 7, int(rng.integers(1, 5))
    knapsack = random_field(rng, n)
    # Areas within one zone each.
    area = np.full(n, -1)
    leaf = knapsack.zones[0][0]
    for a, zone in enumerate(rng.permutation(3)[: rng.integers(0, 3)].tolist()):
        area[(leaf == zone) & (rng.random(n) < 0.7)] = a
    numbers = np.unique(area[area >= 0])
    area = np.where(area >= 0, np.searchsorted(numbers, area), -1)
    asked = tuple(int(rng.integers(1, (area == a).sum() + 1)) for a in range(len(numbers)))
    if sum(asked) > campuses:
        asked, area = (), np.full(n, -1)
    make = penalties_of_draw if draw else penalties_of_cost
    penalties = make(knapsack, campuses, area, asked)
    plans = 0
    for sites in itertools.combinations(range(n), campuses):
        if any(sum(area[i] == a for i in sites) < q for a, q in enumerate(asked)):
            continue
        value = plan_of(knapsack, sites, draw=draw)
        if not math.isfinite(value):
            continue
        plans += 1
        for penalty in penalties:
            assert worst_claim(penalty, area, asked, sites) <= value + 1e-6
    assert plans == 0 or penalties
