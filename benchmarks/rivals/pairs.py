"""What the straightforward programs have in common: one row for each pair beyond reach.

``member[i, c]`` says whether site ``i`` is a campus of cluster ``c``, ``draw_mw[i, c]`` what it
draws::

    minimise  sum of fixed[i] * member[i, c] + variable[i] * draw_mw[i, c]
    min_mw * member[i, c] <= draw_mw[i, c] <= cap_mw[i] * member[i, c]      for every i, c
    sum over c of member[i, c] <= 1                                         for every i
    sum over i in z and c of draw_mw[i, c] <= headroom_mw[z]                for every zone z
    sum over i of draw_mw[i, c] >= target_mw                                for every c
    min_campuses <= sum over i of member[i, c] <= max_campuses              for every c
    member[i, c] + member[j, c] <= 1                  for every pair i, j beyond reach, every c

It is what a reader of the question writes first, in any language of models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.answers import Clusters
from siting.case import Case
from siting.fiber.reach import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Numbers:
    """The numbers of the program, among the sites where a campus fits.

    Parameters
    ----------
    sites
        ``(n,)`` their positions in the case.
    first, second
        ``(pairs,)`` positions in ``sites`` of the pairs beyond reach.
    zones
        For each zone with sites, positions in ``sites`` and headroom [MW].
    fixed_musd, variable_musd_per_mw, cap_mw
        ``(n,)`` costs [MUSD/year], [MUSD/MW/year] and largest draw [MW].
    """

    sites: IntArray
    first: IntArray
    second: IntArray
    zones: list[tuple[IntArray, float]]
    fixed_musd: FloatArray
    variable_musd_per_mw: FloatArray
    cap_mw: FloatArray

    @classmethod
    def of(cls, case: Case) -> Numbers:
        """Pick the numbers out of a case."""
        sites = np.flatnonzero(case.usable)
        near = case.reach.take(sites)
        beyond = np.ones((len(sites), len(sites)), dtype=bool)
        beyond[np.repeat(np.arange(len(sites)), np.diff(near.indptr)), near.indices] = False
        first, second = np.nonzero(np.triu(beyond, 1))
        position = np.full(len(case.site_ids), -1, np.int64)
        position[sites] = np.arange(len(sites))
        zones = []
        for z, inside in case.sites_in_zone.items():
            here = position[inside]
            if (here >= 0).any():
                zones.append((here[here >= 0], float(case.headroom_mw[z])))
        return cls(
            sites,
            first,
            second,
            zones,
            case.fixed_musd_per_year[sites],
            case.variable_musd_per_mw_year[sites],
            case.cap_mw[sites],
        )

    def plan(self, member: FloatArray, draw_mw: FloatArray) -> Clusters:
        """What a solver chose, by position in the case; both arrays are ``(n, clusters)``."""
        return [
            {int(self.sites[i]): float(draw_mw[i, c]) for i in np.flatnonzero(member[:, c] > 0.5)}
            for c in range(member.shape[1])
        ]
