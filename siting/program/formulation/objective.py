"""Objective functions, one for each sense."""

from __future__ import annotations

from pulp import LpAffineExpression, lpSum

from siting.case import Case
from siting.program.formulation.rules.ring import tour_km
from siting.program.formulation.variables import Decisions


def annual_cost_musd(case: Case, x: Decisions) -> LpAffineExpression:
    """Annual cost of all clusters [MUSD/year].

    ::

        sum over i, c of fixed_musd_per_year[i] * member[i, c]
            + variable_musd_per_mw_year[i] * draw_mw[i, c]
            + sum over steps s of premium_musd_per_mw_year[s] * taken_mw[s]
    """
    sites_musd = lpSum(
        float(case.fixed_musd_per_year[i]) * x.member[i, c]
        + float(case.variable_musd_per_mw_year[i]) * x.draw_mw[i, c]
        for i, c in x.member
    )
    premium_musd = lpSum(
        step.premium_usd_per_mwh * case.mwh_per_mw / 1e6 * taken_mw
        for step, taken_mw in zip(x.steps, x.taken_mw, strict=True)
    )
    return sites_musd + premium_musd


def total_draw_mw(case: Case, x: Decisions) -> LpAffineExpression:  # noqa: ARG001 - as the others
    """Draw of all clusters [MW]: ``sum over i, c of draw_mw[i, c]``."""
    return lpSum(x.draw_mw[i, c] for i, c in x.member)


def mesh_fiber_km(case: Case, x: Decisions) -> LpAffineExpression:
    """Kilometres of all links of a mesh: ``sum over pairs of km[i, j] * pair[i, j, c]`` [km]."""
    km = case.reach.dense()
    return lpSum(float(km[i, j]) * pair for (i, j, _), pair in x.pair.items())


def hub_fiber_km(case: Case, x: Decisions) -> LpAffineExpression:
    """Kilometres of all links to hubs: ``sum over i, j, c of km[i, j] * spoke[i, j, c]`` [km]."""
    return lpSum(case.reach.km_between(i, j) * spoke for (i, j, _), spoke in x.spoke.items())


def ring_fiber_km(case: Case, x: Decisions) -> LpAffineExpression:
    """Kilometres of all tours: ``sum over i, j, c of km[i, j] * hop[i, j, c]`` [km]."""
    return lpSum(tour_km(case, x, c) for c in x.clusters)


def network_fiber_km(case: Case, x: Decisions) -> LpAffineExpression:
    """Kilometres of all networks [km]: ``mesh_fiber_km``, ``hub_fiber_km``, ``ring_fiber_km``."""
    of = {"mesh": mesh_fiber_km, "hub": hub_fiber_km, "ring": ring_fiber_km}
    return of[case.cluster.network](case, x)


OBJECTIVES = {
    "minimise_cost": annual_cost_musd,
    "maximise_mw": total_draw_mw,
    "minimise_fiber_km": network_fiber_km,
}
"""What is best, by sense."""


def objective(case: Case, x: Decisions) -> LpAffineExpression:
    """What is minimised or maximised, in the unit of the sense."""
    return OBJECTIVES[case.sense](case, x)
