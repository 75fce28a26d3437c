"""A plan as layers of a map: GeoDataFrames of its campuses, links, clusters and zones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from shapely import LineString, MultiLineString, MultiPoint, MultiPolygon, Polygon

from siting.distances import join_sites
from siting.fiber import Access, find_routes
from siting.fiber.reach import FloatArray
from siting.report.antimeridian import cut_area, draw_line, unwrap_around
from siting.report.geojson import to_json_value

if TYPE_CHECKING:
    from siting.plan import Plan
    from siting.world import World

KM_PER_DEGREE = 111.195
"""Length of a degree of latitude on the mean sphere [km/degree]."""

MARGIN_KM = 10.0
"""Radius [km] of the circle drawn around a cluster's only campus or its line of campuses."""


@dataclass(frozen=True, eq=False)
class Layers:
    """A plan as GeoDataFrames in EPSG:4326, with the columns that the GeoJSON files have.

    Parameters
    ----------
    campuses
        Points; the other columns of the sites table follow those of the plan.
    links
        Lines along the fiber route, accesses from the sites to the fiber included.
    clusters
        Polygons: the hull of the campuses, a buffered line for two, a circle for one.
    zones
        Polygons of the zones that the plan draws from.
    """

    campuses: gpd.GeoDataFrame
    links: gpd.GeoDataFrame
    clusters: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame


def to_geodataframes(plan: Plan, world: World) -> Layers:
    """Turn a plan into layers of a map.

    Parameters
    ----------
    plan
        The plan to draw.
    world
        The world that the plan was made on: it holds the shapes of zones and fiber.
    """
    return Layers(
        campuses=_campuses(plan, world),
        links=_links(plan, world),
        clusters=_clusters(plan),
        zones=_zones(plan, world),
    )


def _campuses(plan: Plan, world: World) -> gpd.GeoDataFrame:
    pairs = [(cluster, campus) for cluster in plan.clusters for campus in cluster.campuses]
    campuses = [campus for _, campus in pairs]
    ids = [campus.site for campus in campuses]
    columns: dict[str, list[Any]] = {
        "id": ids,
        "cluster": [cluster.id for cluster, _ in pairs],
        "draw_mw": [campus.draw_mw for campus in campuses],
        "it_mw": [campus.it_mw for campus in campuses],
        "zone": [campus.zone for campus in campuses],
        "utility": [campus.utility for campus in campuses],
        "region": [campus.region for campus in campuses],
        "price_usd_per_mwh": [campus.price_usd_per_mwh for campus in campuses],
        "cost_musd_per_year": [campus.cost_musd_per_year for campus in campuses],
        "clean_fraction": [campus.clean_fraction for campus in campuses],
    }
    columns |= _passed_through(world.sites, ids, columns, prefix="site_")
    shapes = [shapely.Point(campus.lon, campus.lat) for campus in campuses]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)


def _links(plan: Plan, world: World) -> gpd.GeoDataFrame:
    pairs = [(cluster, link) for cluster in plan.clusters for link in cluster.links]
    links = [link for _, link in pairs]
    columns = {
        "cluster": [cluster.id for cluster, _ in pairs],
        "from": [link.from_site for link in links],
        "to": [link.to_site for link in links],
        "km": [link.km for link in links],
        "delay_ms": [link.delay_ms for link in links],
        "rtt_ms": [link.rtt_ms for link in links],
        "tier": [link.tier for link in links],
        "amplifier_sites": [link.amplifier_sites for link in links],
        "pairs": [link.pairs for link in links],
        "pairs_musd": [link.pairs_musd for link in links],
        "spans": [list(link.spans) for link in links],
    }
    return gpd.GeoDataFrame(columns, geometry=_draw_links(plan, world), crs=4326)


def _clusters(plan: Plan) -> gpd.GeoDataFrame:
    clusters = plan.clusters
    columns = {
        "cluster": [cluster.id for cluster in clusters],
        "draw_mw": [cluster.draw_mw for cluster in clusters],
        "it_mw": [cluster.it_mw for cluster in clusters],
        "campuses": [[campus.site for campus in cluster.campuses] for cluster in clusters],
        "utilities": [list(cluster.utilities) for cluster in clusters],
        "max_fiber_km": [cluster.max_fiber_km for cluster in clusters],
        "clean_fraction": [cluster.clean_fraction for cluster in clusters],
        "cost_musd_per_year": [cluster.cost_musd_per_year for cluster in clusters],
    }
    shapes = [
        draw_extent(np.array([[campus.lon, campus.lat] for campus in cluster.campuses]))
        for cluster in clusters
    ]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)


def _zones(plan: Plan, world: World) -> gpd.GeoDataFrame:
    zones = plan.zones
    ids = [zone.id for zone in zones]
    columns: dict[str, list[Any]] = {
        "id": ids,
        "utility": [zone.utility for zone in zones],
        "headroom_mw": [zone.headroom_mw for zone in zones],
        "used_mw": [zone.used_mw for zone in zones],
        "left_mw": [zone.headroom_mw - zone.used_mw for zone in zones],
    }
    columns |= _passed_through(world.zones, ids, columns, prefix="zone_")
    shapes = world.zones.set_index("id").geometry.loc[ids].tolist()
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)


def _passed_through(
    table: gpd.GeoDataFrame, ids: Sequence[str], columns: dict[str, list[Any]], *, prefix: str
) -> dict[str, list[Any]]:
    """Columns of a table that the plan does not have, for some ids, under names still free.

    A column of the plan's name that says the same is left out, and so is one whose blanks the
    plan has filled (a site's price from its zone, say). One that says something else stays, with
    a prefix.
    """
    rows = table.set_index("id").loc[list(ids)]
    names = [str(name) for name in rows.columns if name != rows.geometry.name]
    used = {*columns, *names, "geometry"}
    passed: dict[str, list[Any]] = {}
    for name in names:
        values = rows[name].tolist()
        free = name
        if name in columns:
            said = [to_json_value(value) for value in values]
            stated = [to_json_value(value) for value in columns[name]]
            if all(a is None or a == b for a, b in zip(said, stated, strict=True)):
                continue
            while free in used:
                free = prefix + free
            used.add(free)
        passed[free] = values
    return passed


def _draw_links(plan: Plan, world: World) -> list[LineString | MultiLineString]:
    """Lines of all links in the order of the plan: site, where it joins, spans, and back."""
    position = {site: k for k, site in enumerate(world.sites["id"])}
    pairs = [
        (position[link.from_site], position[link.to_site])
        for cluster in plan.clusters
        for link in cluster.links
    ]
    if not pairs:
        return []
    joined = join_sites(world)
    graph = joined.graph
    place_of = {
        campus.site: np.array([[campus.lon, campus.lat]])
        for cluster in plan.clusters
        for campus in cluster.campuses
    }
    nodes = np.column_stack((graph.lon, graph.lat))
    span_of = {span: k for k, span in enumerate(graph.span_ids)}
    routes = find_routes(graph, Access(joined.node, joined.away_km), pairs)
    lines = []
    for route in routes:
        here, there = (place_of[world.sites["id"].iloc[site]] for site in route.sites)
        parts = [here, nodes[[route.nodes[0]]]]
        for before, node, span in zip(route.nodes, route.nodes[1:], route.span_ids, strict=False):
            parts += [graph.line_from(span_of[span], before), nodes[[node]]]
        parts.append(there)
        lines.append(draw_line(np.concatenate(parts)))
    return lines


def draw_extent(positions: FloatArray) -> Polygon | MultiPolygon:
    """Draw an area around campuses: their hull, or a margin around a line or a point of them.

    An area that crosses the antimeridian is in two parts.

    Parameters
    ----------
    positions
        ``(campuses, 2)`` WGS 84 longitudes and latitudes [degrees].
    """
    positions = unwrap_around(positions)
    hull = MultiPoint(positions).convex_hull
    if isinstance(hull, Polygon):
        return cut_area(hull)
    # A margin in kilometres needs degrees that are as long as they are wide: at these latitudes.
    km_per_degree = KM_PER_DEGREE * np.array(
        [math.cos(math.radians(float(positions[:, 1].mean()))), 1.0]
    )
    hull_km = shapely.transform(hull, lambda degrees: degrees * km_per_degree)
    around_km = hull_km.buffer(MARGIN_KM, quad_segs=8)
    assert isinstance(around_km, Polygon)
    return cut_area(shapely.transform(around_km, lambda km: km / km_per_degree))
