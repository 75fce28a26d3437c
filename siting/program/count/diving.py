"""Diving heuristic: fix one cluster after the other in the master of cluster types.

A dive (Sadykov, Vanderbeck, Pessoa, Tahiri and Uchoa 2019, "Primal heuristics for branch and price:
the assets of diving methods", INFORMS Journal on Computing 31) fixes one cluster after the other in
the master and prices cluster types that fit beside them. Fixed is here only in which classes a
cluster is: what it draws there is free, as it is in the choice of clusters that is tried each time
(`siting.program.cluster_types.restricted_master_milp`). Where there is no room for so many any
more, the last that was fixed is let go, and another one is tried in its place.
"""

from __future__ import annotations

import math

from siting.fiber.reach import FloatArray
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.cluster_types.master import CHEAPER, WHOLE, Limits, TypeMaster
from siting.program.cluster_types.pricing import TypePricing
from siting.program.cluster_types.restricted_master_milp import choose
from siting.program.count.branching import ENOUGH
from siting.program.count.branching_candidates import classes_of, not_whole, together
from siting.program.relaxations.duals import Candidate

ROUNDS = 3
"""How often cluster types are sought that fit better beside what is fixed, where there is room."""

LACKING_ROUNDS = 12
"""How often they are sought where there is no room with those that are known."""

MISTAKES = 4
"""How often the last that was fixed is let go."""

CHOICE_LIMIT_S = 3.0
"""Time for one choice among the cluster types with a part in the master's optimum [s]."""

LOOKED_AT = 12
"""Sets of classes that it is tried to have one cluster more in."""


def dive(
    cluster_types: TypePricing, master: TypeMaster, count: int, solver: Solver, deadline: Deadline
) -> list[tuple[int, ...]]:
    """Sites of a number of clusters, if they are found.

    Parameters
    ----------
    cluster_types, master
        What clusters there are by class, and those of them that are known: more of them afterwards.
    count
        Number of clusters [1].
    solver, deadline
        As in ``solve_one_cluster``.

    Returns
    -------
    list
        Sites of each cluster, ascending, in no other; empty where they are not found.
    """
    fixed: list[tuple[Candidate, float]] = []
    wrong: list[set[Candidate]] = [set()]
    mistakes = 0
    while not deadline.reached():
        more = None
        limits = {candidate: (least, math.inf) for candidate, least in fixed}
        if _room(cluster_types, master, limits, count, solver, deadline) >= count * (1.0 - WHOLE):
            parts = master.parts()
            known, limit = (
                [cluster_type for cluster_type, _ in parts],
                deadline.within(CHOICE_LIMIT_S),
            )
            chosen = choose(cluster_types.compatible, known, solver.threads, limit, fewest=count)
            if len(chosen) >= count:
                return chosen
            more = _one_more(
                master, classes_of(parts, len(cluster_types.classes)), wrong[-1], solver
            )
        if more is not None:
            fixed.append(more)
            wrong.append(set())
            continue
        mistakes += 1
        if not fixed or mistakes > MISTAKES:
            break
        wrong.pop()
        wrong[-1].add(fixed.pop()[0])
    return []


def _room(
    cluster_types: TypePricing,
    master: TypeMaster,
    limits: Limits,
    count: int,
    solver: Solver,
    deadline: Deadline,
) -> float:
    """How many clusters there is room for under limits, with the cluster types found for that."""
    for done in range(LACKING_ROUNDS):
        room = master.solve(limits)
        if room >= count and done >= ROUNDS:
            return room
        _, found = cluster_types.cheapest(
            master.prices(), 1.0 - CHEAPER, solver, deadline, enough=ENOUGH
        )
        if not found:
            return room
        for cluster_type in found:
            master.add(cluster_type)
    return master.solve(limits)


def _one_more(
    master: TypeMaster,
    parts: tuple[FloatArray, FloatArray],
    wrong: set[Candidate],
    solver: Solver,
) -> tuple[Candidate, float] | None:
    """Classes that one cluster more has than is whole, and how many then; what leaves most room."""
    numbers = not_whole(together(*parts))
    asked = [
        (candidate, [(math.floor(number) + 1.0, math.inf)])
        for candidate, number in sorted(numbers.items(), key=lambda one: (-(one[1] % 1.0), one[0]))
        if candidate not in wrong
    ][:LOOKED_AT]
    best, most = None, -math.inf
    for (candidate, ((least, _),)), (room,) in zip(asked, master.tried(asked, solver), strict=True):
        if room > most + WHOLE:
            best, most = (candidate, least), room
    return best
