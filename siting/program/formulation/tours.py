"""Travelling-salesman tour through chosen campuses, by subtour elimination."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import pulp
from pulp import LpProblem, LpVariable, lpSum

from siting.fiber.networks import Pair, failing_together, parts_of
from siting.fiber.reach import FloatArray
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.variables import label

Spans = Callable[[Sequence[Pair]], list[frozenset[str]]]
"""Spans on the route of each of some pairs of campuses."""


def shortest_tour(
    km: FloatArray, solver: Solver, deadline: Deadline, *, spans: Spans | None = None
) -> list[int] | None:
    """The shortest closed tour through all campuses, or ``None`` if there is none.

    Parameters
    ----------
    km
        ``(n, n)`` kilometres between campuses, infinite where no hop can go [km].
    solver, deadline
        Who solves, and until when; ``None`` is returned where time runs out.
    spans
        Where it is given, no span carries two hops, so that the loss of one leaves a path through
        all campuses.

    Notes
    -----
    A two-matching in which rows forbid, as they are found, tours beside each other
    (Dantzig, Fulkerson and Johnson 1954) and hops along one span. There are finitely many of
    either, so the search ends.
    """
    n = len(km)
    hops = [pair for pair in combinations(range(n), 2) if np.isfinite(km[pair])]
    if n < 3:
        lonely = n == 2 and (not hops or (spans is not None and bool(spans(hops)[0])))
        return None if lonely else list(range(n))
    if min(sum(a in hop for hop in hops) for a in range(n)) < 2:
        return None
    problem = LpProblem("tour", pulp.LpMinimize)
    x = {hop: problem.add_variable(label("hop", *hop), cat=pulp.LpBinary) for hop in hops}
    problem.setObjective(lpSum(float(km[hop]) * v for hop, v in x.items()))
    for a in range(n):
        problem += lpSum(v for hop, v in x.items() if a in hop) == 2, label("ring", a)
    spans_of = dict(zip(hops, spans(hops), strict=True)) if spans is not None else {}
    while True:
        if not solver.run(problem, deadline, gap=0.0).found:
            return None
        chosen = [hop for hop, v in x.items() if (v.value() or 0) > 0.5]
        parts = parts_of(n, chosen)
        if len(parts) > 1:
            _join(problem, x, parts)
            continue
        twice = _carry_twice(chosen, spans_of)
        if not twice:
            return _in_order(chosen)
        for span in twice:
            over = lpSum(v for hop, v in x.items() if span in spans_of[hop])
            problem += over <= 1, label("span", span)


def _join(problem: LpProblem, x: dict[Pair, LpVariable], parts: list[list[int]]) -> None:
    for part in parts:
        inside = set(part)
        out = lpSum(v for (a, b), v in x.items() if (a in inside) != (b in inside))
        problem += out >= 2, label("leave", *part)


def _carry_twice(hops: list[Pair], spans_of: dict[Pair, frozenset[str]]) -> list[str]:
    if not spans_of:
        return []
    together = failing_together([spans_of[hop] for hop in hops])
    return sorted(span for links, spans in together.items() if len(links) > 1 for span in spans)


def _in_order(hops: list[Pair]) -> list[int]:
    """The tour of hops that are one: from its first campus, all the way round."""
    near: dict[int, list[int]] = {}
    for a, b in hops:
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    tour = [min(near)]
    while len(tour) < len(near):
        tour.append(next(b for b in near[tour[-1]] if b not in tour[-2:]))
    return tour
