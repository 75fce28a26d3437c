"""Restricted master over single clusters, its duals, and the Lagrangian bound.

Clusters are tied to each other by sites (each in one cluster at most), by the headroom of zones
and by clean supply. A **column** is one cluster with its draws; a **master** program chooses
``count`` of them. The duals of the master price what is shared: a zone's headroom raises the
variable cost of its sites, a site its fixed cost, supply its premium. All prices are at least 0,
so one priced cluster is again a question for the anchors.

**The bound**, for any prices ``>= 0``, converged or not (Lagrange)::

    sum of the count smallest bounds of the anchors, priced
        - sum of zone prices * headroom - sum of site prices - sum of supply prices * supply

Anchors of different clusters differ, so the ``count`` smallest are better than ``count`` times
the smallest. The first prices are those of a linear program in which all clusters are one.

**Plans** come from placing clusters one after the other, from a master that chooses sets of sites
and leaves the draws free, and from taking clusters out and placing them again. The search itself
is in `siting.program.several.column_generation.branch_and_price`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pulp
from pulp import LpProblem, lpSum

from siting.case import Case
from siting.fiber.reach import FloatArray
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver, objective_value
from siting.program.formulation.fixed_sites import evaluate
from siting.program.formulation.variables import label, supply_steps
from siting.program.proof import Choice, Settled
from siting.program.several.column_generation.branches import Resource, Slot

PATTERNS = 150
"""Sets of sites among which the master of whole clusters chooses."""

PATTERN_LIMIT_S = 10.0
"""Time for one choice among sets of sites [s]."""

ARTIFICIAL_COST = 10.0
"""What a cluster that lacks costs, by the dearest that is known [1]."""

PART = 1e-7
"""Parts of a column below this are rounding [1]."""


@dataclass(frozen=True)
class Column:
    """One cluster with its draws.

    Parameters
    ----------
    sites
        Positions, ascending.
    draw_mw
        Draw of each [MW].
    taken_mw
        Draw that each supply step covers, by number of the step [MW].
    cost_musd
        Annual cost without prices of the master [MUSD/year].
    zone_mw
        Draw from each zone that has any part in it, parents included [MW].
    """

    sites: tuple[int, ...]
    draw_mw: tuple[float, ...]
    taken_mw: tuple[tuple[int, float], ...]
    cost_musd: float
    zone_mw: tuple[tuple[int, float], ...]

    @cached_property
    def uses(self) -> dict[tuple[Resource, int], float]:
        """What it takes of what clusters share: MW, and 1 of a site."""
        return {
            **{(Resource.ZONE, z): mw for z, mw in self.zone_mw},
            **{(Resource.SITE, i): 1.0 for i in self.sites},
            **{(Resource.SUPPLY, s): mw for s, mw in self.taken_mw},
        }

    def priced_musd(self, prices: Prices) -> float:
        """Annual cost with prices for what it takes [MUSD/year]."""
        return self.cost_musd + sum(
            float(prices.of(kind)[at]) * mw for (kind, at), mw in self.uses.items()
        )


@dataclass(frozen=True, eq=False)
class Prices:
    """Prices of what clusters share, all at least 0.

    Parameters
    ----------
    zone
        ``(Z,)`` of headroom [MUSD/MW/year].
    site
        ``(I,)`` of a site [MUSD/year].
    supply
        ``(steps,)`` of covering a MW of draw with clean energy [MUSD/MW/year].
    """

    zone: FloatArray
    site: FloatArray
    supply: FloatArray

    def of(self, kind: Resource) -> FloatArray:
        """The prices of one kind."""
        return {Resource.ZONE: self.zone, Resource.SITE: self.site, Resource.SUPPLY: self.supply}[
            kind
        ]

    @classmethod
    def none(cls, case: Case, steps: int) -> Prices:
        """Everything shared for nothing."""
        return cls(np.zeros(len(case.zone_ids)), np.zeros(len(case.site_ids)), np.zeros(steps))

    def towards(self, other: Prices, weight: float) -> Prices:
        """A mean of these prices and of others, which have the weight."""
        return Prices(
            (1 - weight) * self.zone + weight * other.zone,
            (1 - weight) * self.site + weight * other.site,
            (1 - weight) * self.supply + weight * other.supply,
        )


@dataclass(frozen=True, eq=False)
class MasterOptimum:
    """Optimum of the relaxed master.

    Parameters
    ----------
    value
        [MUSD/year]; where clusters lack, far above any plan.
    prices
        Of what clusters share.
    mix
        Number of a slot, column, and what part of one the slot uses [1].
    """

    value: float
    prices: Prices
    mix: tuple[tuple[int, Column, float], ...]


class Master:
    """The columns found so far, and the programs that choose among them."""

    def __init__(self, case: Case, solver: Solver) -> None:
        self.case = case
        self.solver = solver
        self.steps = supply_steps(case)
        self.steps_mw = np.array([step.available_mw for step in self.steps], dtype=np.float64)
        self.step_of = {r: s for s, step in enumerate(self.steps) for r in step.plants}
        self.columns: dict[Column, None] = {}

    def add(self, found: Settled) -> bool:
        """Remember the clusters of a plan as columns; whether any is new."""
        before = len(self.columns)
        for draws, contracts in zip(found.draw_mw, found.contract_mwh, strict=True):
            taken: dict[int, float] = {}
            for (r, _), mwh in contracts.items():
                s = self.step_of[r]
                taken[s] = taken.get(s, 0.0) + mwh / self.case.mwh_per_mw
            sites = tuple(sorted(draws))
            cost = evaluate(self.case, (draws,), (contracts,))
            in_zone: dict[int, float] = {}
            for i in sites:
                for z in self.case.ancestry[self.case.zone[i]]:
                    in_zone[z] = in_zone.get(z, 0.0) + draws[i]
            column = Column(
                sites,
                tuple(draws[i] for i in sites),
                tuple(sorted(taken.items())),
                cost,
                tuple(sorted(in_zone.items())),
            )
            self.columns.setdefault(column)
        return len(self.columns) > before

    def limit(self, kind: Resource, at: int) -> float:
        """What all clusters can take together [MW]; 1 of a site."""
        if kind is Resource.SITE:
            return 1.0
        return float((self.case.headroom_mw if kind is Resource.ZONE else self.steps_mw)[at])

    def relaxed(
        self, slots: Sequence[Slot], deadline: Deadline, columns: Sequence[Column] | None = None
    ) -> MasterOptimum | None:
        """Optimum of the relaxed master and its prices; none where time runs out.

        Parameters
        ----------
        slots
            The part of all plans that is asked about.
        deadline
            When to stop.
        columns
            Some of the columns instead of all.
        """
        columns = list(self.columns) if columns is None else columns
        problem = LpProblem("master", pulp.LpMinimize)
        dear = ARTIFICIAL_COST * max((column.cost_musd for column in columns), default=1.0)
        cost: list[pulp.LpAffineExpression] = []
        shared: dict[tuple[Resource, int], list[pulp.LpAffineExpression]] = {}
        uses: list[tuple[int, Column, pulp.LpVariable]] = []
        for a, slot in enumerate(slots):
            here = []
            for k, column in enumerate(columns):
                if not slot.allows(column.uses):
                    continue
                use = problem.add_variable(label("use", a, f"{k:06d}"), 0)
                here.append(use)
                uses.append((a, column, use))
                cost.append(column.cost_musd * use)
                for thing, mw in column.uses.items():
                    shared.setdefault(thing, []).append(mw * use)
            lacking = problem.add_variable(label("lacking", a), 0)
            cost.append(dear * lacking)
            problem += lpSum(here) + lacking == slot.count, label("count", a)
        problem.setObjective(lpSum(cost))
        rows: dict[tuple[Resource, int], pulp.LpConstraint] = {}
        for (kind, at), terms in shared.items():
            name = label(kind.value, at)
            problem += lpSum(terms) <= self.limit(kind, at), name
            rows[kind, at] = problem.get_constraint_by_name(name)
        outcome = self.solver.run(problem, deadline, gap=0.0)
        if not outcome.found:
            return None
        prices = Prices.none(self.case, len(self.steps))
        for (kind, at), row in rows.items():
            prices.of(kind)[at] = max(0.0, -(row.pi or 0.0))
        mix = [(a, column, float(use.value() or 0.0)) for a, column, use in uses]
        return MasterOptimum(
            objective_value(problem),
            prices,
            tuple((a, column, part) for a, column, part in mix if part > PART),
        )

    def choose_patterns(self, deadline: Deadline, prices: Prices) -> Choice | None:
        """Best disjoint sets of sites, their draws left free; options are checked by settling."""
        case = self.case
        reduced: dict[tuple[int, ...], float] = {}
        for column in self.columns:
            value = column.priced_musd(prices)
            reduced[column.sites] = min(value, reduced.get(column.sites, math.inf))
        patterns = sorted(reduced, key=lambda sites: (reduced[sites], sites))[:PATTERNS]
        problem = LpProblem("patterns", pulp.LpMinimize)
        used = [
            problem.add_variable(label("pattern", f"{p:04d}"), cat=pulp.LpBinary)
            for p in range(len(patterns))
        ]
        cost: list[pulp.LpAffineExpression] = []
        zone: dict[int, list[pulp.LpVariable]] = {}
        site: dict[int, list[pulp.LpVariable]] = {}
        per_mw = case.target_per_mw
        for p, (sites, u) in enumerate(zip(patterns, used, strict=True)):
            draws = []
            for i in sites:
                draw_mw = problem.add_variable(label("draw_mw", f"{p:04d}", i), 0)
                problem += draw_mw <= float(case.cap_mw[i]) * u, label("cap", p, i)
                problem += draw_mw >= case.min_mw * u, label("least", p, i)
                cost.append(float(case.fixed_musd_per_year[i]) * u)
                cost.append(float(case.variable_musd_per_mw_year[i]) * draw_mw)
                draws.append(float(per_mw[i]) * draw_mw)
                site.setdefault(i, []).append(u)
                for z in case.ancestry[case.zone[i]]:
                    zone.setdefault(z, []).append(draw_mw)
            problem += lpSum(draws) >= float(case.target or 0.0) * u, label("target", p)
        problem.setObjective(lpSum(cost))
        problem += lpSum(used) == case.count, "count"
        for i, users in sorted(site.items()):
            problem += lpSum(users) <= 1, label("once", i)
        for z, draws in sorted(zone.items()):
            problem += lpSum(draws) <= float(case.headroom_mw[z]), label("headroom", z)
        outcome = self.solver.run(problem, deadline.within(PATTERN_LIMIT_S), gap=1e-4)
        if not outcome.found:
            return None
        return tuple(
            sites for sites, u in zip(patterns, used, strict=True) if (u.value() or 0) > 0.5
        )


def first_prices(case: Case, steps: int, solver: Solver, deadline: Deadline) -> Prices:
    """Prices of zones and sites if all clusters were one, anywhere, with parts of campuses.

    A linear program: the targets of all clusters are bought at ``variable + fixed / cap``, under
    the headroom of zones and the caps of sites. At its prices every MW that is left costs the same.
    """
    prices = Prices.none(case, steps)
    problem = LpProblem("bulk", pulp.LpMinimize)
    usable = np.flatnonzero(case.usable).tolist()
    draw_mw = {i: problem.add_variable(label("draw_mw", i), 0) for i in usable}
    musd_per_mw = case.variable_musd_per_mw_year[usable] + (
        case.fixed_musd_per_year[usable] / case.cap_mw[usable]
    )
    problem.setObjective(lpSum(c * x for c, x in zip(musd_per_mw, draw_mw.values(), strict=True)))
    size = lpSum(float(case.target_per_mw[i]) * x for i, x in draw_mw.items())
    problem += size >= case.count * float(case.target or 0.0), "target"
    for i, x in draw_mw.items():
        problem += x <= float(case.cap_mw[i]), label("site", i)
    for z, sites in case.sites_in_zone.items():
        inside = lpSum(draw_mw[i] for i in sites.tolist() if i in draw_mw)
        problem += inside <= float(case.headroom_mw[z]), label("zone", z)
    if not solver.run(problem, deadline, gap=0.0).found:
        return prices
    for i in usable:
        per_mw = -(problem.get_constraint_by_name(label("site", i)).pi or 0.0)
        prices.site[i] = max(0.0, per_mw * float(case.cap_mw[i]))
    for z in case.sites_in_zone:
        prices.zone[z] = max(0.0, -(problem.get_constraint_by_name(label("zone", z)).pi or 0.0))
    return prices


def priced(case: Case, steps_prices: Prices, step_of: dict[int, int]) -> Case:
    """The question for one cluster, with prices on what clusters share."""
    zone_price = np.array([steps_prices.zone[list(chain)].sum() for chain in case.ancestry])
    premium = case.premium_usd_per_mwh.copy()
    for r, s in step_of.items():
        premium[r] += steps_prices.supply[s] / case.mwh_per_mw * 1e6
    return replace(
        case,
        cluster=case.cluster.model_copy(update={"count": 1}),
        fixed_musd_per_year=case.fixed_musd_per_year + steps_prices.site,
        variable_musd_per_mw_year=case.variable_musd_per_mw_year + zone_price[case.zone],
        premium_usd_per_mwh=premium,
    )


def lagrangian_bound(
    case: Case, prices: Prices, steps_mw: FloatArray, smallest: FloatArray
) -> float:
    """Bound of a plan from what each of its clusters costs at the prices, at the least."""
    return float(
        smallest.sum()
        - prices.zone @ case.headroom_mw
        - prices.site.sum()
        - prices.supply @ steps_mw
    )
