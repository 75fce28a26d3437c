"""Restricted-master heuristic: the known cluster types as an integer program.

The most clusters that fit beside each other, or a number of them with the most draw (Joncour et al.
2010, "Column generation based primal heuristics", Electronic Notes in Discrete Mathematics 36).

A program of one whole number for each cluster type: of how many clusters it is that of. Their draws
are free within what its sites can carry. Where several clusters are of one cluster type, or cluster
types have sites in common, other sites of the same classes are sought.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from siting.program.backends.deadline import Deadline
from siting.program.backends.highs_lp import FEASIBLE, LinearProgram, run_until, solver_of
from siting.program.cluster_types.pricing import ClusterType
from siting.program.cluster_types.site_assignment import ROUNDING_MW, SiteAssignment, Wanted
from siting.program.relaxations.class_lp import least_size

NEXT_WHOLE = 1.0 - 1e-3
"""A number within less than one of the bound is the best [1]."""

DRAW_GAP = 1e-3
"""Gap of the most draw [1]."""

PATTERNS = 1300
"""Cluster types among which the most clusters are chosen, at the most: the first ones."""


def choose(
    compatible: SiteAssignment,
    cluster_types: Sequence[ClusterType],
    threads: int,
    deadline: Deadline,
    *,
    count: int | None = None,
    fewest: int = 0,
) -> list[tuple[int, ...]]:
    """Choose cluster types and find sites for them.

    Parameters
    ----------
    compatible
        What can be in one cluster.
    cluster_types
        Those that are known, the most promising first; what has no sites is left out.
    threads
        Threads to use; 0 for the solver's own choice.
    deadline
        When to stop.
    count
        So many clusters of the most draw, where that is told.
    fewest
        Fewer clusters are of no use, and so many are enough; the most where it is 0 [1].

    Returns
    -------
    list
        Sites of each cluster, in no other. Their draws were free: those of the cluster types are
        not kept.
    """
    known: dict[tuple[int, ...], ClusterType] = {}
    for cluster_type in cluster_types:
        if cluster_type.sites:
            known.setdefault(tuple(sorted(cluster_type.sites)), cluster_type)
    some = list(known.values())[:PATTERNS]
    choice = _Choice(compatible, some, count, fewest)
    solver = solver_of(choice.program.model(), threads=threads or None)
    solver.setOptionValue("mip_rel_gap", 0.0 if count is None else DRAW_GAP)
    solver.setOptionValue("mip_abs_gap", NEXT_WHOLE if count is None else 0.0)
    if fewest:
        solver.setOptionValue("objective_target", NEXT_WHOLE - fewest)
    run_until(solver, deadline)
    if solver.getInfo().primal_solution_status != FEASIBLE:
        return []
    return choice.sites(np.array(solver.getSolution().col_value).tolist())


class _Choice:
    """The program of a choice; ``clusters`` and ``draw`` are its columns, by cluster type."""

    def __init__(
        self,
        compatible: SiteAssignment,
        cluster_types: Sequence[ClusterType],
        count: int | None,
        fewest: int,
    ) -> None:
        self._compatible, self._cluster_types, self._count = compatible, cluster_types, count
        self.program = LinearProgram()
        self.clusters: list[int] = []
        self.draw: list[dict[int, int]] = []
        self._shared: dict[tuple[str, int], list[tuple[int, float]]] = {}
        for cluster_type in cluster_types:
            self._add(cluster_type)
        least, most = (fewest, math.inf) if count is None else (count, count)
        self.program.row(float(least), float(most), [(column, 1.0) for column in self.clusters])
        classes = compatible.classes
        limits = {
            "zone": compatible.case.headroom_mw.tolist(),
            "area": classes.offered_mw,
            "class": [len(sites) for sites in compatible.sites],
        }
        for (kind, at), terms in sorted(self._shared.items()):
            self.program.at_most(float(limits[kind][at]), terms)

    def _add(self, cluster_type: ClusterType) -> None:
        """The clusters of a type: within what its sites can carry, of the size, and clean."""
        case, classes, program = self._compatible.case, self._compatible.classes, self.program
        grid, asked = classes.grid_clean_fraction, case.clean.min_fraction
        counts = self._count is None
        clusters = program.column(cost=-1.0 if counts else 0.0, whole=True)
        draw = {k: program.column(cost=0.0 if counts else -1.0) for k in cluster_type.draw_mw}
        contract = {k: program.column() for k in cluster_type.draw_mw}
        for k, d in draw.items():
            most_mw = sum(self._caps_mw(cluster_type, k))
            number = len(cluster_type.draw_mw[k])
            program.at_most(0.0, [(d, 1.0), (clusters, -most_mw)])
            program.at_least(0.0, [(d, 1.0), (clusters, -case.min_mw * number)])
            program.at_most(0.0, [(contract[k], 1.0), (d, float(grid[k]) - 1.0)])
            for z in case.ancestry[classes.zone(k)]:
                self._share("zone", z, d, 1.0)
            self._share("area", classes.area(k), contract[k], 1.0)
            self._share("class", k, clusters, float(number))
        size = [(d, float(classes.size_per_mw[k])) for k, d in draw.items()]
        program.at_least(0.0, [*size, (clusters, -least_size(case))])
        if asked > 0:
            mix = [(d, float(grid[k]) - asked) for k, d in draw.items()]
            program.at_least(0.0, [*mix, *((c, 1.0) for c in contract.values())])
        self.clusters.append(clusters)
        self.draw.append(draw)

    def _share(self, kind: str, at: int, column: int, value: float) -> None:
        self._shared.setdefault((kind, at), []).append((column, value))

    def _caps_mw(self, cluster_type: ClusterType, k: int) -> list[float]:
        """What each of its sites in a class can carry, the largest first [MW]."""
        classes, cap_mw = self._compatible.classes, self._compatible.case.cap_mw
        inside = [i for i in cluster_type.sites if classes.of_site[i] == k]
        return sorted((float(cap_mw[i]) for i in inside), reverse=True)

    def sites(self, values: list[float]) -> list[tuple[int, ...]]:
        """Sites for the clusters of a solution; for some there may be none left."""
        taken = np.zeros(len(self._compatible.case.site_ids), dtype=np.bool_)
        found: list[tuple[int, ...]] = []
        for cluster_type, column, draw in zip(
            self._cluster_types, self.clusters, self.draw, strict=True
        ):
            number = round(values[column])
            for _ in range(number):
                sites: tuple[int, ...] | None = cluster_type.sites
                if taken[list(cluster_type.sites)].any():
                    wanted = self._wanted(
                        cluster_type, {k: values[d] / number for k, d in draw.items()}
                    )
                    sites = self._compatible.sites_for(wanted, taken=taken)
                if sites:
                    taken[list(sites)] = True
                    found.append(tuple(sorted(sites)))
        return found

    def _wanted(self, cluster_type: ClusterType, draw_mw: dict[int, float]) -> list[Wanted]:
        """What sites must carry: in a class as much as can be on the first."""
        wanted = []
        for k, all_mw in draw_mw.items():
            caps_mw, left_mw = self._caps_mw(cluster_type, k), all_mw
            for m, cap_mw in enumerate(caps_mw):
                others_mw = (len(caps_mw) - 1 - m) * self._compatible.case.min_mw
                share_mw = min(cap_mw, left_mw - others_mw)
                wanted.append((k, share_mw - ROUNDING_MW))
                left_mw -= share_mw
        return wanted
