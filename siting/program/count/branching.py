"""Branch and price for a number of clusters: nodes are branched on until none is left.

Under limits on how many clusters count for some candidates, the master of cluster types tells what
so many would leave spare. Where they lack it, and no cluster type is so cheap at its prices that
there may be others, no plan is left: the limits that have a price there are a nogood
(`siting.program.count.nogood_search`). Else the plans are divided by a candidate of which the
number of clusters is not whole. Which one decides how many parts there will be. Three questions,
each asked of fewer candidates than the one before, and each dearer than that (Pecin et al. 2017,
"Improved branch-cut-and-price for capacitated vehicle routing", Mathematical Programming
Computation 9):

1. How far from whole is its number, and what did limits on it take of what was spare before?
2. What do they take with the cluster types that are known?
3. What do they take with cluster types that are found for them?
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.cluster_types.master import CHEAPER, FREE, WHOLE, Limits, TypeMaster
from siting.program.cluster_types.pricing import TypePricing
from siting.program.count.branching_candidates import Candidates
from siting.program.count.nogood_search import Limit, NogoodSearch
from siting.program.relaxations.duals import Candidate

ENOUGH = 6
"""New cluster types after which the master is solved again."""

ROUNDS = 5
"""How often cluster types are sought that leave more spare, before all plans are divided."""

FEW_ROUNDS = 2
"""How often they are sought to tell what a limit takes."""

LITTLE = 1e-3
"""So little is spare for lack of cluster types: they are sought as long as there are any [1]."""

CANDIDATES = 60
"""Branching candidates that are evaluated with the cluster types that are known."""

CLOSELY = (8, 4, 4)
"""Branching candidates that are evaluated with cluster types that are found for them.

First where nothing is followed that need not be, where one limit is, and so on.
"""

CLOSELY_TELLS = 4.0
"""Weight of what is told by that, beside what known cluster types tell [1]."""

TRIED_BEFORE = 10.0
"""Weight of what limits took before, beside how far from whole a number is [1]."""

MATTERS = 0.05
"""Part of what all plans leave spare that a limit takes if it matters [1]."""

LEAST_GAIN = 1e-4
"""Part of what is spare that any limit is taken to take [1]."""


class Tried(NamedTuple):
    """Two opposite limits, and what clusters leave spare under each."""

    sides: tuple[Limit, Limit]
    left: tuple[float, float]


@dataclass
class CountBranching:
    """All plans of a number of clusters.

    Parameters
    ----------
    cluster_types, master
        What clusters there are by class, and those of them that are known.
    count
        Number of clusters [1].
    solver
        Says how many threads may be used.
    stuck
        Whether nothing is left to divide by.
    """

    cluster_types: TypePricing
    master: TypeMaster
    count: int
    solver: Solver
    stuck: bool = False
    _search: NogoodSearch = field(default_factory=NogoodSearch)
    _ruling_out: bool = True
    _spare_of_all: float = 0.0
    _taken: dict[Candidate, list[float]] = field(default_factory=dict)

    @property
    def closed(self) -> bool:
        """Whether no plan is left."""
        return self._search.closed

    @cached_property
    def _presences(self) -> Candidates:
        return Candidates.of(self.cluster_types.compatible)

    @property
    def _short(self) -> float:
        """Clusters lack what they need where they leave less spare than this [1]."""
        return -self.count * WHOLE

    def step(self, deadline: Deadline) -> None:
        """Learn that there is no plan under some limits, or divide those that there may be."""
        search = self._search
        limits, learned = search.limits, search.learned
        spare, nogood = self._spare(limits, ROUNDS, deadline)
        if nogood is not None:
            search.learn(nogood)
            return
        if search.undecided == 0:
            self._spare_of_all = spare
        tried = [] if deadline.reached() else self._tried(limits, spare)
        self._rule_out(tried, spare, deadline)
        self._ruling_out &= search.learned > learned
        if search.learned > learned or deadline.reached():
            return
        best = self._closely(tried, spare, deadline)
        if search.learned > learned or deadline.reached():
            return
        self.stuck = best is None
        if best is not None:
            search.follow(best)

    def _rule_out(self, tried: list[Tried], spare: float, deadline: Deadline) -> None:
        """Learn which limits leave no plan, where the opposite matters."""
        times = self._search.times_left
        for one in sorted(tried, key=lambda one: (max(one.left), one.sides[0])):
            if max(one.left) > spare - MATTERS * self._spare_of_all:
                return
            for limit, after in zip(one.sides, one.left, strict=True):
                if after < self._short and not deadline.reached():
                    self._left(limit, 0, deadline)
                    if self._search.times_left > times:
                        return

    def _closely(self, tried: list[Tried], spare: float, deadline: Deadline) -> Limit | None:
        """The limit by which to divide; those that leave no plan are learned on the way."""
        search = self._search
        times, best, most = search.times_left, None, 0.0
        for one in tried[: CLOSELY[min(search.undecided, len(CLOSELY) - 1)]]:
            left: list[float] = []
            for limit in one.sides:
                after = self._left(limit, FEW_ROUNDS, deadline)
                if search.times_left > times or deadline.reached():
                    return None
                if after is not None:
                    left.append(after)
            if len(left) == len(one.sides):
                part = self._took(one.sides[0].candidate, spare, left, CLOSELY_TELLS)
                if part > most:
                    best, most = one.sides[int(left[1] < left[0])], part
        return best

    def _left(self, limit: Limit, rounds: int, deadline: Deadline) -> float | None:
        """What one limit more leaves spare; ``None`` where it is decided, or is from now on."""
        limits = self._search.limits
        if limit.holds(limits) or limit.opposite().holds(limits):
            return None
        left, nogood = self._spare(limit.beside(limits), rounds, deadline)
        if nogood is None:
            return left
        self._search.learn(nogood)
        return None

    def _spare(
        self, limits: Limits, rounds: int, deadline: Deadline
    ) -> tuple[float, list[Limit] | None]:
        """Spare resources of the clusters under some limits.

        Parameters
        ----------
        limits, deadline
            What holds, and when to stop.
        rounds
            How often more cluster types are sought where there are enough.

        Returns
        -------
        spare
            With the cluster types that are known [1].
        nogood
            Some of the limits, where no plan meets them.
        """
        while True:
            spare = self.master.spare(limits, self.count)
            prices, short = self.master.prices(), spare < self._short
            if short:
                # Where all clusters cost more than this, so many cost more than all there is.
                below = self.master.room(prices) / self.count + CHEAPER
            elif rounds > 0:
                below = self.master.convexity_dual() - CHEAPER
                rounds -= spare > LITTLE
            else:
                return spare, None
            least, found = self.cluster_types.cheapest(
                prices, below, self.solver, deadline, enough=ENOUGH
            )
            for cluster_type in found:
                self.master.add(cluster_type)
            if found:
                continue
            if not short or least < below:
                return spare, None
            return spare, [
                Limit(candidate, price > 0, limits[candidate][price > 0])
                for candidate, price in prices.candidate
            ]

    def _tried(self, limits: Limits, spare: float) -> list[Tried]:
        """What limits take with the cluster types that are known, the most promising first.

        At first, as long as any limit is ruled out, that holds for all plans: then candidates are
        asked that promise less, too.
        """
        numbers = self._presences.numbers(self.master.parts())

        def promise(candidate: Candidate) -> float:
            part = numbers[candidate] % 1.0
            return min(part, 1.0 - part) * (1.0 + TRIED_BEFORE * self._takes(candidate))

        asked = []
        for candidate in sorted(numbers, key=lambda p: (-promise(p), p)):
            least, most = limits.get(candidate, FREE)
            floor = float(math.floor(numbers[candidate]))
            if least <= floor and floor + 1.0 <= most:
                asked.append((candidate, [(least, floor), (floor + 1.0, most)]))
        if not self._ruling_out:
            asked = asked[:CANDIDATES]
        tried = []
        all_left = self.master.tried(asked, self.solver)
        for (candidate, ((_, floor), _)), (few, more) in zip(asked, all_left, strict=True):
            self._took(candidate, spare, [few, more], 1.0)
            limit = Limit(candidate, True, floor)
            tried.append(Tried((limit, limit.opposite()), (few, more)))
        return sorted(tried, key=lambda one: (-self._takes(one.sides[0].candidate), one.sides[0]))

    def _takes(self, candidate: Candidate) -> float:
        """What part limits on a candidate took so far of what was spare [1]."""
        weight, few, more = self._taken.get(candidate, (0.0, 0.0, 0.0))
        return math.sqrt(few * more) / weight if weight else 0.0

    def _took(self, candidate: Candidate, spare: float, left: list[float], weight: float) -> float:
        """Remember what limits on a candidate took of what was spare; a part of it [1]."""
        known = self._taken.setdefault(candidate, [0.0, 0.0, 0.0])
        known[0] += weight
        parts = []
        for at, after in enumerate(left, 1):
            part = (spare - after) / max(spare, CHEAPER)
            parts.append(min(max(part, LEAST_GAIN), 1.0))
            known[at] += weight * parts[-1]
        return math.sqrt(math.prod(parts))
