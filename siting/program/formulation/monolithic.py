"""Monolithic solve by branch and cut: every cluster, every rule, no decomposition."""

from __future__ import annotations

import math

from pulp import LpProblem, lpSum

from siting.case import Case
from siting.errors import SolverError
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.build import Rule, build
from siting.program.formulation.fixed_sites import settle
from siting.program.formulation.lazy_constraints import add_missing_rows
from siting.program.formulation.networks import surviving
from siting.program.formulation.objective import objective
from siting.program.formulation.subtour_cuts import tighten
from siting.program.formulation.variables import Decisions
from siting.program.proof import Choice, Proof, Settled, sign_of
from siting.program.sites.presolve import linkable, required_unusable

MONOLITHIC_SITES = 30
"""Up to this many usable sites the program is solved as a whole."""

MONOLITHIC_ENTRIES = 400_000
"""Up to this many (site, site, cluster) triples the program is solved as a whole."""

MONOLITHIC_ENTRIES_PRICED = 50_000
"""The same where column generation bounds the cost of all clusters, which is tighter and sooner."""

SMALL_RING = 12
"""Number of sites up to which a solver finds the shortest ring without help."""

SETTLE_TRIES = 20
"""How many choices that are feasible only within a solver's tolerance are refused in turn."""


def fits_whole(sites: int, clusters: int, *, priced: bool = False) -> bool:
    """Whether a program of this many usable sites and clusters is best handed to a solver.

    ``priced`` says that column generation is the other way.
    """
    most = min(MONOLITHIC_ENTRIES, MONOLITHIC_ENTRIES_PRICED) if priced else MONOLITHIC_ENTRIES
    return sites**2 * clusters <= most


def solve_monolithic(
    case: Case,
    solver: Solver,
    deadline: Deadline,
    *,
    cutoff: float | None = None,
    hub: int | None = None,
    also: tuple[Rule, ...] = (),
) -> Proof:
    """Solve the program of a case as it is written.

    Parameters
    ----------
    case
        The question; every site of it becomes a variable, so keep it to some hundreds.
    solver, deadline
        Who solves, and until when.
    cutoff
        Only plans better than this matter, in the unit of the sense. "Infeasible" then means
        that there is none better.
    hub
        The only site that may be the hub, where the network has one.
    also
        More rules; what is proven is then about the plans that follow them.
    """
    sign = sign_of(case)
    case = linkable(case)
    problem, x = build(case, also=also, hub=hub)
    if len(x.member) == 0 or required_unusable(case):
        return Proof(None, sign * math.inf, True, True)
    if cutoff is not None:
        value = objective(case, x)
        problem += (value <= cutoff) if sign > 0 else (value >= cutoff), "cutoff"
    best: Settled | None = None
    bound, refused = -math.inf, 0
    if _is_large_ring(case):
        half = deadline.within(deadline.left_s() / 2)
        bound = tighten(problem, case, x, solver, half)
    while refused < SETTLE_TRIES:
        outcome = solver.run(problem, deadline)
        bound = max(bound, outcome.bound * sign)
        if not outcome.found:
            infeasible = outcome.infeasible and best is None
            return _proof(case, best, bound, outcome.complete, infeasible=infeasible)
        broken = add_missing_rows(problem, case, x, solver)
        choice = _chosen(x)
        # Where a span's loss would split a cluster, what is left of it may still be a plan.
        found = settle(case, tuple(surviving(case, sites) for sites in choice), solver)
        if found is not None and (best is None or found.objective * sign < best.objective * sign):
            best = found
        if best is not None:
            cost = best.objective * sign
            within_gap = cost - bound <= solver.gap * abs(cost)
            if within_gap or (found is not None and not broken):
                return _proof(case, best, bound, outcome.complete or within_gap)
        if not broken:
            _refuse(problem, x, choice, refused)
            refused += 1
    raise SolverError(
        f"the solver chose {SETTLE_TRIES} times sites that are feasible only within its "
        "tolerance; round the numbers of the model, or try another solver"
    )


def _is_large_ring(case: Case) -> bool:
    """Whether a relaxation without cuts would keep a solver long."""
    ring = case.cluster.network == "ring" and case.sense == "minimise_fiber_km"
    anchored = case.cluster.count == 1 and bool(case.required.any())
    return ring and anchored and len(case.site_ids) > SMALL_RING


def _proof(
    case: Case, best: Settled | None, bound: float, complete: bool, *, infeasible: bool = False
) -> Proof:
    """What was found and proven; ``bound`` as a cost."""
    sign = sign_of(case)
    if best is not None:
        bound = min(bound, best.objective * sign)
    return Proof(best, bound * sign, infeasible, complete)


def _chosen(x: Decisions) -> Choice:
    return tuple(
        tuple(i for i in x.sites if (x.member[i, c].value() or 0) > 0.5) for c in x.clusters
    )


def _refuse(problem: LpProblem, x: Decisions, choice: Choice, attempt: int) -> None:
    """Exclude one choice of sites: at least one membership must differ."""
    same = {(i, c) for c, members in enumerate(choice) for i in members}
    differing = lpSum((1 - v) if at in same else v for at, v in x.member.items())
    problem += differing >= 1, f"refused({attempt})"
