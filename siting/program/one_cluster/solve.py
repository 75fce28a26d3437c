"""Exact decomposition of one cluster by its first member, the anchor, at any size.

An order of the sites splits all clusters as it splits all cliques of a graph (Carraghan and
Pardalos 1990, "An exact algorithm for the maximum clique problem", Operations Research Letters 9).

Fix an order of the sites. The anchor of a cluster is its first member; all members lie within
reach of it and after it. So the clusters are the disjoint union, over anchors ``h``, of those
clusters in the neighbourhood ``N(h)`` that contain ``h``, and the best cluster is the best over
``h`` of a small program that keeps every rule. Nothing is relaxed: for any sense, any option.

Where a site is required, it is put first in the order: it is then the only anchor.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from siting.case import Case
from siting.fiber.reach import FloatArray, IntArray
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.one_cluster.best_first import Search
from siting.program.one_cluster.max_draw import most_draw
from siting.program.one_cluster.min_cost import cost_with_each, least_cost
from siting.program.one_cluster.min_fiber import least_mesh, least_spokes
from siting.program.one_cluster.rings.branch_and_bound import best_ring
from siting.program.one_cluster.rings.shortest import between_meshes, least_ring
from siting.program.proof import Proof, Settled, sign_of
from siting.program.relaxations.knapsack import Knapsack, largest_sizes
from siting.program.sites.neighbourhoods import first_members, order_sites
from siting.program.sites.presolve import linkable, required_apart, required_unusable
from siting.program.sites.sets import Rows, chunks
from siting.progress import ProgressCallback

ANY_GAP = 0.99
"""Gap at which any plan is good enough [1]."""


def solve_one_cluster(
    case: Case,
    solver: Solver,
    deadline: Deadline,
    *,
    progress: ProgressCallback | None = None,
    start: Settled | None = None,
) -> Proof:
    """Solve the program of one cluster by its anchors.

    Parameters
    ----------
    case
        The question, with ``cluster.count = 1``.
    solver, deadline
        Who solves the small programs, and until when.
    progress
        Called with where the search stands.
    start
        A plan to start with; what is no better is not sought.

    Raises
    ------
    ValueError
        The case asks for several clusters.
    """
    if case.cluster.count != 1:
        raise ValueError("the anchor decomposition solves one cluster")
    case = linkable(case)
    if required_unusable(case) or required_apart(case):
        return Proof(None, sign_of(case) * math.inf, True, True)
    origin = order_sites(case)
    search = Search(case.take(origin), origin, solver, deadline, progress, start)
    if len(origin) == 0:
        return search.proof(math.inf, stopped=False)
    search.floor = least_of_all(search.case)
    if case.sense == "minimise_fiber_km":
        least = {"mesh": least_mesh, "hub": least_spokes, "ring": least_ring}
        return least[case.cluster.network](search)
    if case.cluster.network == "ring":
        between_meshes(search, solve_one_cluster)
        return best_ring(search)
    return least_cost(search) if case.sense == "minimise_cost" else most_draw(search)


def in_no_cluster(case: Case, solver: Solver, deadline: Deadline) -> list[int]:
    """Required sites that are proven to be in no cluster, whatever the others are in.

    Each is asked about by itself, as several clusters may share the required sites among them. With
    one of them, no number of clusters has a plan.

    Parameters
    ----------
    case
        The question, of any number of clusters.
    solver, deadline
        As in `solve_one_cluster`; where time runs out nothing is proven of the sites that are left.
    """
    found = []
    for i in np.flatnonzero(case.required).tolist():
        alone = replace(case.of_clusters(1), required=np.arange(len(case.site_ids)) == i)
        proof = solve_one_cluster(alone, replace(solver, gap=ANY_GAP), deadline)
        if proof.infeasible:
            found.append(i)
    return found


def least_of_all(case: Case) -> float:
    """No cluster is better, wherever its campuses are (as a cost): known before any search.

    All sites of the case are usable.
    """
    if case.sense == "minimise_cost":
        return float(cost_with_each(case).min())
    if case.sense == "minimise_fiber_km":
        return 0.0
    everyone = Rows.all_of(len(case.site_ids))
    return -float(largest_sizes(Knapsack.of_draws(case), everyone)[0])


def neighbourhood_sizes(case: Case) -> tuple[FloatArray, IntArray]:
    """Bound on the size of any cluster around each anchor [MW, in the unit of the target].

    Returns
    -------
    sizes
        ``(anchors,)`` in the order of the anchors [MW].
    sites
        ``(anchors,)`` positions of the anchors in the case.
    """
    origin = order_sites(case)
    ordered = case.take(origin)
    sites = Knapsack.of(ordered)
    anchors = first_members(ordered)
    sizes = np.empty(len(anchors))
    for chunk, rows in chunks(ordered, anchors):
        sizes[chunk] = largest_sizes(sites, rows)
    return sizes, origin[anchors]
