"""Presolve: what arithmetic knows of a question before any search.

(Savelsbergh 1994, "Preprocessing and probing techniques for mixed integer programming problems",
ORSA Journal on Computing 6.)
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from siting.case import Case
from siting.program.sites.neighbourhoods import near_all


def infeasible_by_arithmetic(case: Case) -> bool:
    """Whether arithmetic alone proves that a question has no plan.

    Asked once, before any search, whatever the number of clusters, the network and the method. That
    is so where no site takes a campus, a required site takes none, more sites are required than the
    clusters have campuses, or those of a single cluster are beyond reach of each other.
    """
    if not case.usable.any() or required_unusable(case):
        return True
    if case.asks_most:
        return False
    if int(case.required.sum()) > case.count * case.cluster.max_campuses:
        return True
    return case.count == 1 and required_apart(linkable(case))


def required_unusable(case: Case) -> bool:
    """Whether a required site takes no campus, so that there is no plan."""
    return bool(np.any(case.required & ~case.usable))


def required_apart(case: Case) -> bool:
    """Whether required sites are beyond reach of each other, so that there is no plan.

    In a hub network they are if no site is within reach of all of them. Of a ring it is not told.
    """
    required = np.flatnonzero(case.required)
    if case.cluster.network == "ring" or len(required) < 2:
        return False
    if case.cluster.network == "hub":
        return not near_all(case, required).any()
    return not bool(case.reach.take(required).adjacency().all())


def linkable(case: Case) -> Case:
    """The case without pairs that no cluster can have, where a lost span must be survived.

    Whatever the network, the campuses of a cluster lie on one side of every span whose loss cuts
    the fiber graph in two. A hub has one link to each campus, so all of them join the fiber at the
    hub's node.
    """
    if not case.cluster.keep_after_span_loss or case.routes is None:
        return case
    node = case.routes.access.node
    part = node if case.cluster.network == "hub" else case.routes.graph.block[node]
    return replace(case, reach=case.reach.of_one_part(part))


def least_campuses(case: Case) -> int:
    """Least number of campuses that the counts and the losses of a cluster allow."""
    cluster = case.cluster
    least = max(cluster.min_campuses, least_utilities(case), cluster.min_regions)
    return max(least, 2) if cluster.keep_after_campus_loss > 0 else least


def least_utilities(case: Case) -> int:
    """Least number of utilities that the counts, the loss and the shares of a cluster allow."""
    cluster = case.cluster
    least = max(cluster.min_utilities, int(np.ceil(1 / cluster.max_utility_fraction - 1e-9)))
    return max(least, 2) if cluster.keep_after_utility_loss > 0 else least


def fewest_possible(case: Case) -> int:
    """No cluster has fewer campuses than this: as asked, and as the largest caps need."""
    sizes = np.sort((case.cap_mw * case.target_per_mw)[case.usable])[::-1]
    reached = np.cumsum(sizes) >= (case.target or 0.0) * (1 - 1e-9)
    needed = int(np.argmax(reached)) + 1 if reached.any() else len(sizes)
    # Required sites are in one cluster where there is only one.
    required = int(case.required.sum()) if case.cluster.count == 1 else 0
    return max(case.cluster.min_campuses, needed, required)
