"""Several clusters at any size: column generation with the anchors as pricing.

Clusters are tied to each other by sites (each in one cluster at most), by the headroom of zones
and by clean supply. A **column** is one cluster with its draws; a **master** program chooses
``count`` of them. The duals of the master price what is shared: a zone's headroom raises the
variable cost of its sites, a site its fixed cost, supply its premium. All prices are at least 0,
so one priced cluster is again a question for the anchors.

**The bound**, for any prices ``>= 0``, converged or not (Lagrange)::

    sum of the count smallest bounds of the anchors, priced
        - sum of zone prices * headroom - sum of site prices - sum of supply prices * supply

Anchors of different clusters differ, so the ``count`` smallest are better than ``count`` times
the smallest. Prices are smoothed between those of the best bound and those of the master, which
jump (Pessoa et al. 2018, "Automation and combination of linear-programming based stabilization
techniques in column generation", INFORMS J. Computing 30).

**Plans** come from placing clusters one after the other, from a master that chooses sets of sites
and leaves the draws free, and from taking clusters out and placing them again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pulp
from pulp import LpProblem, lpSum

from siting.case import Case
from siting.fiber.reach import FloatArray
from siting.program.anchors import price_anchors
from siting.program.decisions import label, supply_steps
from siting.program.plain import Proof
from siting.program.settle import Choice, Settled, evaluate, settle
from siting.program.solvers import Deadline, Solver
from siting.progress import Progress, ProgressCallback

SMOOTHING = 0.5
"""Weight of the prices of the best bound against those of the master [0-1]."""

PATTERNS = 150
"""Sets of sites among which the master of whole clusters chooses."""

PATTERN_LIMIT_S = 10.0
"""Time for one choice among sets of sites [s]."""

FIRST_PLACES = 4
"""Places for each cluster that are known before the first prices: the master sets them by these."""

CHOOSE_AGAIN = 1.2
"""Growth of the number of columns after which plans are sought among them again [1]."""

STALLED = 8
"""Rounds without a better bound after which more of the anchors' programs are solved."""

MOST_SOLVES = 32
"""Small programs of one round for each cluster, at the most."""

LITTLE = 1e-5
"""What is not worth another round, as a part of the objective [1]."""


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
    """

    sites: tuple[int, ...]
    draw_mw: tuple[float, ...]
    taken_mw: tuple[tuple[int, float], ...]
    cost_musd: float


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
            column = Column(
                sites, tuple(draws[i] for i in sites), tuple(sorted(taken.items())), cost
            )
            self.columns.setdefault(column)
        return len(self.columns) > before

    def relaxed(self, deadline: Deadline) -> tuple[float, Prices] | None:
        """Optimum of the relaxed master and its prices; none where time runs out."""
        case, columns = self.case, list(self.columns)
        problem = LpProblem("master", pulp.LpMinimize)
        use = [problem.add_variable(f"use({k:06d})", 0) for k in range(len(columns))]
        dear = 10 * max((column.cost_musd for column in columns), default=1.0)
        lacking = problem.add_variable("lacking", 0)
        cost = lpSum(column.cost_musd * u for column, u in zip(columns, use, strict=True))
        problem.setObjective(cost + dear * lacking)
        problem += lpSum(use) + lacking == case.cluster.count, "count"
        zone_rows, site_rows, supply_rows = self._shared_rows(problem, columns, use)
        outcome = self.solver.run(problem, deadline, gap=0.0)
        if not outcome.found:
            return None
        prices = Prices.none(case, len(self.steps))
        for values, rows in (
            (prices.zone, zone_rows),
            (prices.site, site_rows),
            (prices.supply, supply_rows),
        ):
            for at, row in rows.items():
                values[at] = max(0.0, -(row.pi or 0.0))
        return float(problem.objective.value()), prices

    def _shared_rows(
        self, problem: LpProblem, columns: list[Column], use: list[pulp.LpVariable]
    ) -> tuple[dict[int, pulp.LpConstraint], ...]:
        zone: dict[int, list[pulp.LpAffineExpression]] = {}
        site: dict[int, list[pulp.LpAffineExpression]] = {}
        supply: dict[int, list[pulp.LpAffineExpression]] = {}
        for column, u in zip(columns, use, strict=True):
            in_zone: dict[int, float] = {}
            for i, mw in zip(column.sites, column.draw_mw, strict=True):
                site.setdefault(i, []).append(u)
                for z in self.case.ancestry[self.case.zone[i]]:
                    in_zone[z] = in_zone.get(z, 0.0) + mw
            for z, mw in in_zone.items():
                zone.setdefault(z, []).append(mw * u)
            for s, mw in column.taken_mw:
                supply.setdefault(s, []).append(mw * u)
        rows = []
        for kind, parts, most in (
            ("headroom", zone, self.case.headroom_mw),
            ("once", site, np.ones(len(self.case.site_ids))),
            ("supply", supply, self.steps_mw),
        ):
            of_kind = {}
            for at, terms in sorted(parts.items()):
                name = label(kind, at)
                problem += lpSum(terms) <= float(most[at]), name
                of_kind[at] = problem.get_constraint_by_name(name)
            rows.append(of_kind)
        return tuple(rows)

    def choose_patterns(self, deadline: Deadline, prices: Prices) -> Choice | None:
        """Best disjoint sets of sites, their draws left free; options are checked by settling."""
        case = self.case
        reduced: dict[tuple[int, ...], float] = {}
        for column in self.columns:
            value = column.cost_musd + float(prices.site[list(column.sites)].sum())
            for i, mw in zip(column.sites, column.draw_mw, strict=True):
                value += mw * float(prices.zone[list(case.ancestry[case.zone[i]])].sum())
            value += sum(mw * float(prices.supply[s]) for s, mw in column.taken_mw)
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
        problem += lpSum(used) == case.cluster.count, "count"
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


def lagrange(case: Case, prices: Prices, steps_mw: FloatArray, smallest: FloatArray) -> float:
    """Bound of the whole problem from the priced bounds of the ``count`` best anchors."""
    return float(
        smallest.sum()
        - prices.zone @ case.headroom_mw
        - prices.site.sum()
        - prices.supply @ steps_mw
    )


@dataclass
class Generation:
    """Where column generation stands.

    Parameters
    ----------
    case
        The question, without required sites.
    master
        The columns.
    solver, deadline
        Who solves, and until when.
    best, bound
        The best plan, and what no plan can better [MUSD/year].
    centre
        The prices of the best bound.
    solves
        Small programs that one round may solve.
    """

    case: Case
    master: Master
    solver: Solver
    deadline: Deadline
    best: Settled
    bound: float
    centre: Prices
    solves: int

    @property
    def proven(self) -> bool:
        """Whether the gap is within what was asked."""
        return self.best.objective - self.bound <= self.solver.gap * abs(self.best.objective)

    @property
    def over(self) -> bool:
        """Whether there is nothing more to do."""
        return self.proven or self.deadline.reached()

    def start(self) -> None:
        """Know places all over the country, so that the first prices mean something."""
        self.master.add(self.best)
        for place in self._side_by_side(FIRST_PLACES * self.case.count):
            self.master.add(place)

    def price(self, prices: Prices) -> bool:
        """Bound and new columns at prices near the centre, else at these; whether any is new."""
        for at in (prices.towards(self.centre, SMOOTHING), prices):
            pricing = price_anchors(
                priced(self.case, at, self.master.step_of),
                self.case.count,
                self.solver,
                self.deadline,
                solves=self.solves,
            )
            here = lagrange(self.case, at, self.master.steps_mw, pricing.smallest)
            if here > self.bound:
                self.bound, self.centre = here, at
            new = [self.master.add(found) for found in pricing.found]
            if any(new) or self.over:
                return True
        return False

    def choose(self, prices: Prices, improve: Callable[[Settled], Settled]) -> None:
        """Look for a better plan among the columns, and in its neighbourhood."""
        choice = self.master.choose_patterns(self.deadline, prices)
        chosen = None if choice is None else settle(self.case, choice, self.solver)
        if chosen is not None and chosen.objective < self.best.objective * (1 - 1e-9):
            self.best = improve(chosen)
            self.master.add(self.best)

    def _side_by_side(self, count: int) -> list[Settled]:
        """Clusters that share no site: the best, the best without its sites, and so on."""
        question = priced(self.case, self.centre, self.master.step_of)
        max_mw = question.max_mw.copy()
        found: list[Settled] = []
        while len(found) < count and not self.deadline.reached():
            left = replace(question, max_mw=max_mw.copy())
            pricing = price_anchors(left, 1, self.solver, self.deadline, solves=1)
            if not pricing.found:
                break
            found.append(pricing.found[0])
            max_mw[list(found[-1].draw_mw[0])] = 0.0
        return found


def solve_columns(
    case: Case,
    start: Settled,
    bound: float,
    solver: Solver,
    deadline: Deadline,
    *,
    improve: Callable[[Settled], Settled],
    progress: ProgressCallback | None = None,
) -> Proof:
    """Solve several clusters at minimum cost, to the gap asked or as far as time allows.

    Parameters
    ----------
    case
        The question, without required sites.
    start
        A plan to begin with.
    bound
        A bound that is known already [MUSD/year].
    solver, deadline
        Who solves, and until when.
    improve
        Looks for a better plan in the neighbourhood of one.
    progress
        Called with where the search stands.
    """
    master = Master(case, solver)
    centre = Prices.none(case, len(master.steps))
    count = case.count
    state = Generation(case, master, solver, deadline, start, bound, centre, 2 * count)
    if not state.over:
        state.start()
    stalled = chosen_among = 0
    while not state.over:
        relaxed = master.relaxed(deadline)
        if relaxed is None:
            break
        value, prices = relaxed
        before = state.bound
        new = state.price(prices)
        if len(master.columns) >= CHOOSE_AGAIN * chosen_among:
            chosen_among = len(master.columns)
            state.choose(prices, improve)
        if progress is not None:
            message = f"{len(master.columns)} columns"
            progress(Progress("columns", state.best.objective, state.bound, message=message))
        stalled = 0 if state.bound > before + LITTLE * abs(before) else stalled + 1
        if not new or value - state.bound <= LITTLE * abs(value) or stalled >= STALLED:
            if state.solves >= MOST_SOLVES * count:
                break
            # The anchors' own bounds are what is left between the master and the bound.
            state.solves, stalled = 2 * state.solves, 0
    bound = min(state.bound, state.best.objective)
    return Proof(state.best, bound, infeasible=False, complete=state.proven)
