"""The program as a whole: its table of contents."""

from __future__ import annotations

from collections.abc import Callable

import pulp
from pulp import LpAffineExpression, LpProblem

from siting.case import Case
from siting.program import rules
from siting.program.decisions import Decisions, declare
from siting.program.dominance import prefer_better_site

Rule = Callable[[LpProblem, Case, Decisions], None]

RULES: tuple[Rule, ...] = (
    rules.size_campus,
    rules.build_whole_modules,
    rules.use_site_once,
    rules.limit_zone_draw,
    rules.draw_enough_from_zones,
    rules.add_up_size,
    rules.reach_target,
    rules.limit_campuses,
    rules.span_utilities,
    rules.span_regions,
    rules.limit_utility_share,
    rules.survive_campus_loss,
    rules.survive_utility_loss,
    rules.order_clusters,
    rules.connect_mesh,
    rules.shorten_large_clusters,
    rules.leave_by_two_spans,
    prefer_better_site,
    rules.choose_hub,
    rules.link_to_hub,
    rules.join_ring,
    rules.limit_ring,
    rules.differ_from_other_plans,
    rules.use_own_clean_energy,
    rules.deliver_within_area,
    rules.buy_clean_energy,
    rules.count_pairs,
    rules.bind_pairs,
)
"""Every rule, in the order of reading. Each adds its rows, or none where its option is off."""

OBJECTIVES = {
    "minimise_cost": rules.annual_cost_musd,
    "maximise_mw": rules.total_draw_mw,
    "minimise_fiber_km": rules.network_fiber_km,
}
"""What is best, by sense."""


def objective(case: Case, x: Decisions) -> LpAffineExpression:
    """What is minimised or maximised, in the unit of the sense."""
    return OBJECTIVES[case.sense](case, x)


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
