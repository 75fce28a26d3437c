"""How the sites of a world lie to each other by fiber: where world and fiber meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from siting.arcs import TIE_KM, Places, nearest_places
from siting.errors import InputError, Problem
from siting.fiber import Access, FiberGraph, Reach, RoutedReach, cached_reach
from siting.fiber.graph import Drawn, nearest_nodes, rank_ids
from siting.fiber.reach import FloatArray, IntArray
from siting.model import Model
from siting.sphere import great_circle_km, on_sphere_km
from siting.world.spans import Cuts, Spans

if TYPE_CHECKING:
    from siting.world import World


ROUTED_SITES = 5_000
"""Between more sites than this, routes are searched for when they are asked for."""

END_KM = 0.001
"""A site that joins a span so close to its end joins that end [km]: 1 m."""

SAME_FACTOR = 6
"""Kilometres of spans for each of their lines that are equal to so many decimals are equal."""


@dataclass(frozen=True, eq=False)
class Distances:
    """Sites on the fiber graph, and the kilometres between them.

    Parameters
    ----------
    site_ids
        ``(I,)`` ids of the sites.
    graph
        The fiber graph.
    access
        How the sites join it.
    reach
        Kilometres between the sites.
    """

    site_ids: tuple[str, ...]
    graph: FiberGraph
    access: Access
    reach: Reach

    @property
    def component(self) -> IntArray:
        """``(I,)`` number of the connected part of the fiber that each site joins; 0 is largest."""
        return self.graph.component[self.access.node]

    def take(self, site_ids: Sequence[str]) -> Distances:
        """The same among some of the sites, in the order given."""
        if tuple(site_ids) == self.site_ids:
            return self
        position = {site: i for i, site in enumerate(self.site_ids)}
        sites = np.array([position[site] for site in site_ids], np.int64)
        return Distances(
            tuple(site_ids), self.graph, self.access.take(sites), self.reach.take(sites)
        )


def reach_of(model: Model, world: World) -> Distances:
    """Kilometres by fiber between the sites of a world, up to the model's ``max_fiber_km``.

    They come from the cache where a model with the same sites, fiber and limit was asked before.
    Between more than `ROUTED_SITES` sites they are routed when they are asked for.

    Parameters
    ----------
    model
        Gives ``world.route_factor`` and ``cluster.max_fiber_km``.
    world
        Gives sites and fiber.
    """
    joined = join_sites(world)
    access = Access(joined.node, joined.away_km * model.world.route_factor)
    limit_km = model.cluster.max_fiber_km
    reach: Reach
    if len(access) > ROUTED_SITES:
        reach = RoutedReach.of_graph(
            joined.graph, access, limit_km=limit_km, threads=model.solver.threads
        )
    else:
        reach = cached_reach(joined.graph, access, limit_km=limit_km)
    return Distances(world.plain("sites").ids, joined.graph, access, reach)


# --- Where sites join ---------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Joined:
    """The fiber of a world with its sites.

    Parameters
    ----------
    graph
        The fiber graph, its spans cut where sites join them.
    node, away_km
        ``(I,)`` the node that each site joins, and the great circle to it [km].
    between
        How many sites join a span between its ends.
    """

    graph: FiberGraph
    node: IntArray
    away_km: FloatArray
    between: int


_JOINED: WeakKeyDictionary[World, Joined] = WeakKeyDictionary()


def join_sites(world: World) -> Joined:
    """Join each site of a world to the nearest place of its fiber.

    A place is a node or anywhere on the line of a span, which is cut there: it becomes two spans
    that share the kilometres of the one by the length of their lines. Within 1 mm a node is nearer
    than a place between nodes, and the lowest id wins. Of spans that are drawn over each other the
    one of the fewest kilometres for its line is joined, and of such the first by id. A place within
    1 m of an end of a span is that end, and sites that join at one place share its node.

    Raises
    ------
    InputError
        When there are sites, but no fiber.
    """
    if world not in _JOINED:
        sites = world.plain("sites")
        _JOINED[world] = _join(world, sites.lon, sites.lat)
    return _JOINED[world]


def graph_of(world: World) -> FiberGraph:
    """The fiber of a world as a graph, cut where its sites join it."""
    return join_sites(world).graph


def _join(world: World, lon: FloatArray, lat: FloatArray) -> Joined:
    spans = world.spans()
    if not len(lon):
        nothing = np.empty(0, np.int64)
        return Joined(_graph(world, spans), nothing, np.empty(0, np.float64), 0)
    if not spans.node_ids:
        what = "has no nodes, so no site can join it; give at least one span"
        raise InputError([Problem("fiber", what)])
    rank = rank_ids(spans.node_ids)
    node, away_km = nearest_nodes(lon, lat, spans.node_lon, spans.node_lat, rank)
    # A site at a node needs no look at the lines.
    apart = np.flatnonzero(away_km > TIE_KM)
    between = 0
    if len(apart):
        places = _nearest_on_spans(spans, lon[apart], lat[apart])
        nearer = np.flatnonzero(places.away_km < away_km[apart] - TIE_KM)
        places, site = places.take(nearer), apart[nearer]
        end = _end_of(spans, places)
        at_end = np.flatnonzero(end >= 0)
        # Lines may end a little beside the place of a node that has an id: another may be nearer.
        to_end_km = _through_km(spans, end[at_end], lon[site[at_end]], lat[site[at_end]])
        closer = to_end_km < away_km[site[at_end]]
        node[site[at_end[closer]]] = end[at_end[closer]]
        inside = np.flatnonzero(end < 0)
        between = len(inside)
        if between:
            spans, node[site[inside]] = _cut_at(spans, places.take(inside))
    here = (lon, lat, spans.node_lon[node], spans.node_lat[node])
    return Joined(_graph(world, spans), node, great_circle_km(*here), between)


def _nearest_on_spans(spans: Spans, lon: FloatArray, lat: FloatArray) -> Places:
    """The nearest place of each point on any span; of spans over each other that of the shortest.

    Spans that are drawn straight between the same nodes lie over each other, as do cables in one
    duct, and which of them has the lower id says nothing of where a site would join.
    """
    factor = spans.km / np.where(spans.lines.km > 0, spans.lines.km, np.inf)
    order = np.argsort(np.round(factor, SAME_FACTOR), kind="stable")
    places = nearest_places(spans.lines.take(order), lon, lat)
    return replace(places, line=order[places.line])


def _end_of(spans: Spans, places: Places) -> IntArray:
    """The node of the end of a span that a place is at, or -1 where it is between ends."""
    left_km = spans.lines.km[places.line] - places.along_km
    start, end = spans.start[places.line], spans.end[places.line]
    nearest = np.where(places.along_km <= left_km, start, end)
    return np.where(np.minimum(places.along_km, left_km) <= END_KM, nearest, -1)


def _through_km(spans: Spans, node: IntArray, lon: FloatArray, lat: FloatArray) -> FloatArray:
    """How far nodes are from points, straight through space [km]."""
    there = on_sphere_km(spans.node_lon[node], spans.node_lat[node])
    apart: FloatArray = np.linalg.norm(on_sphere_km(lon, lat) - there, axis=1)
    return apart


def _cut_at(spans: Spans, places: Places) -> tuple[Spans, IntArray]:
    """Cut spans at places on them; for each place the node there."""
    order = np.lexsort((places.along_km, places.line))
    line, along_km = places.line[order], places.along_km[order]
    # Places within 1 mm of the one before are the same.
    first = np.ones(len(order), np.bool_)
    first[1:] = (np.diff(line) != 0) | (np.diff(along_km) > TIE_KM)
    at = places.take(order[first])
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(first) - 1
    labels = [f"@{x:.7f},{y:.7f}" for x, y in zip(at.lon.tolist(), at.lat.tolist(), strict=True)]
    node = len(spans.node_ids) + np.arange(len(labels))
    spans = spans.with_nodes(labels, at.lon, at.lat)
    return spans.cut(Cuts(at.line, at.along_km, at.lon, at.lat, node)), node[number]


def _graph(world: World, spans: Spans) -> FiberGraph:
    return FiberGraph.from_spans(
        ids=spans.ids,
        start=spans.start,
        end=spans.end,
        km=spans.km,
        node_ids=spans.node_ids,
        node_lon=spans.node_lon,
        node_lat=spans.node_lat,
        drawn=Drawn(
            lines=spans.lines,
            row_ids=[spans.row_ids[row] for row in spans.row.tolist()],
            free=world.free_spans[spans.row],
            snap_m=world.fiber_snap_m,
        ),
    )
