"""Entry of the optimisation: presolve, the method that fits a case, and the proven answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from siting.case import Case
from siting.errors import InfeasibleError, LimitError
from siting.model import SolverSection
from siting.plan import Solution
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.count.solve import better_proof, find_most
from siting.program.diagnosis.reasons import why_infeasible
from siting.program.diagnosis.switches import HasPlan
from siting.program.formulation.monolithic import MONOLITHIC_SITES, solve_monolithic
from siting.program.one_cluster.solve import ANY_GAP, least_of_all, solve_one_cluster
from siting.program.proof import Proof, Settled, sign_of
from siting.program.several.solve import solve_several
from siting.program.sites.presolve import infeasible_by_arithmetic
from siting.progress import ProgressCallback

REASONS_S = 20.0
"""Time to find out which limit leaves no plan [s]."""


def solve(
    case: Case,
    *,
    solver: SolverSection | None = None,
    progress: ProgressCallback | None = None,
    interrupted: Callable[[], bool] | None = None,
) -> Solution:
    """Solve a case and say what is proven.

    Parameters
    ----------
    case
        The question as numbers.
    solver
        Name, gap, time limit and threads; the model's defaults if none is given.
    progress
        Called with where the search stands.
    interrupted
        Called often; true when the user wants to stop. The best plan so far is then returned.

    Raises
    ------
    InfeasibleError
        It is proven that there is no plan.
    LimitError
        The time limit or an interrupt came before any plan was found.
    SolverError
        The solver failed.
    InputError
        There is no such solver here.
    """
    settings = solver or SolverSection()
    engine = Solver(settings.name, settings.gap, settings.threads)
    deadline = Deadline(settings.time_limit_s, interrupted)
    at_most = None
    if case.asks_most:
        most = find_most(case, engine, deadline, progress)
        at_most = most.at_most
        proof = Proof(None, math.inf, infeasible=at_most == 0, complete=at_most == 0)
        if most.plan is not None:
            asked = case.of_clusters(most.found)
            proof = search_plan(asked, engine, deadline, progress, start=most.plan)
            proof = better_proof(asked, most.plan, proof, engine.gap)
    else:
        proof = search_plan(case, engine, deadline, progress)
    if proof.infeasible:
        raise InfeasibleError(why_infeasible(case, _asker(settings, interrupted)))
    if proof.best is None:
        remedy = "raise solver.time_limit_s (--time-limit)"
        if not deadline.reached():
            # The search ended by itself: time is not what it lacks.
            remedy = "ask for fewer clusters"
            if case.required.any():
                remedy += " or require fewer sites"
        raise LimitError(
            f"no plan found within {settings.time_limit_s:g} s, and it is not proven that there "
            f"is none; {remedy}, or relax a limit of the model"
        )
    return solution_of(case, proof, settings.name, engine.version(), at_most=at_most)


def _asker(settings: SolverSection, interrupted: Callable[[], bool] | None) -> HasPlan:
    """Says whether variants of a case have a plan, for so long as the reasons may take."""
    engine = Solver(settings.name, ANY_GAP, settings.threads)
    deadline = Deadline(min(REASONS_S, settings.time_limit_s), interrupted)

    def has_plan(case: Case) -> bool | None:
        if deadline.reached():
            return None
        proof = search_plan(case, engine, deadline, None)
        if proof.best is not None:
            return True
        return False if proof.infeasible else None

    return has_plan


def solution_of(
    case: Case,
    proof: Proof,
    solver_name: str,
    solver_version: str,
    *,
    at_most: int | None = None,
) -> Solution:
    """What was found and proven, by id.

    Where the most clusters are asked, ``at_most`` is what no plan has more of; the answer is
    optimal only if its plan has as many.

    Raises
    ------
    ValueError
        Nothing was found.
    """
    best = proof.best
    if best is None:
        raise ValueError("a proof without a plan is no solution")
    return Solution(
        draw_mw=tuple({case.site_ids[i]: mw for i, mw in d.items()} for d in best.draw_mw),
        contract_mwh=tuple(
            {(case.supply_ids[r], case.site_ids[i]): mwh for (r, i), mwh in d.items()}
            for d in best.contract_mwh
        ),
        objective=best.objective,
        bound=proof.bound,
        status="optimal" if proof.complete and at_most in (None, len(best.draw_mw)) else "feasible",
        solver_name=solver_name,
        solver_version=solver_version,
        tours=tuple(tuple(case.site_ids[i] for i in tour) for tour in best.tours),
        most_clusters=at_most,
    )


def search_plan(
    case: Case,
    solver: Solver,
    deadline: Deadline,
    progress: ProgressCallback | None,
    *,
    start: Settled | None = None,
) -> Proof:
    """Search by the method that fits a case: as a whole, by anchors, or by columns.

    Several clusters may start from a plan that is known.
    """
    if infeasible_by_arithmetic(case):
        return Proof(None, sign_of(case) * math.inf, infeasible=True, complete=True)
    if int(case.usable.sum()) <= MONOLITHIC_SITES:
        proof = solve_monolithic(case, solver, deadline)
        if proof.best is not None and not math.isfinite(proof.bound):
            # The solver was stopped before it had a bound.
            least = case.count * least_of_all(case.take(np.flatnonzero(case.usable)))
            proof = replace(proof, bound=least * sign_of(case))
        return proof
    if case.count == 1:
        return solve_one_cluster(case, solver, deadline, progress=progress)
    return solve_several(case, solver, deadline, progress=progress, start=start)
