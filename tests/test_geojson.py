"""GeoJSON of a plan: valid by RFC 7946 for validators that are not ours, true to the fiber."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geojson_pydantic import FeatureCollection
from pyproj import Geod
from tiny import SITES, tiny_plan, tiny_world

from siting.report.geojson import to_geojson
from siting.report.layers import MARGIN_KM, draw_extent, to_geodataframes

LAYERS = ("campuses", "links", "clusters", "zones")
CONTRACT = {
    "campuses": [
        "id",
        "cluster",
        "draw_mw",
        "it_mw",
        "zone",
        "utility",
        "region",
        "price_usd_per_mwh",
        "cost_musd_per_year",
        "clean_fraction",
    ],
    "links": ["cluster", "from", "to", "km", "delay_ms", "rtt_ms", "tier"],
    "clusters": [
        "cluster",
        "draw_mw",
        "it_mw",
        "campuses",
        "utilities",
        "max_fiber_km",
        "clean_fraction",
        "cost_musd_per_year",
    ],
    "zones": ["id", "utility", "headroom_mw", "used_mw", "left_mw"],
}
"""Properties by docs/ and interfaces: these come first, in this order."""


@pytest.fixture(scope="module")
def plan():
    return tiny_plan()


@pytest.fixture(scope="module")
def layers(plan):
    return to_geodataframes(plan, tiny_world())


def decimals(number: float) -> int:
    return len(repr(number).partition(".")[2]) if "e" not in repr(number) else 99


def positions_of(coordinates):
    if isinstance(coordinates[0], list):
        for part in coordinates:
            yield from positions_of(part)
    else:
        yield coordinates


def rings_of(geometry):
    polygons = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}
    return polygons.get(geometry["type"], [])


def assert_follows_rfc_7946(text: str) -> dict:
    FeatureCollection.model_validate_json(text)  # structure, by a validator that is not ours
    content = json.loads(text)
    assert set(content) == {"type", "features"}  # no crs member
    for feature in content["features"]:
        geometry = feature["geometry"]
        assert shapely.from_geojson(json.dumps(geometry)).is_valid
        for lon, lat in positions_of(geometry["coordinates"]):
            assert -180 <= lon <= 180
            assert -90 <= lat <= 90
            assert decimals(lon) <= 6
            assert decimals(lat) <= 6
        for exterior, *holes in rings_of(geometry):
            assert shapely.LinearRing(exterior).is_ccw
            assert not any(shapely.LinearRing(hole).is_ccw for hole in holes)
    return content


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_follows_rfc_7946(layers, name):
    content = assert_follows_rfc_7946(to_geojson(getattr(layers, name)))
    assert len(content["features"]) > 0


@pytest.mark.parametrize("name", LAYERS)
def test_properties_are_those_of_the_contract_then_those_of_the_table(layers, name):
    first = to_geojson(getattr(layers, name)).splitlines()[1]
    names = list(json.loads(first.rstrip(","))["properties"])
    assert names[: len(CONTRACT[name])] == CONTRACT[name]


@pytest.mark.parametrize("name", LAYERS)
def test_gdal_reads_every_layer_back(layers, name, tmp_path):
    path = tmp_path / f"{name}.geojson"
    path.write_text(to_geojson(getattr(layers, name)), encoding="utf-8")
    read = gpd.read_file(path)
    assert read.crs == "EPSG:4326"
    layer = getattr(layers, name)
    assert list(read.columns) == list(layer.columns)
    same = read.geometry.normalize().geom_equals_exact(layer.geometry.normalize(), 1e-6)
    assert same.all()


def test_bytes_do_not_depend_on_the_order_of_the_tables(plan, layers):
    world = tiny_world()
    backwards = {
        table: getattr(world, table).iloc[::-1].reset_index(drop=True)
        for table in ("sites", "zones", "fiber")
    }
    again = to_geodataframes(plan, replace(world, **backwards))
    for name in LAYERS:
        assert to_geojson(getattr(again, name)) == to_geojson(getattr(layers, name))


def test_links_follow_the_bends_of_the_spans_whichever_way_they_were_drawn(layers):
    lines = {
        (start, end): [tuple(place) for place in shapely.get_coordinates(shape).tolist()]
        for start, end, shape in zip(
            layers.links["from"], layers.links["to"], layers.links.geometry, strict=True
        )
    }
    n1, n2, n3 = (0.0, 0.0), (1.0, 0.0), (2.0, 0.0)
    assert lines == {
        ("a", "b"): [SITES["a"], n1, (0.5, -0.2), n2, SITES["b"]],
        ("a", "c"): [SITES["a"], n1, (0.5, -0.2), n2, (1.5, -0.2), n3, SITES["c"]],
        ("b", "c"): [SITES["b"], n2, (1.5, -0.2), n3, SITES["c"]],
    }


def test_a_link_between_two_sites_at_one_place_is_still_a_line():
    changes = {"world.require_sites": ["b", "d"], "cluster.target_mw": 100}
    plan = tiny_plan(**changes, **{"cluster.max_campuses": 2})
    links = to_geodataframes(plan, tiny_world()).links
    content = assert_follows_rfc_7946(to_geojson(links))
    line = content["features"][0]["geometry"]["coordinates"]
    assert line[0] == line[-1] == list(SITES["b"])
    assert len(line) >= 2


def test_columns_of_the_sites_table_pass_through_and_none_is_lost(layers):
    campuses = layers.campuses.set_index("id")
    assert campuses["kv"].tolist() == [345, 500, 230]
    # The plan's own column has the name; what the user's table says keeps a place beside it.
    assert campuses["cluster"].tolist() == ["c1"] * 3
    assert campuses["site_cluster"].tolist()[0] == "Ä"
    # It says the same as the plan, so it is there once.
    assert "site_region" not in campuses
    assert "site_zone" not in campuses


def test_zones_that_are_used_say_what_is_left(layers):
    zones = layers.zones.set_index("id")
    assert list(zones.index) == ["east", "west", "whole"]
    assert (zones["used_mw"] + zones["left_mw"]).tolist() == [450.0, 250.0, 600.0]


@pytest.mark.parametrize("lat", [0.0, 45.0, -70.0])
@pytest.mark.parametrize(
    "offsets",
    [[(0, 0)], [(0, 0), (1, 0.3)], [(0, 0), (0.5, 0.5), (1, 1)], [(0, 0), (0, 0)]],
)
def test_an_extent_without_an_area_is_drawn_with_a_margin_in_kilometres(lat, offsets):
    places = np.array([(10 + x, lat + y) for x, y in offsets], dtype=float)
    extent = draw_extent(places)
    assert extent.is_valid
    away_km = [
        Geod(ellps="sphere").inv(lon, lat, *min(places, key=lambda p: np.hypot(*(p - (lon, lat)))))[
            2
        ]
        / 1000
        for lon, lat in extent.exterior.coords
    ]
    assert min(away_km) == pytest.approx(MARGIN_KM, rel=0.03)
    for place in places:
        assert extent.contains(shapely.Point(place))


def test_an_extent_of_three_campuses_is_their_hull():
    places = np.array([(0, 0), (1, 0), (0, 1), (0.2, 0.2)], dtype=float)
    assert draw_extent(places).area == pytest.approx(0.5)


def test_what_is_missing_or_no_json_is_written_as_json():
    layer = gpd.GeoDataFrame(
        {
            "number": [np.nan, -0.0, 1 / 3],
            "whole": pd.array([1, None, 3], dtype="Int64"),
            "text": [None, "ü\n", ""],
            "date": pd.to_datetime(["2030-01-01", None, "2031-06-30"]),
            "day": [dt.date(2030, 1, 1)] * 3,
            "yes": [True, False, True],
            "list": [["x", "y"], np.array([1.5, np.inf]), None],
            "table": [{"k": np.int64(1)}, None, {}],
        },
        geometry=[shapely.Point(0.12345678, -0.0000001)] * 3,
        crs=4326,
    )
    features = [json.loads(line.rstrip(",")) for line in to_geojson(layer).splitlines()[1:-1]]
    columns = {name: [f["properties"][name] for f in features] for name in layer.columns[:-1]}
    assert columns == {
        "number": [None, 0.0, 0.333333],
        "whole": [1, None, 3],
        "text": [None, "ü\n", ""],
        "date": ["2030-01-01 00:00:00", None, "2031-06-30 00:00:00"],
        "day": ["2030-01-01"] * 3,
        "yes": [True, False, True],
        "list": [["x", "y"], [1.5, None], None],
        "table": [{"k": 1}, None, {}],
    }
    assert features[0]["geometry"]["coordinates"] == [0.123457, 0.0]
    assert "-0.0" not in to_geojson(layer)


def test_rounding_never_leaves_a_polygon_that_crosses_itself():
    # Each side of the needle is thinner than a step of the last decimal.
    needle = shapely.Polygon([(0, 0), (1, 0.0000003), (2, 0), (2, 1), (1, 0.00000041), (0, 1)])
    assert needle.is_valid
    assert not shapely.transform(needle, lambda places: np.round(places, 6)).is_valid
    layer = gpd.GeoDataFrame({"id": ["z"]}, geometry=[needle], crs=4326)
    assert_follows_rfc_7946(to_geojson(layer))


def test_an_empty_layer_is_a_collection_without_features():
    layer = gpd.GeoDataFrame({"id": []}, geometry=[], crs=4326)
    assert json.loads(to_geojson(layer)) == {"type": "FeatureCollection", "features": []}


@pytest.mark.parametrize("crs", [None, 3857])
def test_another_reference_system_is_refused(crs):
    layer = gpd.GeoDataFrame({"id": ["z"]}, geometry=[shapely.Point(0, 0)], crs=crs)
    with pytest.raises(ValueError, match="EPSG:4326"):
        to_geojson(layer)
