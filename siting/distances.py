"""How the sites of a world lie to each other by fiber: where world and fiber meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siting.fiber import Access, FiberGraph, Reach, RoutedReach, access_of, cached_reach
from siting.fiber.reach import IntArray
from siting.model import Model

if TYPE_CHECKING:
    from siting.world import World


ROUTED_SITES = 5_000
"""Between more sites than this, routes are searched for when they are asked for."""


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
    graph = graph_of(world)
    points = world.sites.geometry
    lon, lat = np.asarray(points.x, np.float64), np.asarray(points.y, np.float64)
    access = access_of(graph, lon, lat, route_factor=model.world.route_factor)
    limit_km = model.cluster.max_fiber_km
    reach: Reach
    if len(access) > ROUTED_SITES:
        reach = RoutedReach.of_graph(graph, access, limit_km=limit_km, threads=model.solver.threads)
    else:
        reach = cached_reach(graph, access, limit_km=limit_km)
    return Distances(tuple(world.sites["id"]), graph, access, reach)


def graph_of(world: World) -> FiberGraph:
    """The fiber of a world as a graph."""
    spans = world.spans()
    return FiberGraph.from_spans(
        ids=spans.ids,
        start=spans.start,
        end=spans.end,
        km=spans.km,
        node_ids=spans.node_ids,
        node_lon=spans.node_lon,
        node_lat=spans.node_lat,
    )
