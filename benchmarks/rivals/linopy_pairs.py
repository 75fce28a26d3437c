"""The straightforward program in linopy, which writes rows as arrays, with HiGHS."""

from __future__ import annotations

import linopy
import numpy as np
import pandas as pd
import xarray as xr

from benchmarks.answers import Answer, Clock, Settings
from benchmarks.logs import highs_points
from benchmarks.rivals.pairs import Numbers
from siting.case import Case


def solve(case: Case, clock: Clock, settings: Settings) -> Answer:
    """Write the program as arrays and hand it to HiGHS in memory."""
    numbers = Numbers.of(case)
    site = pd.RangeIndex(len(numbers.sites), name="site")
    cluster = pd.RangeIndex(case.count, name="cluster")
    cap_mw = xr.DataArray(numbers.cap_mw, coords=[site])
    model = linopy.Model()
    member = model.add_variables(coords=[site, cluster], binary=True, name="member")
    draw_mw = model.add_variables(lower=0, coords=[site, cluster], name="draw_mw")
    model.add_constraints(draw_mw - cap_mw * member <= 0, name="cap")
    model.add_constraints(draw_mw - case.min_mw * member >= 0, name="least")
    if len(cluster) > 1:
        model.add_constraints(member.sum("cluster") <= 1, name="once")
    for z, (inside, headroom_mw) in enumerate(numbers.zones):
        model.add_constraints(draw_mw.isel(site=inside).sum() <= headroom_mw, name=f"headroom_{z}")
    model.add_constraints(draw_mw.sum("site") >= (case.cluster.target_mw or 0.0), name="target")
    model.add_constraints(member.sum("site") >= case.cluster.min_campuses, name="min_campuses")
    model.add_constraints(member.sum("site") <= case.cluster.max_campuses, name="max_campuses")
    if len(numbers.first):
        pair = pd.RangeIndex(len(numbers.first), name="pair")
        first, second = (
            member.sel(site=xr.DataArray(ends, coords=[pair])).to_linexpr().drop_vars("site")
            for ends in (numbers.first, numbers.second)
        )
        model.add_constraints(first + second <= 1, name="reach")
    fixed_musd = xr.DataArray(numbers.fixed_musd, coords=[site])
    variable_musd = xr.DataArray(numbers.variable_musd_per_mw, coords=[site])
    model.add_objective((fixed_musd * member + variable_musd * draw_mw).sum())

    started_s = clock.now_s()
    model.solve(
        "highs",
        io_api="direct",
        log_fn=settings.log,
        progress=False,
        time_limit=clock.left_s(),
        mip_rel_gap=settings.gap,
        threads=settings.threads,
        log_to_console=False,
    )
    text = (
        settings.log.read_text(encoding="utf-8", errors="replace") if settings.log.exists() else ""
    )
    curve = highs_points(text, started_s)
    if model.termination_condition in ("infeasible", "infeasible_or_unbounded"):
        return Answer("infeasible", curve=curve)
    bound = float(model.solver_model.getInfo().mip_dual_bound) if model.solver_model else None
    if bound is not None and not np.isfinite(bound):
        bound = None
    chosen = member.solution.to_numpy() if "solution" in member.data else np.full((1, 1), np.nan)
    if np.isnan(chosen).any() or not np.isfinite(model.objective.value or np.nan):
        return Answer("nothing", None, bound, curve)
    proven = model.termination_condition == "optimal"
    plan = numbers.plan(chosen, draw_mw.solution.to_numpy())
    return Answer("proven" if proven else "plan", plan, bound, curve)
