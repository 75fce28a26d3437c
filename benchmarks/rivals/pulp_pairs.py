"""The straightforward program in PuLP, with CBC, HiGHS or SCIP."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pulp
from pulp import lpSum

from benchmarks.answers import Answer, Clock, Point, Settings
from benchmarks.logs import cbc_points, highs_points, scip_points
from benchmarks.rivals.pairs import Numbers
from siting.case import Case


def solve_with_cbc(case: Case, clock: Clock, settings: Settings) -> Answer:
    """Solve by the CBC that comes with PuLP; its bound is in its log alone."""
    problem, member, draw_mw, numbers = write(case)
    started_s = clock.now_s()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        solver = pulp.PULP_CBC_CMD(
            msg=False,
            timeLimit=clock.left_s(),
            gapRel=settings.gap,
            threads=settings.threads,
            logPath=str(settings.log),
        )
    problem.solve(solver)
    text = (
        settings.log.read_text(encoding="utf-8", errors="replace") if settings.log.exists() else ""
    )
    curve = cbc_points(text, started_s)
    if problem.status == pulp.LpStatusInfeasible:
        return Answer("infeasible", curve=curve)
    printed = re.findall(r"^Lower bound:\s*(\S+)", text, flags=re.MULTILINE)
    bound = float(printed[-1]) if printed else None
    proven = problem.sol_status == pulp.LpSolutionOptimal
    if proven and bound is None:
        bound = problem.objective.value() * (1 - settings.gap)
    return _answer(problem, member, draw_mw, numbers, bound, curve, proven=proven)


def solve_with_highs(case: Case, clock: Clock, settings: Settings) -> Answer:
    """Solve by HiGHS through its Python interface."""
    problem, member, draw_mw, numbers = write(case)
    started_s = clock.now_s()
    problem.solve(
        pulp.HiGHS(
            timeLimit=clock.left_s(),
            gapRel=settings.gap,
            threads=settings.threads,
            log_to_console=False,
            log_file=str(settings.log),
        )
    )
    curve = highs_points(settings.log.read_text(encoding="utf-8", errors="replace"), started_s)
    if problem.sol_status == pulp.LpSolutionInfeasible:
        return Answer("infeasible", curve=curve)
    bound = float(problem.solverModel.getInfo().mip_dual_bound)
    proven = problem.sol_status == pulp.LpSolutionOptimal
    return _answer(problem, member, draw_mw, numbers, bound, curve, proven=proven)


def solve_with_scip(case: Case, clock: Clock, settings: Settings) -> Answer:
    """Solve by SCIP through PySCIPOpt; one thread is all that it uses."""
    problem, member, draw_mw, numbers = write(case)
    started_s = clock.now_s()
    problem.solve(
        pulp.SCIP_PY(
            msg=False, timeLimit=clock.left_s(), gapRel=settings.gap, logPath=str(settings.log)
        )
    )
    model = problem.solverModel
    text = (
        settings.log.read_text(encoding="utf-8", errors="replace") if settings.log.exists() else ""
    )
    curve = scip_points(text, started_s)
    if model.getStatus() in ("infeasible", "inforunbd"):
        return Answer("infeasible", curve=curve)
    proven = model.getStatus() in ("optimal", "gaplimit")
    return _answer(
        problem, member, draw_mw, numbers, float(model.getDualbound()), curve, proven=proven
    )


def write(
    case: Case,
) -> tuple[
    pulp.LpProblem,
    dict[tuple[int, int], pulp.LpVariable],
    dict[tuple[int, int], pulp.LpVariable],
    Numbers,
]:
    """Write the program, row by row."""
    numbers = Numbers.of(case)
    sites, clusters = range(len(numbers.sites)), range(case.count)
    problem = pulp.LpProblem("clusters", pulp.LpMinimize)
    member = {
        (i, c): problem.add_variable(f"member_{i}_{c}", cat=pulp.LpBinary)
        for i in sites
        for c in clusters
    }
    draw_mw = {
        (i, c): problem.add_variable(f"draw_{i}_{c}", 0, float(numbers.cap_mw[i]))
        for i in sites
        for c in clusters
    }
    problem.setObjective(
        lpSum(
            float(numbers.fixed_musd[i]) * member[i, c]
            + float(numbers.variable_musd_per_mw[i]) * draw_mw[i, c]
            for i in sites
            for c in clusters
        )
    )
    for i in sites:
        for c in clusters:
            problem += draw_mw[i, c] <= float(numbers.cap_mw[i]) * member[i, c]
            problem += draw_mw[i, c] >= case.min_mw * member[i, c]
        if len(clusters) > 1:
            problem += lpSum(member[i, c] for c in clusters) <= 1
    for inside, headroom_mw in numbers.zones:
        problem += lpSum(draw_mw[i, c] for i in inside.tolist() for c in clusters) <= headroom_mw
    for c in clusters:
        problem += lpSum(draw_mw[i, c] for i in sites) >= float(case.cluster.target_mw or 0.0)
        campuses = lpSum(member[i, c] for i in sites)
        problem += campuses >= case.cluster.min_campuses
        problem += campuses <= case.cluster.max_campuses
        for i, j in zip(numbers.first.tolist(), numbers.second.tolist(), strict=True):
            problem += member[i, c] + member[j, c] <= 1
    return problem, member, draw_mw, numbers


def _answer(
    problem: pulp.LpProblem,
    member: dict[tuple[int, int], pulp.LpVariable],
    draw_mw: dict[tuple[int, int], pulp.LpVariable],
    numbers: Numbers,
    bound: float | None,
    curve: list[Point],
    *,
    proven: bool,
) -> Answer:
    if bound is not None and not abs(bound) < 1e20:
        bound = None
    if problem.sol_status not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
        return Answer("nothing", None, bound, curve)
    clusters = 1 + max(c for _, c in member)
    shape = (len(numbers.sites), clusters)
    chosen, drawn_mw = np.zeros(shape), np.zeros(shape)
    for at, variable in member.items():
        chosen[at], drawn_mw[at] = variable.value() or 0.0, draw_mw[at].value() or 0.0
    return Answer("proven" if proven else "plan", numbers.plan(chosen, drawn_mw), bound, curve)
