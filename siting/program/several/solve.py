"""Several clusters: monolithic where small, else construction, improvement and a bound.

Clusters are tied to each other by the headroom of zones, by clean supply, and by the sites, of
which each serves one. Where the whole program is too large to hand to a solver, clusters are placed
one by one in what the others leave, and a plan is improved by placing each again. Where the best
ones leave no room for all, they are placed by what is scarce
(`siting.program.count.primal_heuristics`), and the fleets may prove that there is no room.

At minimum cost they are placed roughly at first: column generation finds better plans and a bound,
and division of all plans closes the gap between them. For the other senses, for rings, and with
required sites, the bound is that of fleets (`siting.program.several.region_bound`): valid, and not
tight where clusters compete for more than fleets see.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from siting.case import Case
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.count.primal_heuristics import Packing
from siting.program.formulation.combine import combine, settle_together, take_apart
from siting.program.formulation.fixed_sites import settle
from siting.program.formulation.monolithic import fits_whole, solve_monolithic
from siting.program.one_cluster.solve import in_no_cluster, solve_one_cluster
from siting.program.proof import Proof, Settled, better_by_gap, sign_of, within_gap
from siting.program.relaxations.region_milp import of_any_cluster
from siting.program.several.column_generation.branch_and_price import branch_and_price
from siting.program.several.draw_bound import DrawBound
from siting.program.several.large_neighbourhood import LargeNeighbourhood
from siting.program.several.region_bound import RegionBound
from siting.program.sites.residual import residual
from siting.progress import Progress, ProgressCallback

BOUND_SHARE = 0.3
"""Part of the time in which a bound on clusters that compete is sought [1]."""

CLUSTER_TYPE_SHARE = 0.3
"""Part of the time in which the most draw is sought by types of clusters [1]."""

CHOICE_LIMIT_S = 20.0
"""Time for one choice among them [s]."""

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
    """Solve the program of several clusters; see ``solve_one_cluster`` for the parameters.

    Where a plan to start with is given, clusters are not placed one after the other first.
    """
    priceable = case.sense == "minimise_cost" and case.cluster.network != "ring"
    priceable = priceable and not case.required.any()
    if fits_whole(int(case.usable.sum()), case.count, priced=priceable):
        return solve_monolithic(case, solver, deadline)
    count = case.count
    one = case.of_clusters(1)
    free = replace(one, required=np.zeros(len(case.site_ids), dtype=bool))
    place = Construction(count, one, free, solver, deadline, progress, rough=priceable)
    first = place.in_what_is_left([], free)
    if first.infeasible:
        return first
    placed = place.one_after_the_other(first) if start is None else take_apart(one, start, solver)
    if not placed and in_no_cluster(case, solver, deadline):
        return Proof(None, sign_of(case) * math.inf, infeasible=True, complete=True)
    clusters = placed if len(placed) == count else None
    if clusters is None and not deadline.reached():
        # The best ones took what others need: place those that use least of what is scarce.
        filling = Packing.of(one, solver, deadline, progress, enough=count)
        thrifty = filling.beside(placed)
        if filling.out_of_room:
            return Proof(None, sign_of(case) * math.inf, True, True)
        plan = settle_together(case, thrifty[:count], solver) if len(thrifty) >= count else None
        clusters = None if plan is None else take_apart(one, plan, solver)
    if priceable and clusters is not None:
        return branch_and_price(
            case,
            combine(clusters),
            first.bound * count,
            solver,
            deadline,
            improve=lambda plan: combine(place.again(take_apart(one, plan, solver))),
            progress=progress,
        )
    return _compete(place, first.bound, clusters)


def _compete(place: Construction, single: float, clusters: list[Settled] | None) -> Proof:
    """Better clusters, and a bound on clusters that compete; ``single`` bounds any one."""
    solver, deadline, sign = place.solver, place.deadline, sign_of(place.one)
    known = -math.inf
    if clusters is not None:
        clusters = place.again(clusters)
    if place.one.sense == "maximise_mw" and place.one.cluster.network != "ring":
        clusters, bound_mw = place.by_cluster_types(clusters, single)
        known = sign * bound_mw

    def better_than(clusters: list[Settled]) -> float:
        return sign * better_by_gap(sign * combine(clusters).objective, solver.gap)

    enough = None if clusters is None else better_than(clusters)
    competition = RegionBound.of(place.free, place.count, single, solver, enough=enough)
    competition.bound = max(competition.bound, known)
    bound = competition.sharpen(deadline.within(BOUND_SHARE * deadline.left_s()), enough)
    if clusters is None or enough is None:
        none = bound * sign == math.inf
        return Proof(None, bound, none, none)
    if bound * sign < enough * sign:
        clusters = place.together_again(clusters)
        bound = competition.sharpen(deadline, better_than(clusters))
    best = combine(clusters)
    cost = best.objective * sign
    least = min(bound * sign, cost)
    return Proof(best, least * sign, False, within_gap(cost, least, solver.gap))


@dataclass(frozen=True)
class Construction:
    """Places single clusters in what others leave.

    Parameters
    ----------
    count
        How many clusters are asked.
    one, free
        The question for one cluster, with the required sites and without.
    solver, deadline, progress
        As in ``solve_one_cluster``.
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
        left, solver = residual(case, others), self.solver
        if self.rough and others and start is None:
            solver = replace(solver, gap=max(solver.gap, ROUGH_GAP))
        tell = self._tell(len(others))
        return solve_one_cluster(left, solver, self.deadline, progress=tell, start=start)

    def _tell(self, placed: int) -> ProgressCallback | None:
        """Progress of one cluster, which says nothing yet about the plan of all."""
        if self.progress is None:
            return None
        tell = self.progress
        return lambda one: tell(
            Progress("placing clusters", done=placed, total=self.count, message=one.message)
        )

    def one_after_the_other(self, first: Proof) -> list[Settled]:
        """Clusters until one finds no place, each the best beside those before.

        Required sites go into the first cluster; the others must do without them. ``first`` is the
        best cluster without them.
        """
        known = first.best if not self.one.required.any() else None
        clusters = [] if known is None else [known]
        while len(clusters) < self.count:
            found = self.in_what_is_left(clusters, self.free if clusters else self.one)
            if found.best is None:
                break
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

    def by_cluster_types(
        self, clusters: list[Settled] | None, scale_mw: float
    ) -> tuple[list[Settled] | None, float]:
        """Clusters chosen among those that bound the most draw, if they are better; and the bound.

        The bound is minus infinity where it is proven that there is no plan [MW].
        """
        any_cluster, origin = of_any_cluster(self.free)
        drawing = DrawBound.of(any_cluster, self.count, scale_mw, self.solver)
        share = self.deadline.within(CLUSTER_TYPE_SHARE * self.deadline.left_s())
        while drawing.sharpen(share):
            pass
        choice = () if self.one.required.any() else drawing.choose(share.within(CHOICE_LIMIT_S))
        if len(choice) == self.count:
            sites = tuple(tuple(sorted(origin[list(cluster)].tolist())) for cluster in choice)
            plan = settle(self.free.of_clusters(self.count), sites, self.solver)
            if plan is not None:
                chosen = self.again(take_apart(self.one, plan, self.solver))
                if clusters is None or combine(chosen).objective > combine(clusters).objective:
                    clusters = chosen
        return clusters, drawing.bound_mw

    def together_again(self, clusters: list[Settled]) -> list[Settled]:
        """Take out some clusters at a time and place them anew together, then each by itself."""
        if self.one.sense == "minimise_fiber_km" or self.one.cluster.network == "ring":
            # Their small programs are not small.
            return clusters
        stay = int(self.one.required.any())
        regrouping = LargeNeighbourhood(self.free, self.solver, self.deadline)
        return self.again(regrouping.better(clusters, stay))
