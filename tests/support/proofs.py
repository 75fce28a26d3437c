"""What a solve must prove, held against the oracle."""

from __future__ import annotations

import math

import pytest
from oracle import Answer, plan_of

from siting.audit import audit
from siting.case import Case
from siting.errors import InfeasibleError
from siting.model import SolverSection
from siting.plan import Solution
from siting.program import solve
from siting.program.proof import Proof

AGREE = 1e-6
"""How closely objectives agree, as a part of them [1]."""


GAP = 1e-8
"""The gap asked [1]: what is called optimal is well within what must agree."""


SETTINGS = SolverSection(gap=GAP, time_limit_s=60.0, threads=1)


def agrees(value: float, answer: Answer) -> bool:
    return math.isclose(value, answer.objective, rel_tol=AGREE, abs_tol=AGREE)


def check_solution(case: Case, answer: Answer | None, settings: SolverSection) -> None:
    """What ``solve`` returns is the oracle's answer, proven, and survives the audit."""
    if answer is None:
        with pytest.raises(InfeasibleError):
            solve(case, solver=settings)
        return
    solution = solve(case, solver=settings)
    assert agrees(solution.objective, answer)
    assert agrees(solution.bound, answer)
    assert solution.status == "optimal"
    audit(case, plan_of(case, solution), gap_asked=GAP)


def check_proof(case: Case, answer: Answer | None, proof: Proof) -> None:
    """What one way of solving proves is the oracle's answer, and survives the audit."""
    assert proof.infeasible == (answer is None)
    assert proof.complete
    if answer is None:
        assert proof.best is None
        return
    assert proof.best is not None
    assert agrees(proof.best.objective, answer)
    assert agrees(proof.bound, answer)
    solution = Solution(
        draw_mw=tuple({case.site_ids[i]: mw for i, mw in d.items()} for d in proof.best.draw_mw),
        contract_mwh=tuple(
            {(case.supply_ids[r], case.site_ids[i]): mwh for (r, i), mwh in c.items()}
            for c in proof.best.contract_mwh
        ),
        objective=proof.best.objective,
        bound=proof.bound,
        status="optimal",
        solver_name="highs",
        solver_version="1",
        tours=tuple(tuple(case.site_ids[i] for i in tour) for tour in proof.best.tours),
    )
    audit(case, plan_of(case, solution), gap_asked=GAP)
