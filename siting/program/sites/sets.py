"""Sets of sites in flat arrays (compressed sparse rows), for arithmetic on many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from siting.case import BoolArray, Case
from siting.fiber.reach import FloatArray, IntArray
from siting.program.sites.neighbourhoods import neighbourhood

CHUNK_ENTRIES = 1_000_000
"""Sites of neighbourhoods whose bounds are computed at once; bounds the memory."""

PREPARED = 1_000
"""Neighbourhoods whose routes are searched for at once."""

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Rows:
    """Sets of sites, one a row: ragged, in flat arrays.

    Parameters
    ----------
    count
        Number of rows; a row may be empty.
    row, site
        ``(entries,)`` number of the row and position of the site, rows ascending.
    """

    count: int
    row: IntArray
    site: IntArray

    @classmethod
    def of(cls, sets: Sequence[IntArray]) -> Rows:
        """From one array of positions a row."""
        lengths = [len(sites) for sites in sets]
        row = np.repeat(np.arange(len(sets)), lengths)
        return cls(len(sets), row, np.concatenate(sets) if len(sets) else row)

    @classmethod
    def all_of(cls, sites: int) -> Rows:
        """One row with all sites."""
        return cls(1, np.zeros(sites, dtype=np.int64), np.arange(sites))

    @classmethod
    def true_in(cls, members: BoolArray) -> Rows:
        """From a ``(rows, n)`` mask."""
        row, site = np.nonzero(members)
        return cls(len(members), row, site)

    def ordered(self, order: IntArray) -> Rows:
        """The same sets, each in a given order of the sites."""
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        by = np.argsort(self.row * len(order) + rank[self.site], kind="stable")
        return Rows(self.count, self.row[by], self.site[by])

    def total(self, values: FloatArray) -> FloatArray:
        """``(rows,)`` sums of a value for each entry."""
        return np.bincount(self.row, weights=values, minlength=self.count).astype(np.float64)


def sum_before(group: IntArray, values: FloatArray) -> FloatArray:
    """For each entry, the sum of the earlier entries of its group; groups are contiguous."""
    if len(values) == 0:
        return values
    upto = np.cumsum(values)
    first = np.concatenate(([True], group[1:] != group[:-1]))
    starts = np.flatnonzero(first)
    offset = (upto - values)[starts]
    before = upto - values - np.repeat(offset, np.diff(np.append(starts, len(values))))
    return np.maximum(before, 0.0)


def chunks(case: Case, anchors: IntArray) -> Iterator[tuple[IntArray, Rows]]:
    """Neighbourhoods of some anchors at a time, and the anchors' places among all."""

    def neighbourhoods() -> Iterator[tuple[int, IntArray]]:
        for place, h in enumerate(anchors.tolist()):
            if place % PREPARED == 0:
                case.reach.prepare(anchors[place : place + PREPARED])
            yield place, neighbourhood(case, h)

    for places, rows in in_batches(neighbourhoods()):
        yield np.array(places), rows


def in_batches(sets: Iterable[tuple[T, IntArray]]) -> Iterator[tuple[list[T], Rows]]:
    """Sets of sites as rows, some at a time, each with what it belongs to."""
    owners: list[T] = []
    rows: list[IntArray] = []
    entries = 0
    for owner, sites in sets:
        owners.append(owner)
        rows.append(sites)
        entries += len(sites)
        if entries >= CHUNK_ENTRIES:
            yield owners, Rows.of(rows)
            owners, rows, entries = [], [], 0
    if owners:
        yield owners, Rows.of(rows)
