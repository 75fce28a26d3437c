"""Large-neighbourhood search over several clusters.

(Shaw 1998, "Using constraint programming and local search methods to solve vehicle routing
problems", Principles and Practice of Constraint Programming.)

Clusters that are placed one after the other take what would serve their neighbours better. So some
that lie near each other, or one and the least of all, are taken out, and what they leave is asked
for as many clusters at once: one small program, of some sites of every zone near them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from siting.case import Case
from siting.fiber.reach import IntArray
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.combine import take_apart
from siting.program.formulation.monolithic import solve_monolithic
from siting.program.proof import Settled, sign_of
from siting.program.sites.residual import nearest, residual

TAKEN_OUT = (2, 3)
"""How many clusters are taken out at once."""

SITES = 120
"""Sites of a small program at the most."""

LIMIT_S = 20.0
"""Time for a small program [s]."""

GAP = 0.005
"""Gap at which a small program is solved well enough [1]."""

BETTER = 1e-5
"""By how much of their worth clusters must be better than those taken out [1]."""


@dataclass(frozen=True)
class LargeNeighbourhood:
    """Makes clusters better a few at a time.

    Parameters
    ----------
    case
        The question for one cluster, none of its sites required.
    solver, deadline
        As in ``solve_one_cluster``.
    """

    case: Case
    solver: Solver
    deadline: Deadline

    def better(self, clusters: list[Settled], stay: int = 0) -> list[Settled]:
        """The clusters after no few of them are better when they are placed anew.

        Parameters
        ----------
        clusters
            One by one.
        stay
            So many of the first ones are not taken out.
        """
        clusters = list(clusters)
        refused: set[tuple[tuple[int, ...], ...]] = set()
        while not self.deadline.reached():
            taken_out = self._next(clusters, stay, refused)
            if taken_out is None:
                break
            found = self._anew(clusters, taken_out)
            if found is None:
                refused.add(_sites_of(clusters, taken_out))
                continue
            for c, placed in zip(taken_out, found, strict=True):
                clusters[c] = placed
        return clusters

    def _next(
        self, clusters: list[Settled], stay: int, refused: set[tuple[tuple[int, ...], ...]]
    ) -> list[int] | None:
        """Some clusters near each other, or one and the least, that were not tried as they are."""
        movable = range(stay, len(clusters))
        sign = sign_of(self.case)
        least = max(movable, key=lambda c: clusters[c].objective * sign, default=stay)
        for out in TAKEN_OUT:
            for middle in movable:
                near = nearest(self.case, clusters, middle, out, stay)
                for tried in (near, sorted({middle, least})):
                    if len(tried) == out and _sites_of(clusters, tried) not in refused:
                        return tried
        return None

    def _anew(self, clusters: list[Settled], near: list[int]) -> list[Settled] | None:
        """Better clusters in the place of some, if they are found."""
        taken_out = [clusters[c] for c in near]
        left = residual(self.case, [one for c, one in enumerate(clusters) if c not in near])
        sites = self._promising(left, taken_out)
        value = sum(found.objective for found in taken_out)
        cutoff = value - sign_of(self.case) * BETTER * abs(value)
        quick = replace(self.solver, gap=max(GAP, self.solver.gap))
        share = self.deadline.within(LIMIT_S)
        asked = left.take(sites).of_clusters(len(near))
        found = solve_monolithic(asked, quick, share, cutoff=cutoff).best
        if found is None or (found.objective - cutoff) * sign_of(self.case) > 0:
            return None
        return take_apart(self.case, found.at(sites), self.solver)

    def _promising(self, left: Case, taken_out: list[Settled]) -> IntArray:
        """The sites of some clusters, and of each zone near them those that draw most."""
        own = np.array(sorted(i for found in taken_out for i in found.draw_mw[0]), np.int64)
        around = np.zeros(len(left.site_ids), dtype=np.bool_)
        for i in own.tolist():
            around[left.reach.of(i)[0]] = True
        around[own] = False
        near = np.flatnonzero(around & left.usable)
        near = near[np.lexsort((near, -left.cap_mw[near]))]
        by_zone: dict[int, int] = {}
        rank = np.zeros(len(near), np.int64)
        for p, z in enumerate(left.zone[near].tolist()):
            rank[p] = by_zone.get(z, 0)
            by_zone[z] = rank[p] + 1
        chosen = near[np.lexsort((near, -left.cap_mw[near], rank))][: max(0, SITES - len(own))]
        return np.sort(np.concatenate((own, chosen)))


def _sites_of(clusters: list[Settled], which: list[int]) -> tuple[tuple[int, ...], ...]:
    return tuple(sorted(clusters[c].choice[0] for c in which))
