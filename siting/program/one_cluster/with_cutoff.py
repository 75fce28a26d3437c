"""Subproblem with an objective cutoff: only plans that improve on the incumbent matter."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, replace

import numpy as np
from pulp import LpProblem, lpSum

from siting.case import Case
from siting.errors import SolverError
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.build import Rule
from siting.program.formulation.fixed_sites import settle
from siting.program.formulation.monolithic import solve_monolithic
from siting.program.formulation.networks import surviving
from siting.program.formulation.symmetry import by_kind, exchangeable
from siting.program.formulation.variables import Decisions, label
from siting.program.proof import Choice, Proof, Settled, sign_of
from siting.program.relaxations.knapsack import Knapsack
from siting.program.sites.presolve import linkable


def solve_with_cutoff(
    case: Case, solver: Solver, deadline: Deadline, cutoff: float, *, hub: int | None = None
) -> Proof:
    """Solve the program of a case where only plans below a cutoff (a cost) matter.

    As ``solve_monolithic``: "infeasible" and the bound are about the plans below the cutoff.
    """
    eased = _without_span_loss(case)
    if eased is None:
        return _solve_with_cutoff(case, solver, deadline, cutoff, hub=hub)
    return _solve_eased_first(case, eased, solver, deadline, cutoff)


def _solve_with_cutoff(
    case: Case,
    solver: Solver,
    deadline: Deadline,
    cutoff: float,
    *,
    hub: int | None = None,
    also: tuple[Rule, ...] = (),
) -> Proof:
    """Solve a program below a cutoff.

    A cutoff a hair above the best plan cannot upset the solver, which may then fail, or take a
    plan for better that is not: it is asked again without the cutoff.
    """
    sign = sign_of(case)
    if deadline.reached():
        # To write a large program takes seconds, and hundreds of them may be left.
        return Proof(None, -sign * math.inf, infeasible=False, complete=False)
    if math.isfinite(cutoff):
        below = _below(case, cutoff)
        with contextlib.suppress(SolverError):
            proof = solve_monolithic(
                below, solver, deadline, cutoff=cutoff * sign, hub=hub, also=also
            )
            if proof.best is None or proof.best.objective * sign < cutoff:
                return proof
    return solve_monolithic(case, solver, deadline, hub=hub, also=also)


def _below(case: Case, cutoff: float) -> Case:
    """The same question with campuses no larger than those of plans below a cutoff can be."""
    if case.sense != "minimise_cost" or case.count > 1 or not case.usable.all():
        return case
    knapsack = Knapsack.of(case)
    below = knapsack.below(cutoff)
    if below is knapsack:
        return case
    limited = replace(case, max_mw=np.minimum(case.max_mw, below.cap / case.target_per_mw))
    return limited if limited.usable.all() else case


def _without_span_loss(case: Case) -> Case | None:
    """The same question of clusters that a span's loss may split, if that one is much easier."""
    cluster = case.cluster
    if not cluster.keep_after_span_loss or cluster.network != "mesh" or case.count > 1:
        return None
    easier = cluster.model_copy(update={"keep_after_span_loss": False})
    eased = replace(linkable(case), cluster=easier)
    return eased if exchangeable(eased) else None


def _solve_eased_first(
    case: Case, eased: Case, solver: Solver, deadline: Deadline, cutoff: float
) -> Proof:
    """Solve a program of clusters that outlive any span, first as if they need not.

    Where a span may split a cluster, sites that are alike in power and cost can be exchanged, and
    the program is solved many times as fast. Its bound holds for the question that is asked. As
    there are many sites of a kind, there is often a plan that outlives any span and has as many
    campuses of each kind as its best plan. Only where neither ends the search is the whole program
    solved.
    """
    relaxed = _solve_with_cutoff(eased, solver, deadline, cutoff)
    if relaxed.best is None:
        return relaxed
    found = _Found(sign_of(case), solver.gap, cutoff, relaxed.bound * sign_of(case))
    choice = relaxed.best.choice
    found.keep(settle(case, tuple(surviving(case, sites) for sites in choice), solver))
    if not found.proven:
        alike = _as_many_of_each_kind(choice)
        found.keep(_solve_with_cutoff(case, solver, deadline, found.cutoff, also=(alike,)).best)
    if found.proven:
        return found.proof(complete=True)
    whole = _solve_with_cutoff(case, solver, deadline, found.cutoff)
    found.keep(whole.best)
    found.bound = max(found.bound, min(whole.bound * found.sign, found.cutoff))
    return found.proof(complete=whole.complete, infeasible=whole.infeasible)


@dataclass
class _Found:
    """The best plan below a cutoff so far, and what no plan undercuts; both as costs."""

    sign: float
    gap: float
    cutoff: float
    bound: float
    best: Settled | None = None

    @property
    def proven(self) -> bool:
        """Whether the best plan is within the gap asked."""
        return self.best is not None and self.bound >= self.cutoff

    def keep(self, plan: Settled | None) -> None:
        """Take a plan if it is below the cutoff, which is then below it by the gap."""
        if plan is not None and plan.objective * self.sign < self.cutoff:
            cost = plan.objective * self.sign
            self.best, self.cutoff = plan, cost - self.gap * abs(cost)

    def proof(self, *, complete: bool, infeasible: bool = False) -> Proof:
        if self.best is None:
            return Proof(None, self.bound * self.sign, infeasible, complete)
        bound = min(self.bound, self.best.objective * self.sign)
        return Proof(self.best, bound * self.sign, infeasible=False, complete=complete)


def _as_many_of_each_kind(choice: Choice) -> Rule:
    """A rule that asks for as many campuses of each kind of site as a plan has.

    For every kind of site that can be a campus::

        sum over sites i of the kind, clusters c of member[i, c]  =  campuses of the plan

    Rows: ``alike(n)``.
    """
    chosen = {i for members in choice for i in members}

    def rule(problem: LpProblem, case: Case, x: Decisions) -> None:
        for n, sites in enumerate(by_kind(case, x.sites)):
            total = lpSum(x.member[i, c] for i in sites for c in x.clusters)
            problem += total == len(chosen.intersection(sites)), label("alike", n)

    return rule
