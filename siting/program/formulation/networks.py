"""Shortest network of chosen campuses: a clique, a star or a travelling-salesman tour.

And what of a clique stays connected without a span.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from siting.case import Case
from siting.fiber.networks import fatal_spans, hub_of, mesh_links
from siting.fiber.reach import FloatArray, IntArray
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.tours import shortest_tour
from siting.program.sites.presolve import linkable

TOUR_LIMIT_S = 60.0
"""Time for the tour of a few chosen campuses [s]; it takes milliseconds."""

Sites = Sequence[int]
"""Positions of sites."""


def network_km(case: Case, sites: IntArray, solver: Solver) -> tuple[float, tuple[int, ...]] | None:
    """Length of the shortest network of some sites [km], and its tour if it is a ring.

    ``None`` where the sites cannot be one cluster for their network.
    """
    part = linkable(case.take(sites))
    limit_km, n = part.link_limit_km(len(sites)), len(sites)
    km = part.reach.dense()
    km[km > limit_km] = np.inf
    if case.cluster.network == "ring":
        return _ring(part, km, sites, solver)
    if case.cluster.network == "hub":
        hub = hub_of(km, limit_km)
        return None if hub is None else (float(km[hub].sum()), ())
    total_km = float(km[np.triu_indices(n, 1)].sum())
    fatal = part.cluster.keep_after_span_loss and fatal_in_mesh(part, range(n))
    return None if fatal or not np.isfinite(total_km) else (total_km, ())


def _ring(
    part: Case, km: FloatArray, sites: IntArray, solver: Solver
) -> tuple[float, tuple[int, ...]] | None:
    spans = part.routes.spans_between if part.cluster.keep_after_span_loss and part.routes else None
    tour = shortest_tour(km, solver, Deadline(TOUR_LIMIT_S), spans=spans)
    if tour is None:
        return None
    length_km = float(sum(km[a, b] for a, b in zip(tour, [*tour[1:], tour[0]], strict=True)))
    # A limit that is met but for rounding is met.
    if length_km > part.ring_limit_km(len(sites)) * (1 + 1e-9):
        return None
    return length_km, tuple(int(sites[a]) for a in tour)


def surviving(case: Case, sites: Sites) -> tuple[int, ...]:
    """Sites of a mesh that stay connected without any one span: the largest part, again and again.

    The part with a required site goes before a larger one. Of a ring or a hub network, and where
    no span's loss is asked about, or required sites come apart, all of them.
    """
    kept = list(sites)
    if case.cluster.network != "mesh" or not case.cluster.keep_after_span_loss:
        return tuple(kept)
    while case.routes is not None and len(kept) > 1:
        fatal = fatal_in_mesh(case, kept)
        if not fatal:
            break
        parts = [[kept[a] for a in sorted(part)] for part in fatal[min(fatal)]]
        kept = max(parts, key=lambda part: (int(case.required[part].sum()), len(part)))
    if case.required[list(sites)].sum() > case.required[kept].sum():
        return tuple(sites)
    return tuple(kept)


def fatal_in_mesh(case: Case, sites: Sites) -> dict[str, list[list[int]]]:
    """Spans whose loss disconnects the mesh of some sites, and the parts, as positions in them."""
    assert case.routes is not None
    links = mesh_links(len(sites))
    spans = case.routes.spans_between((sites[a], sites[b]) for a, b in links)
    return fatal_spans(len(sites), links, spans)
