"""Aggregated integer relaxation of several clusters by region: a bound on their number.

Every cluster has one anchor, its first member in a fixed order of the sites, and lies in the
neighbourhood of the anchor (`siting.program.one_cluster.solve`). So put the anchors into groups,
and call all clusters whose anchors are in one group a **fleet**. A fleet is seen only as sums over
its clusters: how many they are, and for each **class** of sites (those that share zone, utility,
region and delivery area) how many campuses they have there, what these draw and what clean energy
they buy. Every rule of a cluster, added up over the clusters of a fleet, is a rule of the fleet:
the draw of a class is at most the headroom of its zone times the number of clusters, and so on.
Over all fleets zones, sites and clean supply are used within their limits.

What is left out (reach inside a neighbourhood, whole campuses) only makes room, so the most
clusters that fleets can have is a **bound** on the number of clusters of any plan. The number of a
fleet is a whole number, which cuts the bound further. Groups whose fleets have clusters are halved
for a sharper bound, as smaller groups see less beyond their reach. The prices of the relaxed
program say what is scarce. What it leaves out is put back by `siting.program.count.upper_bound`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import highspy
import numpy as np

from siting.case import Case
from siting.fiber.reach import FloatArray, IntArray
from siting.program.backends.deadline import Deadline
from siting.program.backends.highs_lp import (
    FEASIBLE,
    INFEASIBLE,
    OPTIMAL,
    LinearProgram,
    add_column,
    add_row,
    expect,
    run_until,
    solver_of,
)
from siting.program.relaxations.class_lp import least_size
from siting.program.relaxations.duals import Prices
from siting.program.sites.classes import Classes
from siting.program.sites.neighbourhoods import first_members
from siting.program.sites.presolve import linkable
from siting.program.sites.sets import chunks

MOST_GROUPS = 200
"""Up to this many groups there are at first, one for each zone; with more zones, by place."""

HALVINGS = 2
"""How often the groups are halved for a bound on the number of clusters."""

LEAST_DRAW_MW = 1.0
"""A fleet that draws less from a class does without it [MW]."""

WORTH_GAP = 1e-4
"""Gap of what many clusters are worth [1]."""

ROUNDING = 1e-6
"""What the rounding of a solver may do to a number of clusters, relative to it [1]."""


@dataclass(frozen=True, eq=False)
class Group:
    """Anchors whose clusters are counted together.

    Parameters
    ----------
    anchors
        Their positions.
    sites
        Positions of the sites that their clusters may have, ascending.
    """

    anchors: IntArray
    sites: IntArray


@dataclass(frozen=True, eq=False)
class Relaxation:
    """The most clusters of fleets that need not be whole.

    Parameters
    ----------
    clusters
        How many [1].
    by_group
        ``(groups,)`` the part of each fleet [1].
    drawn
        For each group the positions of the sites in classes that its fleet draws from.
    prices
        Of what clusters use.
    """

    clusters: float
    by_group: FloatArray
    drawn: tuple[IntArray, ...]
    prices: Prices


@dataclass(frozen=True)
class Fleet:
    """Columns of a fleet: its number of clusters, and what they have of each class.

    Parameters
    ----------
    clusters
        Column of the number of clusters [1].
    draw, campuses, contract
        Number of a class to the column of its draw [MW], of its campuses [1] and of the draw that
        contracts cover [MW].
    """

    clusters: int
    draw: dict[int, int] = field(default_factory=dict)
    campuses: dict[int, int] = field(default_factory=dict)
    contract: dict[int, int] = field(default_factory=dict)


def order_by_place(case: Case) -> IntArray:
    """Usable sites from south to north: each then has half of its surroundings after it."""
    usable = np.flatnonzero(case.usable)
    return usable[np.lexsort((usable, case.lon[usable], case.lat[usable]))]


def of_any_cluster(case: Case) -> tuple[Case, IntArray]:
    """The question for any one cluster, in the order of the anchors.

    Parameters
    ----------
    case
        The question; which sites are required does not count.

    Returns
    -------
    any_cluster
        Usable sites only, from south to north, none required.
    origin
        The position of each of its sites in the case.
    """
    origin = order_by_place(case)
    free = replace(case, required=np.zeros(len(case.site_ids), dtype=np.bool_))
    return linkable(free.of_clusters(1).take(origin)), origin


def first_groups(case: Case) -> list[Group]:
    """The anchors of a case by zone, or by place where zones are many.

    Parameters
    ----------
    case
        The question for one cluster: usable sites only, in the order of the anchors, none required.
    """
    anchors = first_members(case)
    zone = case.zone[anchors]
    if len(np.unique(zone)) <= MOST_GROUPS:
        parts = [anchors[zone == z] for z in np.unique(zone)]
    else:
        parts = [anchors]
        while len(parts) < MOST_GROUPS // 2 and any(len(part) > 1 for part in parts):
            parts = [half for part in parts for half in _halves(case, part)]
    return [Group(part, sites) for part, sites in zip(parts, _reached(case, parts), strict=True)]


def halved(
    case: Case, groups: Sequence[Group], which: Sequence[int]
) -> tuple[list[Group], list[int]]:
    """The groups, some of them in two halves.

    Returns
    -------
    groups
        The first halves where the groups were, and the second ones after all groups.
    halves_of
        Of each second half the number of the group that it was a part of.
    """
    split = [g for g in which if len(groups[g].anchors) > 1]
    halves = [_halves(case, groups[g].anchors) for g in split]
    parts = [first for first, _ in halves] + [second for _, second in halves]
    new = [Group(part, sites) for part, sites in zip(parts, _reached(case, parts), strict=True)]
    first = dict(zip(split, new[: len(split)], strict=True))
    return [first.get(g, group) for g, group in enumerate(groups)] + new[len(split) :], split


def group_around(case: Case, anchors: IntArray) -> Group:
    """Some anchors with all that the reach of the case leaves them."""
    return Group(anchors, _reached(case, [anchors])[0])


def _halves(case: Case, anchors: IntArray) -> list[IntArray]:
    """Two halves by place, across the longer side; one where there is one anchor."""
    if len(anchors) <= 1:
        return [anchors]
    x = case.lon[anchors] * math.cos(math.radians(float(case.lat[anchors].mean())))
    y = case.lat[anchors]
    order = np.argsort(x if np.ptp(x) >= np.ptp(y) else y, kind="stable")
    middle = len(order) // 2
    return [np.sort(anchors[order[:middle]]), np.sort(anchors[order[middle:]])]


def _reached(case: Case, parts: Sequence[IntArray]) -> list[IntArray]:
    """Sites of the neighbourhoods of each part of the anchors."""
    if not parts:
        return []
    reached = np.zeros((len(parts), len(case.site_ids)), dtype=np.bool_)
    anchors = np.concatenate(parts)
    part = np.repeat(np.arange(len(parts)), [len(p) for p in parts])
    for chunk, rows in chunks(case, anchors):
        reached[part[chunk][rows.row], rows.site] = True
    return [np.flatnonzero(row) for row in reached]


class Fleets:
    """The program of the fleets of a case.

    Parameters
    ----------
    case
        As in `first_groups`; sites that others use may be without any draw.
    groups
        The groups of the anchors.
    """

    def __init__(self, case: Case, groups: Sequence[Group]) -> None:
        self.case = case
        self._classes = Classes.of(case)
        self._class = self._classes.of_site
        self._needed = least_size(case)
        self._clean = case.clean.min_fraction > 0
        self._program = LinearProgram()
        self._of_zone: dict[int, list[int]] = {}
        self._of_class: dict[int, list[int]] = {}
        self._of_area: dict[int, list[int]] = {}
        self._groups = groups
        self._fleets = [self._add_fleet(group) for group in groups]
        self._clusters = [fleet.clusters for fleet in self._fleets]
        self._shared = self._share()

    def relaxed(self) -> Relaxation:
        """The most clusters where fleets need not be whole, and what is scarce then."""
        solver = solver_of(self._program.model(whole=()))
        solver.run()
        expect(solver, OPTIMAL)
        solution = solver.getSolution()
        values, duals = np.array(solution.col_value), np.array(solution.row_dual)
        clusters = -float(solver.getInfo().objective_function_value)
        by_group, drawn = values[self._clusters], self._drawn(values)
        return Relaxation(clusters, by_group, drawn, self._prices(duals))

    def _prices(self, duals: FloatArray) -> Prices:
        """Prices of what fleets share, by the duals of its rows."""
        case = self.case
        zone = np.zeros(len(case.zone_ids))
        campus = np.zeros(len(self._classes))
        area: dict[int, float] = {}
        for (shared, at), row in self._shared.items():
            price = max(0.0, -float(duals[row]))
            if shared == "zone":
                zone[at] = price
            elif shared == "class":
                campus[at] = price
            else:
                area[at] = price
        return Prices(zone, campus, area)

    def _drawn(self, values: FloatArray) -> tuple[IntArray, ...]:
        drawn = []
        for group, fleet in zip(self._groups, self._fleets, strict=True):
            classes = [k for k, column in fleet.draw.items() if values[column] > LEAST_DRAW_MW]
            drawn.append(group.sites[np.isin(self._class[group.sites], classes)])
        return tuple(drawn)

    def best_of_many(
        self, count: int, least: FloatArray, deadline: Deadline
    ) -> tuple[float, dict[int, int]]:
        """Bound the worth of a number of clusters, as a cost.

        Parameters
        ----------
        count
            How many clusters are asked.
        least
            ``(groups,)`` no cluster of the group is better, as a cost, in the unit of the sense;
            infinite where it has none.
        deadline
            When to stop; what is proven by then is returned.

        Returns
        -------
        bound
            No plan of so many clusters is better; infinite if there is none.
        numbers
            Whole fleets that are so good, as far as some were found: group and number of clusters.
        """
        draws = self.case.sense == "maximise_mw"
        known = np.isfinite(least)
        model = self._program.model()
        costs, most = np.zeros(len(self._program.costs)), np.array(model.col_upper_)
        most[self._clusters] = np.where(known, most[self._clusters], 0.0)
        if not draws:
            costs[self._clusters] = np.where(known, least, 0.0)
        model.col_cost_, model.col_upper_ = costs, most
        solver = solver_of(model)
        for fleet, worth in zip(self._fleets, least.tolist(), strict=True):
            if draws and math.isfinite(worth):
                total = add_column(solver, cost=1.0, least=-math.inf)
                drawn = [(column, 1.0) for column in fleet.draw.values()]
                add_row(solver, 0.0, math.inf, [(total, 1.0), (fleet.clusters, -worth)])
                add_row(solver, 0.0, math.inf, [(total, 1.0), *drawn])
        everyone = [(column, 1.0) for column in self._clusters]
        add_row(solver, float(count), float(count), everyone)
        solver.setOptionValue("mip_rel_gap", WORTH_GAP)
        run_until(solver, deadline)
        if solver.getModelStatus() == INFEASIBLE:
            return math.inf, {}
        proven = float(solver.getInfo().mip_dual_bound)
        if not math.isfinite(proven):
            return -math.inf, {}
        return proven - ROUNDING * abs(proven), self._numbers(solver)

    def most(self, deadline: Deadline, relaxed: float) -> int:
        """No plan has more clusters than this; whatever was proven when time runs out.

        ``relaxed`` is the number of clusters of fleets that need not be whole.
        """
        bound = whole_clusters(relaxed)
        if bound == 0 or deadline.left_s() == 0:
            return bound
        solver = solver_of(self._program.model())
        # The next whole number below is as good as the bound itself.
        solver.setOptionValue("mip_rel_gap", 0.0)
        solver.setOptionValue("mip_abs_gap", 1 - 1e-3)
        run_until(solver, deadline)
        proven = -float(solver.getInfo().mip_dual_bound)
        return min(bound, whole_clusters(proven)) if math.isfinite(proven) else bound

    def _numbers(self, solver: highspy.Highs) -> dict[int, int]:
        """Groups that have clusters in the best solution found, and how many."""
        if solver.getInfo().primal_solution_status != FEASIBLE:
            return {}
        values = np.rint(np.array(solver.getSolution().col_value)[self._clusters])
        return {int(g): int(values[g]) for g in np.flatnonzero(values)}

    def _add_fleet(self, group: Group) -> Fleet:
        """Columns and rows of a fleet."""
        case, cluster = self.case, self.case.cluster
        usable = case.usable
        anchors, sites = group.anchors[usable[group.anchors]], group.sites[usable[group.sites]]
        # Clusters have different anchors.
        clusters = self._program.column(cost=-1.0, most=float(len(anchors)), whole=True)
        fleet = Fleet(clusters)
        if len(anchors) == 0:
            return fleet
        of_class = self._class[sites]
        classes = np.unique(of_class).tolist()
        draw, campuses = fleet.draw, fleet.campuses
        for k in classes:
            caps_mw = case.cap_mw[sites[of_class == k]]
            draw[k], campuses[k] = self._program.column(), self._program.column()
            self._program.at_most(0.0, [(draw[k], 1.0), (campuses[k], -float(caps_mw.max()))])
            self._program.at_most(0.0, [(campuses[k], case.min_mw), (draw[k], -1.0)])
            self._program.at_most(0.0, [(draw[k], 1.0), (clusters, -float(caps_mw.sum()))])
            self._program.at_most(0.0, [(campuses[k], 1.0), (clusters, -float(len(caps_mw)))])
            self._of_class.setdefault(k, []).append(campuses[k])
        in_zone: dict[int, list[int]] = {}
        for k in classes:
            for z in case.ancestry[self._classes.zone(k)]:
                in_zone.setdefault(z, []).append(draw[k])
        for z, draws in in_zone.items():
            self._of_zone.setdefault(z, []).extend(draws)
            limit = (clusters, -float(case.headroom_mw[z]))
            self._program.at_most(0.0, [*((d, 1.0) for d in draws), limit])
        sizes = [(draw[k], float(self._classes.size_per_mw[k])) for k in classes]
        self._program.at_least(0.0, [*sizes, (clusters, -self._needed)])
        members = [(campuses[k], 1.0) for k in classes]
        self._program.at_most(0.0, [*members, (clusters, -float(cluster.max_campuses))])
        self._program.at_least(0.0, [*members, (clusters, -float(cluster.min_campuses))])
        first = [(campuses[k], 1.0) for k in np.unique(self._class[anchors]).tolist()]
        self._program.at_least(0.0, [*first, (clusters, -1.0)])
        self._span(clusters, campuses, kind=1, fewest=cluster.min_utilities)
        self._span(clusters, campuses, kind=2, fewest=cluster.min_regions)
        self._share_out(clusters, draw, sizes)
        if self._clean:
            self._buy(fleet)
        return fleet

    def _span(self, clusters: int, campuses: dict[int, int], *, kind: int, fewest: int) -> None:
        """Each cluster has enough utilities (1) or regions (2)."""
        if fewest <= 1:
            return
        present = []
        for ks in self._classes.by(kind, list(campuses)).values():
            columns = [campuses[k] for k in ks]
            here = self._program.column()
            self._program.at_most(0.0, [(here, 1.0), (clusters, -1.0)])
            self._program.at_most(0.0, [(here, 1.0), *((column, -1.0) for column in columns)])
            present.append((here, 1.0))
        self._program.at_least(0.0, [*present, (clusters, -float(fewest))])

    def _share_out(
        self, clusters: int, draw: dict[int, int], sizes: list[tuple[int, float]]
    ) -> None:
        """No utility has too large a share, and enough is left without any one."""
        cluster = self.case.cluster
        kept = cluster.keep_after_utility_loss * (self.case.target or 0.0)
        share = cluster.max_utility_fraction
        for u in sorted({self._classes.utility(k) for k in draw}):
            inside = {draw[k] for k in draw if self._classes.utility(k) == u}
            if share < 1:
                self._program.at_most(0.0, [(d, float(d in inside) - share) for d in draw.values()])
            if kept > 0:
                others = [(d, size) for d, size in sizes if d not in inside]
                self._program.at_least(0.0, [*others, (clusters, -kept)])

    def _buy(self, fleet: Fleet) -> None:
        """Enough energy is clean, and what is bought can be delivered."""
        asked = self.case.clean.min_fraction
        clusters, draw, contract = fleet.clusters, fleet.draw, fleet.contract
        contract |= {k: self._program.column() for k in draw}
        by_area: dict[int, list[int]] = {}
        for k, column in contract.items():
            own = (draw[k], float(self._classes.grid_clean_fraction[k]) - 1.0)
            self._program.at_most(0.0, [(column, 1.0), own])
            by_area.setdefault(self._classes.area(k), []).append(column)
        mix = [(draw[k], float(self._classes.grid_clean_fraction[k]) - asked) for k in draw]
        self._program.at_least(0.0, [*mix, *((column, 1.0) for column in contract.values())])
        for a, columns in by_area.items():
            self._of_area.setdefault(a, []).extend(columns)
            offered = (clusters, -self._classes.offered_mw[a])
            self._program.at_most(0.0, [*((column, 1.0) for column in columns), offered])

    def _share(self) -> dict[tuple[str, int], int]:
        """Over all fleets: zones, sites and clean supply are used within their limits."""
        sites = np.bincount(self._class[self.case.usable], minlength=len(self._classes))
        limits = (
            ("zone", self._of_zone, self.case.headroom_mw),
            ("class", self._of_class, sites),
            ("area", self._of_area, self._classes.offered_mw),
        )
        at_most = self._program.at_most
        return {
            (kind, at): at_most(float(limit[at]), [(column, 1.0) for column in columns])
            for kind, users, limit in limits
            for at, columns in sorted(users.items())
        }


def most_clusters(
    case: Case, groups: list[Group], deadline: Deadline, *, rounds: int = HALVINGS
) -> int:
    """Bound the number of clusters, with smaller and smaller groups.

    Parameters
    ----------
    case, groups
        As in `Fleets`.
    deadline
        When to stop.
    rounds
        How often groups are halved at the most.

    Returns
    -------
    int
        No plan has more clusters than this.
    """
    if not math.isfinite(least_size(case)):
        return 0
    fleets = Fleets(case, groups)
    relaxed = fleets.relaxed()
    for _ in range(rounds):
        if whole_clusters(relaxed.clusters) == 0 or deadline.reached():
            break
        used = np.flatnonzero(relaxed.by_group > ROUNDING)
        groups, halves = halved(case, groups, used.tolist())
        if not halves:
            break
        fleets = Fleets(case, groups)
        relaxed = fleets.relaxed()
    return fleets.most(deadline, relaxed.clusters)


def whole_clusters(clusters: float) -> int:
    """The whole number of clusters that a bound leaves, in spite of rounding."""
    return max(0, math.floor(clusters * (1 + ROUNDING) + ROUNDING))
