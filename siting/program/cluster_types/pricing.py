"""Pricing problem: the cheapest cluster types at the master's duals, exact by Benders cuts.

What clusters share (headroom, clean energy) they share by class. So a **cluster type** of a cluster
says how many campuses it has in each class, and what each draws. Which cluster types there are is a
small program: for each class the draws of its first, second, ... campus, and the rules of a
cluster. One thing it does not know: which sites are near enough to each other. Classes of which no
two sites can be in one cluster are told it at first. Then for every cluster type that it finds,
sites are sought (`siting.program.cluster_types.site_assignment`) that can carry its draws and be in
one cluster. Where there are none, the fewest and smallest campuses of it that cannot be together
are forbidden from then on (a combinatorial Benders cut, Codato and Fischetti 2006, "Combinatorial
Benders' cuts for mixed-integer linear programming", Operations Research 54), and the program is
solved again. What it has learned holds at any prices.

Every cluster type has a first class, in an order from south to north: its **anchor**; in a hub
network that of its hub. Each anchor has a program of its own, of the classes near it, which takes
milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import highspy
import numpy as np

from siting.case import BoolArray, Case
from siting.fiber.reach import FloatArray, IntArray
from siting.program.backends.deadline import Deadline
from siting.program.backends.highs_lp import (
    FEASIBLE,
    INFEASIBLE,
    OPTIMAL,
    LinearProgram,
    add_column,
    add_row,
    solver_of,
)
from siting.program.backends.pulp_backend import Solver
from siting.program.cluster_types.site_assignment import ROUNDING_MW, SiteAssignment, Wanted
from siting.program.relaxations.class_lp import least_size
from siting.program.relaxations.duals import Candidate, Prices
from siting.program.sites.classes import Classes
from siting.program.sites.presolve import least_campuses

FINE_GAP = 1e-6
"""Gap of the cheapest cluster type [1]."""

WITHOUT = (
    "mip_heuristic_run_feasibility_jump",
    "mip_heuristic_run_rens",
    "mip_heuristic_run_rins",
    "mip_heuristic_run_root_reduced_cost",
    "mip_allow_restart",
)
"""What HiGHS does without: programs so small are closed by cuts before these pay."""

COST_OF_ONE = 1000.0
"""Cost of 1 in a program: prices of a MW are far from the solver's tolerances then [1]."""

TINY = 1e-9
"""Prices below this are rounding [1]."""

AT_ONCE = 8
"""Anchors that are asked before it is seen whether enough was found."""

PROOFS = 4
"""Recent proofs of an anchor that are tried before it is priced."""

SUCCESS_DECAY = 0.5
"""Weight of what an anchor found before, each time that it is asked [1]."""

Forbidden = tuple[tuple[int, int, float], ...]
"""Class, number, draw: no type has for each of them a campus of that number that draws more."""


@dataclass(frozen=True)
class ClusterType:
    """A cluster by classes.

    Parameters
    ----------
    draw_mw
        Class to the draws of its campuses, the largest first [MW].
    contract_mw
        Class to the draw that contracts cover [MW].
    sites
        Positions of sites that can carry the draws and be together, class by class as in
        ``draw_mw``; empty where none are known.
    cost
        What it costs at the prices at which it was found [1].
    """

    draw_mw: dict[int, tuple[float, ...]]
    contract_mw: dict[int, float]
    sites: tuple[int, ...]
    cost: float


@dataclass(frozen=True, eq=False)
class _Proof:
    """At some prices no cluster type of an anchor costs less.

    Parameters
    ----------
    of_member
        ``(3, members)`` prices of a MW of draw, of a campus and of a MW of contracts.
    candidate
        Of what candidates, as far as members count for them.
    least
        What is proven [1].
    """

    of_member: FloatArray
    candidate: dict[Candidate, float]
    least: float

    def least_at(self, other: _Proof, most: FloatArray) -> float:
        """What that says at other prices, where a cluster type has so much at the most."""
        cheaper = float((np.maximum(self.of_member - other.of_member, 0.0) * most).sum())
        for candidate in self.candidate.keys() | other.candidate.keys():
            change = self.candidate.get(candidate, 0.0) - other.candidate.get(candidate, 0.0)
            cheaper += max(0.0, change)
        return self.least - cheaper


class AnchorProgram:
    """The cluster types of an anchor.

    Parameters
    ----------
    case
        As in `SiteAssignment`.
    classes, caps_mw
        All classes, and of each the largest caps of its sites [MW].
    members
        Classes that cluster types of the anchor may have, itself first.
    pairs
        ``(C, C)`` whether sites of two classes can be in one cluster.
    single
        Class to how many of its campuses have draws of their own. The rest of them draw
        together, which knows less and is quicker.
    """

    def __init__(
        self,
        case: Case,
        classes: Classes,
        caps_mw: list[FloatArray],
        members: list[int],
        pairs: BoolArray,
        single: dict[int, int],
    ) -> None:
        self._case, self._classes, self._caps_mw, self._pairs = case, classes, caps_mw, pairs
        self.members = members
        self.single = single
        self.known: list[Forbidden] = []
        self.proofs: list[_Proof] = []
        self._place = {k: at for at, k in enumerate(members)}
        self._program = LinearProgram()
        column = self._program.column
        self._used = [[column(most=1.0, whole=True) for _ in range(single[k])] for k in members]
        self._draw = [[column() for _ in range(single[k])] for k in members]
        self._rest: dict[int, tuple[int, int]] = {}
        self._contract = [column() for _ in members]
        self._above: dict[tuple[int, int, float], int] = {}
        self._add_campuses()
        self._add_rules()
        self._buy()
        apart = ~pairs[np.ix_(members, members)]
        for clique in cliques(apart):
            self._program.at_most(1.0, [(self._used[at][0], 1.0) for at in clique])
        self._solver = solver_of(self._program.model(), threads=1)
        self._solver.changeColBounds(self._used[0][0], 1.0, 1.0)
        self._solver.setOptionValue("mip_rel_gap", FINE_GAP)
        self._solver.setOptionValue("mip_abs_gap", FINE_GAP * COST_OF_ONE)
        for option in WITHOUT:
            self._solver.setOptionValue(option, False)
        self._columns = len(self._program.costs)

    def _draws(self, at: int) -> list[int]:
        """Columns of all draws of a class."""
        rest = self._rest.get(self.members[at])
        return self._draw[at] if rest is None else [*self._draw[at], rest[1]]

    def _everything(self, per_mw: FloatArray) -> list[tuple[int, float]]:
        """All draws, each with the coefficient of its class: ``(C,)``."""
        return [
            (column, float(per_mw[k]))
            for at, k in enumerate(self.members)
            for column in self._draws(at)
        ]

    def _everyone(self) -> list[tuple[int, float]]:
        """All campuses."""
        single = [(column, 1.0) for used in self._used for column in used]
        return [*single, *((rest, 1.0) for rest, _ in self._rest.values())]

    def _add_campuses(self) -> None:
        """Draws of campuses within their limits, the largest first, and headroom."""
        case, program = self._case, self._program
        inside: dict[int, list[tuple[int, float]]] = {}
        for at, k in enumerate(self.members):
            used, draw = self._used[at], self._draw[at]
            caps_mw, single = self._caps_mw[k].tolist(), self.single[k]
            headroom_mw = _headroom_mw(case, self._classes.zone(k))
            for m, cap_mw in enumerate(caps_mw[:single]):
                program.at_most(0.0, [(draw[m], 1.0), (used[m], -min(cap_mw, headroom_mw))])
                program.at_least(0.0, [(draw[m], 1.0), (used[m], -case.min_mw)])
                if m:
                    program.at_most(0.0, [(used[m], 1.0), (used[m - 1], -1.0)])
                    program.at_most(0.0, [(draw[m], 1.0), (draw[m - 1], -1.0)])
            if more := len(caps_mw) - single:
                rest, drawn = self._rest[k] = program.column(whole=True), program.column()
                program.at_most(0.0, [(rest, 1.0), (used[-1], -float(more))])
                program.at_most(0.0, [(drawn, 1.0), (rest, -caps_mw[single])])
                program.at_least(0.0, [(drawn, 1.0), (rest, -case.min_mw)])
                program.at_most(0.0, [(drawn, 1.0), (draw[-1], -float(more))])
            if len(self._draws(at)) > 1:
                most_mw = min(headroom_mw, sum(caps_mw))
                program.at_most(0.0, [*((d, 1.0) for d in self._draws(at)), (used[0], -most_mw)])
            for z in case.ancestry[self._classes.zone(k)]:
                inside.setdefault(z, []).extend((column, 1.0) for column in self._draws(at))
        for z, draws in inside.items():
            program.at_most(float(case.headroom_mw[z]), draws)

    def _add_rules(self) -> None:
        """Size, counts, shares and losses of a cluster."""
        case, cluster, program = self._case, self._case.cluster, self._program
        size = self._classes.size_per_mw
        program.at_least(least_size(case), self._everything(size))
        fewest, most = float(least_campuses(case)), float(cluster.max_campuses)
        program.row(fewest, most, self._everyone())
        for kind, fewest in ((1, cluster.min_utilities), (2, cluster.min_regions)):
            if fewest > 1:
                self._span(kind, fewest)
        target = case.target or 0.0
        kept = cluster.keep_after_campus_loss * target
        if kept > 0:
            for draw in (column for draws in self._draw for column in draws):
                rest = [(column, mw) for column, mw in self._everything(size) if column != draw]
                program.at_least(kept, rest)
        for lost in self._classes.by(1, self.members).values():
            inside = np.isin(np.arange(len(size)), lost)
            if cluster.max_utility_fraction < 1:
                share = cluster.max_utility_fraction
                program.at_most(0.0, self._everything(inside.astype(np.float64) - share))
            if cluster.keep_after_utility_loss > 0:
                kept = cluster.keep_after_utility_loss * target
                program.at_least(kept, self._everything(np.where(inside, 0.0, size)))

    def _span(self, kind: int, fewest: int) -> None:
        """Campuses in enough utilities (1) or regions (2)."""
        present = []
        for ks in self._classes.by(kind, self.members).values():
            here = self._program.column(most=1.0)
            first = [(self._used[self._place[k]][0], 1.0) for k in ks]
            self._program.at_least(0.0, [*first, (here, -1.0)])
            present.append((here, 1.0))
        self._program.at_least(float(fewest), present)

    def _buy(self) -> None:
        """Enough energy is clean, and what is bought can be delivered."""
        asked, grid = self._case.clean.min_fraction, self._classes.grid_clean_fraction
        if asked <= 0:
            return
        by_area: dict[int, list[tuple[int, float]]] = {}
        for at, k in enumerate(self.members):
            own = [(column, float(grid[k]) - 1.0) for column in self._draws(at)]
            self._program.at_most(0.0, [(self._contract[at], 1.0), *own])
            by_area.setdefault(self._classes.area(k), []).append((self._contract[at], 1.0))
        mix = self._everything(grid - asked)
        self._program.at_least(0.0, [*mix, *((column, 1.0) for column in self._contract)])
        for a, contracts in by_area.items():
            self._program.at_most(self._classes.offered_mw[a], contracts)

    def that_forbids(
        self, forbidden: Forbidden, single: dict[int, int] | None = None
    ) -> AnchorProgram:
        """The program, or one like it, that knows which campuses cannot be together.

        Parameters
        ----------
        forbidden
            Nothing is to know where not all classes are members.
        single
            As above, for classes that need more such draws; also those of what is forbidden do.
        """
        if any(k not in self._place for k, _, _ in forbidden):
            return self
        asked = {k: m + 1 for k, m, _ in forbidden}
        for k, m in (single or {}).items():
            asked[k] = max(m, asked.get(k, 0))
        program = self.that_tells_apart(asked)
        program.forbid(forbidden)
        return program

    def that_tells_apart(self, single: dict[int, int]) -> AnchorProgram:
        """The program, or one like it, with draws of their own for a number of campuses."""
        more = {k: m for k, m in single.items() if m > self.single[k]}
        if not more:
            return self
        program = AnchorProgram(
            self._case, self._classes, self._caps_mw, self.members, self._pairs, self.single | more
        )
        for known in self.known:
            program.forbid(known)
        program.proofs = self.proofs
        return program

    def forbid(self, forbidden: Forbidden) -> None:
        """Know campuses of members that cannot be together."""
        self.known.append(forbidden)
        terms = [(self._exceeds(k, m, over_mw), 1.0) for k, m, over_mw in forbidden]
        add_row(self._solver, -math.inf, len(terms) - 1.0, terms)

    def _exceeds(self, k: int, m: int, over_mw: float) -> int:
        """The column that is 1 where a campus of a class draws more."""
        used, draw = self._used[self._place[k]][m], self._draw[self._place[k]][m]
        if over_mw <= 0:
            return used
        if (k, m, over_mw) not in self._above:
            column = self._columns
            self._columns += 1
            added = add_column(self._solver, most=1.0)
            assert added == column
            self._solver.changeColIntegrality(column, highspy.HighsVarType.kInteger)
            more_mw = float(self._caps_mw[k][m]) - over_mw
            add_row(self._solver, -math.inf, over_mw, [(draw, 1.0), (column, -more_mw)])
            add_row(self._solver, -math.inf, 0.0, [(column, 1.0), (used, -1.0)])
            self._above[k, m, over_mw] = column
        return self._above[k, m, over_mw]

    def cheapest(
        self, prices: Prices, below: float, deadline: Deadline
    ) -> tuple[float, ClusterType | None]:
        """The cheapest cluster type, as far as is known which campuses cannot be together.

        Parameters
        ----------
        prices
            Of what cluster types use.
        below
            Dearer ones do not matter [1].
        deadline
            When to stop.

        Returns
        -------
        least
            No cluster type costs less; the limit if none costs less than that [1].
        cluster_type
            Without sites; ``None`` where none was found that costs less.
        """
        asked = self._at(prices)
        if any(proof.least_at(asked, self._most) >= below for proof in self.proofs):
            return below, None
        rows = int(self._solver.getNumRow())
        self._pay(asked)
        least, cluster_type = self._relaxed(deadline), None
        if least < below:
            least, cluster_type = self._whole(below, deadline)
        if math.isfinite(least):
            self.proofs = [*self.proofs[1 - PROOFS :], replace(asked, least=least)]
        self._drop(self._columns, rows)
        return min(least, below), cluster_type

    def _relaxed(self, deadline: Deadline) -> float:
        """No cluster type costs less than parts of campuses do at the prices set."""
        solver = self._solver
        solver.setOptionValue("solve_relaxation", True)
        self._run(deadline)
        solver.setOptionValue("solve_relaxation", False)
        if solver.getModelStatus() == OPTIMAL:
            return float(solver.getInfo().objective_function_value) / COST_OF_ONE
        return math.inf if solver.getModelStatus() == INFEASIBLE else -math.inf

    def _whole(self, below: float, deadline: Deadline) -> tuple[float, ClusterType | None]:
        """The cheapest at the prices set, if it costs less than a limit."""
        solver = self._solver
        solver.setOptionValue("objective_bound", below * COST_OF_ONE)
        self._run(deadline)
        solver.setOptionValue("objective_bound", math.inf)
        info = solver.getInfo()
        least, cluster_type = -math.inf, None
        if solver.getModelStatus() == INFEASIBLE:
            least = below
        elif math.isfinite(info.mip_dual_bound):
            least = min(float(info.mip_dual_bound) / COST_OF_ONE, below)
        cost = float(info.objective_function_value) / COST_OF_ONE
        if info.primal_solution_status == FEASIBLE and cost < below:
            cluster_type = self._cluster_type(np.array(solver.getSolution().col_value), cost)
        return least, cluster_type

    def _run(self, deadline: Deadline) -> None:
        """Solve anew: what was solved before leaves no trace in the answer."""
        self._solver.setOptionValue("time_limit", deadline.left_s())
        self._solver.clearSolver()
        self._solver.run()

    def _pay(self, asked: _Proof) -> None:
        """Set the prices; candidates need columns and rows of their own."""
        costs = np.zeros(self._columns)
        for at, k in enumerate(self.members):
            costs[self._draws(at)] = asked.of_member[0, at]
            costs[self._used[at]] = asked.of_member[1, at]
            if k in self._rest:
                costs[self._rest[k][0]] = asked.of_member[1, at]
            costs[self._contract[at]] = asked.of_member[2, at]
        costs *= COST_OF_ONE
        self._solver.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)
        for candidate, price in asked.candidate.items():
            self._charge(candidate, price)

    def _drop(self, columns: int, rows: int) -> None:
        """Delete all columns and rows after the first ones."""
        solver = self._solver
        if (all_columns := int(solver.getNumCol())) > columns:
            last = np.arange(columns, all_columns, dtype=np.int32)
            solver.deleteCols(len(last), last)
        if (all_rows := int(solver.getNumRow())) > rows:
            last = np.arange(rows, all_rows, dtype=np.int32)
            solver.deleteRows(len(last), last)

    def _at(self, prices: Prices) -> _Proof:
        """What the members pay; nothing is proven of it yet."""
        of_member = np.array(
            [
                prices.by_zone(self._case)[self._classes.keys[self.members, 0]],
                prices.campus[self.members],
                [prices.area.get(self._classes.area(k), 0.0) for k in self.members],
            ]
        )
        candidate: dict[Candidate, float] = {}
        for parts, price in prices.candidate:
            here = tuple(tuple(k for k in part if k in self._place) for part in parts)
            if abs(price) > TINY and all(here):
                candidate[here] = candidate.get(here, 0.0) + price
        return _Proof(of_member, candidate, -math.inf)

    @cached_property
    def _most(self) -> FloatArray:
        """``(3, members)`` most draw, campuses and contracts that a cluster has of each class."""
        draw_mw = [
            min(_headroom_mw(self._case, self._classes.zone(k)), float(self._caps_mw[k].sum()))
            for k in self.members
        ]
        return np.array([draw_mw, [len(self._caps_mw[k]) for k in self.members], draw_mw])

    def _cluster_type(self, values: FloatArray, cost: float) -> ClusterType:
        draw_mw: dict[int, tuple[float, ...]] = {}
        contract_mw: dict[int, float] = {}
        for at, k in enumerate(self.members):
            used = [m for m, column in enumerate(self._used[at]) if values[column] > 0.5]
            if used:
                draws = [float(values[self._draw[at][m]]) for m in used]
                if k in self._rest and (number := round(values[self._rest[k][0]])):
                    draws += [float(values[self._rest[k][1]]) / number] * number
                draw_mw[k] = tuple(sorted(draws, reverse=True))
                if (contract := float(values[self._contract[at]])) > ROUNDING_MW:
                    contract_mw[k] = contract
        return ClusterType(draw_mw, contract_mw, (), cost)

    def _charge(self, candidate: Candidate, price: float) -> None:
        """Charge a candidate its price, or pay it where that is below 0."""
        solver, parts = self._solver, []
        for part in candidate:
            first = [self._used[self._place[k]][0] for k in part]
            if len(first) == 1 or self.members[0] in part:
                # Every cluster type has the anchor.
                parts.append(self._used[0][0] if self.members[0] in part else first[0])
                continue
            any_of = add_column(solver, most=1.0)
            add_row(solver, 0.0, math.inf, [*((c, 1.0) for c in first), (any_of, -1.0)])
            for c in first:
                add_row(solver, 0.0, math.inf, [(any_of, 1.0), (c, -1.0)])
            parts.append(any_of)
        parts = list(dict.fromkeys(parts))
        all_of = add_column(solver, cost=price * COST_OF_ONE, most=1.0)
        for c in parts:
            add_row(solver, -math.inf, 0.0, [(all_of, 1.0), (c, -1.0)])
        terms = [(all_of, 1.0), *((c, -1.0) for c in parts)]
        add_row(solver, 1.0 - len(parts), math.inf, terms)


@dataclass(frozen=True)
class _Answer:
    """What was found out about an anchor: its program, and that no cluster type costs less."""

    program: AnchorProgram
    least: float
    found: ClusterType | None
    learned: list[Forbidden]


@dataclass
class TypePricing:
    """All cluster types of a case.

    Parameters
    ----------
    case
        The question for one cluster: usable sites only, none required.
    classes, compatible
        Of its sites.
    programs
        One for each anchor that may have a cluster type.
    """

    case: Case
    classes: Classes
    compatible: SiteAssignment
    programs: list[AnchorProgram]
    _success: list[float]
    _forbidden: dict[Forbidden, None] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, case: Case) -> TypePricing:
        """Of a case with a target; its programs hold what no prices change."""
        classes = Classes.of(case)
        compatible = SiteAssignment.of(case, classes)
        pairs = compatible.pairs()
        caps_mw = [_caps_mw(case, sites) for sites in compatible.sites]
        single = {k: _single(case, classes.zone(k), caps_mw[k]) for k in range(len(classes))}
        lat = np.array([case.lat[sites].mean() for sites in compatible.sites])
        order = np.lexsort((np.arange(len(classes)), lat)).tolist()
        programs = []
        for place, k in enumerate(order):
            later = order[place + 1 :]
            if case.cluster.network == "hub":
                pairs = compatible.linked_from(k)
                later = [other for other in order if other != k]
            members = [k, *(other for other in later if pairs[k, other])]
            programs.append(AnchorProgram(case, classes, caps_mw, members, pairs, single))
        return cls(case, classes, compatible, programs, [0.0] * len(programs))

    def cheapest(
        self,
        prices: Prices,
        below: float,
        solver: Solver,
        deadline: Deadline,
        *,
        enough: int | None = None,
    ) -> tuple[float, list[ClusterType]]:
        """The cheapest cluster type of every anchor, of those that cost less than some limit.

        Parameters
        ----------
        prices
            Of what cluster types use.
        below
            Dearer ones do not matter [1].
        solver
            How many anchors are asked at once.
        deadline
            When to stop.
        enough
            When so many cluster types are found, other anchors need not be asked.

        Returns
        -------
        least
            No cluster type costs less; the limit if none costs less than that [1]. Minus infinity
            where not all anchors were asked.
        cluster_types
            With their sites, as far as those are known.
        """
        # Where some were found lately, there may be more.
        most_successful = sorted(range(len(self.programs)), key=lambda at: (-self._success[at], at))
        answers: dict[int, _Answer] = {}
        found: list[ClusterType] = []
        batch = len(most_successful) if enough is None else AT_ONCE
        for first in range(0, len(most_successful), max(batch, 1)):
            asked = most_successful[first : first + batch]
            some = solver.map(
                lambda at: self._of_anchor(self.programs[at], prices, below, deadline), asked
            )
            for at, answer in zip(asked, some, strict=True):
                self.programs[at] = answer.program
                answers[at] = answer
                self._success[at] = SUCCESS_DECAY * self._success[at] + (answer.found is not None)
                for forbidden in answer.learned:
                    self._tell_others(at, forbidden)
            found += [answer.found for answer in some if answer.found is not None]
            if enough is not None and len(found) >= enough:
                break
        least = min((answer.least for answer in answers.values()), default=math.inf)
        if len(answers) < len(most_successful):
            least = -math.inf
        has = [
            at
            for at in range(len(most_successful))
            if at not in answers or answers[at].least < math.inf
        ]
        self.programs = [self.programs[at] for at in has]
        self._success = [self._success[at] for at in has]
        return min(least, below), found

    def _of_anchor(
        self, program: AnchorProgram, prices: Prices, below: float, deadline: Deadline
    ) -> _Answer:
        """The cheapest that sites can make, and what was learned on the way."""
        learned: list[Forbidden] = []
        while not deadline.reached():
            least, cluster_type = program.cheapest(prices, below, deadline)
            if cluster_type is None:
                return _Answer(program, least, None, learned)
            wanted, hub = self._wanted(cluster_type), self._hub(program)
            sites = self.compatible.sites_for(wanted, hub=hub)
            if sites is not None:
                return _Answer(program, least, replace(cluster_type, sites=sites), learned)
            forbidden = _numbered(self.compatible.impossible(wanted, hub=hub))
            more = {k: len(draws) for k, draws in cluster_type.draw_mw.items()}
            if forbidden not in program.known:
                learned.append(forbidden)
                program = program.that_forbids(forbidden, more)
                continue
            # Of campuses that draw together it is not known which draws most.
            before, program = program, program.that_tells_apart(more)
            if program is before:
                # It was found again for the rounding of the solver: it is not ruled out.
                return _Answer(program, least, cluster_type, learned)
        return _Answer(program, -math.inf, None, learned)

    def _hub(self, program: AnchorProgram) -> int | None:
        """The class of the hub of all cluster types of a program."""
        return program.members[0] if self.case.cluster.network == "hub" else None

    def _tell_others(self, learner: int, forbidden: Forbidden) -> None:
        """What one anchor has learned holds for all, but what no hub of its class links."""
        if forbidden in self._forbidden or self._hub(self.programs[learner]) is not None:
            return
        self._forbidden[forbidden] = None
        for at, program in enumerate(self.programs):
            if at != learner:
                self.programs[at] = program.that_forbids(forbidden)

    def _wanted(self, cluster_type: ClusterType) -> list[Wanted]:
        return [
            (k, self.compatible.level_mw(k, mw))
            for k, draws in cluster_type.draw_mw.items()
            for mw in draws
        ]


def _numbered(wanted: Iterable[Wanted]) -> Forbidden:
    """Wanted sites as campuses of a class, the largest draw first."""
    by_class: dict[int, list[float]] = {}
    for k, over_mw in wanted:
        by_class.setdefault(k, []).append(over_mw)
    return tuple(
        (k, m, over_mw)
        for k in sorted(by_class)
        for m, over_mw in enumerate(sorted(by_class[k], reverse=True))
    )


def _caps_mw(case: Case, sites: IntArray) -> FloatArray:
    """The largest caps, as many as one cluster can have campuses there [MW]."""
    most = case.cluster.max_campuses
    if case.min_mw > 0:
        headroom_mw = _headroom_mw(case, int(case.zone[sites[0]]))
        most = min(most, max(1, math.floor(headroom_mw / case.min_mw + TINY)))
    caps_mw: FloatArray = np.sort(case.cap_mw[sites])[::-1][:most]
    return caps_mw


def _headroom_mw(case: Case, zone: int) -> float:
    """What can be drawn in a zone at the most, with all zones around it [MW]."""
    return float(case.headroom_mw[list(case.ancestry[zone])].min())


def _single(case: Case, zone: int, caps_mw: FloatArray) -> int:
    """Least number of campuses, the largest first, that can draw all of the headroom [1]."""
    enough = np.flatnonzero(np.cumsum(caps_mw) >= _headroom_mw(case, zone) * (1 - TINY))
    return int(enough[0]) + 1 if len(enough) else len(caps_mw)


def cliques(apart: BoolArray) -> list[list[int]]:
    """Cliques of the graph of pairs that are apart: each such pair is in one of them."""
    left, number = apart.copy(), apart.sum(axis=1)
    found = []
    for first in np.argsort(-number, kind="stable").tolist():
        while left[first].any():
            others = np.flatnonzero(left[first])
            second = int(others[np.argmax(number[others])])
            clique, fits = [first, second], apart[first] & apart[second]
            while fits.any():
                some = np.flatnonzero(fits)
                new = left[np.ix_(some, clique)].sum(axis=1)
                one = int(some[np.argmax(new)])
                clique.append(one)
                fits &= apart[one]
            left[np.ix_(clique, clique)] = False
            found.append(clique)
    return found
