"""As many clusters as asked, where the best ones leave no room for all; against brute force."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from most import HIGHS, NETWORKS, small, true_most
from oracle import plan_of

from siting.audit import audit
from siting.case import Case
from siting.program.backends.deadline import Deadline
from siting.program.count.primal_heuristics import Packing
from siting.program.diagnosis.reasons import why_infeasible
from siting.program.formulation import monolithic
from siting.program.formulation.combine import combine, take_apart
from siting.program.formulation.monolithic import solve_monolithic
from siting.program.proof import Proof, sign_of
from siting.program.several.large_neighbourhood import LargeNeighbourhood
from siting.program.several.solve import solve_several
from siting.program.solve import solution_of

SENSES = ("minimise_cost", "maximise_mw", "minimise_fiber_km")


@pytest.fixture(autouse=True)
def _always_large(monkeypatch):
    """Take the way of large cases on small ones."""
    monkeypatch.setattr(monolithic, "MONOLITHIC_ENTRIES", 0)


@pytest.fixture
def short(monkeypatch) -> list[int]:
    """Filled with the number of clusters whenever the best ones left no room for all."""
    placed: list[int] = []
    beside = Packing.beside

    def counting(filling, clusters):
        placed.append(len(clusters))
        return beside(filling, clusters)

    monkeypatch.setattr(Packing, "beside", counting)
    return placed


def check(case: Case, proof: Proof) -> None:
    """A plan follows every rule, and is no better than its bound."""
    if proof.best is not None:
        audit(case, plan_of(case, solution_of(case, proof, "highs", "1")))


@pytest.mark.parametrize("sense", SENSES)
@pytest.mark.parametrize("network", NETWORKS)
def test_as_many_clusters_as_there_is_room_for(short, network, sense):
    found = 0
    cases = [
        replace(small(seed, network=network, most_sites=8), sense=sense) for seed in range(500, 516)
    ]
    rooms = [(case, true) for case in cases if (true := true_most(case)) > 1]
    for case, true in rooms:
        asked = case.of_clusters(true)
        proof = solve_several(asked, HIGHS, Deadline(60))
        assert not proof.infeasible
        check(asked, proof)
        found += proof.best is not None
    assert found == len(rooms) > 0
    # At the most draw the best ones take what others need.
    assert len(short) >= (3 if sense == "maximise_mw" else 0)


@pytest.mark.parametrize("network", NETWORKS)
def test_more_clusters_than_there_is_room_for(network):
    proven = 0
    cases = [small(seed, network=network) for seed in range(420, 430)]
    rooms = [(case, true) for case in cases if (true := true_most(case)) > 0]
    for case, true in rooms:
        proof = solve_several(case.of_clusters(true + 1), HIGHS, Deadline(60))
        assert proof.best is None
        assert proof.infeasible == proof.complete
        proven += proof.infeasible
    assert proven >= 0.5 * len(rooms)


def test_the_reason_names_how_many_there_may_be():
    named = 0
    for seed in range(420, 440):
        case = small(seed, network="mesh", only="max_campuses")
        true = true_most(case)
        if true == 0:
            continue
        said = why_infeasible(case.of_clusters(true + 1))
        if "no plan has more than" in said:
            most = int(said.split("no plan has more than ")[1].split(",")[0])
            assert true == most
            named += 1
    assert named >= 3


@pytest.mark.parametrize("network", ["mesh", "hub"])
@pytest.mark.parametrize("sense", ["minimise_cost", "maximise_mw"])
def test_clusters_placed_anew_together_are_the_best(network, sense):
    better = 0
    for seed in range(440, 460):
        case = replace(small(seed, network=network), sense=sense)
        case = replace(case, required=np.zeros(len(case.site_ids), bool)).of_clusters(2)
        best = solve_monolithic(case, HIGHS, Deadline(60))
        # A plan that is as bad as can be.
        worst = solve_monolithic(turned_round(case), HIGHS, Deadline(60))
        if best.best is None or worst.best is None:
            continue
        one = case.of_clusters(1)
        start = take_apart(one, worst.best, HIGHS)
        found = combine(LargeNeighbourhood(one, HIGHS, Deadline(60)).better(start))
        worth, sign = best.best.objective, sign_of(case)
        assert (found.objective - worth) * sign >= -1e-4 * abs(worth)
        assert (found.objective - worth) * sign <= 0.006 * abs(worth)
        better += (combine(start).objective - found.objective) * sign > 0.01 * abs(worth)
    assert better >= 3


def turned_round(case: Case) -> Case:
    """The same question for the dearest plan with little draw."""
    dear = float(case.variable_musd_per_mw_year.max())
    return replace(
        case,
        sense="minimise_cost",
        fixed_musd_per_year=case.fixed_musd_per_year.max() - case.fixed_musd_per_year,
        variable_musd_per_mw_year=2 * dear - case.variable_musd_per_mw_year,
    )


def test_clusters_that_stay_are_not_moved():
    for seed in range(440, 460):
        case = replace(small(seed, network="mesh"), sense="maximise_mw")
        case = replace(case, required=np.zeros(len(case.site_ids), bool)).of_clusters(3)
        worst = solve_monolithic(turned_round(case), HIGHS, Deadline(60))
        if worst.best is None:
            continue
        one = case.of_clusters(1)
        start = take_apart(one, worst.best, HIGHS)
        found = LargeNeighbourhood(one, HIGHS, Deadline(60)).better(start, stay=1)
        assert found[0] == start[0]
        return
    raise AssertionError("no case had a plan")


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("sense", SENSES)
def test_clusters_of_a_plan_are_worth_what_it_is(network, sense):
    looked_at = 0
    for seed in range(500, 516):
        case = replace(small(seed, network=network), sense=sense).of_clusters(2)
        plan = solve_monolithic(case, HIGHS, Deadline(60)).best
        if plan is not None:
            again = combine(take_apart(case.of_clusters(1), plan, HIGHS))
            assert again.objective == pytest.approx(plan.objective)
            looked_at += 1
            proof = solve_several(case, HIGHS, Deadline(60), start=plan)
            check(case, proof)
            assert proof.best is not None
    assert looked_at >= 3
