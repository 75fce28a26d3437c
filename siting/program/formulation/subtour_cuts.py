"""Subtour-elimination cuts by minimum cuts, before whole sites are sought.

The relaxation of ``join_ring`` gathers its hops in short tours of parts of sites. The rows of
``close_one_tour`` hold for parts of sites too, and the most violated ones are minimum cuts between
the anchor and each other site (Padberg and Rinaldi 1991, "A branch-and-cut algorithm for the
resolution of large-scale symmetric traveling salesman problems", SIAM Review 33). The relaxed
program is solved and cut until it breaks none, or time runs out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pulp
from pulp import LpProblem, lpSum

from siting.case import Case
from siting.errors import SolverError
from siting.fiber.reach import FloatArray
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.variables import Decisions, label

if TYPE_CHECKING:
    from scipy.sparse import csr_array

UNITS = 1_000_000
"""Units of a hop in the flows, which are whole numbers [1]."""

LEAST_PART = 1e-4
"""How much of a site, or of a violation, counts [1]."""

ROWS_OF_A_CUT = 3
"""Sites of a cut for which rows are added, those with the largest value."""


def tighten(
    problem: LpProblem, case: Case, x: Decisions, solver: Solver, deadline: Deadline
) -> float:
    """Add rows that the relaxed program of one ring with a required site breaks.

    Returns
    -------
    Bound of the relaxed program [km]; minus infinity where none was found, infinite where it has
    no solution.
    """
    anchor = int(np.flatnonzero(case.required)[0])
    whole = [v for v in problem.variables() if v.cat == pulp.LpInteger]
    for variable in whole:
        variable.cat = pulp.LpContinuous
    bound = -math.inf
    try:
        while not deadline.reached():
            try:
                outcome = solver.run(problem, deadline, gap=0.0)
            except SolverError:
                # The bound so far holds; the whole program is tried all the same.
                break
            if outcome.infeasible:
                return math.inf
            if not (outcome.found and outcome.complete):
                break
            bound = max(bound, outcome.bound)
            if not _cut(problem, x, anchor):
                break
    finally:
        for variable in whole:
            variable.cat = pulp.LpInteger
    return bound


def _cut(problem: LpProblem, x: Decisions, anchor: int) -> bool:
    """Add the rows of the cuts that are violated; whether there were any."""
    part = np.zeros(max(x.sites) + 1)
    for (i, _), member in x.member.items():
        part[i] = member.value() or 0.0
    flow = _hops(x, len(part))
    added = False
    for inside in _violated(flow, part, anchor):
        leaving = lpSum(hop for (i, j, _), hop in x.hop.items() if inside[i] != inside[j])
        sites = np.flatnonzero(inside)
        for i in sites[np.argsort(-part[sites], kind="stable")][:ROWS_OF_A_CUT].tolist():
            if part[i] > LEAST_PART:
                name = label("cut", problem.numConstraints())
                problem += leaving >= 2 * x.member[i, 0], name
                added = True
    return added


def _hops(x: Decisions, n: int) -> csr_array:
    from scipy.sparse import csr_array

    used = [(i, j, hop.value() or 0.0) for (i, j, _), hop in x.hop.items()]
    i, j, value = np.array(used, dtype=np.float64).reshape(-1, 3).T
    kept = np.round(value * UNITS) >= 1
    i, j = i[kept].astype(np.int32), j[kept].astype(np.int32)
    units = np.round(value[kept] * UNITS).astype(np.int32)
    rows, columns = np.concatenate((i, j)), np.concatenate((j, i))
    return csr_array((np.concatenate((units, units)), (rows, columns)), shape=(n, n))


def _violated(flow: csr_array, part: FloatArray, anchor: int) -> list[np.ndarray]:
    """Masks of sets of sites, without the anchor, that too few hops leave."""
    from scipy.sparse.csgraph import breadth_first_order, connected_components, maximum_flow

    found: dict[bytes, np.ndarray] = {}
    count, number = connected_components(flow, directed=False)
    for k in range(count):
        inside = number == k
        if k != number[anchor] and part[inside].max() > LEAST_PART:
            found[inside.tobytes()] = inside
    for i in np.flatnonzero(part > LEAST_PART):
        if i == anchor or number[i] != number[anchor]:
            continue
        found_flow = maximum_flow(flow, anchor, int(i))
        if found_flow.flow_value >= (2 * part[i] - LEAST_PART) * UNITS:
            continue
        rest = flow - found_flow.flow
        rest.data[rest.data < 0] = 0
        rest.eliminate_zeros()
        inside = np.ones(len(part), dtype=np.bool_)
        inside[breadth_first_order(rest, anchor, return_predecessors=False)] = False
        found[inside.tobytes()] = inside
    return list(found.values())
