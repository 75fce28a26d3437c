"""As many clusters as there is room for, and a proof that no plan has more.

The **bound** on the number is that of the fleets and of what single clusters cost
(`siting.program.room`). The **plan** is filled cluster by cluster: each is the one that uses least
of what is scarce in what the others leave, by the prices of the fleets there. Then, in turn, the
bound is sharpened, and clusters that lie near each other are taken out and what they leave is
filled anew, where the fleets leave room for one more. Where the program is small, the plain program
is asked for one cluster more and more, until it proves that there is none, so the number is exact.

With required sites a plan of fewer clusters need not exist where one of more does, so the plain
program is asked from the bound downwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from siting.case import Case
from siting.fiber.reach import IntArray
from siting.program import several
from siting.program.anchors import solve_anchors
from siting.program.fenchel import at_prices
from siting.program.fleets import (
    Fleets,
    Relaxation,
    first_groups,
    most_clusters,
    order_by_place,
    whole_clusters,
)
from siting.program.networks import linkable
from siting.program.plain import PLAIN_SITES, Proof, required_unusable, sign_of, solve_plain
from siting.program.room import Room
from siting.program.settle import Settled, settle
from siting.program.several import together, what_is_left
from siting.program.solvers import Deadline, Solver
from siting.progress import Progress, ProgressCallback

HALVINGS = 2
"""How often the groups of the fleets are halved for a sharper bound."""

BOUND_SHARE = 0.3
"""Part of the time in which the bound is sought [1]."""

FILL_SHARE = 0.7
"""Part of the time that is left then, in which clusters are placed [1]."""

LEAST_PART = 0.01
"""Part of a cluster from which a fleet counts as having any [1]."""

COARSE = 0.2
"""Gap at which a cluster is good enough to be placed [1]."""

ANY_GAP = 0.99
"""Gap at which any plan is good enough [1]."""

TRIED = 3
"""Groups in which the next cluster is sought, of which the best is placed."""

GENERATIONS = 4
"""Rounds in which clusters are sought at the prices of those that are known."""

CHOOSE_AFTER = 4
"""Rounds after which the most clusters are chosen among those that are known."""

TURNS = 12
"""How often the bound is sharpened and more clusters are sought, in turn, at the most."""

CUT_SHARE = 0.6
"""Part of the time that is left then, in which the bound is sharpened [1]."""

CHOICE_LIMIT_S = 30.0
"""Time for one choice among the clusters that are known [s]."""

CHOOSE_EVERY = 10
"""Clusters are chosen among all that are known after so many attempts."""

AT_ONCE = 8
"""Of so many clusters that there seems to be room for, one is placed before prices are renewed."""

TAKEN_OUT = (2, 3, 4)
"""How many clusters are taken out at once, in turn."""

ATTEMPTS = 20
"""How often clusters are taken out in a turn, at the most."""

NOISE = 0.3
"""By what part prices are raised at random, so that other clusters are found [1]."""


@dataclass(frozen=True)
class Most:
    """The most clusters that were found, and what is proven.

    Parameters
    ----------
    plan
        A plan of so many clusters, at the best draws for the sense asked; ``None`` where none was
        found.
    at_most
        No plan has more clusters than this; 0: there is no plan.
    """

    plan: Settled | None
    at_most: int

    @property
    def found(self) -> int:
        """Number of clusters of the plan."""
        return 0 if self.plan is None else len(self.plan.draw_mw)


def find_most(
    case: Case, solver: Solver, deadline: Deadline, progress: ProgressCallback | None = None
) -> Most:
    """Find as many clusters as there is room for.

    Parameters
    ----------
    case
        The question; its clusters have a target.
    solver, deadline, progress
        As in ``solve_anchors``.
    """
    usable = int(case.usable.sum())
    if required_unusable(case) or usable == 0:
        return Most(None, 0)
    one = case.of_clusters(1)
    origin = order_by_place(one)
    ordered = linkable(one.take(origin))
    free = replace(ordered, required=np.zeros(len(origin), dtype=bool))
    groups = first_groups(free)
    share = deadline.within(BOUND_SHARE * deadline.left_s())
    at_most, _ = most_clusters(free, groups, share, rounds=HALVINGS)
    clusters: list[Settled] = []
    if at_most > 0 and usable > PLAIN_SITES:
        share = deadline.within(FILL_SHARE * deadline.left_s())
        room = Room(free, groups, at_most, solver)
        clusters = Filling(ordered, room, solver, share, progress).best()
        at_most = room.at_most
    plan = _settled(case, [found.at(origin) for found in clusters], solver)
    most = Most(plan, at_most)
    tried = usable**2 * (most.found + 1)
    if most.found < at_most and (usable <= PLAIN_SITES or tried <= several.WHOLE_ENTRIES):
        most = _one_more(case, most, solver, deadline)
    return most


def _one_more(case: Case, most: Most, solver: Solver, deadline: Deadline) -> Most:
    """Ask the plain program for more clusters than were found, until there are none."""
    anything = replace(case, sense="minimise_cost")
    some = replace(solver, gap=ANY_GAP)
    required = bool(case.required.any())
    first, last = most.found + 1, most.at_most
    plan, at_most = most.plan, most.at_most
    for count in range(last, first - 1, -1) if required else range(first, last + 1):
        # An answer that is left open must not take the time of the next.
        share = deadline.within(deadline.left_s() / 2) if required else deadline
        proof = solve_plain(anything.of_clusters(count), some, share)
        if proof.best is not None:
            plan = _settled(case, _each(proof.best), solver) or plan
            if required:
                break
        elif required:
            if proof.infeasible and at_most == count:
                at_most = count - 1
        else:
            # Without one of its clusters a plan is a plan of one less.
            if proof.infeasible:
                at_most = count - 1
            break
    return Most(plan, at_most)


def _each(plan: Settled) -> list[Settled]:
    tours: list[tuple[tuple[int, ...], ...]] = [(tour,) for tour in plan.tours]
    tours = tours or [()] * len(plan.draw_mw)
    return [
        Settled((draws,), (contracts,), 0.0, tour)
        for draws, contracts, tour in zip(plan.draw_mw, plan.contract_mwh, tours, strict=True)
    ]


def _settled(case: Case, clusters: list[Settled], solver: Solver) -> Settled | None:
    """The plan of some clusters, at the best draws for the sense asked."""
    if not clusters:
        return None
    plan = together(clusters)
    return settle(case.of_clusters(len(clusters)), plan.choice, solver)


@dataclass
class Filling:
    """Places clusters one beside the other until there is no room.

    Parameters
    ----------
    one
        The question for one cluster, in the order of the anchors.
    room
        What is known of the same question without required sites.
    solver, deadline, progress
        As in ``solve_anchors``.
    """

    one: Case
    room: Room
    solver: Solver
    deadline: Deadline
    progress: ProgressCallback | None

    @property
    def _coarse(self) -> Solver:
        """For clusters that need not be the best."""
        return replace(self.solver, gap=max(COARSE, self.solver.gap))

    def best(self) -> list[Settled]:
        """The most clusters that are found; none where required sites find no place."""
        # Required sites are in the first cluster, which stays.
        stay: list[Settled] = []
        if self.one.required.any():
            first = solve_anchors(self.one, self._coarse, self.deadline)
            if first.best is None:
                return []
            stay = [first.best]
        best = self._generate(self.fill(stay, None))
        noise = np.random.default_rng(0)
        for turn in range(TURNS):
            before = len(best), self.room.at_most, len(self.room.cuts)
            if len(best) >= self.room.at_most or self.deadline.reached():
                break
            attempts = range(turn * ATTEMPTS, (turn + 1) * ATTEMPTS)
            best = self._taken_out(self._prove(best), len(stay), attempts, noise)
            if (len(best), self.room.at_most, len(self.room.cuts)) == before:
                break
        return best

    def _taken_out(
        self, best: list[Settled], stay: int, attempts: range, noise: np.random.Generator
    ) -> list[Settled]:
        """Take out clusters near each other and fill what they leave anew; the first ones stay."""
        for attempt in attempts:
            self._tell(best)
            out = TAKEN_OUT[attempt % len(TAKEN_OUT)]
            if len(best) >= self.room.at_most or len(best) <= stay or self.deadline.reached():
                break
            kept = self._without_near(best, stay, attempt // len(TAKEN_OUT), out)
            if len(kept) + self._room_beside(kept) <= len(best):
                continue
            found = self.fill(kept, noise)
            # As many elsewhere may leave room for another.
            if len(found) >= len(best):
                best = found
            if attempt % CHOOSE_EVERY == CHOOSE_EVERY - 1:
                best = self._chosen(best)
        self._tell(best)
        return best

    def _generate(self, best: list[Settled]) -> list[Settled]:
        """Know more and more clusters that fit beside others, and choose the most among them.

        Column generation; a column is a set of sites, and draws are left free.
        """
        places = self._places(self.room.fleets(self.room.case).relaxed())
        for generation in range(1, GENERATIONS + 1):
            if self.deadline.reached() or not self.room.pool or len(best) >= self.room.at_most:
                break
            relaxed = self.room.known().relaxed()
            question = at_prices(self.room.case, relaxed.prices)
            before = len(self.room.pool)
            for sites in places:
                if self.deadline.reached():
                    break
                self._within(question, sites)
            none_new = len(self.room.pool) == before
            if none_new or generation % CHOOSE_AFTER == 0:
                best = self._chosen(best)
                self._tell(best)
            if none_new:
                break
        return best

    def _prove(self, best: list[Settled]) -> list[Settled]:
        """Sharpen the bound for some time, and choose again among the clusters found by that."""
        deadline = self.deadline.within(CUT_SHARE * self.deadline.left_s())
        step = 0
        while len(best) < self.room.at_most and self.room.sharpen(len(best), deadline):
            step += 1
            if step % CHOOSE_EVERY == 0:
                best = self._chosen(best)
            self._tell(best)
        return best

    def _chosen(self, best: list[Settled]) -> list[Settled]:
        """The most of the known clusters that fit beside each other, and what fits beside them.

        Where sites are required, the first cluster stays, and nothing is chosen.
        """
        if self.one.required.any():
            return best
        patterns = self.room.patterns()
        share = self.deadline.within(CHOICE_LIMIT_S)
        chosen = Fleets(self.room.case, patterns, once=True).chosen(share)
        if len(chosen) < len(best) or not chosen:
            return best
        choice = tuple(tuple(patterns[p].sites.tolist()) for p in chosen)
        asked = replace(self.room.case.of_clusters(len(choice)), sense="minimise_cost")
        settled = settle(asked, choice, self.solver)
        if settled is None:
            return best
        found = self.fill(_each(settled), None)
        return found if len(found) >= len(best) else best

    def fill(self, clusters: list[Settled], noise: np.random.Generator | None) -> list[Settled]:
        """Place clusters beside others until there is no room for another."""
        clusters = list(clusters)
        while not self.deadline.reached():
            left = what_is_left(self.room.case, clusters)
            relaxed = self.room.fleets(left).relaxed()
            if whole_clusters(relaxed.clusters) == 0:
                break
            question = at_prices(self.room.case, relaxed.prices)
            places = self._places(relaxed)
            if noise is not None:
                raised = 1 + NOISE * noise.random(len(question.site_ids))
                question = replace(
                    question,
                    variable_musd_per_mw_year=question.variable_musd_per_mw_year * raised,
                )
            at_once = 1 + int(relaxed.clusters) // AT_ONCE
            found = self._place(question, clusters, places, at_once)
            if not found:
                whole = solve_anchors(what_is_left(question, clusters), self._coarse, self.deadline)
                found = [] if whole.best is None else [whole.best]
            if not found:
                break
            clusters += found
            self._tell(clusters)
        return clusters

    def _place(
        self, question: Case, clusters: list[Settled], places: list[IntArray], at_once: int
    ) -> list[Settled]:
        """Place some clusters where the fleets have most."""
        placed: list[Settled] = []
        while places and len(placed) < at_once and not self.deadline.reached():
            tried, places = places[:TRIED], places[TRIED:]
            left = what_is_left(question, clusters + placed)
            found = [plan for sites in tried if (plan := self._within(left, sites))]
            if found:
                placed.append(min(found, key=lambda plan: (plan.objective, plan.choice)))
        return placed

    def _places(self, relaxed: Relaxation) -> list[IntArray]:
        """Where clusters are sought: the sites that fleets draw from, then all around those."""
        by_share = np.argsort(-relaxed.by_group, kind="stable")
        used = by_share[relaxed.by_group[by_share] > LEAST_PART].tolist()
        return [relaxed.drawn[g] for g in used] + [self.room.groups[g].sites for g in used]

    def _within(self, left: Case, sites: IntArray) -> Settled | None:
        """A cluster of some sites that uses little of what is scarce."""
        sites = sites[left.usable[sites]]
        if len(sites) == 0:
            return None
        found = solve_anchors(left.take(sites), self._coarse, self.deadline).best
        if found is None:
            return None
        found = found.at(sites)
        self.room.add(found)
        return found

    def _without_near(
        self, clusters: list[Settled], stay: int, turn: int, out: int
    ) -> list[Settled]:
        """The clusters without one of them and those nearest to it; the first ones stay."""
        sites = [np.array(sorted(found.draw_mw[0])) for found in clusters]
        lon = np.array([self.room.case.lon[of].mean() for of in sites])
        lat = np.array([self.room.case.lat[of].mean() for of in sites])
        middle = stay + turn % (len(clusters) - stay)
        east = (lon - lon[middle]) * math.cos(math.radians(float(lat[middle])))
        away = np.hypot(east, lat - lat[middle])
        away[:stay] = np.inf
        near = set(np.argsort(away, kind="stable")[: min(out, len(clusters) - stay)].tolist())
        return [found for c, found in enumerate(clusters) if c not in near]

    def _room_beside(self, clusters: list[Settled]) -> int:
        """No more clusters than this fit beside some."""
        left = what_is_left(self.room.case, clusters)
        return whole_clusters(self.room.fleets(left).relaxed().clusters)

    def _tell(self, clusters: list[Settled]) -> None:
        if self.progress is not None:
            message = f"no plan has more than {self.room.at_most}"
            self.progress(
                Progress("counting clusters", done=len(clusters), total=0, message=message)
            )


def no_worse(case: Case, start: Settled, proof: Proof, gap: float) -> Proof:
    """A proof with the better of its plan and one that is known.

    Where nothing was proven in time, the bound is what costs and draws can be at all.
    """
    sign = sign_of(case)
    best = start
    if proof.best is not None and proof.best.objective * sign < start.objective * sign:
        best = proof.best
    bound = proof.bound * sign
    if not math.isfinite(bound):
        bound = _least_at_all(case)
    cost = best.objective * sign
    bound = min(bound, cost)
    return Proof(best, bound * sign, False, cost - bound <= gap * abs(cost))


def _least_at_all(case: Case) -> float:
    """No plan is better than this, as a cost: for draw all that sites can draw."""
    if case.sense == "maximise_mw":
        return -float(case.cap_mw[case.usable].sum())
    if case.sense == "minimise_fiber_km":
        return 0.0
    # Prices may be below 0.
    variable = np.minimum(case.variable_musd_per_mw_year, 0.0) * case.cap_mw
    sites = np.minimum(case.fixed_musd_per_year + variable, 0.0)[case.usable].sum()
    premium = np.minimum(case.premium_usd_per_mwh, 0.0) * case.contractable_mwh / 1e6
    return float(sites + premium.sum())
