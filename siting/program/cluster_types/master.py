"""Dantzig-Wolfe master over cluster types: as many clusters as fit, or the best of a number.

(Dantzig and Wolfe 1960, "Decomposition principle for linear programs", Operations Research 8.)

A linear program over the cluster types that are known (`siting.program.cluster_types.pricing`), or
parts of them, within headroom, clean energy and the sites of each class. Its duals are prices of
these.

Of so many clusters it also tells what they leave **spare**: the largest part that there could be
less of everything. Where limits leave just so many clusters, their number tells no more; what is
spare still tells how near that is to too little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import highspy
import numpy as np

from siting.case import BoolArray, Case
from siting.program.backends.highs_lp import OPTIMAL, add_column, add_row, expect, solver_of
from siting.program.backends.pulp_backend import Solver
from siting.program.cluster_types.pricing import TINY, ClusterType
from siting.program.relaxations.duals import Candidate, Prices
from siting.program.sites.classes import Classes

WHOLE = 1e-5
"""Parts this near to a whole number are whole [1]."""

CHEAPER = 1e-6
"""By how much a cluster type must be cheaper than those that are known [1]."""

ARTIFICIAL_COST = 30.0
"""What a cluster that lacks costs, in clusters [1]."""

FIRST_ROOM = 64
"""Cluster types that there is room for at first; it is doubled when they are more."""

Bounds = tuple[float, float]
"""The least and the largest number of clusters."""

Limits = dict[Candidate, Bounds]
"""The least and largest number of clusters that count for each candidate."""

FREE: Bounds = (-math.inf, math.inf)
"""Any number of clusters."""


class TypeMaster:
    """As many known cluster types as there is room for, or parts of them.

    Parameters
    ----------
    case, classes
        The question for one cluster, and its classes.
    """

    def __init__(self, case: Case, classes: Classes) -> None:
        self._case, self._classes = case, classes
        self.cluster_types: list[ClusterType] = []
        self._use: list[float] = []
        self._column: list[int] = []
        self._has: BoolArray = np.zeros((FIRST_ROOM, len(classes)), bool)
        self._solver = solver_of(threads=1)
        zones = sorted({z for k in range(len(classes)) for z in case.ancestry[classes.zone(k)]})
        self._zone = {z: self._row(float(case.headroom_mw[z])) for z in zones}
        self._area = {a: self._row(mw) for a, mw in sorted(classes.offered_mw.items())}
        sites = np.bincount(classes.of_site, minlength=len(classes))
        self._of_class = [self._row(float(number)) for number in sites]
        self._presence: dict[Candidate, int] = {}
        self._limits: Limits = {}
        self._everyone = add_row(self._solver, -math.inf, math.inf, [])
        add_column(self._solver, cost=ARTIFICIAL_COST, terms=[(self._everyone, 1.0)])
        self._worth: Prices | None = None
        scarce = [(row, float(case.headroom_mw[z])) for z, row in self._zone.items()]
        scarce += [(row, classes.offered_mw[a]) for a, row in self._area.items()]
        scarce += list(zip(self._of_class, sites.astype(float).tolist(), strict=True))
        self._spare = add_column(self._solver, cost=0.0, most=0.0, terms=scarce)
        self._goal: Literal["number", "use", "spare"] = "number"

    def _row(self, most: float) -> int:
        return add_row(self._solver, -math.inf, most, [])

    def add(self, cluster_type: ClusterType) -> None:
        """Know a cluster type."""
        terms: dict[int, float] = {self._everyone: 1.0}
        for k, draws in cluster_type.draw_mw.items():
            for z in self._case.ancestry[self._classes.zone(k)]:
                terms[self._zone[z]] = terms.get(self._zone[z], 0.0) + sum(draws)
            terms[self._of_class[k]] = float(len(draws))
        for k, mw in cluster_type.contract_mw.items():
            row = self._area[self._classes.area(k)]
            terms[row] = terms.get(row, 0.0) + mw
        if len(self.cluster_types) == len(self._has):
            self._has = np.vstack((self._has, np.zeros_like(self._has)))
        self._has[len(self.cluster_types), list(cluster_type.draw_mw)] = True
        self.cluster_types.append(cluster_type)
        for candidate, row in self._presence.items():
            if self._counts(candidate, len(self.cluster_types) - 1).any():
                terms[row] = 1.0
        self._use.append(0.0 if self._worth is None else self._use_of(cluster_type, self._worth))
        cost = self._costs(len(self.cluster_types) - 1)[0]
        self._column.append(add_column(self._solver, cost=cost, terms=sorted(terms.items())))

    def _counts(self, candidate: Candidate, first: int = 0) -> BoolArray:
        """``(types,)`` whether each counts for a candidate, from the first that is asked."""
        has = self._has[first : len(self.cluster_types)]
        counts: BoolArray = np.logical_and.reduce([has[:, part].any(axis=1) for part in candidate])
        return counts

    def solve(self, limits: Limits) -> float:
        """The number of clusters, less what is lacking; limits hold for the next prices too."""
        self._seek("number")
        self._solver.changeRowBounds(self._everyone, -math.inf, math.inf)
        return -self._solved(limits)

    def least_use(self, limits: Limits, count: int) -> float:
        """Least use of a number of clusters at the prices of all, in clusters.

        What is lacking is dear.
        """
        self._seek("use")
        self._solver.changeRowBounds(self._everyone, float(count), float(count))
        return self._solved(limits)

    def spare(self, limits: Limits, count: int) -> float:
        """Spare resources of a number of clusters, or more, in clusters; below 0 where they lack.

        Of everything the same part is spare. What is lacking of limits is dear.
        """
        self._seek("spare")
        self._solver.changeColCost(self._spare, -float(count))
        self._solver.changeColBounds(self._spare, -math.inf, 1.0)
        self._solver.changeRowBounds(self._everyone, float(count), math.inf)
        return -self._solved(limits)

    def convexity_dual(self) -> float:
        """What one cluster more would add to the use, or take of what is spare, at the margin."""
        return float(self._solver.getSolution().row_dual[self._everyone])

    def worth(self, prices: Prices) -> None:
        """Set the prices at which use is measured."""
        self._seek("number")
        self._worth = prices
        self._use = [self._use_of(cluster_type, prices) for cluster_type in self.cluster_types]

    def by_use(self) -> list[ClusterType]:
        """The known cluster types, those first that use least."""
        order = sorted(range(len(self.cluster_types)), key=self._use.__getitem__)
        return [self.cluster_types[c] for c in order]

    def _seek(self, goal: Literal["number", "use", "spare"]) -> None:
        """Look for the most clusters, the least use, or the most that is spare."""
        if goal == self._goal:
            return
        if self._goal == "spare":
            self._solver.changeColCost(self._spare, 0.0)
            self._solver.changeColBounds(self._spare, 0.0, 0.0)
        self._goal = goal
        columns = np.array(self._column, np.int32)
        self._solver.changeColsCost(len(columns), columns, np.array(self._costs()))

    def _costs(self, first: int = 0) -> list[float]:
        """What cluster types cost in the program, from the first that is asked."""
        if self._goal == "use":
            return self._use[first:]
        return [-1.0 if self._goal == "number" else 0.0] * (len(self.cluster_types) - first)

    def _use_of(self, cluster_type: ClusterType, prices: Prices) -> float:
        """What a cluster type uses at prices, in clusters."""
        use, per_mw = 0.0, prices.by_zone(self._case)
        for k, mw in cluster_type.contract_mw.items():
            use += mw * prices.area.get(self._classes.area(k), 0.0)
        for k, draws in cluster_type.draw_mw.items():
            use += float(per_mw[self._classes.zone(k)]) * sum(draws)
            use += float(prices.campus[k]) * len(draws)
        return use

    def _solved(self, limits: Limits) -> float:
        for candidate in limits:
            if candidate not in self._presence:
                self._count(candidate)
        self._limits = limits
        rows = list(self._presence.values())
        bounds = [limits.get(candidate, FREE) for candidate in self._presence]
        if rows:
            lower, upper = np.array(bounds).T
            numbers = np.array(rows, np.int32)
            self._solver.changeRowsBounds(len(rows), numbers, lower.copy(), upper.copy())
        return _optimum(self._solver)

    def tried(
        self, asked: Sequence[tuple[Candidate, Sequence[Bounds]]], solver: Solver
    ) -> list[list[float]]:
        """What other limits on one candidate leave of the last solution.

        Each candidate has a copy of the program, which goes on from where that solution ended: what
        is found out does not depend on what else is asked, or by how many threads.

        Parameters
        ----------
        asked
            Candidates, and of each the limits that are tried.
        solver
            Says how many threads may be used.

        Returns
        -------
        list of list of float
            The number of clusters, less what is lacking, or what they use, below 0, or what is
            spare: as was asked last.
        """
        model, basis = self._solver.getLp(), self._solver.getBasis()

        def ask(one: tuple[Candidate, Sequence[Bounds]]) -> list[float]:
            candidate, limits = one
            copy = solver_of(model, threads=1)
            copy.setBasis(basis)
            row = self._presence.get(candidate)
            if row is None:
                row = self._add_count(copy, candidate)
            start, left = copy.getBasis(), []
            for least, most in limits:
                copy.setBasis(start)
                copy.changeRowBounds(row, least, most)
                left.append(-_optimum(copy))
            return left

        return solver.map(ask, asked)

    def _count(self, candidate: Candidate) -> None:
        """Limits on a candidate, and what is lacking of them."""
        self._presence[candidate] = self._add_count(self._solver, candidate)

    def _add_count(self, solver: highspy.Highs, candidate: Candidate) -> int:
        """The row of a candidate in the program or a copy of it."""
        counted = [(self._column[c], 1.0) for c in np.flatnonzero(self._counts(candidate)).tolist()]
        row = add_row(solver, -math.inf, math.inf, counted)
        add_column(solver, cost=ARTIFICIAL_COST, terms=[(row, 1.0)])
        return row

    def parts(self) -> list[tuple[ClusterType, float]]:
        """What part of each cluster type the last solution has."""
        values = np.array(self._solver.getSolution().col_value)[self._column]
        return [(self.cluster_types[c], float(values[c])) for c in np.flatnonzero(values > WHOLE)]

    def prices(self) -> Prices:
        """The duals of the last solution."""
        duals = -np.array(self._solver.getSolution().row_dual)
        zone = np.zeros(len(self._case.zone_ids))
        for z, row in self._zone.items():
            zone[z] = max(0.0, duals[row])
        area = {a: max(0.0, float(duals[row])) for a, row in self._area.items()}
        campus = np.maximum(0.0, duals[self._of_class])
        candidate = []
        for p, row in self._presence.items():
            least, most = self._limits.get(p, FREE)
            price = min(duals[row], 0.0) if math.isinf(most) else duals[row]
            price = max(price, 0.0) if math.isinf(least) else price
            if abs(price) > TINY:
                candidate.append((p, float(price)))
        return Prices(zone, campus, area, tuple(candidate))

    def all_there_is(self, case: Case, classes: Classes, prices: Prices) -> float:
        """What all that a case has costs at prices, candidates apart, in clusters."""
        zones, areas = list(self._zone), list(self._area)
        offered_mw = np.array([classes.offered_mw.get(a, 0.0) for a in areas])
        per_mw = np.array([prices.area.get(a, 0.0) for a in areas])
        sites = np.bincount(classes.of_site[case.usable], minlength=len(classes))
        return float(
            prices.zone[zones] @ case.headroom_mw[zones]
            + per_mw @ offered_mw
            + prices.campus @ sites
        )

    def room(self, prices: Prices) -> float:
        """What all clusters within the last limits can cost at the last prices, in clusters.

        Whatever the prices are, it is at least that: no solver's tolerance is in it.
        """
        paid = self.all_there_is(self._case, self._classes, prices)
        for candidate, price in prices.candidate:
            least, most = self._limits[candidate]
            paid += price * (most if price > 0 else least)
        return paid


def _optimum(solver: highspy.Highs) -> float:
    """The optimum of a linear program, from where it was left."""
    solver.run()
    if solver.getModelStatus() != OPTIMAL:
        # A basis of rows that were free before can be a bad one to begin with.
        solver.clearSolver()
        solver.run()
    expect(solver, OPTIMAL)
    return float(solver.getInfo().objective_function_value)
