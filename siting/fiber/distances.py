"""Kilometres by fiber between sites: shortest routes on the graph plus both accesses."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from siting.fiber.graph import Access, FiberGraph, access_of
from siting.fiber.reach import FloatArray, IntArray, Reach

Found = tuple[NDArray[np.int32], NDArray[np.int32], FloatArray]
"""Pairs as positions of two sites, and their kilometres [km]."""

CHUNK_BYTES = 32_000_000
"""Memory of one chunk of searches [bytes]: sources times nodes times 8."""


def compute_reach(
    graph: FiberGraph,
    lon: FloatArray,
    lat: FloatArray,
    *,
    route_factor: float,
    limit_km: float,
    threads: int = 0,
) -> Reach:
    """Kilometres by fiber between all sites within a limit.

    The kilometres between two sites are the shortest route on the graph between the nodes that
    they join, plus both accesses; sites that join at one node have a route of 0 km plus both
    accesses. Sites on separate components have no route.

    Parameters
    ----------
    graph
        The fiber graph.
    lon, lat
        ``(I,)`` positions of the sites [degrees].
    route_factor
        Fiber kilometres for each great-circle kilometre of an access [1].
    limit_km
        Longest kilometres that are held, the limit included [km]; may be infinite.
    threads
        Searches at a time; 0 uses every core. The result does not depend on it.

    Returns
    -------
    Reach
        Bit-identical in both triangles, and for a pair whichever other sites are asked for.

    Notes
    -----
    One Dijkstra search [1]_ (scipy) for each node that sites join, in chunks, so that memory
    holds a few chunks and the pairs found. The route of a pair is taken from the search of
    its lower node only.

    .. [1] E. W. Dijkstra, "A note on two problems in connexion with graphs", Numerische
       Mathematik 1, 1959. https://doi.org/10.1007/BF01386390
    """
    access = access_of(graph, lon, lat, route_factor=route_factor)
    return reach_of_access(graph, access, limit_km=limit_km, threads=threads)


def reach_of_access(
    graph: FiberGraph, access: Access, *, limit_km: float, threads: int = 0
) -> Reach:
    """Kilometres by fiber as in `compute_reach`, from sites that have already joined the graph."""
    sites = len(access)
    if sites == 0:
        empty = np.empty(0, np.int64)
        return Reach(limit_km, np.zeros(1, np.int64), empty, np.empty(0, np.float64))
    # Sites of one node stand together, so that a chunk of nodes is a slice of sites.
    by_node = np.argsort(access.node, kind="stable")
    node, access_km = access.node[by_node], access.km[by_node]
    starts = np.flatnonzero(np.r_[True, node[1:] != node[:-1]])
    chunk = max(1, CHUNK_BYTES // (8 * max(len(graph), sites)))
    firsts = [int(i) for i in starts[::chunk]]
    slices = [slice(a, b) for a, b in zip(firsts, [*firsts[1:], sites], strict=True)]

    found = list(
        _in_threads(
            lambda part: _pairs_from(graph, node, access_km, part, limit_km), slices, threads
        )
    )
    site = by_node.astype(np.int32)
    i, j = [site[pairs[0]] for pairs in found], [site[pairs[1]] for pairs in found]
    km = [pairs[2] for pairs in found]
    del found
    both = (np.concatenate(km + km), (np.concatenate(i + j), np.concatenate(j + i)))
    del i, j, km
    from scipy.sparse import coo_array

    matrix = coo_array(both, shape=(sites, sites)).tocsr()
    del both
    matrix.sort_indices()
    return Reach(
        limit_km,
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int64),
        np.asarray(matrix.data, np.float64),
    )


def _pairs_from(
    graph: FiberGraph, node: IntArray, access_km: FloatArray, part: slice, limit_km: float
) -> Found:
    """Pairs of the sites in ``part`` with the later sites, within the limit, each pair once."""
    sources, row_of_site = np.unique(node[part], return_inverse=True)
    # An access is never negative, so no route longer than this can be within the limit; the
    # millimetre keeps rounding here from deciding what only the comparison below decides.
    longest_route_km = limit_km - access_km[part].min() - access_km[part.start :].min() + 1e-6
    if longest_route_km < 0:
        nobody = np.empty(0, np.int32)
        return nobody, nobody, np.empty(0, np.float64)
    from scipy.sparse.csgraph import dijkstra

    route_km = dijkstra(graph.csr, directed=True, indices=sources, limit=longest_route_km)
    later = slice(part.start, None)
    km = route_km[:, node[later]][row_of_site]
    # Accesses first: a sum in this order is the same from both ends.
    km += access_km[part, None] + access_km[None, later]
    held = np.triu((km <= limit_km) & (km < np.inf), k=1)
    i, j = np.nonzero(held)
    # 32 bits are enough for the position of a site, and pairs are most of the memory.
    return (i + part.start).astype(np.int32), (j + part.start).astype(np.int32), km[i, j]


def _in_threads(
    work: Callable[[slice], Found], parts: Sequence[slice], threads: int
) -> Iterator[Found]:
    """Results in the order of the parts; scipy's search runs outside the interpreter's lock."""
    workers = min(threads or cores(), len(parts))
    if workers <= 1:
        yield from map(work, parts)
        return
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(work, parts)


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
