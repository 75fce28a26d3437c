"""Pricing problem: the cheapest single clusters at the duals of the master."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from siting.case import BoolArray, Case
from siting.fiber.reach import FloatArray
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.one_cluster.anchor_queue import AnchorQueue
from siting.program.one_cluster.best_first import MOST_SITES, solve_subproblem
from siting.program.one_cluster.merged_neighbourhoods import Group, group_by_sites
from siting.program.one_cluster.min_cost import by_cost, trim_by_cost
from siting.program.one_cluster.with_cutoff import solve_with_cutoff
from siting.program.proof import Proof, Settled
from siting.program.relaxations.knapsack import Knapsack
from siting.program.sites.neighbourhoods import first_members, order_sites
from siting.program.sites.presolve import required_apart, required_unusable

BATCHES = (4, 16, 64)
"""Anchors whose programs are solved at once: few at first, as they find what spares others."""

ROUGH_SITES = 80
"""Cheapest sites of a neighbourhood among which clusters are sought roughly."""

ROUGH_GAP = 2e-3
"""Gap of such a search [1]."""

JOINED_SITES = 150
"""Sites of a joined program at the most."""

BETTER = 1e-7
"""By how much of its cost a cluster must be better than a known one to count, at the most [1]."""


@dataclass(frozen=True, eq=False)
class Pricing:
    """What the clusters of a question cost at the least.

    Parameters
    ----------
    smallest
        ``(count,)`` the smallest bounds of different anchors, ascending [MUSD/year]; infinite
        where there are fewer anchors.
    found
        Plans found on the way, one cluster each.
    done
        Whether no cluster is left that may be better than those that were known or found.
    """

    smallest: FloatArray
    found: tuple[Settled, ...]
    done: bool


Known = tuple[tuple[int, ...], float]
"""Sites of a cluster, and what it costs at the prices [MUSD/year]."""


def solve_pricing_problem(
    case: Case,
    count: int,
    solver: Solver,
    deadline: Deadline,
    *,
    solves: int,
    lead: BoolArray | None = None,
    known: Sequence[Known] = (),
    rough: bool = False,
) -> Pricing:
    """Bound the ``count`` best anchors of a case at minimum cost, and find their plans.

    Best first as in ``solve_one_cluster``, but against the ``count``-th best cluster of different
    anchors. Clusters that are known spare most of the work: only better ones are sought.

    Parameters
    ----------
    case
        The question for one cluster, prices included.
    count
        How many clusters are asked.
    solver, deadline
        Who solves the small programs, and until when.
    solves
        After so many small programs no new ones are begun; the bounds are valid wherever that is.
    lead
        ``(I,)`` sites of which every cluster has one.
    known
        Clusters of this question.
    rough
        Look for clusters among few sites only. The bounds are then those that need no solver.
    """
    nothing = Pricing(np.full(count, np.inf), (), done=True)
    if required_unusable(case) or required_apart(case):
        return nothing
    origin, anchors_at = _order(case, lead)
    if len(origin) == 0:
        return nothing
    ordered = case.take(origin)
    sites = Knapsack.of(ordered)
    anchors = by_cost(ordered, sites, anchors_at, shifts=2)
    better = min(BETTER, solver.gap / 10)
    values = _by_anchor(known, origin, len(case.site_ids))
    found: list[Settled] = []
    solved = rounds = 0
    done = False
    while True:
        least = sorted(values.values())
        cutoff = least[count - 1] * (1 - better) if len(least) >= count else math.inf
        if solved >= solves or deadline.reached():
            break
        # Without a cluster to compare with, one is found first.
        batch = BATCHES[min(rounds, len(BATCHES) - 1)] if math.isfinite(cutoff) else 1
        taken = anchors.pop_many(cutoff, batch if case.cluster.network == "mesh" else 1)
        rounds += 1
        if not taken:
            done = True
            break
        groups = _groups(ordered, sites, taken, cutoff, solver, anchors)
        proofs = _prove(
            ordered, groups, cutoff, solver, deadline, ROUGH_SITES if rough else MOST_SITES
        )
        solved += len(groups)
        for group, proof in zip(groups, proofs, strict=True):
            bound = max(group.bound, min(proof.bound, cutoff))
            for h in group.anchors:
                anchors.raise_bound(h, bound)
            if proof.best is not None:
                plan = proof.best.at(origin[group.sites])
                found.append(plan)
                h = min(group.sites[i] for i in proof.best.draw_mw[0])
                values[h] = min(proof.best.objective, values.get(h, math.inf))
    smallest = np.full(count, np.inf)
    bounds = np.sort(anchors.bounds)[:count]
    smallest[: len(bounds)] = bounds
    return Pricing(smallest, tuple(found), done)


def _order(case: Case, lead: BoolArray | None) -> tuple[np.ndarray, np.ndarray]:
    """The order of the sites, and the positions in it that can be the first of a cluster."""
    origin = order_sites(case)
    if lead is None or case.required.any() or case.cluster.network == "hub":
        return origin, first_members(case.take(origin))
    leads = lead[origin]
    return np.concatenate((origin[leads], origin[~leads])), np.arange(int(leads.sum()))


def _by_anchor(known: Sequence[Known], origin: np.ndarray, sites: int) -> dict[int, float]:
    rank = np.full(sites, len(origin))
    rank[origin] = np.arange(len(origin))
    values: dict[int, float] = {}
    for members, value in known:
        h = int(rank[list(members)].min())
        values[h] = min(value, values.get(h, math.inf))
    return values


def _groups(
    case: Case,
    sites: Knapsack,
    taken: list[tuple[int, float]],
    cutoff: float,
    solver: Solver,
    anchors: AnchorQueue,
) -> list[Group]:
    """The anchors that may hold a cluster below the cutoff, those with the same sites as one."""

    def trimmed(anchor: tuple[int, float]) -> Group:
        h, least = anchor
        kept, bound = trim_by_cost(case, sites, h, cutoff)
        return Group((h,), kept, max(bound, least))

    single = solver.map(trimmed, taken)
    for one in single:
        anchors.raise_bound(one.anchors[0], min(one.bound, cutoff))
    left = [one for one in single if one.bound < cutoff]
    if case.cluster.network != "mesh" or case.required.any():
        return left
    return group_by_sites(left, JOINED_SITES)


def _prove(
    case: Case,
    groups: list[Group],
    cutoff: float,
    solver: Solver,
    deadline: Deadline,
    most_sites: int,
) -> list[Proof]:
    """Solve the programs of groups; of more sites than the most only a plan is sought."""
    # One program may use all threads; of several, each gets one.
    each = solver if len(groups) == 1 else replace(solver, threads=1)

    def prove(group: Group) -> Proof:
        if len(group.sites) > most_sites:
            # Sites are in the order of their cost.
            part = case.take(group.sites[:most_sites])
            quick = replace(each, gap=max(each.gap, ROUGH_GAP))
            return replace(solve_with_cutoff(part, quick, deadline, cutoff), bound=-math.inf)
        if len(group.anchors) == 1:
            return solve_subproblem(case, group.sites, group.anchors[0], each, deadline, cutoff)
        return solve_with_cutoff(case.take(group.sites), each, deadline, cutoff)

    return each.map(prove, groups) if len(groups) == 1 else solver.map(prove, groups)


def sites_below(case: Case, solver: Solver, limit: float, most_anchors: int) -> BoolArray | None:
    """``(I,)`` sites that a cluster below a limit can have; none if too many anchors can."""
    origin = order_sites(case)
    ordered = case.take(origin)
    sites = Knapsack.of(ordered)
    anchors = by_cost(ordered, sites, first_members(ordered), shifts=2)
    taken = anchors.pop_many(limit, most_anchors + 1)
    if len(taken) > most_anchors:
        return None
    stays = np.zeros(len(case.site_ids), dtype=np.bool_)
    for kept, bound in solver.map(lambda one: trim_by_cost(ordered, sites, one[0], limit), taken):
        if bound < limit:
            stays[origin[kept]] = True
    return stays
