"""What a solver says, and what of it counts as a proof."""

import time

import pulp
import pytest

from siting.program.backends import pulp_backend as solvers
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver


class SaysInfeasible(pulp.LpSolver):
    """A solver that takes its time and then says that there is no plan, as CBC does."""

    def __init__(self, takes_s: float) -> None:
        super().__init__()
        self.takes_s = takes_s

    def available(self) -> bool:
        return True

    def actualSolve(self, lp, **_):  # noqa: N802 - PuLP's name
        time.sleep(self.takes_s)
        lp.assignStatus(pulp.LpStatusInfeasible, pulp.LpSolutionNoSolutionFound)
        return lp.status


def feasible_program() -> pulp.LpProblem:
    problem = pulp.LpProblem("feasible", pulp.LpMinimize)
    x = problem.add_variable("x", 0, 1, pulp.LpInteger)
    problem.setObjective(1 * x)
    problem += x >= 1, "one"
    return problem


@pytest.mark.parametrize(("takes_s", "proven"), [(0.0, True), (0.3, False)])
def test_infeasible_after_the_time_limit_is_no_proof(takes_s, proven, monkeypatch):
    monkeypatch.setattr(solvers.pulp, "getSolver", lambda *_, **__: SaysInfeasible(takes_s))
    outcome = Solver("cbc", 1e-6, 1).run(feasible_program(), Deadline(30 if proven else 0.2))
    assert outcome.infeasible is proven
    assert not outcome.found
    assert outcome.complete is proven


@pytest.mark.parametrize("name", ["highs", "cbc", "scip"])
def test_solvers_prove_a_point_and_its_absence(name):
    problem = feasible_program()
    outcome = Solver(name, 0.0, 1).run(problem, Deadline(60))
    assert (outcome.found, outcome.infeasible, outcome.complete) == (True, False, True)
    assert outcome.bound == pytest.approx(1.0)
    problem += problem.variables()[0] <= 0, "none"
    outcome = Solver(name, 0.0, 1).run(problem, Deadline(60))
    assert (outcome.found, outcome.infeasible) == (False, True)


@pytest.mark.parametrize("name", ["highs", "cbc", "scip"])
def test_an_objective_of_no_columns_has_the_value_nothing(name):
    """Of PuLP 3.3.2, such a program has a column that CBC leaves without a value."""
    problem = feasible_program()
    problem.setObjective(0 * problem.variables()[0])
    outcome = Solver(name, 0.0, 1).run(problem, Deadline(60))
    assert (outcome.found, outcome.complete) == (True, True)
    assert solvers.objective_value(problem) == 0
    assert outcome.bound == 0
