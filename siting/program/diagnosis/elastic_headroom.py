"""Elastic program: the least headroom that is missing for a plan.

(Chinneck 2008, "Feasibility and infeasibility in optimization", Springer.)

Every zone may be given headroom beyond what it has, and the sum of what is given is least. All
other rules stay. Where a case has many sites the zones are sought around a few anchors only, so
the answer is then some change that gives a plan, and not always the smallest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from pulp import LpProblem, LpVariable, lpSum

from siting.case import Case
from siting.fiber.reach import IntArray
from siting.model import SolverSection
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.build import build
from siting.program.formulation.monolithic import MONOLITHIC_SITES
from siting.program.formulation.rules import grid
from siting.program.formulation.variables import SiteCluster, label
from siting.program.relaxations.class_lp import ClassLp, anchors_with_room
from siting.program.sites.neighbourhoods import neighbourhood, order_sites
from siting.program.sites.presolve import required_unusable

ANCHORS = 5
"""Anchors that are tried, those where the least seems to be missing."""

LEAST_MW = 1e-6
"""What a zone is given at the least to count as given something [MW]."""


def without_headroom_limits(case: Case) -> Case:
    """The case where every zone has as much headroom as anyone could want."""
    return replace(case, headroom_mw=np.full(len(case.headroom_mw), math.inf))


def find_missing_headroom(
    case: Case, *, solver: SolverSection, deadline: Deadline
) -> list[dict[str, float]]:
    """Ways to give headroom to zones so that a case has a plan, least first.

    Parameters
    ----------
    case
        The question.
    solver
        Who solves.
    deadline
        When to stop.

    Returns
    -------
    list of dict
        For each way, zone id to the headroom that it is given [MW]; none where headroom alone
        does not help, or where it was not found in time.
    """
    engine = Solver(solver.name, 1e-3, solver.threads)
    # Room beyond every limit of sites and campuses is as good as no limit.
    free = replace(case, headroom_mw=np.full(len(case.headroom_mw), float(case.max_mw.sum()) + 1))
    ways = []
    for sites, anchor in _places(case, free, deadline):
        way = _solve_elastic(case, free, sites, anchor, engine, deadline)
        if way is not None and way not in ways:
            ways.append(way)
    return sorted(ways, key=lambda way: (sum(way.values()), sorted(way)))


def _places(case: Case, free: Case, deadline: Deadline) -> list[tuple[IntArray, int | None]]:
    """Sets of sites that are tried, with the site that must be a campus, if any."""
    usable = np.flatnonzero(free.usable)
    if required_unusable(free) or len(usable) == 0:
        return []
    if len(usable) <= MONOLITHIC_SITES:
        return [(usable, None)]
    if case.cluster.count != 1 or case.cluster.network != "mesh":
        return []
    origin = order_sites(free)
    ordered, held = free.take(origin), case.take(origin)
    anchors, _, stopped = anchors_with_room(ordered, deadline)
    if stopped:
        return []
    relaxed = ClassLp(held)
    room = np.array([relaxed.size_within(neighbourhood(ordered, h)) for h in anchors.tolist()])
    best = anchors[np.lexsort((anchors, -room))][:ANCHORS]
    return [(origin[neighbourhood(ordered, h)], int(origin[h])) for h in best.tolist()]


def _solve_elastic(
    case: Case,
    free: Case,
    sites: IntArray,
    anchor: int | None,
    solver: Solver,
    deadline: Deadline,
) -> dict[str, float] | None:
    part = free.take(sites)
    if anchor is not None:
        part = replace(part, required=part.required | (sites == anchor))
    problem, x = build(part, without=(grid.limit_zone_draw,))
    given_mw = {
        z: problem.add_variable(label("given_mw", case.zone_ids[z]), 0) for z in part.sites_in_zone
    }
    _limit_given(problem, case, part, x.draw_mw, given_mw)
    problem.setObjective(lpSum(given_mw.values()))
    if not solver.run(problem, deadline).found:
        return None
    return {
        case.zone_ids[z]: float(given.value())
        for z, given in given_mw.items()
        if given.value() > LEAST_MW
    }


def _limit_given(
    problem: LpProblem,
    case: Case,
    part: Case,
    draw_mw: Mapping[SiteCluster, LpVariable],
    given_mw: Mapping[int, LpVariable],
) -> None:
    """Never draw more from a zone than its headroom and what it is given."""
    for z, inside in part.sites_in_zone.items():
        within = set(inside.tolist())
        total_mw = lpSum(v for (i, _), v in draw_mw.items() if i in within)
        problem += total_mw - given_mw[z] <= float(case.headroom_mw[z]), label("headroom", z)
