"""Bounds on what the clusters around an anchor can do, without a solver.

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

from dataclasses import dataclass, replace

import numpy as np

from siting.case import BoolArray, Case
from siting.fiber.reach import FloatArray, IntArray

CHUNK_ANCHORS = 256
"""Anchors whose fills are computed at once; bounds the memory."""

COUNT_QUANTILES = (0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 0.97)
"""Quantiles of the caps that are tried as multipliers of the count of campuses."""

SHIFT_STEPS = (1.0, 0.0, -1.0, -2.0, -4.0)
"""Shifts tried, in units of the least fixed cost."""


@dataclass(frozen=True, eq=False)
class Field:
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
        Sites and headroom of each zone that its sites can exhaust, descendants first.
    target
        Least size of a cluster [MW].
    min_campuses, max_campuses
        Least and largest number of campuses that any plan can have.
    """

    cap: FloatArray
    least: FloatArray
    fixed: FloatArray
    unit: FloatArray
    zones: tuple[tuple[IntArray, float], ...]
    target: float
    min_campuses: int
    max_campuses: int

    @classmethod
    def of(cls, case: Case, per_mw: FloatArray | None = None) -> Field:
        """The field of a case whose sites are all usable and in the order of the anchors.

        Sizes are in the unit of the target, or draws times ``per_mw`` where that is given.
        """
        per_mw = case.target_per_mw if per_mw is None else per_mw
        cap = case.cap_mw * per_mw
        zones = []
        for z in sorted(case.sites_in_zone, key=lambda z: (-len(case.ancestry[z]), z)):
            sites = case.sites_in_zone[z]
            if case.cap_mw[sites].sum() > case.headroom_mw[z]:
                # In units of size, a zone's headroom is at most worth that of its best site.
                zones.append((sites, float(case.headroom_mw[z] * per_mw[sites].max())))
        cluster = case.cluster
        target = case.target or 0.0
        keep = max(cluster.keep_after_campus_loss, cluster.keep_after_utility_loss)
        if keep > 0 and cluster.max_campuses > 1:
            # What is left without the largest of K campuses is at most (K - 1) / K of the whole.
            target = max(target, keep * target * cluster.max_campuses / (cluster.max_campuses - 1))
        return cls(
            cap=cap,
            least=np.maximum(case.min_mw * per_mw, 0.0),
            fixed=case.fixed_musd_per_year,
            unit=case.variable_musd_per_mw_year / per_mw,
            zones=tuple(zones),
            target=target,
            min_campuses=least_campuses(case),
            max_campuses=cluster.max_campuses,
        )

    def take(self, sites: IntArray) -> Field:
        """The field of some of the sites (ascending positions)."""
        position = np.full(len(self.cap), -1, dtype=np.int64)
        position[sites] = np.arange(len(sites))
        zones = []
        for members, headroom in self.zones:
            inside = position[members]
            inside = inside[inside >= 0]
            if self.cap[sites[inside]].sum() > headroom:
                zones.append((inside, headroom))
        return Field(
            self.cap[sites],
            self.least[sites],
            self.fixed[sites],
            self.unit[sites],
            tuple(zones),
            self.target,
            self.min_campuses,
            self.max_campuses,
        )

    def shifts(self) -> list[float]:
        """Shifts of the fixed cost that are worth trying [MUSD/year]."""
        least = float(self.fixed.min()) if len(self.fixed) else 0.0
        scale = least if least > 0 else float(self.unit.max(initial=0.0)) * 10
        return [min(step * scale, least) for step in SHIFT_STEPS]


def least_campuses(case: Case) -> int:
    """Least number of campuses that the counts and the losses of a cluster allow."""
    cluster = case.cluster
    least = max(cluster.min_campuses, cluster.min_utilities, cluster.min_regions)
    if cluster.keep_after_campus_loss > 0 or cluster.keep_after_utility_loss > 0:
        least = max(least, 2)
    if cluster.max_utility_fraction < 1:
        least = max(least, int(np.ceil(1 / cluster.max_utility_fraction - 1e-9)))
    return least


def laminar_takes(field: Field, caps: FloatArray, order: IntArray) -> FloatArray:
    """Sizes taken greedily in an order within the headroom of all zones.

    Parameters
    ----------
    field
        The sites.
    caps
        ``(rows, n)`` what each row may take of each site, 0 where it may not [MW].
    order
        ``(n,)`` sites in the order of taking.

    Returns
    -------
    ``(rows, n)`` sizes, columns in the order of taking [MW]. Descendants are cut first: where a
    parent cuts a site it is exhausted, so that what its descendants lose to that site can no
    longer be taken by another.
    """
    takes = caps[:, order]
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    for members, headroom in field.zones:
        columns = np.sort(rank[members])
        block = takes[:, columns]
        before = np.cumsum(block, axis=1) - block
        takes[:, columns] = np.clip(headroom - before, 0.0, block)
    return takes


def largest_sizes(field: Field, members: BoolArray) -> FloatArray:
    """No cluster in a neighbourhood is larger than this.

    Parameters
    ----------
    field
        The sites.
    members
        ``(rows, n)`` the neighbourhoods.

    Returns
    -------
    ``(rows,)`` the least, over multipliers ``nu >= 0`` of the count of campuses, of
    ``nu * max_campuses + max sum of (1 - nu / cap) * size`` under the headroom of zones (a greedy
    by cap, as the weight rises with the cap), and of the ``max_campuses`` largest caps [MW].
    """
    order = np.argsort(-field.cap, kind="stable")
    caps = (members * field.cap)[:, order]
    takes = laminar_takes(field, members * field.cap, order)
    count = np.cumsum(caps > 0, axis=1)
    best: FloatArray = np.where(count <= field.max_campuses, caps, 0.0).sum(axis=1)
    if len(order) == 0:
        return best
    for nu in np.concatenate(([0.0], np.quantile(field.cap, COUNT_QUANTILES))):
        weight = np.maximum(0.0, 1 - nu / field.cap[order])
        best = np.minimum(best, takes @ weight + nu * field.max_campuses)
    return best


def fewest_campuses(field: Field, members: BoolArray) -> IntArray:
    """Least number of campuses in each neighbourhood whose caps reach the target.

    ``max_campuses + 1`` where no number does.
    """
    order = np.argsort(-field.cap, kind="stable")
    caps = (members * field.cap)[:, order]
    reached = np.cumsum(caps, axis=1) >= field.target * (1 - 1e-9)
    # Caps of 0 stand between the others, so campuses are counted, not columns.
    count = np.cumsum(caps > 0, axis=1)
    first = np.argmax(reached, axis=1)
    needed = np.where(reached.any(axis=1), count[np.arange(len(first)), first], len(field.cap) + 1)
    return np.minimum(np.maximum(needed, field.min_campuses), field.max_campuses + 1)


def fill_cost(
    field: Field, members: BoolArray, fewest: IntArray, shift: float
) -> tuple[FloatArray, FloatArray]:
    """Fractional fill with one shift of the fixed cost.

    Parameters
    ----------
    field
        The sites.
    members
        ``(rows, n)`` the neighbourhoods.
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
    cost = field.unit + (field.fixed - shift) / field.cap
    order = np.argsort(cost, kind="stable")
    takes = laminar_takes(field, members * field.cap, order)
    before = np.cumsum(takes, axis=1) - takes
    used = np.clip(field.target - before, 0.0, takes)
    reached = takes.sum(axis=1) >= field.target * (1 - 1e-9)
    campuses = fewest if shift >= 0 else np.full(len(fewest), field.max_campuses)
    bound = np.where(reached, used @ cost[order] + shift * campuses, np.inf)
    last = np.argmax(before + takes >= field.target * (1 - 1e-9), axis=1)
    return bound, cost[order][last]


def with_forced(field: Field, h: int, shift: float) -> tuple[Field, float]:
    """The field with one site opened whatever it draws, and what that costs [MUSD/year]."""
    fixed = field.fixed.copy()
    fixed[h] = shift
    forced = replace(field, fixed=fixed)
    return forced, float(field.fixed[h]) - shift


def extra_cost(field: Field, marginal: float, shift: float) -> FloatArray:
    """How much dearer than the fill every plan with a site is.

    A plan with site ``j`` pays its fixed cost and at least saves the marginal unit cost on what
    ``j`` draws: ``min over size of fixed - shift + (unit - marginal) * size``. The headroom of
    zones only makes it dearer. Reduced-cost fixing, for a semi-continuous size.

    Returns
    -------
    ``(n,)`` [MUSD/year], not less than 0.
    """
    slope = field.unit - marginal
    size = np.where(slope < 0, field.cap, field.least)
    return np.maximum(0.0, field.fixed - shift + slope * size)


def pair_cost(field: Field, within: BoolArray, h: int, shift: float) -> FloatArray:
    """Fractional fill of the common neighbourhood of an anchor and each other site, both opened.

    Parameters
    ----------
    field
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
    n = len(field.cap)
    fewest = fewest_campuses(field, within)
    cost = np.tile(field.unit + (field.fixed - shift) / field.cap, (n, 1))
    cost[:, h] = field.unit[h]
    np.fill_diagonal(cost, field.unit)
    order = np.argsort(cost, axis=1, kind="stable")
    takes = np.take_along_axis(within * field.cap, order, axis=1)
    inside = np.zeros(n, dtype=bool)
    for members, headroom in field.zones:
        inside[:] = False
        inside[members] = True
        block = takes * inside[order]
        before = np.cumsum(block, axis=1) - block
        takes = np.where(inside[order], np.clip(headroom - before, 0.0, block), takes)
    before = np.cumsum(takes, axis=1) - takes
    used = np.clip(field.target - before, 0.0, takes)
    opened = field.fixed[h] - shift + np.where(np.arange(n) == h, 0.0, field.fixed - shift)
    campuses = fewest if shift >= 0 else np.full(n, field.max_campuses)
    bound = (used * np.take_along_axis(cost, order, axis=1)).sum(axis=1) + opened + shift * campuses
    possible = (takes.sum(axis=1) >= field.target * (1 - 1e-9)) & (fewest <= field.max_campuses)
    return np.where(possible, bound, np.inf)
