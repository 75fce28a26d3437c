"""Maximum packing of clusters: as many as there is room for, and a proof that none has more.

The **bound** on the number is that of the fleets and of what single clusters cost
(`siting.program.count.upper_bound`). The **plan** is filled cluster by cluster, chosen among the
clusters that are known, and filled anew where some of them are taken out
(`siting.program.count.primal_heuristics`). Where the program is small, the plain program is asked
for one cluster more and more, until it proves that there is none, so the number is exact.

With required sites a plan of fewer clusters need not exist where one of more does, so the plain
program is asked from the bound downwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from siting.case import Case
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.count.primal_heuristics import Packing
from siting.program.formulation.combine import settle_together, take_apart
from siting.program.formulation.monolithic import MONOLITHIC_SITES, fits_whole, solve_monolithic
from siting.program.one_cluster.solve import ANY_GAP, in_no_cluster
from siting.program.proof import Proof, Settled, sign_of
from siting.program.sites.presolve import infeasible_by_arithmetic
from siting.progress import ProgressCallback


@dataclass(frozen=True)
class Most:
    """The most clusters that were found, and what is proven.

    Parameters
    ----------
    plan
        A plan of so many clusters, at the best draws for the sense asked; ``None`` where none was
        found.
    at_most
        No plan has more clusters than this; 0: there is no plan.
    """

    plan: Settled | None
    at_most: int

    @property
    def found(self) -> int:
        """Number of clusters of the plan."""
        return 0 if self.plan is None else len(self.plan.draw_mw)


def find_most(
    case: Case, solver: Solver, deadline: Deadline, progress: ProgressCallback | None = None
) -> Most:
    """Find as many clusters as there is room for.

    Parameters
    ----------
    case
        The question; its clusters have a target.
    solver, deadline, progress
        As in ``solve_one_cluster``.
    """
    usable = int(case.usable.sum())
    if infeasible_by_arithmetic(case):
        return Most(None, 0)
    filling = Packing.of(case.of_clusters(1), solver, deadline, progress)
    clusters: list[Settled] = []
    if filling.counting.at_most > 0 and usable > MONOLITHIC_SITES:
        clusters = filling.best()
        if not clusters and in_no_cluster(case, solver, deadline):
            return Most(None, 0)
    plan, at_most = settle_together(case, clusters, solver), filling.counting.at_most
    most = Most(plan, at_most)
    if most.found < at_most and (usable <= MONOLITHIC_SITES or fits_whole(usable, most.found + 1)):
        most = _one_more(case, most, solver, deadline)
    return most


def _one_more(case: Case, most: Most, solver: Solver, deadline: Deadline) -> Most:
    """Ask the plain program for more clusters than were found, until there are none."""
    anything = replace(case, sense="minimise_cost")
    some = replace(solver, gap=ANY_GAP)
    required = bool(case.required.any())
    first, last = most.found + 1, most.at_most
    plan, at_most = most.plan, most.at_most
    for count in range(last, first - 1, -1) if required else range(first, last + 1):
        # An answer that is left open must not take the time of the next.
        share = deadline.within(deadline.left_s() / 2) if required else deadline
        proof = solve_monolithic(anything.of_clusters(count), some, share)
        if proof.best is not None:
            plan = (
                settle_together(case, take_apart(case.of_clusters(1), proof.best, solver), solver)
                or plan
            )
            if required:
                break
        elif required:
            if proof.infeasible and at_most == count:
                at_most = count - 1
        else:
            # Without one of its clusters a plan is a plan of one less.
            if proof.infeasible:
                at_most = count - 1
            break
    return Most(plan, at_most)


def better_proof(case: Case, start: Settled, proof: Proof, gap: float) -> Proof:
    """A proof with the better of its plan and one that is known.

    Where nothing was proven in time, the bound is what costs and draws can be at all.
    """
    sign = sign_of(case)
    best = start
    if proof.best is not None and proof.best.objective * sign < start.objective * sign:
        best = proof.best
    bound = proof.bound * sign
    if not math.isfinite(bound):
        bound = _least_at_all(case)
    cost = best.objective * sign
    bound = min(bound, cost)
    return Proof(best, bound * sign, False, cost - bound <= gap * abs(cost))


def _least_at_all(case: Case) -> float:
    """No plan is better than this, as a cost: for draw all that sites can draw."""
    if case.sense == "maximise_mw":
        return -float(case.cap_mw[case.usable].sum())
    if case.sense == "minimise_fiber_km":
        return 0.0
    # Prices may be below 0.
    variable = np.minimum(case.variable_musd_per_mw_year, 0.0) * case.cap_mw
    sites = np.minimum(case.fixed_musd_per_year + variable, 0.0)[case.usable].sum()
    premium = np.minimum(case.premium_usd_per_mwh, 0.0) * case.contractable_mwh / 1e6
    return float(sites + premium.sum())
