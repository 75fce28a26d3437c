"""Knapsack relaxation of a neighbourhood: bounds on its clusters, without a solver.

An **anchor** is the first member of a cluster in a fixed order of the sites. All other members
are later in the order and within its reach: its **neighbourhood**. Every bound here relaxes the
program of a neighbourhood, so it holds for every option that the program may have besides.

**Fractional fill.** Without reach inside the neighbourhood and without the count of campuses,
opening a campus in proportion to its draw is best, so the target is bought at the unit cost
``(variable + fixed / cap) / target_per_mw`` within the headroom of zones and their parents. Zones
form a forest, so the feasible draws are a laminar polymatroid, and taking the cheapest first is
exact (Edmonds 1970, "Submodular functions, matroids, and certain polyhedra").

**Cardinality lift.** A cluster has at least ``m`` and at most ``K`` campuses. For any ``shift``,
the fill with ``fixed - shift`` plus ``shift * m`` (``shift >= 0``) or plus ``shift * K``
(``shift < 0``) is a bound too: Lagrange multipliers of the count. ``shift`` stays below the least
fixed cost, so that no campus gets cheaper by being opened.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from siting.case import BoolArray, Case
from siting.fiber.reach import FloatArray, IntArray
from siting.program.sites.presolve import least_campuses, least_utilities
from siting.program.sites.sets import Rows, sum_before

TINY_MW = 1e-3
"""Size of a campus that is too small for any plan [MW]."""

SHIFT_STEPS = (1.0, 0.0, -1.0, -2.0, -4.0)
"""Shifts tried, in units of the least fixed cost."""


@dataclass(frozen=True, eq=False)
class Knapsack:
    """The sites of a case as the bounds see them: in the order of the anchors, sizes not draws.

    Shapes: ``n`` sites.

    Parameters
    ----------
    cap
        ``(n,)`` largest size of a campus, in the unit of the target [MW].
    least
        ``(n,)`` least size of a campus [MW].
    fixed, unit
        ``(n,)`` cost of a campus and of a unit of its size [MUSD/year], [MUSD/MW/year].
    zones
        Levels of the zones that their sites can exhaust, descendants first: for each level the
        ``(n,)`` number of the site's zone, -1 for none, and the zones' headroom [MW].
    target
        Least size of a cluster [MW].
    min_campuses, max_campuses
        Least and largest number of campuses that any plan can have.
    kept, kept_of_utility
        What must be left of a cluster without any of its campuses, and without all those of any
        utility, in the unit of the target [MW].
    share
        No utility has more of a cluster than this [1].
    groups
        For utilities and regions, where campuses of several are asked: the ``(n,)`` number of each
        site's, -1 for none, and how many are asked.
    utilities
        Which levels of ``zones`` are utilities: their shares are limited as headroom is, once it is
        known how large a cluster can be (`below`).
    """

    cap: FloatArray
    least: FloatArray
    fixed: FloatArray
    unit: FloatArray
    zones: tuple[tuple[IntArray, FloatArray], ...]
    target: float
    min_campuses: int
    max_campuses: int
    kept: float = 0.0
    kept_of_utility: float = 0.0
    share: float = 1.0
    groups: tuple[tuple[IntArray, int], ...] = ()
    utilities: tuple[int, ...] = ()

    @classmethod
    def of(cls, case: Case, per_mw: FloatArray | None = None) -> Knapsack:
        """The knapsack of a case whose sites are all usable and in the order of the anchors.

        Sizes are in the unit of the target, or draws times ``per_mw`` where that is given.
        """
        per_mw = case.target_per_mw if per_mw is None else per_mw
        cap = case.cap_mw * per_mw
        depth = np.array([len(chain) for chain in case.ancestry], dtype=np.int64)
        zones: list[tuple[IntArray, FloatArray]] = []
        utilities: list[int] = []
        nested = _nested_utilities(case, depth)
        for level in range(int(depth.max(initial=0)), -1, -1):
            if level in nested:
                utilities.append(len(zones))
                zones.append(nested[level])
            zone = np.full(len(cap), -1, dtype=np.int64)
            headroom: list[float] = []
            for z, sites in case.sites_in_zone.items():
                if depth[z] == level and case.cap_mw[sites].sum() > case.drawable_mw[z]:
                    zone[sites] = len(headroom)
                    # In units of size, headroom is worth at most what its best site makes of it.
                    headroom.append(float(case.drawable_mw[z] * per_mw[sites].max()))
            if headroom:
                zones.append((zone, np.array(headroom)))
        cluster = case.cluster
        target = case.target or 0.0
        kept_of_utility = target * cluster.keep_after_utility_loss
        kept = max(target * cluster.keep_after_campus_loss, kept_of_utility)
        if kept > 0 and cluster.max_campuses > 1:
            # What is left without the largest of K campuses is at most (K - 1) / K of the whole.
            target = max(target, kept * cluster.max_campuses / (cluster.max_campuses - 1))
        asked = ((case.utility, least_utilities(case)), (case.region, cluster.min_regions))
        return cls(
            cap=cap,
            least=np.maximum(case.min_mw * per_mw, 0.0),
            fixed=case.fixed_musd_per_year,
            unit=case.variable_musd_per_mw_year / per_mw,
            zones=tuple(zones),
            target=target,
            min_campuses=least_campuses(case),
            max_campuses=cluster.max_campuses,
            kept=kept,
            kept_of_utility=kept_of_utility,
            # Shares are of draw; in another unit a utility may have the better sites.
            share=min(1.0, cluster.max_utility_fraction * _spread(per_mw)),
            groups=tuple((group, least) for group, least in asked if least > 1),
            utilities=tuple(utilities),
        )

    @classmethod
    def of_draws(cls, case: Case) -> Knapsack:
        """The knapsack of a case with draws for sizes, also where the target is one of IT load."""
        return cls.of(case, np.ones(len(case.site_ids)))

    def take(self, sites: IntArray) -> Knapsack:
        """The knapsack of some of the sites."""
        return replace(
            self,
            cap=self.cap[sites],
            least=self.least[sites],
            fixed=self.fixed[sites],
            unit=self.unit[sites],
            zones=tuple((zone[sites], headroom) for zone, headroom in self.zones),
            groups=tuple((group[sites], least) for group, least in self.groups),
        )

    def below(self, cutoff: float) -> Knapsack:
        """The knapsack of the plans that cost less than a cutoff [MUSD/year].

        They are not much larger than the target, so what must outlive the loss of any campus, or
        the share that a utility may have, bounds each of their campuses.
        """
        if not math.isfinite(cutoff) or (self.kept == 0 and self.share == 1):
            return self
        size = largest_below(self, cutoff)
        cap = np.minimum(self.cap, max(size - self.kept, TINY_MW)) if self.kept > 0 else self.cap
        of_utility = self.share * size
        if self.kept_of_utility > 0:
            of_utility = min(of_utility, size - self.kept_of_utility)
        zones = list(self.zones)
        for level in self.utilities:
            zone, headroom = zones[level]
            zones[level] = zone, np.full_like(headroom, max(of_utility, TINY_MW))
        # A site stays a site, so that positions do; what is so small costs more than any cutoff.
        cap = np.maximum(self.least, np.minimum(cap, max(of_utility, TINY_MW)))
        return replace(self, cap=cap, zones=tuple(zones))

    def innermost(self) -> IntArray:
        """``(n,)`` number of the innermost zone that each site can exhaust, -1 for none."""
        number, before = np.full(len(self.cap), -1, dtype=np.int64), 0
        for zone, headroom in self.zones:
            new = (number < 0) & (zone >= 0)
            number[new] = before + zone[new]
            before += len(headroom)
        return number

    def shifts(self) -> list[float]:
        """Shifts of the fixed cost that are worth trying [MUSD/year]."""
        least = float(self.fixed.min()) if len(self.fixed) else 0.0
        scale = least if least > 0 else float(self.unit.max(initial=0.0)) * 10
        return [min(step * scale, least) for step in SHIFT_STEPS]


def _spread(per_mw: FloatArray) -> float:
    """How much more the best site makes of a MW than the worst [1]."""
    return float(per_mw.max() / per_mw.min()) if len(per_mw) else 1.0


def _nested_utilities(case: Case, depth: IntArray) -> dict[int, tuple[IntArray, FloatArray]]:
    """Utilities as levels of zones, where what they have of a cluster is limited.

    By the depth of the deepest zone that holds all sites of a utility, before which it comes. A
    utility that holds part of a zone and part of others is left out: greed knows nested sets only.
    """
    if case.cluster.max_utility_fraction == 1 and case.cluster.keep_after_utility_loss == 0:
        return {}
    levels: dict[int, tuple[IntArray, FloatArray]] = {}
    for u in np.unique(case.utility).tolist():
        sites = case.utility == u
        chains = [set(case.ancestry[z]) for z in np.unique(case.zone[sites])]
        around = set.intersection(*chains)
        within = set.union(*chains) - around
        if all(sites[case.sites_in_zone[z]].all() for z in within):
            level = max((int(depth[z]) for z in around), default=0)
            zone, headroom = levels.get(level, (np.full(len(sites), -1), np.empty(0)))
            zone[sites] = len(headroom)
            levels[level] = zone, np.append(headroom, np.inf)
    return levels


def laminar_takes(knapsack: Knapsack, rows: Rows) -> FloatArray:
    """Sizes taken greedily, in the order of each row, within the headroom of all zones.

    Returns
    -------
    ``(entries,)`` sizes [MW]. Descendants are cut first: where a parent cuts a site it is
    exhausted, so that what its descendants lose to that site can no longer be taken by another.
    """
    takes = knapsack.cap[rows.site]
    for zone_of_site, headroom in knapsack.zones:
        zone = zone_of_site[rows.site]
        inside = np.flatnonzero(zone >= 0)
        key = rows.row[inside] * len(headroom) + zone[inside]
        by = inside[np.argsort(key, kind="stable")]
        group = rows.row[by] * len(headroom) + zone[by]
        before = sum_before(group, takes[by])
        takes[by] = np.clip(headroom[zone[by]] - before, 0.0, takes[by])
    return takes


def largest_takes(
    knapsack: Knapsack, rows: Rows, forced: BoolArray | None = None
) -> tuple[Rows, FloatArray]:
    """What each site adds to the largest cluster of a row, forced sites first, then largest first.

    In a zone, ``k`` campuses have at most the headroom and at most the ``k`` largest caps: a
    concave function of ``k``. So is the most that ``k`` campuses of several zones have, which
    takes the largest additions of all, and that again within the headroom of a parent. So the
    ``k`` first additions are the most that ``k`` campuses of a row have if all pairs are within
    reach: no relaxation of whole campuses, only of their least size and of other rules.

    Parameters
    ----------
    knapsack
        The sites.
    rows
        Sets of sites.
    forced
        ``(entries,)`` sites that are campuses whatever they add.

    Returns
    -------
    rows, takes
        Every site that is forced or adds something, in each row those forced first, then by what
        they add, and their additions [MW].
    """
    first = np.zeros(len(rows.site), dtype=np.bool_) if forced is None else forced
    by = np.lexsort((-knapsack.cap[rows.site], ~first, rows.row))
    row, site, first = rows.row[by], rows.site[by], first[by]
    takes = knapsack.cap[site]
    for zone_of_site, headroom in knapsack.zones:
        zone = zone_of_site[site]
        inside = np.flatnonzero(zone >= 0)
        key = row[inside] * len(headroom) + zone[inside]
        by = np.argsort(key, kind="stable")
        inside, key = inside[by], key[by]
        before = sum_before(key, takes[inside])
        takes[inside] = np.clip(headroom[zone[inside]] - before, 0.0, takes[inside])
        kept = np.flatnonzero((takes > 0) | first)
        by = kept[np.lexsort((-takes[kept], ~first[kept], row[kept]))]
        row, site, first, takes = row[by], site[by], first[by], takes[by]
    return Rows(rows.count, row, site), takes


def largest_sizes(
    knapsack: Knapsack, rows: Rows, *, forced: BoolArray | None = None, campuses: int | None = None
) -> FloatArray:
    """No cluster in a set of sites is larger than this.

    Parameters
    ----------
    knapsack
        The sites.
    rows
        The sets.
    forced
        ``(entries,)`` sites that are campuses whatever they add.
    campuses
        How many campuses at the most, ``max_campuses`` where that is not said.

    Returns
    -------
    ``(rows,)`` what so many campuses have at most, see `largest_takes` [MW].
    """
    most = knapsack.max_campuses if campuses is None else campuses
    taken, takes = largest_takes(knapsack, rows, forced)
    place = sum_before(taken.row, np.ones(len(takes)))
    return taken.total(takes * (place < most))


def fewest_campuses(knapsack: Knapsack, rows: Rows) -> IntArray:
    """Least number of campuses in each set of sites that reach the target, see `largest_takes`.

    ``max_campuses + 1`` where no number does.
    """
    taken, takes = largest_takes(knapsack, rows)
    target = knapsack.target * (1 - 1e-9)
    short = sum_before(taken.row, takes) < target
    needed = taken.total(short.astype(np.float64)).astype(np.int64)
    reached = taken.total(takes) >= target
    needed = np.where(reached, np.maximum(needed, knapsack.min_campuses), knapsack.max_campuses + 1)
    return np.minimum(needed, knapsack.max_campuses + 1)


def fill_cost(
    knapsack: Knapsack, rows: Rows, fewest: IntArray, shift: float
) -> tuple[FloatArray, FloatArray]:
    """Fractional fill with one shift of the fixed cost.

    Parameters
    ----------
    knapsack
        The sites.
    rows
        The neighbourhoods.
    fewest
        ``(rows,)`` least number of campuses in each.
    shift
        Shift of the fixed cost, not above the least fixed cost [MUSD/year].

    Returns
    -------
    bound
        ``(rows,)`` no plan in the neighbourhood costs less [MUSD/year]; infinite where the target
        cannot be reached.
    marginal
        ``(rows,)`` unit cost of the last unit taken [MUSD/MW/year].
    """
    rows, used, cost = filled(knapsack, rows, shift)
    reached = rows.total(used) >= knapsack.target * (1 - 1e-9)
    campuses = fewest if shift >= 0 else np.full(rows.count, knapsack.max_campuses)
    bound = np.where(reached, rows.total(used * cost) + shift * campuses, np.inf)
    marginal = np.zeros(rows.count)
    np.maximum.at(marginal, rows.row, np.where(used > 0, cost, 0.0))
    return bound, marginal


def filled(knapsack: Knapsack, rows: Rows, shift: float) -> tuple[Rows, FloatArray, FloatArray]:
    """The sites of each row by their unit cost, what the fill uses of each [MW], and that cost."""
    rows, takes, cost = _cheapest_takes(knapsack, rows, shift)
    return rows, np.clip(knapsack.target - sum_before(rows.row, takes), 0.0, takes), cost


def _cheapest_takes(
    knapsack: Knapsack, rows: Rows, shift: float
) -> tuple[Rows, FloatArray, FloatArray]:
    """The sites of each row by their unit cost, what each gives in that order, and that cost."""
    cost = knapsack.unit + (knapsack.fixed - shift) / knapsack.cap
    rows = rows.ordered(np.argsort(cost, kind="stable"))
    return rows, laminar_takes(knapsack, rows), cost[rows.site]


def with_forced(knapsack: Knapsack, h: int, shift: float) -> tuple[Knapsack, float]:
    """The knapsack with one site opened whatever it draws, and what that costs [MUSD/year]."""
    fixed = knapsack.fixed.copy()
    fixed[h] = shift
    forced = replace(knapsack, fixed=fixed)
    return forced, float(knapsack.fixed[h]) - shift


def largest_below(knapsack: Knapsack, cutoff: float) -> float:
    """No plan below the cutoff is larger than this: it buys so much of the fill [MW]."""
    everyone = Rows.all_of(len(knapsack.cap))
    fewest = float(fewest_campuses(knapsack, everyone)[0])
    size = math.inf
    for shift in knapsack.shifts():
        rows, takes, cost = _cheapest_takes(knapsack, everyone, shift)
        money = cutoff - shift * (fewest if shift >= 0 else knapsack.max_campuses)
        left = np.maximum(money - sum_before(rows.row, takes * cost), 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            bought = np.where(cost > 0, np.minimum(takes, left / cost), takes)
        size = min(size, float(bought.sum()))
    return size * (1 + 1e-9)


def extra_cost(knapsack: Knapsack, rows: Rows, marginal: FloatArray, shift: float) -> FloatArray:
    """How much dearer than the fill every plan with a site is.

    A plan with site ``j`` pays its fixed cost and at least saves the marginal unit cost on what
    ``j`` draws: ``min over size of fixed - shift + (unit - marginal) * size``. The headroom of
    zones only makes it dearer. Reduced-cost fixing, for a semi-continuous size. By the same
    multipliers a plan with several sites is dearer by the sum of theirs.

    Parameters
    ----------
    knapsack
        The sites.
    rows
        Sets of sites.
    marginal
        ``(rows,)`` unit cost of the last unit of each fill [MUSD/MW/year].
    shift
        Shift of the fixed cost in the fill [MUSD/year].

    Returns
    -------
    ``(entries,)`` [MUSD/year], not less than 0.
    """
    slope = knapsack.unit[rows.site] - marginal[rows.row]
    size = np.where(slope < 0, knapsack.cap[rows.site], knapsack.least[rows.site])
    return np.maximum(0.0, knapsack.fixed[rows.site] - shift + slope * size)


def span_cost(knapsack: Knapsack, rows: Rows, extra: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How much dearer than the fill a plan is that has campuses of enough utilities and regions.

    It has a campus of so many of them, and each is dearer by the least that a site of it is.

    Parameters
    ----------
    knapsack
        The sites.
    rows
        Sets of sites.
    extra
        ``(entries,)`` how much dearer a plan with each site is, see `extra_cost` [MUSD/year].

    Returns
    -------
    any
        ``(rows,)`` for any plan; infinite where the row has too few of them [MUSD/year].
    each
        ``(entries,)`` for a plan with the site [MUSD/year].
    """
    least_any, least_each = np.zeros(rows.count), extra
    for group_of_site, asked in knapsack.groups:
        group = group_of_site[rows.site]
        named, groups = group >= 0, int(group_of_site.max(initial=-1)) + 1
        cheapest = np.full((rows.count, max(groups, asked)), np.inf)
        np.minimum.at(cheapest, (rows.row[named], group[named]), extra[named])
        chosen = np.sort(cheapest, axis=1)[:, :asked]
        least_any = np.maximum(least_any, chosen.sum(axis=1))
        # Of the groups that are not the site's, all but one are still asked.
        others, dearest = chosen[:, :-1].sum(axis=1)[rows.row], chosen[:, -1][rows.row]
        own = np.where(named, cheapest[rows.row, group], np.inf)
        with np.errstate(invalid="ignore"):
            others = np.where(own < dearest, others - own + dearest, others)
        others = np.where(named, others, chosen.sum(axis=1)[rows.row])
        least_each = np.maximum(least_each, np.where(np.isnan(others), np.inf, others) + extra)
    return least_any, least_each


def pair_cost(knapsack: Knapsack, within: BoolArray, h: int, shift: float) -> FloatArray:
    """Fractional fill of the common neighbourhood of an anchor and each other site, both opened.

    Parameters
    ----------
    knapsack
        The sites of the anchor's neighbourhood.
    within
        ``(n, n)`` pairs within reach, the diagonal included.
    h
        Position of the anchor.
    shift
        Shift of the fixed cost [MUSD/year].

    Returns
    -------
    ``(n,)`` no plan with the anchor and site ``j`` costs less [MUSD/year].
    """
    n = len(knapsack.cap)
    fewest = fewest_campuses(knapsack, Rows.true_in(within))
    cost = np.tile(knapsack.unit + (knapsack.fixed - shift) / knapsack.cap, (n, 1))
    cost[:, h] = knapsack.unit[h]
    np.fill_diagonal(cost, knapsack.unit)
    order = np.argsort(cost, axis=1, kind="stable")
    takes = np.take_along_axis(within * knapsack.cap, order, axis=1)
    for zone_of_site, headroom in knapsack.zones:
        zone = zone_of_site[order]
        inside = zone_of_site >= 0
        caps = np.bincount(zone_of_site[inside], knapsack.cap[inside], minlength=len(headroom))
        for z in np.flatnonzero(caps > headroom):
            block = takes * (zone == z)
            before = np.cumsum(block, axis=1) - block
            takes = np.where(zone == z, np.clip(headroom[z] - before, 0.0, block), takes)
    before = np.cumsum(takes, axis=1) - takes
    used = np.clip(knapsack.target - before, 0.0, takes)
    opened = knapsack.fixed[h] - shift + np.where(np.arange(n) == h, 0.0, knapsack.fixed - shift)
    campuses = fewest if shift >= 0 else np.full(n, knapsack.max_campuses)
    bound = (used * np.take_along_axis(cost, order, axis=1)).sum(axis=1) + opened + shift * campuses
    possible = (takes.sum(axis=1) >= knapsack.target * (1 - 1e-9)) & (
        fewest <= knapsack.max_campuses
    )
    return np.where(possible, bound, np.inf)
