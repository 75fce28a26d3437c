"""Branch and price for several clusters, to the gap asked.

(Barnhart et al. 1998, "Branch-and-price: column generation for solving huge integer programs",
Operations Research 46.)

The relaxed master of `siting.program.several.column_generation.master` mixes clusters: half of one
that takes all of a zone's headroom and half of one that takes none. No plan does that, so a gap is
left between the bound and the best plan. It is closed by branching: the plans of a node are put
into two child nodes, again and again, and each is bounded. For one resource that clusters share,
with ``limit`` of it, one slot of a node, and an amount ``mw``:

- **little**: no cluster of the slot takes more than ``mw``;
- **much**: one of them takes ``mw`` at the least, so all others take ``limit - mw`` at the most.

Every plan is in one child or in both. A node is only ever a question with less headroom, fewer
sites, and a least draw from a zone: prices stay at least 0, no cluster is ever rewarded, and every
bound of the anchors holds. Of a site, little is to do without it, and much is to require it.

The node with the least bound is branched on next, so that the least bound of all open nodes is a
bound of the whole, at every moment. Which branching is best is told by the master, without new
columns, in both children of some (strong branching).

Prices are smoothed between those of the best bound and those of the master, which jump (Pessoa et
al. 2018, "Automation and combination of linear-programming based stabilization techniques in
column generation", INFORMS J. Computing 30).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from siting.case import BoolArray, Case
from siting.fiber.reach import FloatArray
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.fixed_sites import settle
from siting.program.proof import Proof, Settled, better_by_gap, within_gap
from siting.program.several.column_generation.branches import Resource, Slot, joined
from siting.program.several.column_generation.master import (
    Column,
    Master,
    MasterOptimum,
    Prices,
    first_prices,
    lagrangian_bound,
    priced,
)
from siting.program.several.column_generation.pricing import sites_below, solve_pricing_problem
from siting.progress import Progress, ProgressCallback

SMOOTHING = 0.5
"""Weight of the prices of the best bound against those of the master [0-1]."""

FIRST_PLACES = 4
"""Places for each cluster that are known before the first prices: the master sets them by these."""

CHOOSE_AGAIN = 1.2
"""Growth of the number of columns after which plans are sought among them again [1]."""

STALLED = 8
"""Rounds without a better bound after which more of the anchors' programs are solved."""

PROGRAMS = 2
"""Small programs of one round for each cluster."""

MOST_PROGRAMS = 32
"""Small programs of one round for each cluster, at the most."""

LITTLE = 1e-5
"""What is not worth another round, as a part of the objective [1]."""

NEAR = 0.1
"""A node is branched on when the master is so near its bound, by the gap that is left [1]."""

TRIED = 12
"""Branching decisions of a node that are tried."""

FEW_ANCHORS = 400
"""Number of anchors of better plans up to which other sites are barred."""

QUESTIONS = 200
"""Questions of slots that are kept in memory at the most."""

WHOLE = 1e-6
"""A number of columns so near a whole one is whole [1]."""


@dataclass(order=True)
class Node:
    """A node of the tree: some of all plans, by the slots that their clusters have.

    Parameters
    ----------
    bound
        No plan of this part costs less [MUSD/year].
    number
        In the order of making; the whole is 0.
    slots
        Who may take what.
    centre, centre_bound
        The prices of the best bound of this node, and that bound [MUSD/year].
    """

    bound: float
    number: int
    slots: tuple[Slot, ...] = field(compare=False)
    centre: Prices = field(compare=False)
    centre_bound: float = field(compare=False, default=-math.inf)


@dataclass
class Effort:
    """How much one round of pricing does.

    Parameters
    ----------
    rough
        Clusters are sought among few sites.
    programs
        Small programs for each cluster.
    stalled
        Rounds since the bound was last raised.
    """

    rough: bool
    programs: int = PROGRAMS
    stalled: int = 0

    def grow(self) -> bool:
        """Do more from now on; false where there is no more."""
        self.stalled = 0
        if self.rough:
            self.rough = False
            return True
        self.programs *= 2
        return self.programs <= MOST_PROGRAMS


@dataclass(frozen=True)
class BranchingDecision:
    """Of one slot, clusters that take little of a resource and clusters that take much.

    Parameters
    ----------
    kind, at
        The thing.
    slot
        Number of the slot.
    mw
        What is little and what is much [MW]; of a site 1.
    """

    kind: Resource
    at: int
    slot: int
    mw: float

    def children(self, slots: Sequence[Slot], limit: float) -> list[tuple[Slot, ...]]:
        """Both children of some slots; ``limit`` is what there is of the resource."""
        kind, at = self.kind, self.at
        branched = slots[self.slot]
        others = [slot for a, slot in enumerate(slots) if a != self.slot]
        site = kind is Resource.SITE
        little = branched.at_most(kind, at, 0.0 if site else self.mw)
        much = replace(branched, count=1)
        if kind is not Resource.SUPPLY:
            much = much.at_least(kind, at, self.mw)
        beside = [replace(branched, count=branched.count - 1), *others]
        taken = sum(slot.count * slot.least_of(kind, at) for slot in beside)
        left = [
            slot.at_most(kind, at, max(0.0, limit - self.mw - taken + slot.least_of(kind, at)))
            for slot in beside
            if slot.count
        ]
        return [joined([little, *others]), joined([much, *left])]


@dataclass
class BranchAndPrice:
    """Where the search stands.

    Parameters
    ----------
    case
        The question, without required sites; sites that no better plan has cannot be used.
    master
        The columns.
    solver, deadline
        Who solves, and until when.
    best
        The best plan.
    improve
        Looks for a better plan in the neighbourhood of one.
    progress
        Called with where the search stands.
    """

    case: Case
    master: Master
    solver: Solver
    deadline: Deadline
    best: Settled
    improve: Callable[[Settled], Settled]
    progress: ProgressCallback | None
    done: int = 0
    _open: list[Node] = field(default_factory=list)
    _made: int = 0
    _closed: float = math.inf
    _chosen_among: int = 0
    _questions: dict[Slot, tuple[Case, BoolArray]] = field(default_factory=dict)

    @property
    def cutoff(self) -> float:
        """Only plans below this matter [MUSD/year]."""
        return better_by_gap(self.best.objective, self.solver.gap)

    @property
    def bound(self) -> float:
        """No plan costs less [MUSD/year]."""
        # The first one is worked on, and may be above others by now.
        least = min((node.bound for node in self._open), default=math.inf)
        return min(least, self._closed, self.best.objective)

    def run(self, bound: float) -> Proof:
        """Search until the gap is closed or time is up; ``bound`` is known already."""
        count = self.case.count
        self._add((Slot(count),), Prices.none(self.case, len(self.master.steps)), bound)
        if bound < self.cutoff:
            self._start(self._open[0])
        while self._open and self._open[0].bound < self.cutoff and not self.deadline.reached():
            # The node stays among the open ones while it is worked on: its bound is true.
            node = self._open[0]
            relaxed = self._raise_bound(node)
            self.done += 1
            if self.deadline.reached() and node.bound < self.cutoff:
                break
            heapq.heappop(self._open)
            decision = None
            if node.bound < self.cutoff and relaxed is not None:
                if node.number == 0:
                    self._bar_sites(node)
                self._take_whole(relaxed)
                decision = self._best_decision(node, relaxed)
            if decision is None or node.bound >= self.cutoff:
                self._closed = min(self._closed, node.bound)
                continue
            limit = self.master.limit(decision.kind, decision.at)
            for slots in decision.children(node.slots, limit):
                self._add(slots, node.centre, node.bound)
        bound = self.bound
        complete = within_gap(self.best.objective, bound, self.solver.gap)
        return Proof(self.best, bound, infeasible=False, complete=complete)

    def _add(self, slots: tuple[Slot, ...], centre: Prices, bound: float) -> None:
        heapq.heappush(self._open, Node(bound, self._made, slots, centre))
        self._made += 1

    def _start(self, whole: Node) -> None:
        """Know prices to begin with, and places all over the country."""
        self.master.add(self.best)
        steps = len(self.master.steps)
        whole.centre = first_prices(self.case, steps, self.solver, self.deadline)
        self._price(whole, whole.centre, Effort(rough=True))
        question = priced(self._question(Slot(1))[0], whole.centre, self.master.step_of)
        max_mw = question.max_mw.copy()
        count = FIRST_PLACES * self.case.count
        while count > 0 and not self.deadline.reached():
            left = replace(question, max_mw=max_mw.copy())
            pricing = solve_pricing_problem(
                left, 1, self.solver, self.deadline, solves=1, rough=True
            )
            if not pricing.found:
                break
            for found in pricing.found:
                self.master.add(found)
                max_mw[list(found.draw_mw[0])] = 0.0
                count -= 1

    def _question(self, slot: Slot) -> tuple[Case, BoolArray]:
        alone = replace(slot, count=1)
        if alone not in self._questions:
            if len(self._questions) >= QUESTIONS:
                self._questions.clear()
            self._questions[alone] = alone.ask(self.case, self.master.steps)
        return self._questions[alone]

    # ---------------------------------------------------------------------- bounds

    def _raise_bound(self, node: Node) -> MasterOptimum | None:
        """Find columns and prices of a node, until it is settled or the master is near.

        Returns
        -------
        The master as it was last, or none where there is nothing to branch on.
        """
        effort = Effort(rough=node.number == 0)
        if node.number > 0:
            self._price(node, node.centre, effort)
        while True:
            if node.bound >= self.cutoff:
                return None
            relaxed = self.master.relaxed(node.slots, self.deadline)
            if relaxed is None or self.deadline.reached():
                return None
            near = max(NEAR * (self.best.objective - node.bound), LITTLE * abs(relaxed.value))
            if relaxed.value < self.cutoff and relaxed.value - node.bound <= near:
                return relaxed
            before = node.bound
            new = any(
                self._price(node, at, effort) or node.bound >= self.cutoff
                for at in (relaxed.prices.towards(node.centre, SMOOTHING), relaxed.prices)
            )
            self._choose(relaxed.prices)
            self._tell()
            effort.stalled = 0 if node.bound > before + LITTLE * abs(before) else effort.stalled + 1
            idle = not new or effort.stalled >= STALLED
            # The anchors' own bounds are what is left between the master and the bound.
            if idle and not effort.grow():
                return relaxed

    def _price(self, node: Node, prices: Prices, effort: Effort) -> bool:
        """Bound a node at some prices, and find columns; whether any is new."""
        smallest: list[FloatArray] = []
        new = False
        for slot in node.slots:
            question, lead = self._question(slot)
            known = [
                (column.sites, column.priced_musd(prices))
                for column in self.master.columns
                if slot.allows(column.uses)
            ]
            pricing = solve_pricing_problem(
                priced(question, prices, self.master.step_of),
                slot.count,
                self.solver,
                self.deadline,
                solves=effort.programs * slot.count,
                lead=lead,
                known=known,
                rough=effort.rough,
            )
            smallest.append(pricing.smallest)
            for found in pricing.found:
                new |= self.master.add(found)
        here = lagrangian_bound(self.case, prices, self.master.steps_mw, np.concatenate(smallest))
        if here > node.centre_bound:
            node.centre, node.centre_bound = prices, here
        node.bound = max(node.bound, here)
        return new

    def _bar_sites(self, node: Node) -> None:
        """Bar the sites that no better plan has, at the prices of the bound of the whole."""
        question = priced(self._question(node.slots[0])[0], node.centre, self.master.step_of)
        count = node.slots[0].count
        pricing = solve_pricing_problem(question, count, self.solver, self.deadline, solves=0)
        rent = -lagrangian_bound(self.case, node.centre, self.master.steps_mw, np.zeros(0))
        # One cluster may cost as much as the others, at the least, leave of the cutoff.
        limit = self.cutoff + rent - float(pricing.smallest[:-1].sum())
        if not math.isfinite(limit):
            return
        stays = sites_below(question, self.solver, limit, FEW_ANCHORS)
        if stays is not None:
            self.case = replace(self.case, max_mw=np.where(stays, self.case.max_mw, 0.0))
            self._questions.clear()
            # Plans with barred sites cost this at the least.
            self._closed = min(self._closed, self.cutoff)

    # ----------------------------------------------------------------------- plans

    def _choose(self, prices: Prices) -> None:
        """Look for a better plan among the columns, and in its neighbourhood."""
        if len(self.master.columns) < CHOOSE_AGAIN * self._chosen_among:
            return
        self._chosen_among = len(self.master.columns)
        choice = self.master.choose_patterns(self.deadline, prices)
        chosen = None if choice is None else settle(self.case, choice, self.solver)
        if chosen is not None and chosen.objective < self.best.objective * (1 - 1e-9):
            self._keep(self.improve(chosen))

    def _keep(self, plan: Settled) -> None:
        self.best = plan
        self.master.add(plan)

    def _take_whole(self, relaxed: MasterOptimum) -> None:
        """Take the plan of a master that mixes no different sets of sites."""
        sets: dict[tuple[int, tuple[int, ...]], float] = {}
        for a, column, used in relaxed.mix:
            sets[a, column.sites] = sets.get((a, column.sites), 0.0) + used
        if len(sets) != self.case.count:
            return
        found = settle(self.case, tuple(sites for _, sites in sorted(sets)), self.solver)
        if found is not None and found.objective < self.best.objective:
            self._keep(found)

    def _tell(self) -> None:
        if self.progress is not None:
            message = f"{len(self.master.columns)} columns, {len(self._open)} parts of all plans"
            self.progress(Progress("columns", self.best.objective, self.bound, message=message))

    # ------------------------------------------------------------------- decisions

    def _best_decision(self, node: Node, relaxed: MasterOptimum) -> BranchingDecision | None:
        """The decision whose children are both dearest, in the master as it is."""
        decisions = self._decisions(node.slots, relaxed)[:TRIED]
        columns = self._promising(node.slots, relaxed)
        best: tuple[float, BranchingDecision | None] = (-1.0, None)
        most = max(self.cutoff - relaxed.value, LITTLE * abs(relaxed.value))
        for decision in decisions:
            gains, limit = [], self.master.limit(decision.kind, decision.at)
            for slots in decision.children(node.slots, limit):
                tried = self.master.relaxed(slots, self.deadline, columns)
                value = relaxed.value if tried is None else tried.value
                gains.append(min(max(value - relaxed.value, 0.0), most) + most / 1000)
            score = math.prod(gains)
            if score > best[0] * (1 + 1e-9):
                best = score, decision
        return best[1]

    def _promising(self, slots: Sequence[Slot], relaxed: MasterOptimum) -> list[Column]:
        """Columns that a plan below the cutoff may have, by reduced cost in the master."""
        value = {column: column.priced_musd(relaxed.prices) for column in self.master.columns}
        alike = {a: value[column] for a, column, _ in relaxed.mix}
        slack = max(self.best.objective - relaxed.value, 0.0)
        return [
            column
            for column in self.master.columns
            if any(
                slot.allows(column.uses) and value[column] <= alike.get(a, math.inf) + slack
                for a, slot in enumerate(slots)
            )
        ]

    def _decisions(self, slots: Sequence[Slot], relaxed: MasterOptimum) -> list[BranchingDecision]:
        """Decisions that forbid the master's mix in both children, the most promising first."""
        uses: dict[tuple[Resource, int], dict[int, list[tuple[float, float]]]] = {}
        for a, column, part in relaxed.mix:
            for thing, mw in column.uses.items():
                uses.setdefault(thing, {}).setdefault(a, []).append((mw, part))
        scored: list[tuple[float, int, BranchingDecision]] = []
        for (kind, at), of_slots in uses.items():
            price = float(relaxed.prices.of(kind)[at]) + LITTLE
            for a, users in sorted(of_slots.items()):
                count = slots[a].count
                rest = max(0.0, count - sum(part for _, part in users))
                taken = [*users, (0.0, rest)]
                for mw in self._amounts(kind, at, count, taken):
                    most = 0.0 if kind is Resource.SITE else mw
                    less = sum(part * max(0.0, mw - x) for x, part in taken)
                    more = sum(part * max(0.0, x - most) for x, part in taken)
                    if min(less, more) > WHOLE * mw:
                        score = price * min(less, more)
                        scored.append((-score, len(scored), BranchingDecision(kind, at, a, mw)))
        return [decision for _, _, decision in sorted(scored, key=lambda one: one[:2])]

    def _amounts(
        self, kind: Resource, at: int, count: int, taken: list[tuple[float, float]]
    ) -> list[float]:
        """Amounts of a thing by which a slot may be split."""
        if kind is Resource.SITE:
            return [1.0]
        amounts = {sum(x * part for x, part in taken) / count}
        if kind is Resource.ZONE and self.case.min_mw > 0:
            # Any campus at all, or none.
            amounts.add(self.case.min_mw / 2)
        if count > 1:
            amounts.add(self.master.limit(kind, at) / 2)
        return sorted(amounts)


def branch_and_price(
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
    return BranchAndPrice(case, master, solver, deadline, start, improve, progress).run(bound)
