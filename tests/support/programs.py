"""Programs of a few rows, as text."""

from __future__ import annotations

from pathlib import Path

import pulp

from siting.case import Case
from siting.program.formulation.variables import declare


def problem_and_decisions(case: Case) -> tuple[pulp.LpProblem, object]:
    sense = pulp.LpMaximize if case.sense == "maximise_mw" else pulp.LpMinimize
    problem = pulp.LpProblem("siting", sense)
    return problem, declare(problem, case)


def as_lp(problem: pulp.LpProblem, folder: Path) -> str:
    path = folder / "program.lp"
    problem.writeLP(path)
    return path.read_text(encoding="utf-8")
