"""The program against the oracle, which tries every plan."""

from __future__ import annotations

import pytest
from cases import OPTIONS, random_case
from oracle import best_plan, plan_of, solution_of
from proofs import AGREE, GAP, SETTINGS, check_proof, check_solution

from siting.audit import audit
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation import monolithic
from siting.program.formulation.monolithic import solve_monolithic
from siting.program.one_cluster.solve import solve_one_cluster
from siting.program.several.solve import solve_several

# Cases with anything in play, then for every option cases with that one alone.
MANY = [(seed, None, None) for seed in range(300)]
MANY += [(seed, option, None) for option in OPTIONS for seed in range(1000, 1025)]
# Cases that went wrong once.
MANY += [(seed, "require_sites", 1) for seed in (31, 80, 128, 5028, 5120, 5207, 5365, 10240)]
MORE = [(seed, None, None) for seed in range(2000, 5000)]
MORE += [(seed, option, 1) for option in OPTIONS for seed in range(5000, 5400)]


def check_every_way(seed: int, option: str | None, count: int | None) -> None:
    case = random_case(seed, only=option, count=count)
    answer = best_plan(case)
    if answer is not None:
        audit(case, plan_of(case, solution_of(case, answer)))
    check_solution(case, answer, SETTINGS)
    solver = Solver("highs", GAP, 1)
    if case.usable[case.required].all():
        # `solve` refuses the other cases before it builds a program.
        check_proof(case, answer, solve_monolithic(case, solver, Deadline(60)))
    if case.cluster.count == 1:
        check_proof(case, answer, solve_one_cluster(case, solver, Deadline(60)))


@pytest.mark.parametrize(("seed", "option", "count"), MANY)
def test_program_agrees_with_the_oracle(seed, option, count):
    check_every_way(seed, option, count)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "option", "count"), MORE)
def test_program_agrees_with_the_oracle_on_many_more(seed, option, count):
    check_every_way(seed, option, count)


@pytest.mark.parametrize("name", ["cbc", "scip"])
@pytest.mark.parametrize("seed", range(300, 315))
def test_other_solvers_agree_with_the_oracle(name, seed):
    case = random_case(seed)
    check_solution(case, best_plan(case), SETTINGS.model_copy(update={"name": name}))


@pytest.mark.parametrize("seed", range(400, 440))
def test_clusters_placed_one_by_one_claim_nothing_that_is_not_so(seed, monkeypatch):
    # Where the whole program is too large, several clusters need not be placed the best way, but
    # what is claimed must hold.
    monkeypatch.setattr(monolithic, "MONOLITHIC_ENTRIES", 0)
    case = random_case(seed, count=2)
    answer = best_plan(case)
    proof = solve_several(case, Solver("highs", GAP, 1), Deadline(60))
    if answer is None:
        assert proof.best is None
        return
    assert not proof.infeasible
    sign = -1 if case.sense == "maximise_mw" else 1
    slack = AGREE * max(1.0, abs(answer.objective))
    assert sign * proof.bound <= sign * answer.objective + slack
    if proof.complete:
        check_proof(case, answer, proof)
    elif proof.best is not None:
        assert sign * proof.best.objective >= sign * answer.objective - slack


def test_random_cases_are_of_every_kind():
    # Status and objective agree for nothing if the cases have, say, never a plan.
    kinds = {}
    for seed in range(60):
        case = random_case(seed)
        kind = case.sense, case.cluster.count, best_plan(case) is None
        kinds[kind] = kinds.get(kind, 0) + 1
    assert len(kinds) == 3 * 2 * 2
    assert sum(n for (_, _, none), n in kinds.items() if none) in range(15, 46)
