"""The straightforward program in OR-tools CP-SAT, whose numbers are integers.

Draws are counted in hundredths of a megawatt and costs in cents. Limits are cut to such
units, so its optimum may be above the true one, by about a millionth.
"""

from __future__ import annotations

import numpy as np
from ortools.sat.python import cp_model

from benchmarks.answers import Answer, Clock, Point, Settings
from benchmarks.rivals.pairs import Numbers
from siting.case import Case

PER_MW = 100
"""Units of draw in a megawatt."""

PER_MUSD = 100_000_000
"""Units of cost in a million dollars."""

LEAST_WORKERS = 8
"""CP-SAT is made for a portfolio of at least so many searches, whatever the cores."""


class _Watch(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]
    """Remembers every plan and the bound at that time."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.curve: list[Point] = []

    def on_solution_callback(self) -> None:
        self.curve.append(
            Point(
                self.clock.now_s(),
                self.objective_value / PER_MUSD,
                self.best_objective_bound / PER_MUSD,
            )
        )


def solve(case: Case, clock: Clock, settings: Settings) -> Answer:
    """Write the program in integers and search."""
    numbers = Numbers.of(case)
    sites, clusters = range(len(numbers.sites)), range(case.count)
    model = cp_model.CpModel()
    cap = np.floor(numbers.cap_mw * PER_MW).astype(np.int64)
    least = int(np.ceil(case.min_mw * PER_MW))
    member = {(i, c): model.new_bool_var("") for i in sites for c in clusters}
    draw = {(i, c): model.new_int_var(0, int(cap[i]), "") for i in sites for c in clusters}
    for (i, c), is_member in member.items():
        model.add(draw[i, c] <= int(cap[i]) * is_member)
        model.add(draw[i, c] >= least * is_member)
    for i in sites:
        if len(clusters) > 1:
            model.add_at_most_one(member[i, c] for c in clusters)
    for inside, headroom_mw in numbers.zones:
        here = [draw[i, c] for i in inside.tolist() for c in clusters]
        model.add(cp_model.LinearExpr.sum(here) <= int(headroom_mw * PER_MW))
    for c in clusters:
        target = int(np.ceil((case.cluster.target_mw or 0.0) * PER_MW))
        model.add(cp_model.LinearExpr.sum([draw[i, c] for i in sites]) >= target)
        campuses = cp_model.LinearExpr.sum([member[i, c] for i in sites])
        model.add_linear_constraint(campuses, case.cluster.min_campuses, case.cluster.max_campuses)
        for i, j in zip(numbers.first.tolist(), numbers.second.tolist(), strict=True):
            model.add_bool_or(~member[i, c], ~member[j, c])
    order = list(member)
    fixed = np.rint(numbers.fixed_musd * PER_MUSD).astype(np.int64)
    variable = np.rint(numbers.variable_musd_per_mw * PER_MUSD / PER_MW).astype(np.int64)
    model.minimize(
        cp_model.LinearExpr.weighted_sum(
            [*(member[at] for at in order), *(draw[at] for at in order)],
            [*(int(fixed[i]) for i, _ in order), *(int(variable[i]) for i, _ in order)],
        )
    )

    solver, watch = cp_model.CpSolver(), _Watch(clock)
    solver.parameters.max_time_in_seconds = clock.left_s()
    solver.parameters.relative_gap_limit = settings.gap
    solver.parameters.num_workers = max(settings.threads, LEAST_WORKERS)
    status = solver.solve(model, watch)
    if status == cp_model.INFEASIBLE:
        return Answer("infeasible", curve=watch.curve)
    bound = solver.best_objective_bound / PER_MUSD
    # Before its relaxation is solved, the bound is the sum of what may be negative: nothing.
    claimed = bound if bound > 0 else None
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Answer("nothing", None, claimed, watch.curve)
    shape = (len(sites), len(clusters))
    chosen, drawn_mw = np.zeros(shape), np.zeros(shape)
    for at, variable_of in member.items():
        chosen[at] = solver.value(variable_of)
        drawn_mw[at] = solver.value(draw[at]) / PER_MW
    plan = numbers.plan(chosen, drawn_mw)
    curve = [*watch.curve, Point(clock.now_s(), solver.objective_value / PER_MUSD, claimed)]
    return Answer("proven" if status == cp_model.OPTIMAL else "plan", plan, claimed, curve)
