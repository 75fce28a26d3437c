"""Hub, ring, and the loss of a span: the program against the oracle, and rows found on the way."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cases import random_case
from oracle import best_plan, network_km
from programs import as_lp, problem_and_decisions
from proofs import AGREE, GAP, SETTINGS, check_proof, check_solution
from test_links import ladder

from siting.case import Case
from siting.fiber import Access, FiberGraph, Routes
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation import monolithic as plain
from siting.program.formulation import variables as decisions
from siting.program.formulation.lazy_constraints import close_one_tour, spread_hops, stay_connected
from siting.program.formulation.monolithic import solve_monolithic
from siting.program.formulation.networks import network_km as program_km
from siting.program.formulation.networks import surviving
from siting.program.formulation.tours import shortest_tour
from siting.program.one_cluster import with_cutoff as below
from siting.program.one_cluster.rings import shortest as rings
from siting.program.one_cluster.solve import solve_one_cluster
from siting.program.proof import Proof
from siting.program.sites.presolve import linkable

SOLVER = Solver("highs", GAP, 1)


def check_every_way(case: Case) -> None:
    """``solve``, the plain program and the anchors find the oracle's answer, and prove it."""
    answer = best_plan(case)
    check_solution(case, answer, SETTINGS)
    check_proof(case, answer, solve_monolithic(case, SOLVER, Deadline(60)))
    if case.cluster.count == 1:
        check_proof(case, answer, solve_one_cluster(case, SOLVER, Deadline(60)))


@pytest.mark.parametrize("network", ["hub", "ring"])
@pytest.mark.parametrize("seed", range(200))
def test_network_agrees_with_the_oracle(seed, network):
    check_every_way(random_case(seed, network=network, keep_after_span_loss=None))


@pytest.mark.parametrize("seed", range(500, 560))
def test_a_mesh_that_survives_a_span_agrees_with_the_oracle(seed):
    check_every_way(random_case(seed, keep_after_span_loss=True))


@pytest.mark.slow
@pytest.mark.parametrize("network", ["mesh", "hub", "ring"])
@pytest.mark.parametrize("seed", range(1000, 1500))
def test_network_agrees_with_the_oracle_on_many_more(seed, network):
    check_every_way(random_case(seed, network=network, keep_after_span_loss=None))


def test_random_networks_are_of_every_kind():
    kinds = {}
    for seed in range(120):
        for network in ("mesh", "hub", "ring"):
            case = random_case(seed, network=network, keep_after_span_loss=None)
            found = best_plan(case) is not None
            kind = network, case.sense, case.cluster.keep_after_span_loss, found
            kinds[kind] = kinds.get(kind, 0) + 1
    assert len(kinds) == 3 * 3 * 2 * 2


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("network", ["mesh", "hub", "ring"])
@pytest.mark.parametrize("seed", range(40))
def test_the_network_of_chosen_sites_is_the_oracles(seed, network, keep):
    case = random_case(seed, network=network, keep_after_span_loss=keep)
    case = replace(case, cluster=case.cluster.model_copy(update={"max_ring_km": 1e6}))
    km = case.reach.dense()
    for sites in ((0,), (0, 1), (0, 2, 3), (0, 1, 2, 3)):
        found = program_km(case, np.array(sites), SOLVER)
        known = network_km(case, km, (sites,))
        assert (0.0 if found is None else found[0]) == pytest.approx(known, rel=AGREE)


# --- Rows that are found on the way -------------------------------------------------------------


def chosen(case: Case, hops: dict[tuple[int, int], int]):
    """A solution with all sites as campuses, and some hops."""
    problem, x = problem_and_decisions(case)
    for member in x.member.values():
        member.varValue = 1
    for (i, j, _), hop in x.hop.items():
        hop.varValue = hops.get((i, j), 0)
    return problem, x


def test_two_tours_beside_each_other_are_joined(golden: Callable[[str, str], None], tmp_path: Path):
    case = ladder("ring", min_campuses=2)
    problem, x = chosen(case, {(0, 1): 2, (2, 3): 2})
    close_one_tour(problem, case, x, 0)
    golden("networks/close_one_tour.lp", as_lp(problem, tmp_path))
    anchored = replace(case, required=np.array([True, False, False, False]))
    problem, x = chosen(anchored, {(0, 1): 2, (2, 3): 2})
    close_one_tour(problem, anchored, x, 0)
    golden("networks/close_one_tour_required.lp", as_lp(problem, tmp_path))


def test_one_tour_is_left_alone():
    case = ladder("ring")
    problem, x = chosen(case, {(0, 1): 1, (1, 2): 1, (2, 3): 1, (0, 3): 1})
    close_one_tour(problem, case, x, 0)
    spread_hops(problem, case.routes, x, 0)
    assert problem.numConstraints() == 0


def test_hops_along_one_span_are_spread(golden: Callable[[str, str], None], tmp_path: Path):
    case = ladder("ring", keep_after_span_loss=True)
    # Both diagonals go around by two sides.
    problem, x = chosen(case, {(0, 2): 1, (1, 2): 1, (1, 3): 1, (0, 3): 1})
    spread_hops(problem, case.routes, x, 0)
    golden("networks/spread_hops.lp", as_lp(problem, tmp_path))


def test_campuses_that_a_span_cuts_off_get_a_way_out(
    golden: Callable[[str, str], None], tmp_path: Path
):
    case = ladder(keep_after_span_loss=True, min_campuses=2)
    problem, x = chosen(case, {})
    # Of the four only a and b: their link is lost with the side between them.
    for (i, _), member in x.member.items():
        member.varValue = int(i < 2)
    stay_connected(problem, case, x, 0)
    golden("networks/stay_connected.lp", as_lp(problem, tmp_path))


# --- Parts of a graph and tours -----------------------------------------------------------------


def graph_of(spans: list[tuple[int, int]], nodes: int, km: list[float] | None = None) -> FiberGraph:
    return FiberGraph.from_spans(
        ids=[f"s{k:02d}" for k in range(len(spans))],
        start=[a for a, _ in spans],
        end=[b for _, b in spans],
        km=km or [1.0] * len(spans),
        node_ids=[f"n{n:02d}" for n in range(nodes)],
        node_lon=np.arange(nodes, dtype=float),
        node_lat=np.zeros(nodes),
    )


@pytest.mark.parametrize("seed", range(30))
def test_blocks_are_what_no_span_can_cut(seed):
    rng = np.random.default_rng(seed)
    nodes = 12
    spans = sorted({tuple(sorted(rng.choice(nodes, 2, replace=False))) for _ in range(14)})
    block = graph_of(spans, nodes).block
    # Two nodes are of one block if no one span's loss parts them.
    together = np.ones((nodes, nodes), bool)
    for lost in (None, *spans):
        part = graph_of([span for span in spans if span != lost], nodes).component
        together &= part[:, None] == part
    assert ((block[:, None] == block) == together).all()


def test_what_a_span_leaves_keeps_the_required_site():
    # Two pairs of sites, three spans in a row; the loss of the middle one leaves two halves.
    case = ladder(keep_after_span_loss=True, min_campuses=1)
    graph = graph_of([(0, 1), (1, 2), (2, 3), (0, 3)], 4, [1.0, 1.0, 1.0, 900.0])
    # The last two join at one node, so no span's loss parts them.
    case = replace(case, routes=Routes(graph, Access(np.array([0, 1, 3, 3]), np.zeros(4))))
    assert surviving(case, (0, 1, 2, 3)) == (2, 3)
    first = np.arange(4) == 0
    assert surviving(replace(case, required=first), (0, 1, 2, 3)) == (0,)
    assert surviving(replace(case, required=first | first[::-1]), (0, 1, 2, 3)) == (0, 1, 2, 3)


@pytest.fixture
def solved(monkeypatch) -> list[Case]:
    """The cases that are solved below a cutoff, one after the other."""
    cases: list[Case] = []
    solve_one = below._solve_with_cutoff

    def noted(case: Case, *rest, **more) -> Proof:
        cases.append(case)
        return solve_one(case, *rest, **more)

    monkeypatch.setattr(below, "_solve_with_cutoff", noted)
    return cases


def test_clusters_that_survive_a_span_are_sought_among_all(solved):
    steps = set()
    for seed in range(400, 520):
        case = linkable(random_case(seed, keep_after_span_loss=True, count=1))
        solved.clear()
        check_proof(
            case, best_plan(case), below.solve_with_cutoff(case, SOLVER, Deadline(60), math.inf)
        )
        if not solved[0].cluster.keep_after_span_loss:
            assert all(one.cluster.keep_after_span_loss for one in solved[1:])
            steps.add(len(solved))
    assert steps == {1, 3}


def test_a_site_that_a_span_cuts_off_is_exchanged_for_one_of_its_kind(solved):
    # A triangle of fiber, and a node beyond it whose other span is a detour.
    spans = [(0, 1), (1, 2), (2, 0), (0, 3), (2, 3)]
    graph = graph_of(spans, 4, [10.0, 10.0, 10.0, 10.0, 900.0])
    case = replace(
        ladder(keep_after_span_loss=True, min_campuses=3, target_mw=300.0),
        sense="maximise_mw",
        # The first site and the last are of one zone, which holds one campus.
        zone=np.array([0, 1, 2, 0]),
        zone_ids=("x", "y", "z"),
        zone_utility=("u", "u", "u"),
        headroom_mw=np.full(3, 100.0),
        parent=np.full(3, -1),
        routes=Routes(graph, Access(np.array([3, 0, 1, 2]), np.zeros(4))),
    )
    proof = below.solve_with_cutoff(case, SOLVER, Deadline(60), math.inf)
    assert proof.complete
    assert proof.best.choice == ((1, 2, 3),)
    assert [one.cluster.keep_after_span_loss for one in solved] == [False, True]


def test_a_bridge_keeps_sites_apart():
    case = random_case(3, network="mesh", keep_after_span_loss=True)
    assert linkable(case).reach.pairs <= case.reach.pairs
    off = replace(case, cluster=case.cluster.model_copy(update={"keep_after_span_loss": False}))
    assert linkable(off) is off


@pytest.mark.parametrize("n", [1, 2, 3, 6, 12])
def test_a_tour_of_places_on_a_circle_goes_around(n):
    angle = np.random.default_rng(n).permutation(n) * 2 * np.pi / max(n, 1)
    x, y = np.cos(angle), np.sin(angle)
    km = np.hypot(x[:, None] - x, y[:, None] - y)
    tour = shortest_tour(km, SOLVER, Deadline(60))
    assert sorted(tour) == list(range(n))
    around = np.argsort(angle)
    length = sum(km[a, b] for a, b in zip(tour, np.roll(tour, -1), strict=True))
    assert length == pytest.approx(km[around, np.roll(around, -1)].sum())


def test_there_is_no_tour_over_a_gap():
    km = np.full((4, 4), np.inf)
    km[0, 1] = km[1, 0] = km[2, 3] = km[3, 2] = 1.0
    assert shortest_tour(km, SOLVER, Deadline(60)) is None


@pytest.mark.parametrize("seed", range(200, 260))
def test_rings_without_hops_and_with_cuts_agree_with_the_oracle(seed, monkeypatch):
    """What is done for many sites only, done for few: tours found afterwards, relaxations cut."""
    monkeypatch.setattr(decisions, "HOP_SITES", 0)
    monkeypatch.setattr(plain, "SMALL_RING", 0)
    monkeypatch.setattr(rings, "NEAREST", 3)
    check_every_way(random_case(seed, network="ring", keep_after_span_loss=None))
