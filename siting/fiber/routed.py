"""Reach that is routed when it is asked for, for more sites than all pairs of them fit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from siting.fiber.distances import cores, reach_of_access
from siting.fiber.graph import Access, FiberGraph
from siting.fiber.reach import FloatArray, IntArray, Reach

CACHE_BYTES = 400_000_000
"""Searches that are kept [bytes]; those that were used longest ago go first."""

CHUNK_BYTES = 16_000_000
"""Memory of the searches that one thread makes at once [bytes]: sources times nodes times 8."""

FEW_SITES = 3_000
"""Among so many sites or fewer, all pairs are held once one is asked for."""

MARGIN_KM = 1e-6
"""Rounding of a sum of spans, taken from one end or the other, is far below this [km]: 1 mm."""

ENTRY_BYTES = 12
"""Memory of a node that a search found [bytes]: its position and its kilometres."""

Row = tuple[float, NDArray[np.int32], FloatArray]
"""What a search found: its limit [km], nodes, ascending, and their kilometres [km]."""


class Searches:
    """Shortest routes from single nodes of a graph, kept for the next time.

    Parameters
    ----------
    graph
        The fiber graph.
    threads
        Searches at a time; 0 uses every core.
    """

    def __init__(self, graph: FiberGraph, threads: int = 0) -> None:
        self.graph = graph
        self.searched = 0
        self._threads = threads or cores()
        self._rows: OrderedDict[int, Row] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[Searches], tuple[FiberGraph, int]]:
        """Another process gets the graph, and searches for itself."""
        return Searches, (self.graph, self._threads)

    def row(self, node: int, limit_km: float) -> tuple[NDArray[np.int32], FloatArray]:
        """Nodes within a limit of a node, itself included, ascending, and their kilometres."""
        row = self._known(node, limit_km)
        if row is None:
            row = self._search([node], limit_km)[0]
            self._keep(node, row)
        return _cut(row, limit_km)

    def rows(
        self, nodes: Sequence[int], limit_km: float
    ) -> Iterator[tuple[NDArray[np.int32], FloatArray]]:
        """The same of several nodes, in their order; searched in parallel, some at a time."""
        per_chunk = max(1, CHUNK_BYTES // (8 * max(1, len(self.graph))))
        batch = per_chunk * self._threads
        for start in range(0, len(nodes), batch):
            asked = [int(node) for node in nodes[start : start + batch]]
            known = {node: self._known(node, limit_km) for node in asked}
            found = {node: row for node, row in known.items() if row is not None}
            new = [node for node, row in known.items() if row is None]
            chunks = [new[at : at + per_chunk] for at in range(0, len(new), per_chunk)]
            for chunk, rows in zip(chunks, self._each(chunks, limit_km), strict=True):
                for node, row in zip(chunk, rows, strict=True):
                    found[node] = row
                    self._keep(node, row)
            for node in asked:
                yield _cut(found[node], limit_km)

    def _each(self, chunks: list[list[int]], limit_km: float) -> Iterable[list[Row]]:
        if len(chunks) <= 1 or self._threads <= 1:
            return [self._search(chunk, limit_km) for chunk in chunks]
        with ThreadPoolExecutor(min(self._threads, len(chunks))) as pool:
            # scipy's search runs outside the interpreter's lock.
            return list(pool.map(lambda chunk: self._search(chunk, limit_km), chunks))

    def _search(self, nodes: list[int], limit_km: float) -> list[Row]:
        from scipy.sparse.csgraph import dijkstra

        self.searched += len(nodes)
        km = dijkstra(self.graph.csr, directed=True, indices=nodes, limit=limit_km)
        found = []
        for row_km in km:
            near = np.flatnonzero(np.isfinite(row_km))
            found.append((limit_km, near.astype(np.int32), row_km[near]))
        return found

    def _known(self, node: int, limit_km: float) -> Row | None:
        with self._lock:
            row = self._rows.get(node)
            if row is None or row[0] < limit_km:
                return None
            self._rows.move_to_end(node)
            return row

    def _keep(self, node: int, row: Row) -> None:
        with self._lock:
            old = self._rows.pop(node, None)
            self._bytes -= 0 if old is None else ENTRY_BYTES * len(old[1])
            self._rows[node] = row
            self._bytes += ENTRY_BYTES * len(row[1])
            while self._bytes > CACHE_BYTES and len(self._rows) > 1:
                _, (_, nodes, _) = self._rows.popitem(last=False)
                self._bytes -= ENTRY_BYTES * len(nodes)


def _cut(row: Row, limit_km: float) -> tuple[NDArray[np.int32], FloatArray]:
    searched_km, nodes, km = row
    if searched_km == limit_km:
        return nodes, km
    held = km <= limit_km
    return nodes[held], km[held]


class RoutedReach(Reach):
    """Kilometres by fiber between sites, searched for when they are asked for.

    It answers what `Reach` answers, and the same pairs are within its limit. A site's row is
    searched when it is asked for and kept for a while; what is taken from a routed reach shares
    its searches. Few sites are held as a plain reach once their pairs are asked for. The arrays
    ``indptr``, ``indices`` and ``km`` of many sites can be asked for too, and take their time and
    memory then.

    The kilometres of a pair that `of` gives are summed from the site asked for, so they may
    differ in the last bits from those of the plain reach, which sums from the lower node. Where
    that could decide whether the pair is within the limit, they are those of the plain reach.

    Parameters
    ----------
    searches
        Routes on the graph.
    access
        How the sites join it.
    limit_km
        The limit [km] within which pairs are held.
    part
        ``(sites,)`` number of the part of each site, where only pairs of one part are held.
    """

    def __init__(
        self,
        searches: Searches,
        access: Access,
        limit_km: float,
        part: IntArray | None = None,
    ) -> None:
        # The arrays that a plain reach is made of are worked out when they are asked for.
        object.__setattr__(self, "limit_km", float(limit_km))
        object.__setattr__(self, "searches", searches)
        object.__setattr__(self, "access", access)
        object.__setattr__(self, "part", part)

    searches: Searches
    access: Access
    part: IntArray | None

    @classmethod
    def of_graph(
        cls, graph: FiberGraph, access: Access, *, limit_km: float, threads: int = 0
    ) -> RoutedReach:
        """Reach between sites that joined a graph, within a limit [km]."""
        return cls(Searches(graph, threads), access, limit_km)

    def __len__(self) -> int:
        return len(self.access)

    # The arrays of a plain reach ------------------------------------------------------------

    @cached_property
    def plain(self) -> Reach:
        """All pairs of these sites, searched and held."""
        if len(self) <= FEW_SITES:
            return self._of_few()
        reach = reach_of_access(self.searches.graph, self.access, limit_km=self.limit_km)
        return reach if self.part is None else reach.of_one_part(self.part)

    @property
    def indptr(self) -> IntArray:
        """As of a plain reach; all pairs are searched."""
        return self.plain.indptr

    @property
    def indices(self) -> IntArray:
        """As of a plain reach; all pairs are searched."""
        return self.plain.indices

    @property
    def km(self) -> FloatArray:
        """As of a plain reach; all pairs are searched."""
        return self.plain.km

    def _of_few(self) -> Reach:
        """All pairs, from the rows of single nodes that may be known already."""
        sites = len(self)
        node, access_km = self.access.node, self.access.km
        lower = np.unique(node)
        # Sites of the node of each row, and of all later nodes: a pair is of its lower node.
        start = np.searchsorted(node[self._by_node], lower)
        end = np.append(start[1:], sites)
        i, j, km = [], [], []
        for at, (nodes, route_km) in enumerate(self.searches.rows(lower.tolist(), self._route_km)):
            here = self._by_node[start[at] : end[at]]
            there, away_km = self._sites_of(nodes, route_km)
            later = node[there] >= lower[at]
            there, away_km = there[later], away_km[later]
            all_km = (access_km[here, None] + access_km[None, there]) + away_km[None, :]
            # Both directions of a pair at one node are found; one is enough.
            held = all_km <= self.limit_km
            held &= (node[there] > lower[at])[None, :] | (here[:, None] < there[None, :])
            if self.part is not None:
                held &= self.part[here][:, None] == self.part[there][None, :]
            row, column = np.nonzero(held)
            i.append(here[row])
            j.append(there[column])
            km.append(all_km[row, column])
        rows, columns, both = (
            np.concatenate([*a, *b]) if sites else np.empty(0)
            for a, b in ((i, j), (j, i), (km, km))
        )
        order = np.lexsort((columns, rows))
        indptr = np.searchsorted(rows[order], np.arange(sites + 1)).astype(np.int64)
        return Reach(
            self.limit_km,
            indptr,
            columns[order].astype(np.int64),
            both[order].astype(np.float64),
        )

    # Rows -----------------------------------------------------------------------------------

    @property
    def _route_km(self) -> float:
        """No route on the graph longer than this is within the limit [km].

        The same for all views of a reach but those with a shorter limit, so that they share rows.
        """
        return self.limit_km + MARGIN_KM

    @cached_property
    def _by_node(self) -> IntArray:
        """``(sites,)`` sites in the order of their nodes."""
        return np.argsort(self.access.node, kind="stable")

    @cached_property
    def _first_at(self) -> IntArray:
        """``(nodes + 1,)`` where each node's sites begin in ``_by_node``."""
        nodes = np.arange(len(self.searches.graph) + 1)
        return np.searchsorted(self.access.node[self._by_node], nodes)

    def _sites_of(
        self, nodes: NDArray[np.int32], route_km: FloatArray
    ) -> tuple[IntArray, FloatArray]:
        """Sites that join some nodes, and the kilometres that were given for their nodes."""
        first = self._first_at[nodes]
        number = self._first_at[nodes + 1] - first
        before = np.cumsum(number) - number
        places = np.arange(int(number.sum())) + np.repeat(first - before, number)
        return self._by_node[places], np.repeat(route_km, number)

    def _row(
        self, i: int, row: tuple[NDArray[np.int32], FloatArray], limit_km: float
    ) -> tuple[IntArray, FloatArray]:
        sites, km = self._sites_of(*row)
        km = (self.access.km[i] + self.access.km[sites]) + km
        held = (km <= limit_km + MARGIN_KM) & (sites != i)
        sites, km = sites[held], km[held]
        order = np.argsort(sites)
        return sites[order], km[order]

    def of(self, i: int) -> tuple[IntArray, FloatArray]:
        """Sites within reach of site ``i``, ascending, and their kilometres."""
        if len(self) <= FEW_SITES:
            return self.plain.of(i)
        row = self.searches.row(int(self.access.node[i]), self._route_km)
        return self._within(i, *self._row(i, row, self.limit_km))

    def rows(self, sites: Iterable[int]) -> Iterator[tuple[IntArray, FloatArray]]:
        """What `of` gives, for several sites; their routes are searched in parallel."""
        positions = [int(i) for i in sites]
        nodes = [int(self.access.node[i]) for i in positions]
        found = self.searches.rows(nodes, self._route_km)
        for i, row in zip(positions, found, strict=True):
            yield self._within(i, *self._row(i, row, self.limit_km))

    def prepare(self, sites: Iterable[int]) -> None:
        """Search the routes of several sites in parallel, before `of` asks for one by one."""
        if len(self) <= FEW_SITES:
            # These are held together once one is asked for.
            return
        nodes = [int(self.access.node[i]) for i in sites]
        for _ in self.searches.rows(nodes, self._route_km):
            pass

    def around(self, sites: Iterable[int], km: float) -> Iterator[tuple[IntArray, FloatArray]]:
        """Sites within any kilometres of each of several sites, themselves included.

        Neither the limit nor the parts of the reach matter. A pair at the very end may be missing
        or there.
        """
        positions = [int(i) for i in sites]
        nodes = [int(self.access.node[i]) for i in positions]
        for i, row in zip(positions, self.searches.rows(nodes, km), strict=True):
            others, away_km = self._row(i, row, km)
            at = int(np.searchsorted(others, i))
            yield np.insert(others, at, i), np.insert(away_km, at, 0.0)

    def _within(self, i: int, sites: IntArray, km: FloatArray) -> tuple[IntArray, FloatArray]:
        for at in np.flatnonzero(km > self.limit_km - MARGIN_KM):
            km[at] = self.km_between(i, int(sites[at]))
        held = km <= self.limit_km
        if self.part is not None:
            held &= self.part[sites] == self.part[i]
        return sites[held], km[held]

    def km_between(self, i: int, j: int) -> float:
        """Kilometres [km] between two sites; ``inf`` beyond reach, 0 from a site to itself."""
        if i == j:
            return 0.0
        if self.part is not None and self.part[i] != self.part[j]:
            return float(np.inf)
        low, high = sorted((int(self.access.node[i]), int(self.access.node[j])))
        nodes, route_km = self.searches.row(low, self._route_km)
        at = int(np.searchsorted(nodes, high))
        if at == len(nodes) or nodes[at] != high:
            return float(np.inf)
        km = float((self.access.km[i] + self.access.km[j]) + route_km[at])
        return km if km <= self.limit_km else float(np.inf)

    @cached_property
    def neighbours(self) -> IntArray:
        """``(sites,)`` number of other sites within reach of each."""
        if len(self) <= FEW_SITES:
            return self.plain.neighbours
        return np.array([len(others) for others, _ in self.rows(range(len(self)))], np.int64)

    @property
    def pairs(self) -> int:
        """Number of unordered pairs within the limit."""
        return int(self.neighbours.sum()) // 2

    @property
    def component(self) -> IntArray:
        """``(sites,)`` number of the part of the fiber graph that each site joins."""
        return self.searches.graph.component[self.access.node]

    # Others of its kind ---------------------------------------------------------------------

    def take(self, sites: IntArray) -> RoutedReach:
        """The reach among some of the sites, each named once, in the order given."""
        part = None if self.part is None else self.part[sites]
        return RoutedReach(self.searches, self.access.take(sites), self.limit_km, part)

    def within(self, limit_km: float) -> RoutedReach:
        """The same sites with a shorter limit [km].

        Raises
        ------
        ValueError
            When the limit is longer than this reach's own.
        """
        if limit_km > self.limit_km:
            raise ValueError(f"pairs are held up to {self.limit_km} km, not up to {limit_km} km")
        if limit_km == self.limit_km:
            return self
        return RoutedReach(self.searches, self.access, limit_km, self.part)

    def of_one_part(self, part: IntArray) -> RoutedReach:
        """The pairs whose sites are of one part: ``(sites,)`` the number of the part of each."""
        if self.part is not None:
            both = np.column_stack((self.part, part))
            parts, part = np.unique(both, axis=0, return_inverse=True)
            if len(parts) == len(np.unique(self.part)):
                # Nothing is told apart that was not: what is known of the pairs stays.
                return self
        return RoutedReach(self.searches, self.access, self.limit_km, part.ravel())

    def dense(self) -> FloatArray:
        """``(sites, sites)`` kilometres; ``inf`` beyond reach, 0 on the diagonal. Small n only."""
        return self.plain.dense()

    def adjacency(self) -> NDArray[np.bool_]:
        """``(sites, sites)`` pairs within reach, each site with itself. Some thousands at most."""
        return self.plain.adjacency()
