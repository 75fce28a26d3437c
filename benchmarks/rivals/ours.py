"""siting itself: by its decomposition, and by its own program as a whole."""

from __future__ import annotations

import math

from benchmarks.answers import Answer, Clock, Point, Settings
from siting.case import Case
from siting.errors import InfeasibleError, LimitError
from siting.model import SolverSection
from siting.program import solve as solve_case
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.monolithic import solve_monolithic
from siting.progress import Progress


def solve(case: Case, clock: Clock, settings: Settings) -> Answer:
    """Solve as ``siting solve`` does."""
    curve: list[Point] = []

    def watch(progress: Progress) -> None:
        point = Point(clock.now_s(), progress.incumbent, progress.bound)
        if not curve or (curve[-1].incumbent, curve[-1].bound) != (point.incumbent, point.bound):
            curve.append(point)

    asked = SolverSection(
        name="highs", gap=settings.gap, time_limit_s=clock.left_s(), threads=settings.threads
    )
    try:
        solution = solve_case(case, solver=asked, progress=watch)
    except InfeasibleError:
        return Answer("infeasible", curve=curve)
    except LimitError:
        return Answer("nothing", None, curve[-1].bound if curve else None, curve)
    position = {site: i for i, site in enumerate(case.site_ids)}
    plan = [{position[site]: mw for site, mw in draws.items()} for draws in solution.draw_mw]
    # While single clusters are placed, their own cost is told, which is below any of the whole.
    curve = [p for p in curve if p.incumbent is None or p.incumbent >= solution.bound]
    curve.append(Point(clock.now_s(), solution.objective, solution.bound))
    proven = solution.status == "optimal"
    return Answer("proven" if proven else "plan", plan, solution.bound, curve)


def solve_whole_with_highs(case: Case, clock: Clock, settings: Settings) -> Answer:
    """Solve our program as it is written, by HiGHS: one row a site instead of one a pair."""
    return _solve_whole("highs", case, clock, settings)


def solve_whole_with_cbc(case: Case, clock: Clock, settings: Settings) -> Answer:
    """The same by CBC."""
    return _solve_whole("cbc", case, clock, settings)


def _solve_whole(name: str, case: Case, clock: Clock, settings: Settings) -> Answer:
    solver = Solver(name, settings.gap, settings.threads)
    proof = solve_monolithic(case, solver, Deadline(clock.left_s()))
    if proof.infeasible:
        return Answer("infeasible")
    bound = proof.bound if math.isfinite(proof.bound) else None
    if proof.best is None:
        return Answer("nothing", None, bound)
    plan = [dict(draws) for draws in proof.best.draw_mw]
    return Answer("proven" if proof.complete else "plan", plan, bound)
