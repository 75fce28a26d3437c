"""The decomposition against the plain program, on dozens of sites of the US."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from dozens import dozens_of_sites, section, us_case

from siting.case import Case
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation import monolithic as plain
from siting.program.formulation.monolithic import solve_monolithic
from siting.program.one_cluster import best_first as search
from siting.program.one_cluster.merged_neighbourhoods import Group, group_by_sites
from siting.program.one_cluster.solve import solve_one_cluster
from siting.program.one_cluster.with_cutoff import solve_with_cutoff
from siting.program.proof import Proof

GAP = 1e-6
SENSES = ("minimise_cost", "maximise_mw", "minimise_fiber_km")


def without_options(case: Case) -> Case:
    return section(case, "clean", min_fraction=0.0)


def with_required(case: Case) -> Case:
    """The two sites that are the farthest apart within reach are required."""
    km = np.where(case.reach.dense() <= case.cluster.max_fiber_km, case.reach.dense(), -1)
    pair = np.unravel_index(np.argmax(km), km.shape)
    return replace(case, required=np.isin(np.arange(len(case.site_ids)), pair))


OPTIONS: dict[str, Callable[[Case], Case]] = {
    "none": without_options,
    "module_mw": lambda c: section(without_options(c), "campus", module_mw=150.0),
    "larger min_mw": lambda c: section(without_options(c), "campus", min_mw=700.0),
    "smaller max_mw": lambda c: section(without_options(c), "campus", max_mw=900.0),
    "target_it_mw": lambda c: section(
        without_options(c), "cluster", target_mw=None, target_it_mw=3400.0
    ),
    "min_campuses": lambda c: section(without_options(c), "cluster", min_campuses=5),
    "max_campuses": lambda c: section(without_options(c), "cluster", max_campuses=3),
    "max_fiber_km": lambda c: replace(
        section(without_options(c), "cluster", max_fiber_km=150.0), reach=c.reach.within(150.0)
    ),
    "min_utilities": lambda c: section(without_options(c), "cluster", min_utilities=4),
    "max_utility_fraction": lambda c: section(
        without_options(c), "cluster", max_utility_fraction=0.4
    ),
    "min_regions": lambda c: section(without_options(c), "cluster", min_regions=3),
    "keep_after_campus_loss": lambda c: section(
        without_options(c), "cluster", keep_after_campus_loss=0.75
    ),
    "keep_after_utility_loss": lambda c: section(
        without_options(c), "cluster", keep_after_utility_loss=0.6
    ),
    "clean": lambda c: section(c, "clean", min_fraction=0.9),
    "clean without the mix": lambda c: section(
        replace(c, grid_clean_fraction=np.zeros_like(c.pue)),
        "clean",
        min_fraction=0.4,
        count_grid_mix=False,
    ),
    "clean from anywhere": lambda c: section(
        replace(c, area=np.zeros_like(c.area), supply_area=np.zeros_like(c.supply_area)),
        "clean",
        min_fraction=0.9,
        deliver_within="anywhere",
    ),
    "less headroom": lambda c: replace(without_options(c), headroom_mw=0.6 * c.headroom_mw),
    "required sites": lambda c: with_required(without_options(c)),
    "no target": lambda c: section(without_options(c), "cluster", target_mw=None),
}


def asks(option: str, sense: str) -> bool:
    """Whether a sense goes with an option: only the most MW need no target."""
    return option != "no target" or sense == "maximise_mw"


COMBINATIONS = [(s, o) for s in SENSES for o in OPTIONS if asks(o, s)]


@functools.cache
def proof_of(way: Callable[..., Proof], seed: int, sites: int, sense: str, option: str) -> Proof:
    case = replace(OPTIONS[option](dozens_of_sites(seed, sites)), sense=sense)
    return way(case, Solver("highs", GAP, 1), Deadline(120))


def solve_together(case: Case, solver: Solver, deadline: Deadline) -> Proof:
    """The programs of all anchors in batches from the first one on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "ALONE", 0)
        return solve_one_cluster(case, solver, deadline)


def check_agreement(
    seed: int, sites: int, sense: str, option: str, way: Callable[..., Proof] = solve_one_cluster
) -> None:
    plain = proof_of(solve_monolithic, seed, sites, sense, option)
    found = proof_of(way, seed, sites, sense, option)
    assert plain.complete
    assert found.complete
    assert found.infeasible == plain.infeasible
    if plain.infeasible:
        assert found.best is None
        return
    assert found.best is not None
    assert plain.best is not None
    same = functools.partial(math.isclose, rel_tol=2 * GAP, abs_tol=1e-6)
    assert same(found.best.objective, plain.best.objective)
    assert same(found.bound, plain.best.objective)


@pytest.mark.parametrize(("sense", "option"), COMBINATIONS)
def test_decomposition_agrees_with_the_plain_program(sense, option):
    check_agreement(1, 40, sense, option)


@pytest.mark.parametrize("sense", SENSES)
def test_decomposition_agrees_with_the_plain_program_on_more_sites(sense):
    check_agreement(2, 60, sense, "none")


@pytest.mark.parametrize(("sense", "option"), COMBINATIONS)
def test_batches_agree_with_the_plain_program(sense, option):
    check_agreement(1, 40, sense, option, solve_together)


@pytest.mark.parametrize("sense", SENSES)
def test_the_number_of_threads_does_not_change_the_plan(sense):
    case = replace(without_options(dozens_of_sites(4, 60)), sense=sense)
    one, many = (solve_together(case, Solver("highs", 1e-3, n), Deadline(120)) for n in (1, 3))
    assert one.best is not None
    assert one == many


@pytest.mark.parametrize("sense", ["minimise_cost", "maximise_mw"])
def test_a_ring_of_the_us_is_proven_by_meshes(sense):
    """Its tour is short enough, and it is within the gap of the mesh that holds every such ring."""
    case = replace(section(us_case(), "cluster", network="ring", max_ring_km=1000), sense=sense)
    solver = Solver("highs", 1e-3, 1)
    ring = solve_one_cluster(case, solver, Deadline(120))
    assert ring.complete
    assert ring.best is not None
    sites = np.array(ring.best.choice[0])
    km = case.reach.take(sites).dense()
    assert km.max() <= case.reach.limit_km
    tours = (np.array((0, *order, 0)) for order in itertools.permutations(range(1, len(sites))))
    assert min(km[tour[:-1], tour[1:]].sum() for tour in tours) <= 1000
    mesh = solve_one_cluster(section(case, "cluster", network="mesh"), solver, Deadline(120))
    assert mesh.best is not None
    assert ring.bound == pytest.approx(mesh.bound, rel=1e-3)
    sign = -1 if sense == "maximise_mw" else 1
    assert sign * ring.best.objective >= sign * mesh.bound - 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("sense", ["minimise_cost", "maximise_mw"])
@pytest.mark.parametrize("ring_km", [2500, 5000])
def test_a_ring_of_many_hops_in_the_us_is_proven(sense, ring_km):
    case = replace(section(us_case(), "cluster", network="ring", max_ring_km=ring_km), sense=sense)
    ring = solve_one_cluster(case, Solver("highs", 1e-3, 1), Deadline(300))
    assert ring.complete
    assert ring.best is not None
    (tour,) = ring.best.tours
    km = case.reach.take(np.array(tour)).dense()
    hops = [km[a, (a + 1) % len(tour)] for a in range(len(tour))]
    assert max(hops) <= case.reach.limit_km
    assert sum(hops) <= ring_km
    # It is no worse than what a search without the tree had found.
    found = {"minimise_cost": 8029.2, "maximise_mw": {2500: 14338.0, 5000: 15316.0}[ring_km]}[sense]
    sign = -1 if sense == "maximise_mw" else 1
    assert sign * ring.best.objective <= sign * found * (1 + sign * 1e-3)
    assert sign * ring.bound <= sign * ring.best.objective


@pytest.mark.parametrize("sense", SENSES)
def test_a_search_starts_with_a_plan(sense):
    case = replace(without_options(dozens_of_sites(2, 60)), sense=sense)
    solver = Solver("highs", GAP, 1)
    best = solve_one_cluster(case, solver, Deadline(120)).best
    some = solve_one_cluster(case, replace(solver, gap=0.2), Deadline(120)).best
    again = solve_one_cluster(case, solver, Deadline(120), start=some)
    assert math.isclose(again.best.objective, best.objective, rel_tol=2 * GAP)
    # No plan is better, so the one that was there stays.
    same = solve_one_cluster(case, solver, Deadline(120), start=best)
    assert same.best is best
    assert same.complete


def test_no_neighbourhood_is_looked_at_when_the_time_is_over():
    case = without_options(dozens_of_sites(2, 60))
    looked = search.Search(case, np.arange(60), Solver("highs", GAP, 2), Deadline(0), None)
    taken = [(h, 100.0 - h) for h in range(9)]
    assert looked.solve_together(taken, lambda h: pytest.fail(f"trimmed {h}")) == 92.0


def test_what_was_not_looked_at_is_not_proven_when_the_search_goes_on():
    case = without_options(dozens_of_sites(2, 60))
    asked = iter([True])
    deadline = Deadline(120, lambda: next(asked, False))
    looked = search.Search(case, np.arange(60), Solver("highs", GAP, 1), deadline, None)
    # The first is skipped, as the user seems to stop; the others would prove that there is nothing.
    alone = [(h, 100.0 - h) for h in range(3)]
    assert looked.solve_together(alone, lambda h: (np.array([h]), math.inf)) == 98.0


def test_no_program_is_written_when_the_time_is_over(monkeypatch):
    case = without_options(dozens_of_sites(2, 60))
    monkeypatch.setattr(plain, "build", lambda *_, **__: pytest.fail("a program was written"))
    for sense, bound in (("minimise_cost", -math.inf), ("maximise_mw", math.inf)):
        asked = replace(case, sense=sense)
        proof = solve_with_cutoff(asked, Solver("highs", GAP, 1), Deadline(0), math.inf)
        assert proof == Proof(None, bound, infeasible=False, complete=False)


def test_anchors_are_joined_where_they_share_half_of_their_sites():
    def alone(h: int, first: int, last: int) -> Group:
        return Group((h,), np.arange(first, last), -float(h))

    groups = group_by_sites([alone(0, 0, 10), alone(1, 4, 14), alone(2, 13, 23)], 14)
    assert [group.anchors for group in groups] == [(0, 1), (2,)]
    assert groups[0].sites.tolist() == list(range(14))
    assert groups[0].bound == -1.0
    # One site more would be too many for a program.
    assert len(group_by_sites([alone(0, 0, 10), alone(1, 4, 14)], 13)) == 2


@pytest.mark.slow
@pytest.mark.parametrize(("sense", "option"), COMBINATIONS)
@pytest.mark.parametrize(("seed", "sites"), [(2, 60), (3, 50), (4, 45), (5, 55)])
def test_decomposition_agrees_with_the_plain_program_on_other_sites(seed, sites, sense, option):
    check_agreement(seed, sites, sense, option)
