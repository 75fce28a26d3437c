"""The fiber as numbers: spans between nodes, the line of each, and cutting them at places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from siting.arcs import TIE_KM, Lines
from siting.sphere import FloatArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cuts:
    """Where spans are cut in two.

    Parameters
    ----------
    span
        Which span each cut is of.
    along_km
        Length of its line up to the cut [km].
    lon, lat
        The place on its line [degrees].
    node
        Position of the node that the span joins there.
    """

    span: IntArray
    along_km: FloatArray
    lon: FloatArray
    lat: FloatArray
    node: IntArray

    def __len__(self) -> int:
        return len(self.span)

    def take(self, cuts: IntArray | NDArray[np.bool_]) -> Cuts:
        """Some of the cuts, in the order given."""
        return Cuts(
            self.span[cuts],
            self.along_km[cuts],
            self.lon[cuts],
            self.lat[cuts],
            self.node[cuts],
        )

    def followed_by(self, others: Cuts) -> Cuts:
        """These cuts, and others after them."""
        return Cuts(
            *(
                np.concatenate((getattr(self, name), getattr(others, name)))
                for name in ("span", "along_km", "lon", "lat", "node")
            )
        )


@dataclass(frozen=True, eq=False)
class Spans:
    """The fiber as numbers.

    A row of the table is one span, or several where it is cut: where another span or a site joins
    it between its ends. The parts of a row follow each other along its line.

    Parameters
    ----------
    ids
        ``(S,)`` ids of the spans, sorted as their rows are. A row that is not cut has its own id;
        the parts of another are called ``s1 (part 2 of 3)``.
    start, end
        ``(S,)`` positions of their nodes in ``node_ids``.
    km
        ``(S,)`` lengths [km].
    node_ids, node_lon, node_lat
        ``(N,)`` ids of the nodes and their WGS 84 positions [degrees].
    row, row_ids
        ``(S,)`` row of the table that each is a part of, and the ids of all rows.
    lines
        Their lines.
    """

    ids: tuple[str, ...]
    start: IntArray
    end: IntArray
    km: FloatArray
    node_ids: tuple[str, ...]
    node_lon: FloatArray
    node_lat: FloatArray
    row: IntArray
    row_ids: tuple[str, ...]
    lines: Lines

    @cached_property
    def piece(self) -> IntArray:
        """``(N,)`` number of the connected piece of the fiber of each node."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        n = len(self.node_ids)
        joined = coo_array((np.ones(len(self.start)), (self.start, self.end)), shape=(n, n))
        return np.asarray(connected_components(joined, directed=False)[1], np.int64)

    def with_nodes(self, labels: Sequence[str], lon: FloatArray, lat: FloatArray) -> Spans:
        """The same spans and some more nodes after the others; their ids are made unique."""
        known = set(self.node_ids)
        added = []
        for label in labels:
            name, again = label, 1
            while name in known:
                again += 1
                name = f"{label}#{again}"
            known.add(name)
            added.append(name)
        return Spans(
            self.ids,
            self.start,
            self.end,
            self.km,
            (*self.node_ids, *added),
            np.concatenate((self.node_lon, lon)),
            np.concatenate((self.node_lat, lat)),
            self.row,
            self.row_ids,
            self.lines,
        )

    def cut(self, cuts: Cuts) -> Spans:
        """Cut spans in two where they join nodes between their ends.

        The kilometres of a span are shared out by the length of its line in each part. A cut at
        the very end of a line makes a part of 0 km, if it joins another node than the end's.
        """
        km = self.lines.km
        along_km = np.clip(cuts.along_km, 0.0, km[cuts.span])
        at_start = (along_km <= TIE_KM) & (cuts.node == self.start[cuts.span])
        at_end = (km[cuts.span] - along_km <= TIE_KM) & (cuts.node == self.end[cuts.span])
        kept = np.flatnonzero(~(at_start | at_end))
        order = kept[np.lexsort((cuts.node[kept], along_km[kept], cuts.span[kept]))]
        cuts, along_km = cuts.take(order), along_km[order]
        if not len(cuts):
            return self
        # Boundaries of parts: the starts of spans, and cuts, along each span.
        count = 1 + np.bincount(cuts.span, minlength=len(self.start))
        span = np.repeat(np.arange(len(count)), count)
        is_cut = np.ones(len(span), np.bool_)
        is_cut[np.cumsum(count) - count] = False
        start, from_km = self.start[span], np.zeros(len(span))
        start[is_cut], from_km[is_cut] = cuts.node, along_km
        last = np.r_[is_cut[1:] == False, True]  # noqa: E712 - element by element
        end, to_km = np.roll(start, -1), np.roll(from_km, -1)
        end[last], to_km[last] = self.end, km
        share = (to_km - from_km) / np.where(km > 0, km, 1.0)[span]
        # What no cut touches keeps its kilometres to the last bit.
        whole = count[span] == 1
        part_km = np.where(whole, self.km[span], self.km[span] * share)
        row = self.row[span]
        return Spans(
            ids=name_parts(self.row_ids, row),
            start=start,
            end=end,
            km=part_km,
            node_ids=self.node_ids,
            node_lon=self.node_lon,
            node_lat=self.node_lat,
            row=row,
            row_ids=self.row_ids,
            lines=_cut_lines(self.lines, cuts, along_km),
        )


def name_parts(row_ids: tuple[str, ...], row: IntArray) -> tuple[str, ...]:
    """Ids of spans: that of their row, and which part of it they are if it has several."""
    count = np.bincount(row, minlength=len(row_ids))
    if (count == 1).all():
        return row_ids
    number = np.arange(len(row)) - (np.cumsum(count) - count)[row] + 1
    taken = set(row_ids)
    ids = []
    for r, part, parts in zip(row.tolist(), number.tolist(), count[row].tolist(), strict=True):
        name = row_ids[r]
        if parts > 1:
            name = f"{name} (part {part} of {parts})"
            while name in taken:
                name += "'"
        ids.append(name)
    return tuple(ids)


def _cut_lines(lines: Lines, cuts: Cuts, along_km: FloatArray) -> Lines:
    """Lines of the parts: a cut is the last position of one and the first of the next."""
    places, twice = np.column_stack((cuts.lon, cuts.lat)), np.repeat(np.arange(len(cuts)), 2)
    positions = np.concatenate((lines.positions, places[twice]))
    line = np.concatenate((lines.line, cuts.span[twice]))
    along = np.concatenate((lines.along_km, along_km[twice]))
    # At one length the first position comes first, then cuts, then other positions.
    turn = np.full(len(positions), len(cuts) * 2 + 1)
    turn[lines.first[:-1]] = 0
    turn[len(lines.positions) :] = 1 + np.arange(2 * len(cuts))
    along[lines.first[1:] - 1] = np.inf
    order = np.lexsort((turn, along, line))
    begins = np.zeros(len(positions), np.bool_)
    begins[lines.first[:-1]] = True
    begins[len(lines.positions) + 1 :: 2] = True
    first = np.append(np.flatnonzero(begins[order]), len(positions))
    return Lines(positions[order], first)
