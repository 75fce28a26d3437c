"""Several clusters: the whole program where it is small, else one cluster after the other.

Clusters are tied to each other by the headroom of zones, by clean supply, and by the sites, of
which each serves one. Where the whole program is too large to hand to a solver, clusters are
placed one by one in what the others leave, and a plan is improved by placing each again. At minimum
cost they are placed roughly at first: column generation finds better plans and a bound, and
division of all plans closes the gap between them. For the other senses, for rings, and with
required sites, the bound is that of fleets (`siting.program.competing`): valid, and not tight where
clusters compete for more than fleets see.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from siting.case import Case
from siting.errors import SolverError
from siting.program.anchors import solve_anchors
from siting.program.branching import solve_columns
from siting.program.competing import bound_together
from siting.program.plain import Proof, sign_of, solve_plain
from siting.program.settle import Settled, evaluate
from siting.program.solvers import Deadline, Solver
from siting.progress import Progress, ProgressCallback

WHOLE_ENTRIES = 400_000
"""Up to this many (site, site, cluster) triples the program is solved as a whole."""

BOUND_SHARE = 0.3
"""Part of the time in which a bound on clusters that compete is sought [1]."""

ROUGH_GAP = 0.01
"""Gap of clusters that are placed roughly [1]."""


def solve_several(
    case: Case,
    solver: Solver,
    deadline: Deadline,
    *,
    progress: ProgressCallback | None = None,
    start: Settled | None = None,
) -> Proof:
    """Solve the program of several clusters; see ``solve_anchors`` for the parameters.

    Where a plan to start with is given, clusters are not placed one after the other first.
    """
    if int(case.usable.sum()) ** 2 * case.count <= WHOLE_ENTRIES:
        return solve_plain(case, solver, deadline)
    count = case.count
    one = replace(case, cluster=case.cluster.model_copy(update={"count": 1}))
    free = replace(one, required=np.zeros(len(case.site_ids), dtype=bool))
    priceable = case.sense == "minimise_cost" and case.cluster.network != "ring"
    priceable = priceable and not case.required.any()
    place = Placement(count, one, free, solver, deadline, progress, rough=priceable)
    first = place.in_what_is_left([], free)
    if first.infeasible:
        return first
    bound = first.bound * count
    clusters = place.one_after_the_other(first) if start is None else apart(one, start)
    sign = sign_of(case)
    if not priceable:
        share = deadline.within(BOUND_SHARE * deadline.left_s())
        enough = None
        if clusters is not None:
            placed = together(clusters).objective
            enough = placed - sign * solver.gap * abs(placed)
        bound = bound_together(free, count, first.bound, solver, share, enough=enough)
    if clusters is None:
        none = bound * sign == math.inf
        return Proof(None, bound, none, none)
    if priceable:
        return solve_columns(
            case,
            together(clusters),
            bound,
            solver,
            deadline,
            improve=lambda plan: together(place.again(apart(one, plan))),
            progress=progress,
        )
    best = together(place.again(clusters))
    if math.isinf(bound) and bound * sign > 0:
        raise SolverError("fleets are said to have no plan where there is one")
    bound = min(bound * sign, best.objective * sign) * sign
    complete = abs(best.objective - bound) <= solver.gap * abs(best.objective)
    return Proof(best, bound, False, complete)


@dataclass(frozen=True)
class Placement:
    """Places single clusters in what others leave.

    Parameters
    ----------
    count
        How many clusters are asked.
    one, free
        The question for one cluster, with the required sites and without.
    solver, deadline, progress
        As in ``solve_anchors``.
    rough
        Whether clusters beside others are placed roughly, as better ones are sought later.
    """

    count: int
    one: Case
    free: Case
    solver: Solver
    deadline: Deadline
    progress: ProgressCallback | None
    rough: bool = False

    def in_what_is_left(
        self, others: list[Settled], case: Case, *, start: Settled | None = None
    ) -> Proof:
        """The best single cluster beside others, or the one to start with."""
        left, solver = what_is_left(case, others), self.solver
        if self.rough and others and start is None:
            solver = replace(solver, gap=max(solver.gap, ROUGH_GAP))
        tell = self._tell(len(others))
        return solve_anchors(left, solver, self.deadline, progress=tell, start=start)

    def _tell(self, placed: int) -> ProgressCallback | None:
        """Progress of one cluster, which says nothing yet about the plan of all."""
        if self.progress is None:
            return None
        tell = self.progress
        return lambda one: tell(
            Progress("placing clusters", done=placed, total=self.count, message=one.message)
        )

    def one_after_the_other(self, first: Proof) -> list[Settled] | None:
        """All clusters, each the best beside those before; none where one finds no place.

        Required sites go into the first cluster; the others must do without them. ``first`` is the
        best cluster without them.
        """
        known = first.best if not self.one.required.any() else None
        clusters = [] if known is None else [known]
        while len(clusters) < self.count:
            found = self.in_what_is_left(clusters, self.free if clusters else self.one)
            if found.best is None:
                return None
            clusters.append(found.best)
        return clusters

    def again(self, clusters: list[Settled]) -> list[Settled]:
        """Take out one cluster at a time and place it anew, until none finds a better place."""
        clusters, since_better, c = list(clusters), 0, 0
        while since_better < len(clusters) and not self.deadline.reached():
            others = clusters[:c] + clusters[c + 1 :]
            asked = self.free if c else self.one
            found = self.in_what_is_left(others, asked, start=clusters[c])
            since_better += 1
            if found.best is not None:
                gain = (clusters[c].objective - found.best.objective) * sign_of(self.one)
                if gain > 1e-9 * abs(clusters[c].objective):
                    clusters[c], since_better = found.best, 1
            c = (c + 1) % len(clusters)
        return clusters


def what_is_left(case: Case, clusters: list[Settled]) -> Case:
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


def together(clusters: list[Settled]) -> Settled:
    """A plan of clusters that were placed beside each other."""
    draw_mw = tuple(found.draw_mw[0] for found in clusters)
    contract_mwh = tuple(found.contract_mwh[0] for found in clusters)
    value = sum(found.objective for found in clusters)
    return Settled(
        draw_mw, contract_mwh, value, tuple(t for found in clusters for t in found.tours)
    )


def apart(one: Case, plan: Settled) -> list[Settled]:
    """The clusters of a plan, one by one."""
    tours: list[tuple[tuple[int, ...], ...]] = [(tour,) for tour in plan.tours]
    tours = tours or [()] * len(plan.draw_mw)
    return [
        Settled((draws,), (contracts,), evaluate(one, (draws,), (contracts,)), tour)
        for draws, contracts, tour in zip(plan.draw_mw, plan.contract_mwh, tours, strict=True)
    ]
