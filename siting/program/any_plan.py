"""Phase one: whether a case has any plan, whatever it costs.

The first plan found ends the search, or all clusters are ruled out.

Used to look for the changes that give a plan. Anchors are ruled out by the relaxed program
(`siting.program.relaxations.class_lp`), first all anchors of a zone at a time, then one by one;
what is left is solved in the order of the room that it has, until a plan is found.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from siting.case import Case
from siting.model import SolverSection
from siting.plan import Solution
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.monolithic import MONOLITHIC_SITES
from siting.program.one_cluster.best_first import Search
from siting.program.proof import Proof
from siting.program.relaxations.class_lp import anchors_with_room
from siting.program.sites.neighbourhoods import neighbourhood, order_sites
from siting.program.sites.presolve import infeasible_by_arithmetic, linkable
from siting.program.solve import search_plan, solution_of

FIRST_GAP = 0.99
"""Gap at which a solver that looks for any plan may stop [1]."""

LEAST_COST_MUSD = 0.0
"""A bound that costs nothing to prove [MUSD/year]."""

LEAST_TARGET_MW = 1e-3
"""Target of a cluster that has none, so that cost can be the objective of the search [MW]."""


NO_PLAN = Proof(None, math.inf, True, True)
"""It is proven that there is no plan."""

NOTHING_PROVEN = Proof(None, -math.inf, False, False)
"""A limit came first."""


@dataclass(frozen=True)
class Verdict:
    """Whether there is a plan.

    Parameters
    ----------
    plan
        Some plan, if one was found; its objective is a cost and no bound is known.
    proven
        A plan was found, or it is proven that there is none; False where a limit came first.
    """

    plan: Solution | None
    proven: bool

    @property
    def infeasible(self) -> bool:
        """It is proven that there is no plan."""
        return self.proven and self.plan is None


def find_any_plan(
    case: Case,
    *,
    solver: SolverSection | None = None,
    interrupted: Callable[[], bool] | None = None,
) -> Verdict:
    """Look for any plan of a case, whatever it costs.

    Parameters
    ----------
    case
        The question as numbers; its sense does not matter.
    solver
        Name, time limit and threads; its gap is not used.
    interrupted
        Called often; true when the user wants to stop.
    """
    settings = solver or SolverSection()
    engine = Solver(settings.name, FIRST_GAP, settings.threads)
    deadline = Deadline(settings.time_limit_s, interrupted)
    cluster = case.cluster
    if case.target is None:
        cluster = cluster.model_copy(update={"target_mw": LEAST_TARGET_MW})
    case = replace(case, sense="minimise_cost", cluster=cluster)
    proof = _search(case, engine, deadline)
    if proof.best is None:
        return Verdict(None, proof.infeasible)
    return Verdict(solution_of(case, proof, settings.name, engine.version()), proven=True)


def _search(case: Case, solver: Solver, deadline: Deadline) -> Proof:
    if infeasible_by_arithmetic(case):
        return NO_PLAN
    if int(case.usable.sum()) <= MONOLITHIC_SITES or case.cluster.network != "mesh":
        return search_plan(case, solver, deadline, None)
    if case.cluster.count == 1:
        return _first_plan(case, solver, deadline)
    # What one cluster cannot do, none of several can. Required sites may lie in any of them.
    one = replace(
        case,
        cluster=case.cluster.model_copy(update={"count": 1}),
        required=np.zeros(len(case.site_ids), dtype=np.bool_),
    )
    anchors, _, stopped = anchors_with_room(one.take(order_sites(one)), deadline)
    if len(anchors) == 0 and not stopped:
        return NO_PLAN
    return search_plan(case, solver, deadline, None)


def _first_plan(case: Case, solver: Solver, deadline: Deadline) -> Proof:
    """The first plan of one cluster, sought around the anchors with the most room."""
    case = linkable(case)
    origin = order_sites(case)
    ordered = case.take(origin)
    anchors, room, stopped = anchors_with_room(ordered, deadline)
    search = Search(ordered, origin, solver, deadline, None)
    for h in anchors[np.lexsort((anchors, -room))].tolist():
        if stopped:
            break
        bound = search.solve(neighbourhood(ordered, h), h)
        if search.best is not None:
            return Proof(search.best, LEAST_COST_MUSD, False, False)
        stopped = bound < math.inf or deadline.reached()
    return NOTHING_PROVEN if stopped else NO_PLAN
