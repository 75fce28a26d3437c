"""Time and memory of the kilometres by fiber between all sites, beside a plain search.

    python benchmarks/reach.py [MODEL] [--limit-km KM] [--sample N]

The plain search is Dijkstra's with Python's heap, one site after the other, as a reader would
write it first. It runs on a sample of the sites, its time is scaled to all of them, and its
kilometres must be the same.
"""

from __future__ import annotations

import argparse
import heapq
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import siting
from siting.distances import graph_of
from siting.fiber import Access, FiberGraph, Reach, access_of, cached_reach, reach_of_access


def main() -> None:
    """Run the benchmark and print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", nargs="?", default="us_5gw")
    parser.add_argument("--limit-km", type=float, default=500.0)
    parser.add_argument("--sample", type=int, default=100)
    options = parser.parse_args()

    model = siting.read_model(options.model)
    world = siting.read_world(model)
    graph, table = graph_of(world), world.sites
    access = access_of(
        graph,
        np.asarray(table.geometry.x),
        np.asarray(table.geometry.y),
        route_factor=model.world.route_factor,
    )
    count = len(access)
    print(
        f"{count:,} sites, {len(graph):,} nodes, {len(graph.span_ids):,} spans, "
        f"within {options.limit_km:g} km"
    )

    for threads in (1, 0):
        before_mb = peak_mb()
        start_s = time.perf_counter()
        reach = reach_of_access(graph, access, limit_km=options.limit_km, threads=threads)
        name = "siting, one thread" if threads else "siting, all cores"
        report(name, time.perf_counter() - start_s, reach.pairs, peak_mb() - before_mb)

    with tempfile.TemporaryDirectory() as folder:
        cache, limit_km = Path(folder), options.limit_km
        time_cached("siting, into an empty cache", graph, access, limit_km, cache)
        reach = time_cached("siting, from the cache", graph, access, limit_km, cache)

    sample = np.unique(np.linspace(0, count - 1, min(options.sample, count)).astype(int))
    start_s = time.perf_counter()
    plain = [plain_search(graph, access, int(i), options.limit_km) for i in sample]
    scaled_s = (time.perf_counter() - start_s) * count / len(sample)
    report(f"plain heap, scaled from {len(sample)} sites", scaled_s, reach.pairs)
    compare(reach, sample, plain)


def time_cached(
    name: str, graph: FiberGraph, access: Access, limit_km: float, cache: Path
) -> Reach:
    """Kilometres by way of the cache, and a line about it."""
    start_s = time.perf_counter()
    reach = cached_reach(graph, access, limit_km=limit_km, folder=cache)
    report(name, time.perf_counter() - start_s, reach.pairs)
    return reach


def report(name: str, seconds: float, pairs: int, added_mb: float | None = None) -> None:
    """Print a line."""
    memory = "" if added_mb is None else f", {added_mb:,.0f} MB more at the peak"
    print(f"{name:<40} {seconds:8.2f} s, {pairs:,} pairs{memory}")


def peak_mb() -> float:
    """Largest memory of this process so far [MB]."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def plain_search(graph: FiberGraph, access: Access, site: int, limit_km: float) -> dict[int, float]:
    """Kilometres from a site to all others within the limit."""
    settled: dict[int, float] = {}
    heap = [(0.0, int(access.node[site]))]
    while heap:
        km, node = heapq.heappop(heap)
        if km > limit_km:
            break
        if node in settled:
            continue
        settled[node] = km
        for entry in range(graph.indptr[node], graph.indptr[node + 1]):
            heapq.heappush(heap, (km + float(graph.km[entry]), int(graph.indices[entry])))
    found = {}
    for other, node in enumerate(access.node.tolist()):
        if other != site and node in settled:
            km = settled[node] + float(access.km[site] + access.km[other])
            if km <= limit_km:
                found[other] = km
    return found


def compare(reach: Reach, sample: np.ndarray, plain: list[dict[int, float]]) -> None:
    """Stop unless both ways found the same pairs with the same kilometres."""
    worst_km = 0.0
    for i, expected in zip(sample, plain, strict=True):
        others, km = reach.of(int(i))
        if set(others.tolist()) != set(expected):
            sys.exit(f"the plain search finds other sites within reach of site {i}")
        worst_km = max(
            [worst_km, *(abs(expected[j] - d) for j, d in zip(others.tolist(), km, strict=True))]
        )
    print(f"the same pairs from {len(sample)} sites, kilometres differ by at most {worst_km:.1e}")


if __name__ == "__main__":
    main()
