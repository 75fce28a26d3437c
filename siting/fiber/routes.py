"""The spans that the shortest route between two sites follows, for the few pairs of a plan."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from siting.fiber.graph import Access, FiberGraph
from siting.fiber.reach import IntArray


@dataclass(frozen=True)
class Route:
    """The fiber path between two sites.

    Parameters
    ----------
    sites
        Positions of the two sites, as they were asked for.
    km
        Length with both accesses [km].
    nodes
        Positions of the nodes on the way, from the node of the first site to that of the second;
        one node when both sites join there.
    node_ids
        Their ids.
    span_ids
        Ids of the spans in order, one fewer than nodes.
    """

    sites: tuple[int, int]
    km: float
    nodes: tuple[int, ...]
    node_ids: tuple[str, ...]
    span_ids: tuple[str, ...]


def find_routes(graph: FiberGraph, access: Access, pairs: Iterable[tuple[int, int]]) -> list[Route]:
    """Shortest routes between pairs of sites.

    Among equally short routes the one with the fewest spans is taken, then the one that, going
    back from the end with the higher node id, comes from the lowest node id at each step: a route
    does not depend on the direction in which it is asked for, nor on the order of the tables.

    Parameters
    ----------
    graph
        The fiber graph.
    access
        How the sites join it.
    pairs
        Pairs of positions in ``access``.

    Returns
    -------
    list of Route
        In the order of ``pairs``.

    Raises
    ------
    ValueError
        When there is no route between the sites of a pair.
    """
    asked = [(int(i), int(j)) for i, j in pairs]
    ends, targets = _by_source(graph, access, asked)
    trees = {source: _search(graph, source, wanted) for source, wanted in targets.items()}

    routes = []
    for (i, j), (source, target) in zip(asked, ends, strict=True):
        if target not in trees[source]:
            raise ValueError(f"no fiber route between the sites at positions {i} and {j}")
        route_km, nodes, spans = _walk(trees[source], source, target)
        if access.node[i] != source:
            nodes, spans = nodes[::-1], spans[::-1]
        routes.append(
            Route(
                sites=(i, j),
                km=route_km + float(access.km[i] + access.km[j]),
                nodes=tuple(nodes),
                node_ids=tuple(graph.node_ids[n] for n in nodes),
                span_ids=tuple(graph.span_ids[s] for s in spans),
            )
        )
    return routes


@dataclass(frozen=True, eq=False)
class Routes:
    """Where the routes between sites run; each is searched for when it is first asked for.

    Parameters
    ----------
    graph
        The fiber graph.
    access
        How the sites join it.
    """

    graph: FiberGraph
    access: Access
    # Spans by the nodes of both ends, shared by all that are taken from one another.
    _known: dict[tuple[int, int], frozenset[str]] = field(default_factory=dict, repr=False)

    def take(self, sites: IntArray) -> Routes:
        """The routes among some of the sites, in the order given."""
        return Routes(self.graph, self.access.take(sites), self._known)

    def between(self, pairs: Iterable[tuple[int, int]]) -> list[Route]:
        """Routes of pairs of sites, as `find_routes` gives them."""
        return find_routes(self.graph, self.access, pairs)

    def spans_between(self, pairs: Iterable[tuple[int, int]]) -> list[frozenset[str]]:
        """Ids of the spans on the route of each pair of sites."""
        asked = [(int(i), int(j)) for i, j in pairs]
        keys = [
            tuple(sorted((int(self.access.node[i]), int(self.access.node[j])))) for i, j in asked
        ]
        new = {key: pair for key, pair in zip(keys, asked, strict=True) if key not in self._known}
        for key, route in zip(new, self.between(new.values()), strict=True):
            self._known[key] = frozenset(route.span_ids)  # type: ignore[index]
        return [self._known[key] for key in keys]  # type: ignore[index]

    def end_spans_between(self, pairs: Iterable[tuple[int, int]]) -> IntArray:
        """Spans by which the route of each pair of sites leaves the first and enters the second.

        Returns
        -------
        ``(pairs, 2)`` positions in ``graph.span_ids``; -1 where both sites join at one node.
        """
        asked = [(int(i), int(j)) for i, j in pairs]
        ends, targets = _by_source(self.graph, self.access, asked)
        end_spans: dict[tuple[int, int], tuple[int, int]] = {}
        for source, wanted in targets.items():
            settled = _search(self.graph, source, wanted)
            first = {source: -1}
            # A node is settled after the node before it.
            for node, (_, before, span) in settled.items():
                if node != source:
                    first[node] = span if before == source else first[before]
            for target in wanted:
                end_spans[source, target] = first[target], settled[target][2]
        found = np.array([end_spans[key] for key in ends], np.int64).reshape(-1, 2)
        turned = [int(self.access.node[i]) != s for (i, _), (s, _) in zip(asked, ends, strict=True)]
        found[turned] = found[turned, ::-1]
        return found


def _by_source(
    graph: FiberGraph, access: Access, pairs: Iterable[tuple[int, int]]
) -> tuple[list[tuple[int, int]], dict[int, set[int]]]:
    """For each pair the node that its route is searched from and the other; all others of each."""
    ends = []
    targets: dict[int, set[int]] = {}
    for i, j in pairs:
        source, target = sorted(
            (int(access.node[i]), int(access.node[j])), key=lambda n: graph.node_rank[n]
        )
        ends.append((source, target))
        targets.setdefault(source, set()).add(target)
    return ends, targets


Reached = dict[int, tuple[float, int, int]]
"""For each node that a search settled: kilometres [km], the node before it, the span to it."""


def _search(graph: FiberGraph, source: int, targets: set[int]) -> Reached:
    """Dijkstra's search from a node until all targets are settled."""
    rank = graph.node_rank
    waiting = set(targets)
    settled: Reached = {}
    # Compared by length, then spans, then ids of the node before and of the node itself.
    heap: list[tuple[float, int, int, int, int, int, int]] = [
        (0.0, 0, -1, int(rank[source]), source, -1, -1)
    ]
    while heap and waiting:
        km, spans, _, own_rank, node, before, span = heapq.heappop(heap)
        if node in settled:
            continue
        settled[node] = (km, before, span)
        waiting.discard(node)
        for entry in range(graph.indptr[node], graph.indptr[node + 1]):
            neighbour = int(graph.indices[entry])
            if neighbour not in settled:
                heapq.heappush(
                    heap,
                    (
                        km + float(graph.km[entry]),
                        spans + 1,
                        own_rank,
                        int(rank[neighbour]),
                        neighbour,
                        node,
                        int(graph.span[entry]),
                    ),
                )
    return settled


def _walk(settled: Reached, source: int, target: int) -> tuple[float, list[int], list[int]]:
    """Length [km], nodes and spans from the source of a search to a settled node."""
    nodes, spans = [target], []
    while nodes[-1] != source:
        _, before, span = settled[nodes[-1]]
        nodes.append(before)
        spans.append(span)
    return settled[target][0], nodes[::-1], spans[::-1]
