"""Cluster constraints: target, counts, shares, and the loss of a campus or a utility."""

from __future__ import annotations

import numpy as np
from pulp import LpAffineExpression, LpProblem, lpSum

from siting.case import Case
from siting.program.formulation.variables import Decisions, label


def add_up_size(problem: LpProblem, case: Case, x: Decisions) -> None:
    """A cluster's size is its draw, or its IT load where the target is one.

    For every cluster ``c``::

        size[c]  =  sum over i of target_per_mw[i] * draw_mw[i, c]                    [MW]

    ``target_per_mw`` is 1 for a target of draw and 1 / PUE for a target of IT load.
    Rows: ``size(c)``.
    """
    for c in x.clusters:
        problem += (
            x.size[c] == lpSum(float(case.target_per_mw[i]) * x.draw_mw[i, c] for i in x.sites),
            label("size", c),
        )


def reach_target(problem: LpProblem, case: Case, x: Decisions) -> None:
    """Every cluster is as large as asked.

    For every cluster ``c``::

        size[c]  >=  target                                                           [MW]

    Rows: ``target(c)``; none where no target is asked.
    """
    if case.target is not None:
        for c in x.clusters:
            problem += x.size[c] >= case.target, label("target", c)


def limit_campuses(problem: LpProblem, case: Case, x: Decisions) -> None:
    """A cluster has neither too few campuses nor too many.

    For every cluster ``c``::

        min_campuses  <=  sum over i of member[i, c]  <=  max_campuses

    Rows: ``min_campuses(c)``, ``max_campuses(c)``.
    """
    for c in x.clusters:
        problem += x.members(c) >= case.cluster.min_campuses, label("min_campuses", c)
        problem += x.members(c) <= case.cluster.max_campuses, label("max_campuses", c)


def span_utilities(problem: LpProblem, case: Case, x: Decisions) -> None:
    """A cluster draws from enough different utilities.

    For every cluster ``c``, ``used[u, c]`` in 0 ... 1::

        used[u, c]  <=  sum over sites i of utility u of member[i, c]
        sum over u of used[u, c]  >=  min_utilities

    ===========================  =========
    campuses of the utility      used
    ===========================  =========
    0                            0
    1 or more                    up to 1
    ===========================  =========

    Rows: ``utility_used(u, c)``, ``min_utilities(c)``; none for one utility.
    """
    _span(problem, x, "utility", case.utility, case.utilities, case.cluster.min_utilities)


def span_regions(problem: LpProblem, case: Case, x: Decisions) -> None:
    """A cluster stands in enough different regions; as ``span_utilities``, with regions.

    Rows: ``region_used(g, c)``, ``min_regions(c)``; none for one region.
    """
    _span(problem, x, "region", case.region, case.regions, case.cluster.min_regions)


def _span(
    problem: LpProblem,
    x: Decisions,
    kind: str,
    group_of_site: np.ndarray,
    names: tuple[str, ...],
    least: int,
) -> None:
    if least <= 1:
        return
    plural = {"utility": "utilities", "region": "regions"}[kind]
    sites_of: dict[int, list[int]] = {}
    for i in x.sites:
        if group_of_site[i] >= 0:
            sites_of.setdefault(int(group_of_site[i]), []).append(i)
    for c in x.clusters:
        used = []
        for group, sites in sorted(sites_of.items()):
            used.append(problem.add_variable(label(f"{kind}_used", names[group], c), 0, 1))
            problem += (
                used[-1] <= lpSum(x.member[i, c] for i in sites),
                label(f"{kind}_used", names[group], c),
            )
        problem += lpSum(used) >= least, label(f"min_{plural}", c)


def limit_utility_share(problem: LpProblem, case: Case, x: Decisions) -> None:
    """No utility carries more than its share of a cluster's draw.

    For every utility ``u`` and cluster ``c``::

        sum over i of u of draw_mw[i, c]  <=  max_utility_fraction * sum of draw_mw[., c]   [MW]

    Rows: ``utility_share(u, c)``; none where one utility may carry all.
    """
    fraction = case.cluster.max_utility_fraction
    if fraction >= 1:
        return
    for c in x.clusters:
        for u, draw_mw in _draw_by_utility(case, x, c).items():
            problem += (
                draw_mw <= fraction * x.total_draw_mw(c),
                label("utility_share", case.utilities[u], c),
            )


def survive_campus_loss(problem: LpProblem, case: Case, x: Decisions) -> None:
    """Enough of the target is left when any one campus is lost.

    For every site ``i`` and cluster ``c``::

        size[c] - target_per_mw[i] * draw_mw[i, c]  >=  keep_after_campus_loss * target     [MW]

    Rows: ``campus_loss(i, c)``.
    """
    keep = case.cluster.keep_after_campus_loss
    if keep == 0 or case.target is None:
        return
    for i, c in x.member:
        problem += (
            x.size[c] - float(case.target_per_mw[i]) * x.draw_mw[i, c] >= keep * case.target,
            label("campus_loss", case.site_ids[i], c),
        )


def survive_utility_loss(problem: LpProblem, case: Case, x: Decisions) -> None:
    """Enough of the target is left when all campuses of any one utility are lost.

    For every utility ``u`` and cluster ``c``::

        size[c] - sum over i of u of target_per_mw[i] * draw_mw[i, c]
            >=  keep_after_utility_loss * target                                           [MW]

    Rows: ``utility_loss(u, c)``.
    """
    keep = case.cluster.keep_after_utility_loss
    if keep == 0 or case.target is None:
        return
    for c in x.clusters:
        for u, size in _draw_by_utility(case, x, c, case.target_per_mw).items():
            problem += (
                x.size[c] - size >= keep * case.target,
                label("utility_loss", case.utilities[u], c),
            )


def _draw_by_utility(
    case: Case, x: Decisions, c: int, weight: np.ndarray | None = None
) -> dict[int, LpAffineExpression]:
    sites_of: dict[int, list[int]] = {}
    for i in x.sites:
        sites_of.setdefault(int(case.utility[i]), []).append(i)
    return {
        u: lpSum((1.0 if weight is None else float(weight[i])) * x.draw_mw[i, c] for i in sites)
        for u, sites in sorted(sites_of.items())
    }
