"""Star relaxation of a network: the least kilometres of the links of one campus."""

from __future__ import annotations

import numpy as np

from siting.case import Case
from siting.fiber.reach import FloatArray, IntArray
from siting.program.relaxations.knapsack import Knapsack, fewest_campuses, laminar_takes
from siting.program.sites.sets import Rows, sum_before


def stars_km(case: Case, knapsack: Knapsack, of: IntArray) -> FloatArray:
    """Least kilometres from some sites to the other campuses of any cluster that each is in [km].

    The target is bought at ``km / cap`` among the sites within reach, in proportion, under the
    headroom of zones, the site's own cap for nothing; and there are at least as many links as
    campuses are needed besides.

    Returns
    -------
    ``(len(of),)`` infinite where the target is out of reach.
    """
    n = len(of)
    near = [case.reach.of(v) for v in of.tolist()]
    row = np.concatenate((np.repeat(np.arange(n), [len(sites) for sites, _ in near]), np.arange(n)))
    site = np.concatenate((*(sites for sites, _ in near), of))
    km = np.concatenate((*(away_km for _, away_km in near), np.zeros(n)))
    cost = km / knapsack.cap[site]
    # The site itself comes first, before others at no distance.
    other = site != of[row]
    by = np.lexsort((site, other, cost, row))
    rows, cost = Rows(n, row[by], site[by]), cost[by]
    takes = laminar_takes(knapsack, rows)
    used = np.clip(knapsack.target - sum_before(rows.row, takes), 0.0, takes)
    reached = rows.total(takes) >= knapsack.target * (1 - 1e-9)
    links = fewest_campuses(knapsack, rows) - 1
    reached &= links < knapsack.max_campuses
    by = np.lexsort((site, km, other, row))
    # Place 0 is the site itself, which is no link.
    place = sum_before(row[by], np.ones(len(by)))
    fewest_km = np.bincount(
        row[by], weights=np.where(place <= links[row[by]], km[by], 0.0), minlength=n
    )
    enough = np.bincount(row, minlength=n) > links
    bought_km = rows.total(used * cost)
    return np.where(reached & enough, np.maximum(bought_km, fewest_km), np.inf)


def meshes_km(case: Case, stars: FloatArray, fewest: int, of: IntArray) -> FloatArray:
    """Least kilometres of any mesh that each of some sites is in, from the stars of all [km].

    Every link is in two stars, so a mesh has half the sum of the stars of its campuses: of the
    site itself, and of at least ``fewest - 1`` others within its reach.
    """
    bound = np.empty(len(of))
    for place, v in enumerate(of.tolist()):
        others = np.sort(stars[case.reach.of(v)[0]])[: fewest - 1]
        bound[place] = (stars[v] + others.sum()) / 2 if len(others) == fewest - 1 else np.inf
    return bound
