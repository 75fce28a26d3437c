"""Shapes that are not quite what a table wants: repaired with a count, or refused in words."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from drafts import Draft, as_frame, as_geojson, box
from pyproj import Geod

from siting import read_model, read_world, solve
from siting.errors import InputError
from siting.units import EARTH_RADIUS_KM
from siting.world.shapes import area_km2

ROOT = Path(__file__).parents[1]


def read(draft, folder, **overrides):
    return read_world(read_model(draft.write(folder), set=overrides))


def whats(world):
    return [notice.what for notice in world.notices]


def drawn_sites(draft, shapes, **changes):
    rows = [
        {k: v for k, v in row.items() if k not in ("lon", "lat")} | {"geometry": shape, **changes}
        for row, shape in zip(draft.sites, shapes, strict=True)
    ]
    draft.ask("world", sites="sites.geojson")
    draft.extra["sites.geojson"] = as_geojson(rows)
    return draft


# --- Footprints -----------------------------------------------------------------------------


def test_footprints_are_points_inside(tmp_path):
    # The middle of the first, a horseshoe, lies outside of it; the second has two buildings.
    horseshoe = shapely.Polygon(
        [(1, 3), (1.3, 3), (1.3, 3.1), (1.1, 3.1), (1.1, 3.2), (1.3, 3.2), (1.3, 3.3), (1, 3.3)]
    )
    two = shapely.MultiPolygon([box(3, 3, 3.01, 3.01), box(3.1, 3.1, 3.2, 3.2)])
    crossed = shapely.Polygon([(1, 1), (1.1, 1.1), (1.1, 1), (1, 1.1)])
    shapes = [horseshoe, two, crossed, shapely.Point(3, 1)]
    world = read(drawn_sites(Draft(), shapes), tmp_path)
    assert set(world.sites.geom_type) == {"Point"}
    for shape, point in zip(shapes[:3], world.sites.geometry, strict=False):
        assert shapely.make_valid(shape).contains(point)
    assert list(world.sites["zone"]) == ["n_west", "n_east", "south", "south"]
    assert whats(world) == [
        "3 sites are drawn as polygons: a point inside stands for each ('a', 'b', 'c')"
    ]


def test_footprints_of_plants_in_metres(tmp_path):
    draft = Draft()
    points = as_frame(draft.supply).to_crs(3857)
    points.geometry = points.geometry.buffer(200)
    draft.ask("world", supply="supply.gpkg")
    draft.extra["supply.gpkg"] = points.to_file
    world = read(draft, tmp_path)
    assert list(world.supply["zone"]) == ["n_west", "south", "south"]
    assert whats(world) == [
        "3 plants are drawn as polygons: a point inside stands for each ('dam', 'farm', 'mine')"
    ]


def test_several_points_of_one_site_are_asked_about(tmp_path):
    shapes = [
        shapely.MultiPoint([(1, 3), (3, 3)]),
        shapely.MultiPoint([(3, 3)]),
        shapely.LineString([(1, 1), (3, 1)]),
        shapely.Point(3, 1, 200),
    ]
    with pytest.raises(InputError) as refused:
        read(drawn_sites(Draft(), shapes), tmp_path)
    assert [problem.what for problem in refused.value.problems] == [
        (
            "feature 1 (id 'a'): is a MultiPoint of 2 points, but every site is one; make each "
            "point a row with an id of its own"
        ),
        "feature 3 (id 'c'): is a LineString, but every site is a point",
    ]


# --- Broken rings ---------------------------------------------------------------------------


def test_rings_that_cross_themselves_a_little_are_repaired(tmp_path):
    draft = Draft()
    # A spike, and a border that runs back on itself for 1/1000 of a degree.
    draft.zones[3]["geometry"] = shapely.Polygon(
        [(0, 0), (4, 0), (4, 2), (2, 2), (2, 2.5), (2, 2), (0, 2)]
    )
    draft.zones[2]["geometry"] = shapely.Polygon(
        [(2, 2), (4, 2), (4, 4), (3.001, 4), (3, 4.001), (3.001, 4.001), (3, 4), (2, 4)]
    )
    world = read(draft, tmp_path)
    shapes = world.zones.set_index("id").geometry
    assert shapes.is_valid.all()
    assert shapes["south"].equals(box(0, 0, 4, 2))
    triangles = area_km2(np.array([box(3, 4, 3.001, 4.001)], dtype=object))[0] / 2
    (what,) = whats(world)
    assert what.startswith("2 zones have broken rings, repaired (make_valid): their area changes")
    assert what.endswith("('n_east', 'south')")
    assert triangles < 0.01


@pytest.mark.parametrize(
    "ring",
    [
        [(0, 0), (4, 2), (4, 0), (0, 2)],
        [(0, 0), (4, 0), (4, 2), (0, 2), (0.5, -0.5)],
        [(0, 0), (4, 0), (0, 0), (4, 0)],
    ],
    ids=["bow tie", "a corner too far", "no land"],
)
def test_rings_that_a_repair_would_change_are_refused(ring, tmp_path):
    draft = Draft()
    draft.zones[3]["geometry"] = shapely.Polygon(ring)
    with pytest.raises(InputError, match=r"its polygon is broken: .*, and a repair would change"):
        read(draft, tmp_path)


# --- Zones in several rows ------------------------------------------------------------------


def in_parts(**changes) -> Draft:
    """South as three rows: two that touch, and an island."""
    draft = Draft()
    south = draft.zones.pop()
    for n, shape in enumerate([box(0, 0, 2, 2), box(2, 0, 4, 2), box(5, 0, 6, 1)]):
        draft.zones.append(south | {"geometry": shape, "OBJECTID": n, "owner": "S"})
    draft.zones[-1] |= changes
    return draft


def test_rows_of_one_zone_are_united(tmp_path):
    draft = in_parts()
    draft.sites[3] |= {"lon": 5.5, "lat": 0.5}
    model = read_model(draft.write(tmp_path))
    world = read_world(model)
    assert list(world.zones["id"]) == ["n_east", "n_west", "north", "south"]
    south = world.zones.set_index("id").loc["south"]
    assert south.geometry.equals(shapely.MultiPolygon([box(0, 0, 4, 2), box(5, 0, 6, 1)]))
    assert south["headroom_mw"] == 700
    assert south["owner"] == "S"
    assert world.zones["OBJECTID"].isna().all()
    assert list(world.sites["zone"]) == ["n_west", "n_east", "south", "south"]
    assert whats(world) == [
        (
            "3 rows are parts of 1 zone and are united, as their columns say the same: 'south' (3 "
            "rows). What a zone states, such as its headroom, counts once"
        ),
        "'OBJECTID' differs between rows that are united, and is left blank there",
    ]
    used = {zone.id: zone.used_mw for zone in solve(model, world=world).zones}
    assert used.get("south", 0) <= 700 + 1e-6


def test_parts_that_overlap_count_once_and_ids_may_be_numbers(tmp_path):
    draft = in_parts(geometry=box(1, 0, 4, 2))
    for n, row in enumerate(draft.zones):
        row["id"] = min(n, 3)
        row["parent"] = 0 if n in (1, 2) else None
    world = read(draft, tmp_path)
    assert world.zones.set_index("id").geometry["3"].equals(box(0, 0, 4, 2))


def test_rows_with_one_id_that_disagree_are_refused(tmp_path):
    with pytest.raises(InputError) as refused:
        read(in_parts(headroom_mw=650, name="Isle"), tmp_path)
    assert [problem.what for problem in refused.value.problems] == [
        f"feature {row}: id 'south' is also feature 4, and they differ in {columns}; ids are "
        "unique, and rows of one zone are united only where they say the same"
        for row, columns in ((5, "nothing"), (6, "headroom_mw and name"))
    ]


def test_rows_after_united_ones_are_still_called_by_their_place(tmp_path):
    draft = in_parts()
    draft.zones.append({"id": "last", "utility": "", "headroom_mw": 1, "geometry": box(8, 0, 9, 1)})
    with pytest.raises(InputError, match=r"feature 7 \(id 'last'\): utility is blank"):
        read(draft, tmp_path)


# --- Across 180 degrees ---------------------------------------------------------------------


def far_east(shape, *, lon: float = 181.0) -> Draft:
    """One zone at 180 degrees, with two sites in it and one beside."""
    draft = Draft()
    draft.zones = [
        {"id": "isles", "utility": "I", "headroom_mw": 900, "geometry": shape},
        {"id": "main", "utility": "M", "headroom_mw": 900, "geometry": box(170, 50, 178, 54)},
    ]
    draft.sites = [
        {"id": "a", "lon": 179, "lat": 51, "max_mw": 400},
        {"id": "b", "lon": lon, "lat": 51, "max_mw": 400},
        {"id": "c", "lon": 177, "lat": 51, "max_mw": 400},
    ]
    draft.fiber = [
        {"id": "s1", "km": None, "from": None, "to": None}
        | {"geometry": shapely.LineString([(177, 51), (179, 51), (180, 51)])},
        {"id": "s2", "km": None, "from": None, "to": None}
        | {"geometry": shapely.LineString([(-180, 51), (-179, 51)])},
    ]
    draft.supply = [{"id": "dam", "lon": -179.5, "lat": 51.5, "kind": "hydro", "mw": 800}]
    return draft


ACROSS = shapely.MultiPolygon([box(178, 50, 180, 52), box(-180, 50, -178, 52)])


@pytest.mark.parametrize(
    ("shape", "lon"),
    [
        (ACROSS, -179.0),
        (box(178, 50, 182, 52), -179.0),
        (box(178, 50, 182, 52), 181.0),
        (box(-182, 50, -178, 52), -179.0),
        (shapely.MultiPolygon([box(178, 50, 180, 52), box(180, 50, 182, 52)]), 181.0),
    ],
    ids=["cut", "counts on", "sites count on", "counts on westward", "in parts"],
)
def test_zone_across_180_degrees_is_the_same_however_it_is_written(shape, lon, tmp_path):
    world = read(far_east(shape, lon=lon), tmp_path)
    assert world.zones.set_index("id").geometry["isles"].equals(ACROSS)
    assert list(world.sites["zone"]) == ["isles", "isles", "main"]
    assert world.sites.geometry.x.tolist() == [179, -179, 177]
    assert list(world.supply["zone"]) == ["isles"]
    said = [what for what in whats(world) if "180 degrees" in what]
    assert len(said) == (shape is not ACROSS) + (lon > 180)


def test_longitudes_from_0_to_360_are_read(tmp_path):
    draft = Draft()
    for row in draft.zones:
        row["geometry"] = shapely.transform(
            row["geometry"], lambda places: np.add(places, (260, 0))
        )
    for row in (*draft.sites, *draft.supply):
        row["lon"] -= 100
    for row in draft.fiber:
        row["geometry"] = shapely.transform(
            row["geometry"], lambda places: np.add(places, (-100, 0))
        )
    world = read(draft, tmp_path)
    assert list(world.sites["zone"]) == ["n_west", "n_east", "south", "south"]
    assert world.zones.total_bounds.tolist() == [-100, 0, -96, 4]
    assert whats(world) == [
        (
            "4 zones lie at longitudes beyond 180 degrees, cut there (RFC 7946, 3.1.9): 'north', "
            "'n_west', 'n_east', 'south'"
        )
    ]


def test_edge_over_the_whole_map_is_refused_in_words(tmp_path):
    # The short way across 180 degrees was meant; in degrees it goes around the other side.
    shape = shapely.Polygon([(178, 50), (-178, 50), (-178, 52), (178, 52)])
    with pytest.raises(InputError) as refused:
        read(far_east(shape, lon=-179), tmp_path)
    assert "feature 1 (id 'isles'): an edge of its polygon runs over more than 180 degrees" in str(
        refused.value
    )
    assert "cut it there into two polygons, or count on beyond 180" in str(refused.value)


def test_frame_of_the_whole_map_is_a_zone(tmp_path):
    draft = far_east(box(-180, 0, 180, 90), lon=-179)
    del draft.zones[1]
    assert list(read(draft, tmp_path).sites["zone"]) == ["isles"] * 3


def test_projected_zone_across_180_degrees_is_cut_there(tmp_path):
    draft = far_east(None, lon=-179)
    zone = gpd.GeoSeries([box(178, 50, 182, 52).segmentize(0.01)], crs=4326).to_crs(3338)
    rows = gpd.GeoDataFrame(
        [{"id": "isles", "utility": "I", "headroom_mw": 900}], geometry=zone.to_numpy(), crs=3338
    )
    draft.ask("world", zones="zones.gpkg")
    draft.extra["zones.gpkg"] = rows.to_file
    draft.sites = draft.sites[:2]
    world = read(draft, tmp_path)
    assert list(world.sites["zone"]) == ["isles", "isles"]
    shape = world.zones.geometry[0]
    assert shape.symmetric_difference(ACROSS).area < 1e-4
    west, _, east, _ = shape.bounds
    assert (west, east) == pytest.approx((-180, 180))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (shapely.LineString([(177, 51), (179.5, 51), (181, 51), (182, 52)]), True),
        (shapely.LineString([(-183, 51), (-180.5, 51), (-179, 51), (-178, 52)]), True),
        (shapely.LineString([(177, 51), (179.5, 51), (-179, 51), (-178, 52)]), False),
    ],
    ids=["counts on", "counts on westward", "turns"],
)
def test_line_across_180_degrees_is_the_same_however_it_counts(line, told, tmp_path):
    draft = far_east(ACROSS, lon=-179)
    draft.fiber = [{"id": "f", "geometry": line}]
    world = read(draft, tmp_path)
    globe = Geod(a=1000 * EARTH_RADIUS_KM, b=1000 * EARTH_RADIUS_KM)
    km = globe.line_length([177, 179.5, 181, 182], [51, 51, 51, 52]) / 1000
    assert world.spans().km.sum() == pytest.approx(1.3 * km)
    assert world.spans().lines.positions[:, 0].tolist() == [177, 179.5, -179, -178]
    assert any("1 span lies at longitudes beyond" in what for what in whats(world)) == told


# --- Real public files ----------------------------------------------------------------------


def test_real_areas_with_broken_rings_and_real_points_become_a_world(shared, tmp_path):
    zones = gpd.read_file(shared / "reeds" / "rb_and_ba_areas.shp")
    assert (~zones.is_valid).sum() == 19
    zones = zones.rename(columns={"rb": "id", "BA_Code": "utility"}).assign(headroom_mw=1000)
    zones.to_file(tmp_path / "zones.gpkg")
    points = gpd.read_file(shared / "im3" / "im3_datacenter_centroids.geojson")
    points = points.assign(id=range(len(points)), max_mw=100)
    points[["id", "max_mw", "geometry"]].to_file(tmp_path / "sites.geojson")
    line = shapely.LineString([(-100, 40), (-99, 40)])
    (tmp_path / "fiber.geojson").write_text(as_geojson([{"id": "s", "geometry": line}]))
    plants = gpd.read_file(shared / "hifld" / "generators.gpkg")
    names = plants.columns.tolist()
    plants = plants.assign(id=range(len(plants)), kind="hydro", mw=1.0)
    plants[["id", "kind", "mw", "geometry"]].to_file(tmp_path / "supply.gpkg")
    assert len(names) > 3
    (tmp_path / "model.toml").write_text(
        'schema = 1\nname = "real"\n[world]\nbase = "."\n[cluster]\ntarget_mw = 500\n'
    )
    model = read_model(tmp_path)
    with pytest.raises(InputError) as refused:
        read_world(model)
    (problem,) = refused.value.problems
    # One is in Puerto Rico, the others are off a coast that was simplified.
    assert problem.what.startswith("5 sites lie in no zone of zones.gpkg: '44' 1,649 km from ")
    assert "set world.snap_km = 0.12 to take 4 of them to the nearest zone" in problem.what
    model = model.replace({"world.snap_km": 0.12, "world.exclude_sites": ("44",)})
    world = read_world(model)
    assert len(world.zones) == 134
    assert world.zones.is_valid.all()
    assert len(world.sites) == len(points) - 1
    assert world.sites["zone"].notna().all()
    rings = next(what for what in whats(world) if "broken rings" in what)
    assert rings.startswith("19 zones have broken rings, repaired")
    snapped = next(what for what in whats(world) if "taken to the nearest" in what)
    assert snapped.startswith("4 sites lie in no zone and are taken to the nearest")
    # Looked up in the areas' own system the points are in the same areas.
    own = shapely.make_valid(zones.geometry.to_numpy(), method="structure", keep_collapsed=False)
    at = points.to_crs(zones.crs).geometry.to_numpy()
    point, zone = shapely.STRtree(own).query(at, predicate="intersects")
    alone = np.bincount(point, minlength=len(points)) == 1
    named = dict(zip(world.sites["id"], world.sites["zone"], strict=True))
    agree = [named[str(p)] == zones["id"][z] for p, z in zip(point, zone, strict=True) if alone[p]]
    assert sum(agree) == len(agree) > 1100
