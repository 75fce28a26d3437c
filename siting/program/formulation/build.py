"""Table of contents of the mixed-integer linear program."""

from __future__ import annotations

from collections.abc import Callable

import pulp
from pulp import LpProblem

from siting.case import Case
from siting.program.formulation.objective import objective
from siting.program.formulation.rules import (
    campus,
    clean,
    cluster,
    grid,
    hub,
    mesh,
    ring,
    search_only,
    training,
)
from siting.program.formulation.symmetry import prefer_better_site
from siting.program.formulation.variables import Decisions, declare

Rule = Callable[[LpProblem, Case, Decisions], None]

RULES: tuple[Rule, ...] = (
    campus.size_campus,
    campus.build_whole_modules,
    campus.use_site_once,
    grid.limit_zone_draw,
    grid.draw_enough_from_zones,
    cluster.add_up_size,
    cluster.reach_target,
    cluster.limit_campuses,
    cluster.span_utilities,
    cluster.span_regions,
    cluster.limit_utility_share,
    cluster.survive_campus_loss,
    cluster.survive_utility_loss,
    search_only.order_clusters,
    mesh.connect_mesh,
    training.shorten_large_clusters,
    mesh.leave_by_two_spans,
    prefer_better_site,
    hub.choose_hub,
    hub.link_to_hub,
    ring.join_ring,
    ring.limit_ring,
    search_only.differ_from_other_plans,
    clean.use_own_clean_energy,
    clean.deliver_within_area,
    clean.buy_clean_energy,
    mesh.count_pairs,
    mesh.bind_pairs,
)
"""Every rule, in the order of reading. Each adds its rows, or none where its option is off."""


def build(
    case: Case,
    *,
    without: tuple[Rule, ...] = (),
    also: tuple[Rule, ...] = (),
    hub: int | None = None,
) -> tuple[LpProblem, Decisions]:
    """Write the whole program of a case: all clusters, the rules, the objective.

    The rules are all but those ``without``, and those ``also``. Where ``hub`` is given, only that
    site can be the hub of a hub network.
    """
    maximise = case.sense == "maximise_mw"
    problem = LpProblem("siting", pulp.LpMaximize if maximise else pulp.LpMinimize)
    x = declare(problem, case, hub=hub)
    for rule in (*RULES, *also):
        if rule not in without:
            rule(problem, case, x)
    problem.setObjective(objective(case, x))
    return problem, x
