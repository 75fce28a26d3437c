"""Draws and contracts with the sites fixed: a linear program, free of a solver's rounding.

A mixed-integer solver calls a point feasible within its tolerances. Here the sites are taken as
chosen, the draws are solved once more with the choice fixed, and the objective is added up from
them by arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from pulp import lpSum

from siting.case import Case
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.build import build
from siting.program.formulation.networks import network_km
from siting.program.formulation.rules import hub, ring, search_only
from siting.program.formulation.variables import Decisions
from siting.program.proof import Choice, Settled
from siting.units import USD_PER_MUSD

DECIMALS_MW = 6
"""Draws are rounded to a watt [MW]."""

DECIMALS_MWH = 3
"""Contracts are rounded to a kilowatt hour [MWh]."""

SETTLE_LIMIT_S = 60.0
"""Limit for settling the draws of a few chosen sites [s]; it takes milliseconds."""

NOT_IN_DRAWS = (
    search_only.order_clusters,
    hub.choose_hub,
    hub.link_to_hub,
    ring.join_ring,
    ring.limit_ring,
)
"""Rules that chosen sites obey already, or that their draws have no part in."""


def settle(case: Case, choice: Choice, solver: Solver) -> Settled | None:
    """Best draws and contracts for chosen sites, or none if the choice is not feasible after all.

    Where the sense leaves draws or contracts open (the most draw, the least fiber), the cheapest
    ones are taken.
    """
    sites = np.array(sorted(i for members in choice for i in members), dtype=np.int64)
    part = replace(case.take(sites), required=np.ones(len(sites), dtype=bool))
    position = {int(i): p for p, i in enumerate(sites)}
    fixed = {(position[i], c) for c, members in enumerate(choice) for i in members}

    sense = "minimise_cost" if case.sense == "minimise_fiber_km" else case.sense
    found = [network_km(case, np.array(members, np.int64), solver) for members in choice]
    networks = [network for network in found if network is not None]
    if len(networks) < len(choice):
        return None
    tours = tuple(tour for _, tour in networks if tour)
    x = _solve_fixed(replace(part, sense=sense), fixed, solver)
    if x is not None and sense == "maximise_mw":
        most_mw = sum(v.value() for v in x.draw_mw.values())
        x = _solve_fixed(replace(part, sense="minimise_cost"), fixed, solver, most_mw) or x
    if x is None:
        return None
    draw_mw: list[dict[int, float]] = [{} for _ in choice]
    for p, c in sorted(fixed):
        draw_mw[c][int(sites[p])] = _rounded_draw_mw(part, p, x.draw_mw[p, c].value())
    contract_mwh = _deal_out(part, x, sites)
    fiber_km = sum(km for km, _ in networks)
    fiber_asked = case.sense == "minimise_fiber_km"
    value = fiber_km if fiber_asked else evaluate(case, draw_mw, contract_mwh)
    return Settled(tuple(draw_mw), contract_mwh, value, tours)


def evaluate(
    case: Case,
    draw_mw: Sequence[dict[int, float]],
    contract_mwh: Sequence[dict[tuple[int, int], float]],
) -> float:
    """Cost of draws and contracts [MUSD/year], or draw where that is asked [MW]."""
    if case.sense == "maximise_mw":
        return sum((mw for draws in draw_mw for mw in draws.values()), 0.0)
    sites_musd = sum(
        float(case.fixed_musd_per_year[i] + case.variable_musd_per_mw_year[i] * mw)
        for draws in draw_mw
        for i, mw in draws.items()
    )
    premium_musd = sum(
        float(case.premium_usd_per_mwh[r]) * mwh / USD_PER_MUSD
        for contracts in contract_mwh
        for (r, _), mwh in contracts.items()
    )
    return sites_musd + premium_musd


def _solve_fixed(
    case: Case, fixed: set[tuple[int, int]], solver: Solver, least_draw_mw: float | None = None
) -> Decisions | None:
    # The order of the clusters is given; the rule that breaks their symmetry may forbid it.
    # That there is a network is known.
    problem, x = build(case, without=NOT_IN_DRAWS)
    for at, member in x.member.items():
        member.lowBound = member.upBound = 1 if at in fixed else 0
    if len(x.sites) < len(case.site_ids):
        return None
    if least_draw_mw is not None:
        total_mw = lpSum(x.draw_mw.values())
        problem += total_mw >= least_draw_mw - 10**-DECIMALS_MW, "least_draw"
    outcome = solver.run(problem, Deadline(SETTLE_LIMIT_S), gap=0.0)
    return x if outcome.found else None


def _rounded_draw_mw(case: Case, i: int, mw: float) -> float:
    module_mw = case.campus.module_mw
    if module_mw > 0:
        return round(mw / module_mw) * module_mw
    return float(np.clip(round(mw, DECIMALS_MW), case.min_mw, case.cap_mw[i]))


def _deal_out(
    case: Case, x: Decisions, sites: np.ndarray
) -> tuple[dict[tuple[int, int], float], ...]:
    """Contracts by plant and campus from what each step and each campus takes.

    Within an area any plant may serve any campus, so plants in the order of premium and id serve
    campuses in the order of cluster and id.
    """
    contracts: list[dict[tuple[int, int], float]] = [{} for _ in x.clusters]
    for area in sorted({step.area for step in x.steps}):
        offers = _offers(case, x, area)
        for (i, c), contract_mw in sorted(x.contract_mw.items(), key=lambda item: item[0][::-1]):
            wanted_mwh = contract_mw.value() * case.mwh_per_mw if int(case.area[i]) == area else 0.0
            while wanted_mwh > 0.5 * 10**-DECIMALS_MWH and offers:
                plant, left_mwh = offers[0]
                mwh = min(wanted_mwh, left_mwh)
                contracts[c][plant, int(sites[i])] = round(mwh, DECIMALS_MWH)
                wanted_mwh -= mwh
                if mwh < left_mwh:
                    offers[0] = (plant, left_mwh - mwh)
                else:
                    offers.pop(0)
    return tuple(contracts)


def _offers(case: Case, x: Decisions, area: int) -> list[tuple[int, float]]:
    offers = []
    for step, taken_mw in zip(x.steps, x.taken_mw, strict=True):
        taken_mwh = taken_mw.value() * case.mwh_per_mw if step.area == area else 0.0
        for plant in step.plants:
            mwh = min(taken_mwh, float(case.contractable_mwh[plant]))
            if mwh > 0:
                offers.append((plant, mwh))
                taken_mwh -= mwh
    return offers
