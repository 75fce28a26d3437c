"""Linear relaxation of one cluster over classes of sites: its largest size by all rules but reach.

Sites that share zone, utility, region and delivery area are one **class**, and a set of sites is
seen as so many campuses and so much draw of each class. What is left out (reach inside the set,
whole campuses, the loss of one campus in all but a count) only makes room, so the largest size is a
bound: where it is below the target, no cluster lies in the set. Unlike the bounds of
`siting.program.relaxations.knapsack` it knows clean energy, utilities, regions and losses, and it
costs a millisecond a set: the program is handed over once, and only its bounds change.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import highspy
import numpy as np

from siting.case import BoolArray, Case
from siting.fiber.reach import FloatArray, IntArray
from siting.program.backends.deadline import Deadline
from siting.program.backends.highs_lp import INFEASIBLE, OPTIMAL, LinearProgram, expect, solver_of
from siting.program.sites.neighbourhoods import first_members, neighbourhood

SLACK = 1e-6
"""By how much of itself a bound must miss the target before it counts [1]."""


class ClassLp:
    """The relaxed program of a case, solved again for each set of sites.

    Parameters
    ----------
    case
        The question; of several clusters the program is that of one.
    """

    def __init__(self, case: Case) -> None:
        self._case = case
        keys = np.column_stack((case.zone, case.utility, case.region, case.area))
        # Only usable sites can be campuses; the others take no part.
        keys[~case.usable] = -2
        self._keys, number = np.unique(keys, axis=0, return_inverse=True)
        self._class = number.ravel()
        self._rows = _Rows()
        self._write()
        self._solver = self._rows.solver()
        self.needed = least_size(case)

    def size_within(self, sites: IntArray) -> float:
        """Largest size of a cluster in a set of sites [MW, in the unit of the target].

        ``-inf`` where no cluster lies in the set.
        """
        usable = sites[self._case.usable[sites]]
        of_class = self._class[usable]
        count = len(self._keys)
        cap_mw = np.bincount(of_class, weights=self._case.cap_mw[usable], minlength=count)
        campuses = np.bincount(of_class, minlength=count).astype(np.float64)
        columns = np.concatenate((self._draw, self._campuses)).astype(np.int32)
        upper = np.concatenate((cap_mw, campuses))
        self._solver.changeColsBounds(len(columns), columns, np.zeros(len(columns)), upper)
        self._solver.run()
        status = self._solver.getModelStatus()
        if status == INFEASIBLE:
            return -math.inf
        expect(self._solver, OPTIMAL)
        return -float(self._solver.getInfo().objective_function_value)

    def holds_cluster(self, sites: IntArray) -> bool:
        """Whether a cluster may lie in a set of sites; if not, that is proven."""
        return self.size_within(sites) >= self.needed * (1 - SLACK)

    def _write(self) -> None:
        case, rows, count = self._case, self._rows, len(self._keys)
        cluster = case.cluster
        zone, utility, region, area = self._keys.T
        cap_mw = np.zeros(count)
        np.maximum.at(cap_mw, self._class, case.cap_mw)
        size_per_mw, grid = np.zeros(count), np.zeros(count)
        np.maximum.at(size_per_mw, self._class, case.target_per_mw)
        np.maximum.at(grid, self._class, case.grid_clean_fraction)

        draw = self._draw = rows.columns(count, cost=-size_per_mw)
        campuses = self._campuses = rows.columns(count)
        for z, inside in _members_of_zones(case, zone):
            rows.at_most(float(case.drawable_mw[z]), (draw[inside], 1.0))
        for k in range(count):
            rows.at_most(0.0, (draw[k], 1.0), (campuses[k], -cap_mw[k]))
            rows.at_most(0.0, (campuses[k], case.min_mw), (draw[k], -1.0))
        rows.at_most(cluster.max_campuses, (campuses, 1.0))
        rows.at_least(cluster.min_campuses, (campuses, 1.0))
        self._write_groups(utility, cluster.min_utilities)
        self._write_groups(region, cluster.min_regions)
        for u in np.unique(utility[utility >= 0]):
            inside = utility == u
            if cluster.max_utility_fraction < 1:
                share = np.where(inside, 1.0, 0.0) - cluster.max_utility_fraction
                rows.at_most(0.0, (draw, share))
            if case.target is not None and cluster.keep_after_utility_loss > 0:
                kept = cluster.keep_after_utility_loss * case.target
                rows.at_least(kept, (draw[~inside], size_per_mw[~inside]))
        if case.clean.min_fraction > 0:
            contract = rows.columns(count)
            rows.at_least(0.0, (draw, grid - case.clean.min_fraction), (contract, 1.0))
            for k in range(count):
                rows.at_most(0.0, (contract[k], 1.0), (draw[k], grid[k] - 1.0))
            available_mw = case.contractable_mwh / case.mwh_per_mw
            for a in np.unique(area):
                offered_mw = float(available_mw[case.supply_area == a].sum())
                rows.at_most(offered_mw, (contract[area == a], 1.0))

    def _write_groups(self, group: IntArray, fewest: int) -> None:
        """At least ``fewest`` groups have a campus."""
        if fewest <= 1:
            return
        names = np.unique(group[group >= 0])
        present = self._rows.columns(len(names), upper=1.0)
        for column, g in zip(present, names, strict=True):
            self._rows.at_most(0.0, (column, 1.0), (self._campuses[group == g], -1.0))
        self._rows.at_least(fewest, (present, 1.0))


def anchors_with_room(case: Case, deadline: Deadline) -> tuple[IntArray, FloatArray, bool]:
    """Anchors whose neighbourhood may hold a cluster.

    Parameters
    ----------
    case
        Usable sites only, in the order of the anchors.
    deadline
        When to stop.

    Returns
    -------
    anchors
        ``(n,)`` positions of the anchors that are not ruled out.
    room
        ``(n,)`` bound on the size of a cluster there [MW, in the unit of the target].
    stopped
        Whether the deadline came first, so that anchors are missing.
    """
    none = np.array([], dtype=np.int64), np.array([], dtype=np.float64)
    everything = np.arange(len(case.site_ids))
    if len(everything) == 0:
        return *none, False
    relaxed = ClassLp(case)
    if not relaxed.holds_cluster(everything):
        return *none, False
    anchors: list[int] = []
    room: list[float] = []
    members = first_members(case)
    for z in np.unique(case.zone[members]):
        group = members[case.zone[members] == z]
        near = np.unique(np.concatenate([neighbourhood(case, int(h)) for h in group]))
        if not relaxed.holds_cluster(near):
            continue
        for h in group.tolist():
            if deadline.reached():
                return *none, True
            size = relaxed.size_within(neighbourhood(case, h))
            if size >= relaxed.needed * (1 - SLACK):
                anchors.append(h)
                room.append(size)
    return np.array(anchors, dtype=np.int64), np.array(room), False


def sites_with_room(case: Case, asked: BoolArray, deadline: Deadline) -> BoolArray:
    """Sites that a mesh may have, as all that is within their reach may hold a cluster.

    Parameters
    ----------
    case
        Usable sites only.
    asked
        ``(n,)`` the sites that are asked about.
    deadline
        When to stop; what has not been ruled out by then is not.

    Returns
    -------
    ``(n,)`` those that are asked about and not ruled out.
    """
    possible = asked.copy()
    if not asked.any():
        return possible
    relaxed = ClassLp(case)
    if not relaxed.holds_cluster(np.arange(len(asked))):
        return np.zeros_like(asked)
    for z in np.unique(case.zone[asked]):
        group = np.flatnonzero(asked & (case.zone == z))
        balls = [np.append(case.reach.of(int(v))[0], v) for v in group]
        if not relaxed.holds_cluster(np.unique(np.concatenate(balls))):
            possible[group] = False
            continue
        for v, ball in zip(group.tolist(), balls, strict=True):
            if deadline.reached():
                return possible
            possible[v] = relaxed.holds_cluster(ball)
    return possible


def least_size(case: Case) -> float:
    """Least size of a cluster, the loss of a campus included [MW, in the unit of the target].

    The largest of ``K`` campuses has a ``K``-th of the size or more, and what is left without it
    must still be the share of the target that is asked.
    """
    if case.target is None:
        return 0.0
    most, keep = case.cluster.max_campuses, case.cluster.keep_after_campus_loss
    if keep == 0:
        return case.target
    return math.inf if most == 1 else max(case.target, keep * case.target * most / (most - 1))


def _members_of_zones(case: Case, zone: IntArray) -> Iterable[tuple[int, IntArray]]:
    """Classes in every zone, those in the zones inside it included."""
    inside: dict[int, list[int]] = {}
    for k, leaf in enumerate(zone.tolist()):
        if leaf >= 0:
            for z in case.ancestry[leaf]:
                inside.setdefault(z, []).append(k)
    return ((z, np.array(inside[z])) for z in sorted(inside))


Term = tuple[IntArray | int, FloatArray | float]
"""Columns, and their coefficients."""


class _Rows:
    """A linear program while it is written, many columns at a time."""

    def __init__(self) -> None:
        self._program = LinearProgram()

    def columns(
        self, count: int, *, cost: FloatArray | float = 0.0, upper: float = math.inf
    ) -> IntArray:
        """New columns, not negative; their positions."""
        costs = np.broadcast_to(np.asarray(cost, np.float64), (count,)).tolist()
        return np.array([self._program.column(cost=c, most=upper) for c in costs], np.int64)

    def at_most(self, right: float, *terms: Term) -> None:
        """Add the row ``sum of terms <= right``."""
        self._program.at_most(right, _flat(terms))

    def at_least(self, right: float, *terms: Term) -> None:
        """Add the row ``sum of terms >= right``."""
        self._program.at_least(right, _flat(terms))

    def solver(self) -> highspy.Highs:
        """HiGHS with the program."""
        return solver_of(self._program.model())


def _flat(terms: tuple[Term, ...]) -> list[tuple[int, float]]:
    flat: list[tuple[int, float]] = []
    for where, what in terms:
        at = np.atleast_1d(np.asarray(where))
        values = np.broadcast_to(np.asarray(what, np.float64), at.shape)
        flat += zip(at.tolist(), values.tolist(), strict=True)
    return flat
