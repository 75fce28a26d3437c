"""Reach from a cache on disk, so that only the first run of a world pays for its distances.

An entry is keyed by the content that it was computed from. Whatever goes wrong with the cache, the
reach is right; the cache only saves time.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from siting.cache import Shelf, cache_folder
from siting.fiber.distances import reach_of_access
from siting.fiber.graph import Access, FiberGraph
from siting.fiber.reach import Reach

SHELF = Shelf("reach", b"siting reach 1\n")
"""Where reaches are kept."""


def cached_reach(
    graph: FiberGraph, access: Access, *, limit_km: float, folder: Path | None = None
) -> Reach:
    """Reach as `reach_of_access` computes it, from the cache where it is known.

    Parameters
    ----------
    graph, access, limit_km
        As for `reach_of_access`.
    folder
        Folder of the cache; by default `cache_folder`.
    """
    folder = cache_folder() if folder is None else folder
    if folder is None:
        return reach_of_access(graph, access, limit_km=limit_km)
    key = reach_key(graph, access, limit_km)
    body = SHELF.read(folder, key)
    if body is not None:
        return _from_bytes(body, limit_km)
    reach = reach_of_access(graph, access, limit_km=limit_km)
    SHELF.write(folder, key, _to_bytes(reach))
    return reach


def reach_key(graph: FiberGraph, access: Access, limit_km: float) -> str:
    """Hash of everything that a reach depends on: spans, where sites join, over what, the limit.

    The sites' positions and the route factor are in the accesses; ids change no distance.
    """
    digest = hashlib.sha256(SHELF.format)
    for numbers in (graph.indptr, graph.indices, graph.km, access.node, access.km):
        digest.update(f"{numbers.dtype.str} {numbers.shape}\n".encode())
        digest.update(np.ascontiguousarray(numbers).tobytes())
    digest.update(float(limit_km).hex().encode())
    return digest.hexdigest()


def _from_bytes(body: memoryview, limit_km: float) -> Reach:
    stream = io.BytesIO(body)
    indptr, indices, km = (npy.read_array(stream, allow_pickle=False) for _ in range(3))
    return Reach(limit_km, indptr, indices.astype(np.int64), km)


def _to_bytes(reach: Reach) -> memoryview:
    body = io.BytesIO()
    # Positions of sites fit into 32 bits: a third less to write and to check.
    for numbers in (reach.indptr, reach.indices.astype(np.int32), reach.km):
        npy.write_array(body, numbers, allow_pickle=False)
    return body.getbuffer()
