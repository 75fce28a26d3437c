"""The world as a value: zones, sites, fiber and supply that passed every check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from siting.model import WorldSection
from siting.notices import Notice
from siting.sphere import FloatArray, great_circle_km, on_sphere_km
from siting.world.check import line_ends

IntArray = NDArray[np.int64]

SNAP_KM = 0.001
"""Ends of spans without node ids are one node when they are this close [km]: 1 m."""


@dataclass(frozen=True)
class DataSource:
    """Where the content of a world comes from, and under which licence."""

    name: str
    version: str = ""
    package: str = ""
    licence: str = ""
    attribution: str = ""
    used_for: str = ""


@dataclass(frozen=True)
class LeftOut:
    """Rows that are read but take no part.

    Parameters
    ----------
    by
        The key of the model that leaves them out, with its value, such as
        ``world.min_kv = 230``; or what else does, such as ``in no zone``.
    table, rows, mw
        Of which table, how many, and what they could draw or yield [MW].
    """

    by: str
    table: str
    rows: int
    mw: float


@dataclass(frozen=True, eq=False)
class Spans:
    """The fiber as numbers.

    Parameters
    ----------
    ids
        ``(S,)`` ids of the spans, sorted.
    start, end
        ``(S,)`` positions of their nodes in ``node_ids``.
    km
        ``(S,)`` lengths [km].
    node_ids, node_lon, node_lat
        ``(N,)`` ids of the nodes, sorted, and their WGS 84 positions [degrees].
    """

    ids: tuple[str, ...]
    start: IntArray
    end: IntArray
    km: FloatArray
    node_ids: tuple[str, ...]
    node_lon: FloatArray
    node_lat: FloatArray


@dataclass(frozen=True, eq=False)
class World:
    """What exists, as far as the model keeps it; made by `read_world`.

    Tables are sorted by id and in WGS 84 degrees. They hold the columns that their files hold,
    and those that are worked out here.

    Parameters
    ----------
    name, title, caveat
        Short name; one line for people; a line that every report on this world shows, or None.
    sha256
        Fingerprint of the content of the tables as read, before anything was left out.
    sources
        Where the content comes from.
    sites
        Sites that the model keeps; ``zone``, ``utility``, ``region`` and ``interconnect`` filled
        in.
    zones
        Zones that the model keeps, with the zones that they lie in.
    fiber
        All spans.
    supply
        Plants, those of zones that are not kept among them; ``zone``, ``region``,
        ``interconnect``, ``clean``, ``capacity_factor`` and ``premium_usd_per_mwh`` filled in.
    outlines
        Outlines for maps, or None.
    route_factor
        Fiber km for each km of line, where a span has no km of its own [1].
    files
        The file of each table, as the model names it.
    dropped
        How many sites each filter of the model leaves out, by key; a site may be left out by
        several. ``world.zones``: sites of the base that lie in none of the model's own zones.
    left_out
        What the model's filters, and outlines, leave out: each row once, by the first of them.
    notices
        What was repaired, joined, taken or left otherwise than it stands in the files.
    asked
        The table ``world`` of the model that it was read for; None for a world made from values.
    """

    name: str
    title: str
    caveat: str | None
    sha256: str
    sources: tuple[DataSource, ...]
    sites: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    fiber: gpd.GeoDataFrame
    supply: gpd.GeoDataFrame
    outlines: gpd.GeoDataFrame | None
    route_factor: float
    files: Mapping[str, str] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    asked: WorldSection | None = None
    left_out: tuple[LeftOut, ...] = ()
    notices: tuple[Notice, ...] = ()

    def spans(self) -> Spans:
        """Give the fiber as numbers.

        A span has the length of its ``km``, else that of its line on the sphere times
        ``route_factor``. Its nodes are its ``from`` and ``to``; ends without them are joined to a
        named node within 1 m, else to each other.
        """
        return self._spans

    @cached_property
    def _spans(self) -> Spans:
        lines = self.fiber.geometry.to_numpy()
        ends = line_ends(lines)
        names = [_named_ends(self.fiber, column) for column in ("from", "to")]
        node_ids, node = _join_ends(
            np.concatenate(names), np.concatenate((ends[:, :2], ends[:, 2:]))
        )
        count = len(lines)
        # A node that has an id is where the first of its spans begins or ends.
        _, first = np.unique(node, return_index=True)
        places = np.concatenate((ends[:, :2], ends[:, 2:]))[first]
        km = _line_km(lines) * self.route_factor
        if "km" in self.fiber:
            given = self.fiber["km"].to_numpy(dtype=float)
            km = np.where(np.isnan(given), km, given)
        return Spans(
            ids=tuple(self.fiber["id"]),
            start=node[:count],
            end=node[count:],
            km=km,
            node_ids=node_ids,
            node_lon=places[:, 0],
            node_lat=places[:, 1],
        )


def _named_ends(fiber: gpd.GeoDataFrame, column: str) -> NDArray[np.object_]:
    if column not in fiber:
        return np.full(len(fiber), None, dtype=object)
    blank = fiber[column].isna().to_numpy()
    names = np.array([str(name) for name in fiber[column]], dtype=object)
    names[blank] = None
    return names


def _join_ends(names: NDArray[np.object_], places: FloatArray) -> tuple[tuple[str, ...], IntArray]:
    """Ids of the nodes, sorted, and for each end the position of its node among them."""
    labels = names.copy()
    blank = np.flatnonzero([name is None for name in names])
    named = np.flatnonzero([name is not None for name in names])
    if len(blank):
        at = on_sphere_km(*places.T)
        labels[blank] = _labels_by_place(places[blank], at[blank])
        if len(named):
            apart_km, nearest = KDTree(at[named]).query(at[blank])
            close = apart_km <= SNAP_KM
            labels[blank[close]] = names[named[nearest[close]]]
    ids, node = np.unique(labels.astype(str), return_inverse=True)
    return tuple(str(name) for name in ids), node.astype(np.int64)


def _labels_by_place(places: FloatArray, at: FloatArray) -> NDArray[np.object_]:
    """A label for each end, the same for ends that are within 1 m or linked by such steps."""
    pairs = KDTree(at).query_pairs(SNAP_KM, output_type="ndarray")
    near = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(at), len(at)))
    _, group = connected_components(near, directed=False)
    order = np.lexsort((places[:, 1], places[:, 0], group))
    _, first = np.unique(group[order], return_index=True)
    seat = places[order[first]]
    label = np.array([f"@{lon:.7f},{lat:.7f}" for lon, lat in seat], dtype=object)
    labels: NDArray[np.object_] = label[group]
    return labels


def _line_km(lines: NDArray[np.object_]) -> FloatArray:
    """Lengths of lines [km] along great circles between their positions."""
    positions, line = shapely.get_coordinates(lines, return_index=True)
    step_km = great_circle_km(*positions[:-1].T, *positions[1:].T)
    within = line[:-1] == line[1:]
    total = np.bincount(line[:-1][within], weights=step_km[within], minlength=len(lines))
    return total.astype(np.float64)
