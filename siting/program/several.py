"""Several clusters: the whole program where it is small, else one cluster after the other.

Clusters are tied to each other by the headroom of zones and by the sites, of which each serves
one. Where the whole program is too large to hand to a solver, clusters are placed one by one in
what the others leave, and improved by placing each again; the bound is that of as many clusters
as are asked which ignore each other. It is valid, and not tight where clusters compete.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from siting.case import Case
from siting.program.anchors import solve_anchors
from siting.program.plain import Proof, sign_of, solve_plain
from siting.program.settle import Settled, evaluate
from siting.program.solvers import Deadline, Solver
from siting.progress import ProgressCallback

WHOLE_ENTRIES = 400_000
"""Up to this many (site, site, cluster) triples the program is solved as a whole."""


def solve_several(
    case: Case,
    solver: Solver,
    deadline: Deadline,
    *,
    progress: ProgressCallback | None = None,
) -> Proof:
    """Solve the program of several clusters; see ``solve_anchors`` for the parameters."""
    if int(case.usable.sum()) ** 2 * case.cluster.count <= WHOLE_ENTRIES:
        return solve_plain(case, solver, deadline)
    return _one_after_the_other(case, solver, deadline, progress)


def _one_after_the_other(
    case: Case, solver: Solver, deadline: Deadline, progress: ProgressCallback | None
) -> Proof:
    sign, count = sign_of(case), case.cluster.count
    nothing_required = np.zeros(len(case.site_ids), dtype=bool)
    one = replace(case, cluster=case.cluster.model_copy(update={"count": 1}))
    free = replace(one, required=nothing_required)
    first = solve_anchors(free, solver, deadline, progress=progress)
    if first.infeasible:
        return first
    bound = first.bound * count

    # Required sites go into the first cluster; the others must do without them.
    clusters: list[Settled] = []
    while len(clusters) < count:
        left = _what_is_left(free if clusters else one, clusters)
        found = solve_anchors(left, solver, deadline, progress=progress)
        if found.best is None:
            return Proof(None, bound, False, False)
        clusters.append(found.best)
    clusters = _place_again(one, free, clusters, solver, deadline, progress)
    best = _together(case, clusters)
    bound = min(bound * sign, best.objective * sign) * sign
    complete = abs(best.objective - bound) <= solver.gap * abs(best.objective)
    return Proof(best, bound, False, complete)


def _place_again(
    one: Case,
    free: Case,
    clusters: list[Settled],
    solver: Solver,
    deadline: Deadline,
    progress: ProgressCallback | None,
) -> list[Settled]:
    """Take out one cluster at a time and place it anew, until none finds a better place."""
    sign = sign_of(one)
    since_better, c = 0, 0
    while since_better < len(clusters) and not deadline.reached():
        others = clusters[:c] + clusters[c + 1 :]
        found = solve_anchors(
            _what_is_left(free if c else one, others), solver, deadline, progress=progress
        )
        since_better += 1
        if found.best is not None:
            gain = (clusters[c].objective - found.best.objective) * sign
            if gain > 1e-9 * abs(clusters[c].objective):
                clusters[c], since_better = found.best, 1
        c = (c + 1) % len(clusters)
    return clusters


def _what_is_left(case: Case, clusters: list[Settled]) -> Case:
    """The case without what some clusters use: their sites, headroom and clean energy."""
    max_mw, headroom_mw = case.max_mw.copy(), case.headroom_mw.copy()
    contractable_mwh = case.contractable_mwh.copy()
    for cluster in clusters:
        for i, mw in cluster.draw_mw[0].items():
            max_mw[i] = 0.0
            headroom_mw[list(case.ancestry[case.zone[i]])] -= mw
        for (r, _), mwh in cluster.contract_mwh[0].items():
            contractable_mwh[r] -= mwh
    return replace(
        case,
        max_mw=max_mw,
        headroom_mw=np.maximum(headroom_mw, 0.0),
        contractable_mwh=np.maximum(contractable_mwh, 0.0),
    )


def _together(case: Case, clusters: list[Settled]) -> Settled:
    draw_mw = tuple(found.draw_mw[0] for found in clusters)
    contract_mwh = tuple(found.contract_mwh[0] for found in clusters)
    return Settled(draw_mw, contract_mwh, evaluate(case, draw_mw, contract_mwh))
