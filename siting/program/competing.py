"""A bound on several clusters that compete, in any sense.

Clusters that ignore each other would all lie where the best one does. The fleets
(`siting.program.fleets`) know that they share zones, sites and clean supply, but not what a cluster
is worth. So the best single cluster of every group of anchors is told to them: each of the group's
clusters is no better. The worth of a fleet is at most that of so many of its best cluster, and for
draw also what the fleet draws; the best whole fleets of as many clusters as are asked bound every
plan. Only groups that the best fleets use are asked about, until all of them are; then these are
halved, for smaller groups see less beyond their reach.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from siting.case import Case
from siting.program.anchors import solve_anchors
from siting.program.fleets import Fleets, first_groups, halved, of_any_cluster
from siting.program.plain import sign_of
from siting.program.solvers import Deadline, Solver

HALVINGS = 12
"""How often the groups that the best fleets use are halved for a sharper bound."""


def bound_together(
    case: Case,
    count: int,
    single: float,
    solver: Solver,
    deadline: Deadline,
    *,
    enough: float | None = None,
) -> float:
    """Bound the best plan of several clusters.

    Parameters
    ----------
    case
        The question for one cluster, none of its sites required.
    count
        How many clusters are asked.
    single
        A bound on the best single cluster, in the unit of the sense.
    solver, deadline
        As in ``solve_anchors``.
    enough
        A bound of this is good enough, in the unit of the sense.

    Returns
    -------
    float
        In the unit of the sense; infinitely bad where it is proven that there is no plan.
    """
    if not math.isfinite(single):
        return count * single
    sign = sign_of(case)
    ordered, _ = of_any_cluster(case)
    groups = first_groups(ordered)
    fleets = Fleets(ordered, groups)
    least = np.full(len(groups), single * sign)
    halvings = HALVINGS
    alone = replace(solver, threads=1)
    asked: set[int] = set()
    bound = count * single * sign

    def best_of(g: int) -> float:
        if deadline.reached():
            return -np.inf
        return solve_anchors(ordered.take(groups[g].sites), alone, deadline).bound * sign

    while not deadline.reached() and (enough is None or bound < enough * sign):
        worth, used = fleets.best_of_many(count, least, deadline)
        bound = max(bound, worth)
        new = [g for g in used if g not in asked]
        if new:
            least[new] = np.maximum(least[new], solver.map(best_of, new))
            asked.update(new)
            continue
        if halvings == 0:
            break
        halvings -= 1
        # Each half is no better than the whole.
        groups, halves = halved(ordered, groups, list(used))
        if not halves:
            break
        fleets, least = Fleets(ordered, groups), np.append(least, least[halves])
        asked.difference_update(halves)
    return bound * sign
