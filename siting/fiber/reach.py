"""Kilometres by fiber between the pairs of sites that are within reach of each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Reach:
    """Kilometres by fiber between sites, sparse: pairs beyond the limit are not held.

    Compressed rows, symmetric, without the diagonal, columns ascending in each row.
    A pair that is held may be 0 km long.

    Parameters
    ----------
    limit_km
        The limit [km] within which pairs are held; a pair that is not held is longer.
    indptr
        ``(sites + 1,)``; row ``i`` is the slice ``indptr[i]:indptr[i + 1]``.
    indices
        ``(pairs,)`` positions of the other site.
    km
        ``(pairs,)`` kilometres by fiber, accesses included [km].
    """

    limit_km: float
    indptr: IntArray
    indices: IntArray
    km: FloatArray

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def pairs(self) -> int:
        """Number of unordered pairs within the limit."""
        return len(self.indices) // 2

    @property
    def neighbours(self) -> IntArray:
        """``(sites,)`` number of other sites within reach of each."""
        return np.diff(self.indptr)

    def of(self, i: int) -> tuple[IntArray, FloatArray]:
        """Sites within reach of site ``i``, ascending, and their kilometres."""
        row = slice(self.indptr[i], self.indptr[i + 1])
        return self.indices[row], self.km[row]

    def rows(self, sites: Iterable[int]) -> Iterator[tuple[IntArray, FloatArray]]:
        """What `of` gives, for several sites."""
        for i in sites:
            yield self.of(int(i))

    def km_between(self, i: int, j: int) -> float:
        """Kilometres [km] between two sites; ``inf`` beyond reach, 0 from a site to itself."""
        if i == j:
            return 0.0
        others, km = self.of(i)
        at = int(np.searchsorted(others, j))
        return float(km[at]) if at < len(others) and others[at] == j else float(np.inf)

    def dense(self) -> FloatArray:
        """``(sites, sites)`` kilometres; ``inf`` beyond reach, 0 on the diagonal. Small n only."""
        n = len(self)
        km = np.full((n, n), np.inf)
        np.fill_diagonal(km, 0.0)
        km[np.repeat(np.arange(n), np.diff(self.indptr)), self.indices] = self.km
        return km

    def adjacency(self) -> NDArray[np.bool_]:
        """``(sites, sites)`` pairs within reach, each site with itself. Some thousands at most."""
        n = len(self)
        within = np.eye(n, dtype=np.bool_)
        within[np.repeat(np.arange(n), np.diff(self.indptr)), self.indices] = True
        return within

    @classmethod
    def from_dense(cls, km: FloatArray, limit_km: float) -> Reach:
        """From a ``(sites, sites)`` matrix of kilometres, ``inf`` where there is no route."""
        held = (km <= limit_km) & np.isfinite(km)
        np.fill_diagonal(held, False)
        rows, columns = np.nonzero(held)
        indptr = np.searchsorted(rows, np.arange(len(km) + 1)).astype(np.int64)
        return cls(limit_km, indptr, columns.astype(np.int64), km[rows, columns])

    @cached_property
    def component(self) -> IntArray:
        """``(sites,)`` number of the part of each site that pairs within the limit connect."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        n = len(self)
        pairs = csr_array((np.ones(len(self.indices)), self.indices, self.indptr), shape=(n, n))
        return np.asarray(connected_components(pairs, directed=False)[1], np.int64)

    def take(self, sites: IntArray) -> Reach:
        """The reach among some of the sites, each named once, in the order given."""
        position = np.full(len(self), -1, dtype=np.int64)
        position[sites] = np.arange(len(sites))
        starts, ends = self.indptr[sites], self.indptr[sites + 1]
        lengths = ends - starts
        # Entry numbers of all rows taken, one row after the other.
        row_starts = np.cumsum(lengths) - lengths
        entries = np.arange(lengths.sum()) + np.repeat(starts - row_starts, lengths)
        rows = np.repeat(np.arange(len(sites)), lengths)
        columns, km = position[self.indices[entries]], self.km[entries]
        held = columns >= 0
        rows, columns, km = rows[held], columns[held], km[held]
        if np.any(np.diff(sites) < 0):
            order = np.lexsort((columns, rows))
            rows, columns, km = rows[order], columns[order], km[order]
        indptr = np.searchsorted(rows, np.arange(len(sites) + 1)).astype(np.int64)
        return Reach(self.limit_km, indptr, columns, km)

    def prepare(self, sites: Iterable[int]) -> None:
        """Make ready what `of` is asked for several sites next; here it is there already."""

    def within(self, limit_km: float) -> Reach:
        """The same sites with a shorter limit [km].

        Raises
        ------
        ValueError
            When the limit is longer than this reach's own: pairs between the two are not held.
        """
        if limit_km > self.limit_km:
            raise ValueError(f"pairs are held up to {self.limit_km} km, not up to {limit_km} km")
        if limit_km == self.limit_km:
            return self
        return replace(self.only(self.km <= limit_km), limit_km=limit_km)

    def of_one_part(self, part: IntArray) -> Reach:
        """The pairs whose sites are of one part: ``(sites,)`` the number of the part of each."""
        site = np.repeat(np.arange(len(self)), np.diff(self.indptr))
        held = part[site] == part[self.indices]
        return self if held.all() else self.only(held)

    def only(self, held: NDArray[np.bool_]) -> Reach:
        """Some of the pairs: ``(pairs,)`` a mask that is the same for both directions of a pair."""
        rows = np.repeat(np.arange(len(self)), np.diff(self.indptr))[held]
        indptr = np.searchsorted(rows, np.arange(len(self) + 1)).astype(np.int64)
        return Reach(self.limit_km, indptr, self.indices[held], self.km[held])
