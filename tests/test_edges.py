"""Edges stay where they were drawn, whatever the coordinate system; others are refused in words."""

from __future__ import annotations

import itertools
import sqlite3
import struct
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from drafts import Draft, as_frame

from siting import read_model, read_world, solve
from siting.errors import InputError
from siting.sphere import great_circle_km
from siting.world.reproject import BEND_M, WGS84, CannotTransformError, cut_edges, in_degrees
from siting.world.shapes import area_km2

# Where each system is at home: west, south, east, north [its unit].
SYSTEMS = {
    "EPSG:5070": (-1.5e6, 4e5, 1.5e6, 2.6e6),  # Albers of the US
    "EPSG:3857": (-1.4e7, -4e6, -7e6, 6e6),  # web Mercator, across the equator
    "EPSG:3978": (-2e6, -5e5, 2e6, 2e6),  # Lambert of Canada
    "EPSG:3338": (-2e6, 5e5, 1e6, 2e6),  # Albers of Alaska, across 180 degrees
    "EPSG:32614": (2e5, 3e6, 8e5, 5e6),  # UTM
    "EPSG:27700": (1e5, 1e5, 6e5, 9e5),  # British grid: two steps of datum
    "EPSG:31370": (3e4, 3e4, 2.8e5, 2.4e5),  # Belgian Lambert of 1972
    "EPSG:2193": (1.2e6, 4.8e6, 2e6, 6e6),  # New Zealand: northing comes first
    "EPSG:3034": (2.5e6, 1.5e6, 6e6, 3.5e6),  # Lambert of Europe: northing comes first
    "+proj=ob_tran +o_proj=longlat +o_lon_p=0 +o_lat_p=39.25 +lon_0=18": (-15, -15, 15, 15),
}


def tiled(west: float, south: float, east: float, north: float) -> list[shapely.Polygon]:
    """Two zones above with long edges, and five of uneven width below that touch them."""
    middle, split = south + 0.45 * (north - south), west + 0.6 * (east - west)
    marks = west + np.array([0.0, 0.13, 0.31, 0.5, 0.77, 1.0]) * (east - west)
    below = [shapely.box(a, south, b, middle) for a, b in itertools.pairwise(marks)]
    slope = (split, middle), (split + 0.1 * (east - west), north)
    return [
        shapely.Polygon([(west, middle), slope[0], slope[1], (west, north)]),
        shapely.Polygon([slope[0], (east, middle), (east, north), slope[1]]),
        *below,
    ]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda name: name[:12])
def test_random_points_lie_in_the_zone_of_their_own_system(system):
    zones = tiled(*SYSTEMS[system])
    frame = gpd.GeoDataFrame(geometry=zones, crs=system)
    degrees = in_degrees(frame)
    west, south, east, north = SYSTEMS[system]
    generator = np.random.default_rng(5)
    x, y = generator.uniform(west, east, 4000), generator.uniform(south, north, 4000)
    # As many again beside the borders, where the middle of a long edge moves by kilometres.
    border = shapely.union_all([zone.boundary for zone in zones])
    at = shapely.line_interpolate_point(border, generator.uniform(0, border.length, 4000))
    unit = 1.0 if abs(west) > 360 else 1 / 111_195
    near = shapely.get_coordinates(at) + generator.uniform(-3000, 3000, (4000, 2)) * unit
    x, y = np.concatenate((x, near[:, 0])), np.concatenate((y, near[:, 1]))
    to_degrees = pyproj.Transformer.from_crs(system, WGS84, always_xy=True)
    lon, lat = to_degrees.transform(x, y)
    sure = shapely.distance(border, shapely.points(x, y)) > 30 * BEND_M * unit
    for own, drawn in zip(zones, degrees.geometry, strict=True):
        inside = shapely.contains_xy(own, x, y)
        found = shapely.contains_xy(drawn, lon, lat)
        # A zone across 180 degrees goes on counting there.
        found |= shapely.contains_xy(drawn, lon - 360, lat)
        found |= shapely.contains_xy(drawn, lon + 360, lat)
        assert (inside == found)[sure].all()
    assert sure.sum() > 6000


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda name: name[:12])
def test_zones_that_touch_overlap_by_no_more_than_their_edges_may_bend(system):
    drawn = in_degrees(gpd.GeoDataFrame(geometry=tiled(*SYSTEMS[system]), crs=system))
    shapes = drawn.geometry.to_numpy()
    for k, one in enumerate(shapes):
        for other in shapes[k + 1 :]:
            common = area_km2(np.array([shapely.intersection(one, other)], dtype=object))[0]
            # Both sides of a border lie within a metre of where it was drawn.
            border_km = 111.2 * min(one.length, other.length)
            assert common <= 2 * BEND_M / 1000 * border_km


def test_border_is_shared_whichever_way_it_is_drawn():
    to_degrees = pyproj.Transformer.from_crs(5070, 4326, always_xy=True)

    def transform(places):
        return np.column_stack(to_degrees.transform(*places.T))

    generator = np.random.default_rng(2)
    for _ in range(20):
        line = shapely.LineString(generator.uniform(-1e6, 1.5e6, (4, 2)))
        there, back = cut_edges(np.array([line, line.reverse()], dtype=object), transform)
        assert len(there.coords) > 20
        assert np.array_equal(shapely.get_coordinates(there), shapely.get_coordinates(back)[::-1])


def test_edge_that_bends_both_ways_is_cut_though_its_middle_stays():
    # Across the equator of a Mercator projection the middle of this edge is where it was.
    line = shapely.LineString([(-5e6, -5e6), (5e6, 5e6)])
    frame = gpd.GeoDataFrame(geometry=[line], crs=3857)
    cut = in_degrees(frame).geometry[0]
    quarter = gpd.GeoSeries([shapely.Point(2.5e6, 2.5e6)], crs=3857).to_crs(4326)[0]
    assert cut.distance(quarter) * 111_195 < 2 * BEND_M
    straight = frame.to_crs(4326).geometry[0]
    assert straight.distance(quarter) * 111_195 > 10_000


def test_kinds_of_shape_stay_what_they_are():
    hole = shapely.Polygon(
        [(0, 0), (9e5, 0), (9e5, 9e5), (0, 9e5)], [[(2e5, 2e5), (2e5, 7e5), (7e5, 7e5)]]
    )
    shapes = [
        shapely.Point(0, 0),
        shapely.MultiPoint([(0, 0), (1, 1)]),
        shapely.LineString([(0, 0), (9e5, 0)]),
        shapely.MultiLineString([[(0, 0), (9e5, 0)], [(0, 5), (5, 9)]]),
        hole,
        shapely.MultiPolygon([hole, shapely.box(2e6, 0, 3e6, 1e6)]),
        shapely.GeometryCollection([shapely.Point(0, 0), shapely.box(0, 0, 1e6, 1e6)]),
        shapely.Polygon(),
        None,
        shapely.Polygon([(0, 0, 5), (9e5, 0, 5), (9e5, 9e5, 7)]),
        shapely.from_wkt("LINESTRING ZM (0 0 1 2, 900000 0 3 4)"),
        shapely.MultiPolygon([shapely.box(0, 0, 1e6, 1e6), shapely.Polygon()]),
    ]
    kept = in_degrees(gpd.GeoDataFrame(geometry=shapes, crs=5070)).geometry
    kinds = [None if shape is None else shape.geom_type for shape in shapes]
    assert [None if shape is None else shape.geom_type for shape in kept] == kinds
    assert [len(shape.interiors) for shape in (kept[4], kept[5].geoms[0])] == [1, 1]
    assert len(kept[4].exterior.coords) > 50
    assert not any(shape.has_z for shape in kept if shape is not None)
    assert kept[7].is_empty


def test_degrees_and_short_edges_are_not_touched():
    shapes = [shapely.box(-100, 40, -90, 45), shapely.LineString([(-100, 40), (-90, 45)])]
    for system in (4326, 4269, "OGC:CRS84"):
        kept = in_degrees(gpd.GeoDataFrame(geometry=shapes, crs=system)).geometry
        assert list(shapely.get_num_coordinates(kept.to_numpy())) == [5, 2]
    small = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 900, 900)], crs=5070)
    assert shapely.get_num_coordinates(in_degrees(small).geometry[0]) == 5


def test_sites_beside_a_long_border_are_where_they_were_drawn(tmp_path):
    # Two rectangles of 800 x 300 km that share the edge y = 1,900,000 m of EPSG:5070, whose middle
    # a transformation of the corners alone moves by 9 km.
    draft = two_long_zones([(400_000, 1_897_000), (330_000, 1_896_000)])
    world = read_world(read_model(draft.write(tmp_path)))
    assert list(world.sites["zone"]) == ["south", "south"]
    assert world.notices == ()
    plan = solve(read_model(tmp_path), world=world)
    # 10 / 19.6.. of the capital, and energy at 90 USD/MWh: 784.26 + 10.19 + 496.69 MUSD/year.
    crf = 0.08 / (1 - 1.08**-20)
    cost = crf * (700 * 11 + 2 * 50) + 700 * 0.9 * 8760 * 90 / 1e6
    assert cost == pytest.approx(1291.14, abs=0.005)
    assert plan.objective == pytest.approx(cost, abs=0.1)


def two_long_zones(sites: list[tuple[float, float]], shift: float = 0.0) -> Draft:
    draft = Draft()
    north, south = shapely.box(0, 1.9e6, 8e5, 2.2e6), shapely.box(0, 1.6e6, 8e5, 1.9e6 + shift)
    zones = [
        {"id": "north", "utility": "A", "headroom_mw": 2000, "price_usd_per_mwh": 40},
        {"id": "south", "utility": "B", "headroom_mw": 2000, "price_usd_per_mwh": 90},
    ]
    frame = gpd.GeoDataFrame(zones, geometry=[north, south], crs=5070)
    points = gpd.GeoSeries([shapely.Point(*place) for place in sites], crs=5070).to_crs(4326)
    draft.sites = [
        {"id": f"k{n}", "lon": point.x, "lat": point.y, "max_mw": 400, "kv": 345}
        for n, point in enumerate(points, start=1)
    ]
    draft.fiber = [
        {"id": "s1", "km": None, "from": None, "to": None}
        | {"geometry": shapely.LineString([(p.x, p.y) for p in points])}
    ]
    draft.model["world"] = {"sites": "sites.csv", "zones": "zones.gpkg", "fiber": "fiber.geojson"}
    draft.extra["zones.gpkg"] = frame.to_file
    draft.ask("cluster", target_mw=700)
    return draft


def test_zones_that_overlap_for_real_are_still_refused(tmp_path):
    draft = two_long_zones([(4e5, 1.897e6), (3.3e5, 1.896e6)], shift=10_000)
    with pytest.raises(InputError, match=r"overlaps zone 'south' by .* km2, 3\.3 %"):
        read_world(read_model(draft.write(tmp_path)))


def test_lines_follow_the_course_that_they_were_drawn_on(tmp_path):
    # 800 km along y = 1,900,000 m: the chord in degrees is shorter than what was drawn.
    draft = two_long_zones([(0, 1.897e6), (8e5, 1.897e6)])
    line = shapely.LineString([(0, 1.897e6), (8e5, 1.897e6)])
    frame = gpd.GeoDataFrame({"id": ["s1"]}, geometry=[line], crs=5070)
    draft.ask("world", fiber="fiber.gpkg", route_factor=1.0)
    draft.ask("cluster", max_fiber_km=2000)
    draft.extra["fiber.gpkg"] = frame.to_file
    world = read_world(read_model(draft.write(tmp_path)))
    steps = gpd.GeoSeries(
        [shapely.Point(x, 1.897e6) for x in np.linspace(0, 8e5, 4001)], crs=5070
    ).to_crs(4326)
    km = great_circle_km(steps.x[:-1], steps.y[:-1], steps.x[1:], steps.y[1:]).sum()
    assert world.spans().km[0] == pytest.approx(km, rel=1e-5)


def write(path: Path, rows: list[dict[str, Any]], system: Any) -> None:
    """Write rows with names that a Shapefile holds."""
    short = [{name[:10]: value for name, value in row.items()} for row in rows]
    as_frame(short, crs=system).to_file(path)


# --- Systems that nobody knows --------------------------------------------------------------

CARTESIAN = (
    'ENGCRS["Undefined Cartesian SRS with unknown unit",EDATUM["Unknown engineering datum"],'
    'CS[Cartesian,2],AXIS["x",unspecified],AXIS["y",unspecified],LENGTHUNIT["unknown",0]]'
)
GEOGRAPHIC = (
    'GEOGCRS["Undefined geographic SRS",DATUM["unknown",ELLIPSOID["unknown",6378137,298.257223563]]'
    ',CS[ellipsoidal,2],AXIS["latitude",north],AXIS["longitude",east],'
    'ANGLEUNIT["degree",0.0174532925199433]]'
)
LOCAL = 'LOCAL_CS["site grid",UNIT["metre",1]]'


@pytest.mark.parametrize("system", [CARTESIAN, GEOGRAPHIC, LOCAL], ids=["xy", "lonlat", "local"])
def test_system_without_a_way_to_degrees_is_refused(system):
    frame = gpd.GeoDataFrame(geometry=[shapely.Point(1, 1)], crs=system)
    with pytest.raises(CannotTransformError, match="cannot be turned into WGS 84"):
        in_degrees(frame)


@pytest.mark.parametrize("suffix", [".gpkg", ".shp"])
@pytest.mark.parametrize("table", ["zones", "sites", "fiber", "supply"])
def test_table_in_a_system_that_nobody_knows_is_an_input_error(suffix, table, tmp_path):
    draft = Draft()
    rows = getattr(draft, table)
    name = f"{table}{suffix}"
    draft.ask("world", **{table: name})
    draft.extra[name] = lambda path: write(path, rows, LOCAL)
    with pytest.raises(InputError) as refused:
        read_world(read_model(draft.write(tmp_path)))
    assert refused.value.exit_code == 2
    assert f"{name}:\n  - its coordinate system" in str(refused.value)
    assert "set it where the file was made, such as EPSG:4326" in str(refused.value)


def test_projection_file_that_is_none_is_an_input_error(tmp_path):
    draft = Draft()
    draft.ask("world", zones="zones.shp")

    def write_broken(path):
        write(path, draft.zones, 4326)
        path.with_suffix(".prj").write_text('PROJCS["cut short",GEOGCS["', encoding="utf-8")

    draft.extra["zones.shp"] = write_broken
    with pytest.raises(InputError) as refused:
        read_world(read_model(draft.write(tmp_path)))
    assert refused.value.exit_code == 2
    assert "zones.shp" in str(refused.value)


# --- Geometry of another name, and curves ---------------------------------------------------


def test_active_geometry_is_read_and_the_others_are_kept_as_text(tmp_path):
    pytest.importorskip("pyarrow", reason="GeoParquet is read by pyarrow")
    draft = Draft()
    frame = as_frame(draft.fiber).rename_geometry("route")
    frame["geometry"] = ["drawn", "drawn", "guessed"]
    frame["middle"] = gpd.GeoSeries(shapely.centroid(frame["route"].to_numpy()), crs=4326)
    draft.ask("world", fiber="fiber.parquet")
    draft.extra["fiber.parquet"] = frame.to_parquet
    world = read_world(read_model(draft.write(tmp_path)))
    assert set(world.fiber.geom_type) == {"LineString"}
    assert list(world.fiber["geometry_1"]) == ["drawn", "drawn", "guessed"]
    assert list(world.fiber["middle"]) == ["POINT (2 3)", "POINT (3 2)", "POINT (2 1)"]
    assert [notice.what for notice in world.notices] == [
        "the geometry is that of column 'route'; 'middle' is kept as text (WKT)",
        (
            "the geometry is that of column 'route'; the other column 'geometry' is kept as "
            "'geometry_1'"
        ),
    ]


def test_second_geometry_called_geometry_is_kept_as_text(tmp_path):
    pytest.importorskip("pyarrow", reason="GeoParquet is read by pyarrow")
    draft = Draft()
    frame = as_frame(draft.sites)
    frame["footprint"] = gpd.GeoSeries(shapely.buffer(frame.geometry.to_numpy(), 1), crs=4326)
    frame = frame.rename_geometry("at").rename(columns={"footprint": "geometry"})
    draft.ask("world", sites="sites.parquet")
    draft.extra["sites.parquet"] = frame.to_parquet
    world = read_world(read_model(draft.write(tmp_path)))
    assert world.sites.geometry.x.tolist() == [1, 3, 1, 3]
    assert world.sites["geometry_1"].str.startswith("POLYGON").all()


def test_curves_of_a_geopackage_are_as_round_as_they_were(tmp_path):
    # GDAL keeps curves (CurvePolygon); pyogrio 0.13 hands out lines (OGR_G_GetLinearGeometry).
    draft = Draft()
    draft.zones = [{"id": "round", "utility": "A", "headroom_mw": 900, "geometry": None}]
    draft.supply = []
    del draft.model["world"]["supply"]
    draft.ask("world", zones="zones.gpkg")

    def write(path):
        rows = [draft.zones[0] | {"geometry": shapely.box(0, 0, 1, 1)}]
        as_frame(rows).to_file(path, SPATIAL_INDEX="NO")
        circle = [(-1.0, 2.0), (2.0, 5.0), (5.0, 2.0), (2.0, -1.0), (-1.0, 2.0)]
        ring = struct.pack("<BII", 1, 8, 5) + b"".join(struct.pack("<2d", *p) for p in circle)
        curve = struct.pack("<BII", 1, 10, 1) + ring
        with sqlite3.connect(path) as table:
            blob = b"GP\x00\x01" + struct.pack("<i", 4326) + curve
            table.execute("UPDATE zones SET geom = ?", (blob,))
        table.close()

    draft.extra["zones.gpkg"] = write
    zone = read_world(read_model(draft.write(tmp_path))).zones.geometry[0]
    assert zone.area == pytest.approx(np.pi * 9, rel=2e-3)
