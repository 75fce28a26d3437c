"""Best-first branch and bound over the anchors and their subproblems.

It ends when the next bound is no better than the best plan, within the gap asked; the least bound
left is a bound of the whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from siting.case import BoolArray, Case
from siting.fiber.reach import IntArray
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.fixed_sites import settle
from siting.program.one_cluster.anchor_queue import AnchorQueue
from siting.program.one_cluster.merged_neighbourhoods import Group, group_by_sites
from siting.program.one_cluster.with_cutoff import solve_with_cutoff
from siting.program.proof import Choice, Proof, Settled, better_by_gap, sign_of, within_gap
from siting.program.relaxations.class_lp import anchors_with_room
from siting.progress import Progress, ProgressCallback

MOST_SITES = 2_000
"""The program of more sites than this is not written: its rows grow with the square."""

PATIENCE = 10
"""Small programs solved without any plan before anchors without room are ruled out."""

ALONE = 5
"""Small programs solved one by one before others are solved in batches."""

BATCH = 256
"""Anchors whose programs are joined and solved at once."""

JOINED_SITES = 600
"""Sites of a joined program at the most."""

SINGLE_BATCH = 8
"""Anchors whose programs are solved at once where they are not joined."""


Trim = Callable[[int], tuple[IntArray, float]]
"""From an anchor to the sites that a better plan can have, and a bound on it (as a cost)."""


@dataclass
class Search:
    """The best plan so far and what is proven, over the anchors.

    Parameters
    ----------
    case
        Usable sites only, in the order of the anchors.
    origin
        ``(n,)`` positions of these sites in the case that was asked.
    solver, deadline
        Who solves the small programs, and until when.
    progress
        Told about every better plan and bound.
    best
        The best plan found, in positions of the case that was asked.
    solved
        Small programs solved so far.
    ceiling
        No plan with what has been left out is better (as a cost).
    floor
        No plan is better, by another question's bound (as a cost).
    """

    case: Case
    origin: IntArray
    solver: Solver
    deadline: Deadline
    progress: ProgressCallback | None
    best: Settled | None = None
    solved: int = 0
    ceiling: float = math.inf
    floor: float = -math.inf

    @property
    def sign(self) -> float:
        """1 where less is better, -1 where more is."""
        return sign_of(self.case)

    @property
    def joins(self) -> bool:
        """Whether programs are joined.

        Where fiber counts, each pair of sites is a variable, and a joined program takes longer than
        those that it joins. In a hub network and a ring each anchor has links of its own.
        """
        return self.case.cluster.network == "mesh" and self.case.sense != "minimise_fiber_km"

    @property
    def proven(self) -> bool:
        """Whether the best plan is within the gap, or there is none, by the floor alone."""
        return self.floor >= self.cutoff()

    def cutoff(self) -> float:
        """Only plans better than this matter: better than the best by more than the gap.

        In terms of a cost, so that less is better in every sense.
        """
        if self.best is None:
            return math.inf
        return better_by_gap(self.best.objective * self.sign, self.solver.gap)

    def solve(self, sites: IntArray, h: int, *, slice_s: float = math.inf) -> float:
        """Solve the program of some sites with anchor ``h``; returns its bound as a cost.

        It may take ``slice_s`` of the time that is left. Of more than `MOST_SITES` the first are
        tried for a better plan, and nothing is proven: a solver would need more memory than time.
        """
        if len(sites) > MOST_SITES:
            self.solve(sites[:MOST_SITES], h, slice_s=slice_s)
            return -math.inf
        cutoff, deadline = self.cutoff(), self.deadline.within(slice_s)
        proof = solve_subproblem(self.case, sites, h, self.solver, deadline, cutoff)
        self.solved += 1
        if proof.best is not None:
            self.keep(proof.best, sites)
        return min(proof.bound * self.sign, cutoff)

    def solve_together(self, taken: list[tuple[int, float]], trim: Trim) -> float:
        """Solve the programs of some anchors; returns the least of their bounds as a cost.

        ``taken`` has each anchor and a bound that is known.
        """

        def trimmed(anchor: tuple[int, float]) -> Group | None:
            if self.deadline.reached():
                return None
            h, least = anchor
            sites, bound = trim(h)
            return Group((h,), sites, max(bound, least))

        single = [one for one in self.solver.map(trimmed, taken) if one is not None]
        if len(single) < len(taken):
            return min(least for _, least in taken)
        cutoff = self.cutoff()
        bounds = [one.bound for one in single if one.bound >= cutoff]
        single = [one for one in single if one.bound < cutoff]
        large = [one for one in single if len(one.sites) > MOST_SITES]
        groups = [one for one in single if len(one.sites) <= MOST_SITES]
        if self.joins:
            groups = group_by_sites(groups, JOINED_SITES)
        # One program may use all threads; of several, each gets one.
        solver = self.solver if len(groups) == 1 else replace(self.solver, threads=1)
        proofs = self.solver.map(lambda group: self._prove(group, solver, cutoff), groups)
        for group, proof in zip(groups, proofs, strict=True):
            self.solved += 1
            if proof.best is not None:
                self.keep(proof.best, group.sites)
            bounds.append(max(group.bound, min(proof.bound * self.sign, cutoff)))
        bounds += [max(one.bound, self.solve(one.sites, *one.anchors)) for one in large]
        return min(bounds)

    def _prove(self, group: Group, solver: Solver, cutoff: float) -> Proof:
        if len(group.anchors) == 1:
            h = group.anchors[0]
            return solve_subproblem(self.case, group.sites, h, solver, self.deadline, cutoff)
        return solve_with_cutoff(self.case.take(group.sites), solver, self.deadline, cutoff)

    def keep(self, found: Settled, sites: IntArray) -> None:
        """Take a plan, in positions of ``sites``, if it is better than the best so far."""
        if self.best is None or found.objective * self.sign < self.best.objective * self.sign:
            self.best = found.at(self.origin[sites])

    def share(self, part: float) -> Deadline:
        """The deadline of a step that may take a part of the time that is left."""
        return self.deadline.within(part * self.deadline.left_s())

    def places(self) -> dict[int, int]:
        """Positions here of the sites, by their positions in the case that was asked."""
        return {int(i): p for p, i in enumerate(self.origin)}

    def narrow(self, sites: IntArray, limit_km: float) -> Search:
        """The same search on some of the sites and with a shorter reach."""
        part = self.case.take(sites)
        part = replace(part, reach=part.reach.within(limit_km))
        return replace(self, case=part, origin=self.origin[sites])

    def leave_out(self, stays: BoolArray, limit_km: float) -> Search:
        """The same search without what no plan below the cutoff has."""
        return replace(self.narrow(np.flatnonzero(stays), limit_km), ceiling=self.cutoff())

    def tell(self, stage: str, bound: float, done: int, total: int) -> None:
        """Report where the search stands."""
        bound = max(min(bound, self.ceiling), self.floor)
        if self.progress is not None:
            self.progress(
                Progress(
                    stage,
                    None if self.best is None else self.best.objective,
                    bound * self.sign if math.isfinite(bound) else None,
                    done,
                    total,
                    f"{self.solved} small programs solved",
                )
            )

    def try_sites(self, choice: Choice) -> None:
        """Take the sites of another question's plan, with the best draws here."""
        settled = settle(self.case, choice, self.solver)
        if settled is not None:
            self.keep(settled, np.arange(len(self.origin)))

    def proof_of(self, whole: Proof) -> Proof:
        """The proof of the program of all sites, with the best plan of both."""
        if whole.best is not None:
            self.keep(whole.best, np.arange(len(self.origin)))
        bound = whole.bound * self.sign
        return self.proof(bound, stopped=not whole.complete)

    def proof(self, bound: float, *, stopped: bool) -> Proof:
        """What is proven in the end; ``bound`` as a cost."""
        bound = max(min(bound, self.ceiling), self.floor)
        if self.best is None:
            infeasible = not stopped and bound == math.inf
            return Proof(None, bound * self.sign, infeasible, infeasible)
        cost = self.best.objective * self.sign
        bound = min(bound, cost)
        # The sums of rounded draws may miss the bound by their rounding.
        complete = within_gap(cost, bound, self.solver.gap)
        return Proof(self.best, bound * self.sign, False, complete)


def solve_subproblem(
    case: Case, sites: IntArray, h: int, solver: Solver, deadline: Deadline, cutoff: float
) -> Proof:
    """Solve the program of some sites of a case, with anchor ``h`` a member.

    Only plans better than the cutoff (a cost) matter; "infeasible" and the bound are about these.
    The plan is in positions of ``sites``.
    """
    part = case.take(sites)
    if part.required.sum() < case.required.sum():
        # A required site is beyond the anchor's neighbourhood, so no plan has this anchor.
        return Proof(None, sign_of(case) * math.inf, infeasible=True, complete=True)
    part = replace(part, required=part.required | (sites == h))
    hub = int(np.flatnonzero(sites == h)[0]) if case.cluster.network == "hub" else None
    return solve_with_cutoff(part, solver, deadline, cutoff, hub=hub)


def best_first(search: Search, anchors: AnchorQueue, trim: Trim) -> Proof:
    """Solve the anchors' programs best first.

    The first ones are solved one by one, for they find the plans. Where many are left, they are
    solved in batches: those that share their sites as one, and all of a batch at once. What is in
    a batch does not depend on the number of threads, so neither does the plan.
    """
    proven = math.inf
    ruled_out = False
    done = 0
    batch = BATCH if search.joins else SINGLE_BATCH
    while True:
        if search.best is None and search.solved >= PATIENCE and not ruled_out:
            # Options that the bounds leave out may leave no plan, or few places for one.
            ruled_out = True
            possible, _, stopped = anchors_with_room(search.case, search.deadline)
            if not stopped:
                anchors.keep(possible)
        if search.deadline.reached():
            return search.proof(min(proven, anchors.least), stopped=anchors.least < search.cutoff())
        taken = anchors.pop_many(search.cutoff(), batch if search.solved >= ALONE else 1)
        if not taken:
            return search.proof(min(proven, anchors.least), stopped=False)
        bound = search.solve_together(taken, trim)
        proven = min(proven, bound)
        done += len(taken)
        search.tell("anchors", min(proven, anchors.least), done, len(anchors))
        if search.deadline.reached() and bound < search.cutoff():
            return search.proof(min(proven, anchors.least), stopped=True)
