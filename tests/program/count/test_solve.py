"""The most clusters against brute force: all ways of giving sites to clusters, and all numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from most import HIGHS, NETWORKS, small, tight, true_most
from oracle import best_plan, plan_of

import siting
from siting.audit import audit
from siting.case import Case
from siting.errors import AuditError, InfeasibleError
from siting.program.backends.deadline import Deadline
from siting.program.count import solve as most_module
from siting.program.count.solve import find_most
from siting.program.formulation import monolithic
from siting.program.proof import Proof
from siting.program.relaxations.region_milp import first_groups, most_clusters, order_by_place
from siting.program.solve import solution_of, solve
from siting.report.text import describe_plan


def check_plan(case: Case, found: most_module.Most) -> None:
    """The plan found is audited as the answer to its own number of clusters."""
    assert found.plan is not None
    asked = case.of_clusters(found.found)
    proof = Proof(found.plan, found.plan.objective, infeasible=False, complete=True)
    solution = solution_of(asked, proof, "highs", "1")
    audit(asked, plan_of(asked, solution))


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("seed", range(16))
def test_number_is_that_of_brute_force(seed, network):
    case = small(seed, network=network)
    found = find_most(case, HIGHS, Deadline(60))
    assert (found.found, found.at_most) == (true_most(case),) * 2
    if found.found:
        check_plan(case, found)


@pytest.mark.parametrize("only", ["min_fraction", "require_sites", "module_mw"])
@pytest.mark.parametrize("seed", range(100, 106))
def test_number_is_that_of_brute_force_with_an_option(seed, only):
    case = small(seed, only=only)
    found = find_most(case, HIGHS, Deadline(60))
    assert (found.found, found.at_most) == (true_most(case),) * 2


@pytest.fixture
def only_filling(monkeypatch):
    """Small cases take the way of large ones, without the plain program."""
    monkeypatch.setattr(most_module, "MONOLITHIC_SITES", 0)
    monkeypatch.setattr(monolithic, "MONOLITHIC_ENTRIES", 0)


def check_filling(case: Case) -> tuple[int, int, int]:
    """Number found, true number and bound, which must be in this order."""
    found, true = find_most(case, HIGHS, Deadline(60)), true_most(case)
    assert found.found <= true <= found.at_most
    if found.found:
        check_plan(case, found)
    return found.found, true, found.at_most


@pytest.mark.usefixtures("only_filling")
@pytest.mark.parametrize("network", NETWORKS)
def test_filling_brackets_the_number_of_brute_force(network):
    answers = [check_filling(small(seed, network=network)) for seed in range(200, 212)]
    # Not only brackets: most numbers are found, and most bounds are sharp.
    assert sum(found == true for found, true, _ in answers) >= 0.9 * len(answers)
    assert sum(bound == true for _, true, bound in answers) >= 0.5 * len(answers)
    assert max(true for _, true, _ in answers) >= 3


@pytest.mark.usefixtures("only_filling")
@pytest.mark.parametrize(
    "only", ["min_fraction", "max_utility_fraction", "keep_after_utility_loss"]
)
def test_filling_brackets_the_number_with_an_option(only):
    for seed in range(300, 304):
        check_filling(small(seed, only=only))


@pytest.mark.slow
@pytest.mark.usefixtures("only_filling")
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("seed", range(1_000, 1_200))
def test_filling_brackets_the_number_of_many_more(seed, network):
    check_filling(small(seed, network=network))


@pytest.mark.parametrize(
    ("headroom_mw", "number"), [(1_000.0, 5), (999.9, 4), (200.0, 1), (199.9, 0), (1e6, 5)]
)
@pytest.mark.parametrize("plain", [True, False])
def test_number_where_it_can_be_counted(headroom_mw, number, plain, monkeypatch):
    # Ten sites of 100 MW make five clusters of 200 MW, if the zone has the headroom.
    if not plain:
        monkeypatch.setattr(most_module, "MONOLITHIC_SITES", 0)
        monkeypatch.setattr(monolithic, "MONOLITHIC_ENTRIES", 0)
    found = find_most(tight(10, headroom_mw), HIGHS, Deadline(60))
    assert (found.found, found.at_most) == (number, number)


def test_required_sites_may_need_more_clusters_than_one():
    # Two required sites out of reach of each other: no plan of one cluster, but one of two.
    case = tight(8, 1e6)
    km = np.full((8, 8), np.inf)
    km[:4, :4] = km[4:, 4:] = 0.0
    required = np.isin(np.arange(8), [0, 7])
    case = replace(case, reach=type(case.reach).from_dense(km, 100.0), required=required)
    found = find_most(case, HIGHS, Deadline(60))
    assert (found.found, found.at_most) == (4, 4)
    assert best_plan(case.of_clusters(1)) is None


@pytest.mark.parametrize("sense", ["minimise_cost", "maximise_mw", "minimise_fiber_km"])
@pytest.mark.parametrize("seed", range(400, 406))
def test_plan_is_the_best_of_its_number(seed, sense):
    case = small(seed, sense=sense, most_sites=6)
    true = true_most(case)
    if true == 0:
        with pytest.raises(InfeasibleError, match="no plan"):
            solve(case)
        return
    solution = solve(case)
    best = best_plan(case.of_clusters(true))
    assert best is not None
    assert (len(solution.draw_mw), solution.most_clusters) == (true, true)
    assert solution.objective == pytest.approx(best.objective, rel=1e-3)
    assert solution.status == "optimal"
    audit(case, plan_of(case, solution), gap_asked=1e-3)


def test_bound_of_no_time_holds():
    for seed in range(10):
        case = small(seed)
        found = find_most(case, HIGHS, Deadline(0))
        assert found.found <= true_most(case) <= found.at_most


def test_smaller_groups_never_raise_the_bound():
    for seed in range(500, 510):
        case = small(seed).of_clusters(1)
        free = replace(case, required=np.zeros_like(case.required))
        free = free.take(order_by_place(free))
        if len(free.site_ids) == 0:
            continue
        bounds = [
            most_clusters(free, first_groups(free), Deadline(60), rounds=rounds)
            for rounds in range(4)
        ]
        assert bounds == sorted(bounds, reverse=True)


@pytest.fixture(scope="module")
def plan():
    changes = {"cluster.count": "most", "cluster.target_mw": 300, "cluster.min_campuses": 1}
    return siting.solve(siting.read_model("two_utilities", set=changes))


def test_plan_states_what_is_proven_of_the_number(plan):
    # Each cluster has sites of both utilities, and one of them has two sites.
    assert (len(plan.clusters), plan.most_clusters, plan.status) == (2, 2, "optimal")
    assert plan.to_dict()["most_clusters"] == 2
    assert "2 clusters; no plan has more than 2" in str(plan)
    assert "2 clusters; no plan has more than 2\n" in describe_plan(plan)
    open_number = replace(plan, most_clusters=5, status="feasible")
    assert "no plan has more than 5, and whether one has 3 is open" in describe_plan(open_number)


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"most_clusters": 1}, "cluster.count"),
        ({"most_clusters": None}, "cluster.count"),
        ({"most_clusters": 3}, "status"),
    ],
)
def test_audit_refuses_a_number_that_is_not_earned(plan, changes, check):
    with pytest.raises(AuditError) as caught:
        siting.audit_plan(plan.asked, replace(plan, **changes))
    assert caught.value.names == (check,)


def test_plan_is_read_back_and_audited(plan, tmp_path):
    folder = siting.write(plan, siting.read_world(plan.asked), tmp_path / "out")
    assert siting.audit_plan(plan.asked, folder).passed


def test_alternatives_have_as_many_clusters(plan):
    found = siting.alternatives(plan.asked, number=2, within=0.2)
    assert {len(other.clusters) for other in found.plans} == {2}
    assert {other.most_clusters for other in found.plans} == {2}


def test_explanation_is_that_of_as_many_clusters(plan):
    explained = siting.explain(plan.asked)
    assert (explained.feasible, explained.clusters) == (True, 2)
    none = siting.explain(plan.asked.replace({"cluster.target_mw": 5000}))
    assert (none.feasible, none.clusters) == (False, 1)
