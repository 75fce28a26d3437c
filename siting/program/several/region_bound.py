"""Region relaxation of clusters that compete: a bound in any sense, sharpened by branching.

Clusters that ignore each other would all lie where the best one does. The fleets
(`siting.program.relaxations.region_milp`) know that they share zones, sites and clean supply, but
not what a cluster is worth. So the best single cluster of every group of anchors is told to them:
each of the group's clusters is no better. The worth of a fleet is at most that of so many of its
best cluster, and for draw also what the fleet draws; the best whole fleets of as many clusters as
are asked bound every plan. Only groups that the best fleets use are asked about, until all of them
are; then these are branched on. Where fiber counts they are by the longest link of a cluster: short
ones find little within their reach, and long ones have many kilometres. Else, and where lengths are
alike, anchors are halved by place, for smaller groups see less beyond their reach.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from siting.case import Case
from siting.errors import SolverError
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.one_cluster.solve import solve_one_cluster
from siting.program.proof import sign_of
from siting.program.relaxations.knapsack import Knapsack, fewest_campuses
from siting.program.relaxations.region_milp import (
    Fleets,
    Group,
    first_groups,
    group_around,
    halved,
    of_any_cluster,
)
from siting.program.sites.sets import Rows

ALIKE = (0.9, 0.97, 0.99)
"""Lengths are alike where the shortest is at least this part of the longest; in turn [1]."""

FAR_FROM_ALIKE = 0.5
"""Where it is less than this part, a cluster of such lengths is dear to ask for [1]."""


@dataclass(frozen=True, eq=False)
class Node:
    """Clusters whose anchors are in a group, and whose longest link is within some lengths.

    Parameters
    ----------
    group
        Their anchors and sites.
    least
        No cluster of this part is better, as a cost, in the unit of the sense.
    over_km, within_km
        Their longest link is longer than the one and at most as long as the other [km].
    asked
        Whether the best single cluster was asked for.
    """

    group: Group
    least: float
    over_km: float
    within_km: float
    asked: bool = False


@dataclass
class RegionBound:
    """What is known of the best plan of several clusters.

    Parameters
    ----------
    case
        The question for one cluster, in the order of the anchors, none of its sites required.
    count
        How many clusters are asked.
    solver
        Finds single clusters.
    parts
        Every cluster of a plan that matters is in one of them.
    bound
        No plan that matters is better, as a cost, in the unit of the sense.
    narrowed
        Whether plans that do not matter, as a better one is known, were left out.
    _fewest
        Campuses of a cluster at the least.
    _turn
        Which of `ALIKE` holds now.
    _fleets
        The program of the parts; none where they have changed.
    """

    case: Case
    count: int
    solver: Solver
    parts: list[Node]
    bound: float
    narrowed: bool
    _fewest: int
    _turn: int = 0
    _fleets: Fleets | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls, case: Case, count: int, single: float, solver: Solver, *, enough: float | None = None
    ) -> RegionBound:
        """What is known at first.

        Parameters
        ----------
        case
            The question; its required sites do not count.
        count
            How many clusters are asked.
        single
            A bound on the best single cluster, in the unit of the sense.
        solver
            Finds single clusters.
        enough
            Only plans better than this matter, in the unit of the sense.
        """
        least = single * sign_of(case)
        ordered, _ = of_any_cluster(case)
        fewest = int(fewest_campuses(Knapsack.of(ordered), Rows.all_of(len(ordered.site_ids)))[0])
        within_km = reach_km = ordered.reach.limit_km
        if _by_length(ordered) and enough is not None:
            # The others have their kilometres at the least.
            longest_km = enough - (count - 1) * least
            within_km = min(within_km, max(0.0, longest_km) / _links_of(ordered, fewest))
            ordered = replace(ordered, reach=ordered.reach.within(within_km))
        narrowed = within_km < reach_km
        parts = [Node(group, least, 0.0, within_km) for group in first_groups(ordered)]
        return cls(ordered, count, solver, parts, count * least, narrowed, fewest)

    def sharpen(self, deadline: Deadline, enough: float | None = None) -> float:
        """Bound the best plan as far as time allows, or until a bound is good enough.

        Parameters
        ----------
        deadline
            When to stop.
        enough
            Only plans better than this matter, in the unit of the sense; at least as good as what
            was said at first.

        Returns
        -------
        float
            In the unit of the sense; infinitely bad where it is proven that there is no plan.

        Raises
        ------
        SolverError
            There is said to be no plan where one is good enough.
        """
        sign = sign_of(self.case)
        limit = math.inf if enough is None else enough * sign
        while not deadline.reached() and math.isfinite(self.bound) and self.bound < limit:
            self._fleets = self._fleets or Fleets(self.case, [part.group for part in self.parts])
            least = np.array([part.least for part in self.parts])
            worth, used = self._fleets.best_of_many(self.count, least, deadline)
            self.bound = max(self.bound, worth)
            alike = self._alike(used)
            wide = [p for p in alike if self._is_wide(self.parts[p])]
            new = [p for p in alike if not self.parts[p].asked]
            if wide:
                self._divide(wide)
            elif new:
                self._ask(new, deadline)
            elif not self._divide(list(used)):
                # With lengths nearer to each other there may be more to divide.
                if not _by_length(self.case) or self._turn + 1 == len(ALIKE):
                    break
                self._turn += 1
        if math.isinf(self.bound) and self.bound > 0 and enough is not None and not self.narrowed:
            raise SolverError("fleets are said to have no plan where there is one")
        return min(self.bound, limit) * sign

    def _ask(self, which: list[int], deadline: Deadline) -> None:
        """Bound the best single cluster of some parts."""
        alone = replace(self.solver, threads=1)
        sign = sign_of(self.case)

        def ask(p: int) -> Node:
            part = self.parts[p]
            if deadline.reached():
                return part
            here = self.case.take(part.group.sites)
            here = replace(here, reach=here.reach.within(part.within_km))
            bound = solve_one_cluster(here, alone, deadline).bound * sign
            return replace(part, least=max(part.least, bound), asked=True)

        for p, part in zip(which, self.solver.map(ask, which), strict=True):
            self.parts[p] = part

    def _divide(self, which: list[int]) -> bool:
        """Divide parts; whether any could be."""
        divided = False
        # Many parts in a row are divided at the same length.
        within = functools.lru_cache(maxsize=1)(self._within)
        for p in which:
            parts = self._divided(self.parts[p], within)
            divided |= len(parts) > 1
            self.parts[p : p + 1] = parts[:1]
            self.parts += parts[1:]
        if divided:
            self._fleets = None
        return divided

    def _divided(self, part: Node, within: Callable[[float], Case]) -> list[Node]:
        """A part by the length of its links, or by place; itself where there is nothing to divide.

        Each is no better than the whole.
        """
        middle_km = self._middle_km(part, ALIKE[self._turn])
        if middle_km is not None:
            group = group_around(within(middle_km), part.group.anchors)
            far_km = max(part.least, _links_of(self.case, self._fewest) * middle_km)
            return [
                Node(group, part.least, part.over_km, middle_km),
                replace(part, least=far_km, over_km=middle_km),
            ]
        groups, _ = halved(within(part.within_km), [part.group], [0])
        return [replace(part, group=group, asked=len(groups) == 1) for group in groups]

    def _alike(self, used: Iterable[int]) -> list[int]:
        """Parts that are used, and where lengths tell them apart all that are as good.

        Their single clusters have few sites, and are quickly asked for.
        """
        if not _by_length(self.case):
            return list(used)
        dearest = max((self.parts[p].least for p in used), default=-math.inf)
        return [p for p, part in enumerate(self.parts) if part.least <= dearest]

    def _is_wide(self, part: Node) -> bool:
        """Whether a part is divided by length before its best cluster is asked for."""
        return not part.asked and self._middle_km(part, FAR_FROM_ALIKE) is not None

    def _middle_km(self, part: Node, alike: float) -> float | None:
        """Where the lengths of a part are divided [km]; none where they are alike."""
        if not _by_length(self.case):
            return None
        # A cluster with no more campuses than needed has no more pairs.
        links = _links_of(self.case, self._fewest)
        pairs = max(1.0, links * self._fewest / 2 if self.case.cluster.network == "mesh" else links)
        shortest_km = max(part.over_km, part.least / pairs)
        if not 0 < shortest_km < alike * part.within_km:
            return None
        return math.sqrt(shortest_km * part.within_km)

    def _within(self, limit_km: float) -> Case:
        """The case with links of at most this length."""
        return replace(self.case, reach=self.case.reach.within(limit_km))


def _by_length(case: Case) -> bool:
    """Whether a cluster whose longest link is long is dear for that."""
    return case.sense == "minimise_fiber_km" and case.cluster.network != "ring"


def _links_of(case: Case, campuses: int) -> int:
    """Least fiber of a cluster, as a multiple of the length of one of its links.

    In a mesh every other campus adds as much to its two ends
    (`siting.program.one_cluster.min_fiber`).
    """
    return max(1, campuses - 1) if case.cluster.network == "mesh" else 1
