"""How many clusters there is room for: what is known of it, and how more is proven.

The fleets (`siting.program.fleets`) bound the number; what single clusters cost at prices
(`siting.program.fenchel`) sharpens that, group by group. The **first prices** are those of the
clusters that are known: what is cheaper at them is known then, until little is. Then whole fleets
that have too many clusters are **refuted**: unless a mixture of clusters makes what they have,
there are prices at which the clusters that they count cost more than all that there is. If a
mixture does, their groups are **halved**, so that less can be mixed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from siting.case import Case
from siting.program.fenchel import CAMPUS_THRIFT, THRIFT, Cut, Prices, cut_at
from siting.program.fleets import ROUNDING, Fleets, Group, halved
from siting.program.settle import Settled
from siting.program.solvers import Deadline, Solver

CUT_GAP = 0.01
"""Gap of what clusters cost then [1]."""

FINE_GAP = 0.001
"""The same where a doubt is left [1]."""

SETTLED_PRICES = 0.98
"""Prices are near those of all clusters if none costs less than this part of a cluster [1]."""

FIRST_CUTS = 6
"""Rounds in which such prices are sought at the most."""

REFUTE_ROUNDS = 8
"""Rounds of prices in which what whole fleets have is refuted, at the most."""

POOL = 1000
"""Clusters among which a choice is made at the most: those found last."""


@dataclass
class Room:
    """What is known of how many clusters there is room for.

    Parameters
    ----------
    case
        The question for one cluster, in the order of the anchors, none of its sites required.
    groups
        Of the anchors.
    at_most
        No plan has more clusters than this.
    solver
        Finds single clusters.
    pool
        The sites of the clusters that are known.
    cuts
        What clusters of the groups cost at prices.
    _first
        How many rounds of first prices are left at the most.
    _fullest
        Whole fleets that have most: group and number of clusters; empty where not known.
    """

    case: Case
    groups: list[Group]
    at_most: int
    solver: Solver
    pool: dict[tuple[int, ...], None] = field(default_factory=dict)
    cuts: list[Cut] = field(default_factory=list)
    _first: int = FIRST_CUTS
    _fullest: dict[int, int] = field(default_factory=dict)

    def add(self, found: Settled) -> None:
        """Know a plan's only cluster."""
        self.pool.setdefault(found.choice[0])

    def fleets(self, case: Case) -> Fleets:
        """The fleets in what is left of the case, with all that is known of them."""
        return Fleets(case, self.groups, cuts=self.cuts)

    def known(self) -> Fleets:
        """The clusters that are known, as a program that chooses among them."""
        return Fleets(self.case, self.patterns(), once=True)

    def patterns(self) -> list[Group]:
        """The clusters that are known, each as a group of its own."""
        sets = [np.array(sites, np.int64) for sites in list(self.pool)[-POOL:]]
        return [Group(sites[:1], sites) for sites in sets]

    def sharpen(self, found: int, deadline: Deadline) -> bool:
        """Take one more step to prove that no plan has more clusters than were found.

        Parameters
        ----------
        found
            Clusters of a plan that is known [1].
        deadline
            When to stop.

        Returns
        -------
        bool
            Whether there was a step to take, and time for it.
        """
        if deadline.reached():
            return False
        if self._first > 0:
            self._first -= 1
            self._price_all(deadline)
        else:
            fullest = self._fullest or self._count(deadline)
            if self.at_most <= found or sum(fullest.values()) <= found:
                return False
            refuted = self._refute(fullest, deadline)
            # Where time ran out nothing is known of mixtures, and there is no reason to halve.
            if not refuted and (deadline.reached() or not self._halve(list(fullest))):
                return False
        self._fullest = self._count(deadline)
        return True

    def _count(self, deadline: Deadline) -> dict[int, int]:
        """Lower the bound to what fleets can have; returns the fleets that have most."""
        fleets = self.fleets(self.case)
        most, fullest = fleets.most(deadline, fleets.relaxed().clusters)
        self.at_most = min(self.at_most, most)
        return fullest

    def _price_all(self, deadline: Deadline) -> None:
        """Cuts of all groups at the prices of the clusters that are known."""
        # Where none is, the fleets tell what is scarce.
        fleets = self.known() if self.pool else self.fleets(self.case)
        asked = [g for g in range(len(self.groups)) if self._has_clusters(g)]
        cut = self._cut(fleets.relaxed().prices, asked, CUT_GAP, deadline)
        self.cuts.append(cut)
        all_answered = len(cut.least) == len(asked)
        if all_answered and min(cut.least.values(), default=math.inf) >= SETTLED_PRICES:
            self._first = 0

    def _refute(self, fullest: dict[int, int], deadline: Deadline) -> bool:
        """Show that fleets cannot have so many clusters, if no mixture of clusters makes them."""
        total = sum(fullest.values())
        # What is paid though nothing is scarce counts on both sides.
        thrift = THRIFT + CAMPUS_THRIFT * self.case.cluster.max_campuses
        gap = CUT_GAP
        for _ in range(REFUTE_ROUNDS):
            patterns = self.patterns()
            fit = {g: self._fitting(g, patterns) for g in fullest}
            towards = Fleets(self.case, patterns, once=True).towards(fullest, fit)
            if towards.part > 1 - ROUNDING or deadline.reached():
                return False
            before = len(self.pool)
            cut = self._cut(towards.prices, towards.scarce, gap, deadline)
            cost = sum(fullest[g] * least for g, least in cut.least.items())
            if cost > (towards.part + thrift) * total:
                self._add_with_others(cut, deadline)
                return True
            if len(self.pool) == before:
                if gap == FINE_GAP:
                    return False
                gap = FINE_GAP
        return False

    def _add_with_others(self, cut: Cut, deadline: Deadline) -> None:
        """Ask the other groups about the prices of a cut, too, as fleets would go there."""
        paying = cut.prices.paid_at(self.case)
        others = [
            g
            for g, group in enumerate(self.groups)
            if g not in cut.least and self._has_clusters(g) and paying[group.sites].any()
        ]
        rest = self._cut(cut.prices, others, CUT_GAP, deadline)
        self.cuts.append(Cut(cut.prices, cut.least | rest.least))

    def _halve(self, which: list[int]) -> bool:
        """Halve groups, so that less is mixed; whether there was any to halve."""
        self.groups, halves = halved(self.case, self.groups, which)
        first = len(self.groups) - len(halves)
        for cut in self.cuts:
            # What holds for all clusters of a group holds for those of a half of it.
            for number, g in enumerate(halves, start=first):
                if g in cut.least:
                    cut.least[number] = cut.least[g]
        return bool(halves)

    def _cut(self, prices: Prices, asked: list[int], gap: float, deadline: Deadline) -> Cut:
        """What clusters of some groups cost; those that are found are known then."""
        sites = [group.sites for group in self.groups]
        solver = replace(self.solver, gap=gap)
        cut, found = cut_at(self.case, sites, asked, prices, solver, deadline)
        for plan in found:
            self.add(plan)
        return cut

    def _has_clusters(self, g: int) -> bool:
        """Whether a group may have clusters, as far as is known."""
        return all(math.isfinite(cut.least.get(g, 0.0)) for cut in self.cuts)

    def _fitting(self, g: int, patterns: list[Group]) -> list[int]:
        """Known clusters that may be those of a group."""
        inside = np.zeros(len(self.case.site_ids), dtype=np.bool_)
        inside[self.groups[g].sites] = True
        return [p for p, pattern in enumerate(patterns) if inside[pattern.sites].all()]
