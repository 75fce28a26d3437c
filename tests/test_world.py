"""Worlds: formats, ids, filters, spans, and the column registry against the code."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from drafts import Draft, as_frame, as_geojson, box, write_csv
from hypothesis import given, settings
from hypothesis import strategies as st

from siting.errors import InputError, Problems
from siting.model import make_model, read_model
from siting.notices import Notices
from siting.resources import data_folder
from siting.sphere import great_circle_km
from siting.world import World, check_question, read_world
from siting.world.columns import FIBER, SITES, TABLES, ZONES, describe_tables
from siting.world.facts import KINDS
from siting.world.fiber import split_lines
from siting.world.files import Source, read_table
from siting.world.naming import name_columns
from siting.world.shapes import area_km2, read_shapes
from siting.world.sheet import read_columns

ROOT = Path(__file__).parents[1]
DRAWN = ("zones", "sites", "fiber", "supply")


def read(draft, folder, **overrides):
    return read_world(read_model(draft.write(folder), set=overrides))


# --- Formats --------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".fgb", ".shp", ".parquet"])
@pytest.mark.parametrize("crs", [4326, 3857, "EPSG:5070"])
def test_format_and_coordinate_system_make_no_difference(suffix, crs, tmp_path):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow", reason="GeoParquet is read by pyarrow")
    draft = Draft()
    draft.sites = [
        site | {"lon": site["lon"] - 96, "lat": site["lat"] + 38} for site in draft.sites
    ]
    for rows in (draft.zones, draft.fiber):
        for row in rows:
            row["geometry"] = shapely.transform(row["geometry"], lambda p: p + np.array([-96, 38]))
    draft.supply = [row | {"lon": row["lon"] - 96, "lat": row["lat"] + 38} for row in draft.supply]
    plain = read(draft, tmp_path / "plain")

    def write(path):
        frame = as_frame(draft.sites).to_crs(crs)
        if suffix == ".parquet":
            frame.to_parquet(path)
        elif suffix == ".geojson":
            frame.to_file(path, driver="GeoJSON", COORDINATE_PRECISION=9)
        else:
            frame.to_file(path)

    draft.ask("world", sites=f"table{suffix}")
    draft.extra[f"table{suffix}"] = write
    world = read(draft, tmp_path / "other")
    assert list(world.sites["id"]) == list(plain.sites["id"])
    assert list(world.sites["max_mw"]) == list(plain.sites["max_mw"])
    assert world.sites.crs == plain.sites.crs == "EPSG:4326"
    apart = shapely.distance(world.sites.geometry.to_numpy(), plain.sites.geometry.to_numpy())
    assert apart.max() < 1e-7


@pytest.mark.skipif(find_spec("pyarrow") is not None, reason="pyarrow is installed")
def test_says_what_reads_geoparquet(tmp_path):
    draft = Draft()
    draft.ask("world", sites="sites.parquet")
    draft.extra["sites.parquet"] = b"PAR1"
    with pytest.raises(InputError, match="read by pyarrow, which is missing; pip install pyarrow"):
        read(draft, tmp_path)


def test_one_geopackage_holds_all_tables(tmp_path):
    draft = Draft()

    def write(path):
        for name in DRAWN:
            as_frame(getattr(draft, name)).to_file(path, layer=name)

    draft.model["world"] = dict.fromkeys(DRAWN, "all.gpkg")
    draft.extra["all.gpkg"] = write
    world = read(draft, tmp_path)
    assert [len(getattr(world, name)) for name in DRAWN] == [4, 4, 3, 3]


def test_shapefile_gets_its_long_names_back(tmp_path):
    draft = Draft()
    draft.sites[0] |= {"price_usd_per_mwh": 41.5, "energised_year": 2028}
    rows = [{name[:10]: value for name, value in site.items()} for site in draft.sites]
    draft.ask("world", sites="sites.shp")
    draft.extra["sites.shp"] = lambda path: as_frame(rows).to_file(path)
    site = read(draft, tmp_path).sites.set_index("id").loc["a"]
    assert site["price_usd_per_mwh"] == 41.5
    assert site["energised_year"] == 2028


def test_old_geojson_in_another_coordinate_system_is_read_as_it_says(tmp_path):
    draft = Draft()
    draft.extra["zones.geojson"] = lambda path: (
        as_frame(draft.zones).to_crs(3857).to_file(path, driver="GeoJSON")
    )
    zones = read(draft, tmp_path).zones
    assert zones.total_bounds == pytest.approx([0, 0, 4, 4], abs=1e-6)


def test_geojson_that_denies_a_coordinate_system_is_in_degrees(tmp_path):
    draft = Draft()
    draft.extra["zones.geojson"] = as_geojson(draft.zones, crs=None)
    assert read(draft, tmp_path).zones.crs == "EPSG:4326"


def test_heights_are_left_out(tmp_path):
    draft = Draft()
    draft.extra["fiber.geojson"] = as_geojson(
        [row | {"geometry": shapely.force_3d(row["geometry"], 100.0)} for row in draft.fiber]
    )
    assert not read(draft, tmp_path).fiber.has_z.any()


def test_csv_of_a_spreadsheet_is_read(tmp_path):
    draft = Draft()
    draft.extra["sites.csv"] = (
        "\ufeff,id, lon,lat ,max_mw,name\r\n"
        '0,007,1,3,400,"Hill, upper"\r\n'
        "\r\n"
        "1,NA, 3,3,4e2,\r\n"
        '2,c,1,1,400,"two\r\nlines"\r\n'
    )
    sites = read(draft, tmp_path).sites
    assert list(sites["id"]) == ["007", "NA", "c"]
    assert list(sites["name"]) == ["Hill, upper", None, "two\r\nlines"]
    assert list(sites["max_mw"]) == [400, 400, 400]
    assert list(sites["column_1"]) == [0, 1, 2]


# --- Ids and columns ------------------------------------------------------------------------


def test_ids_are_text_as_the_user_wrote_them(tmp_path):
    draft = Draft()
    for n, row in enumerate(draft.zones):
        row["id"] = n + 1
        row["parent"] = 1 if n in (1, 2) else None
    for site, name in zip(draft.sites, ["007", "7", "1e3", "2024-01-01"], strict=True):
        site["id"] = name
    draft.sites[0]["zone"] = "2"
    for span, name in zip(draft.fiber, ["2024/01/01", "12:30", "x"], strict=True):
        span["id"] = name
    world = read(draft, tmp_path)
    assert list(world.zones["id"]) == ["1", "2", "3", "4"]
    assert list(world.zones["parent"]) == [None, "1", "1", None]
    assert list(world.sites["id"]) == ["007", "1e3", "2024-01-01", "7"]
    assert list(world.sites["zone"]) == ["2", "4", "4", "3"]
    assert list(world.fiber["id"]) == ["12:30", "2024/01/01", "x"]


def test_columns_that_are_not_known_are_passed_through(tmp_path):
    draft = Draft()
    for n, row in enumerate(draft.sites):
        row |= {"land_m2": n * 10, "score": n / 4 or None, "zip": f"0{n}", "owner": "ACME"}
    for row in draft.zones:
        row["peak_mw"] = 5
    world = read(draft, tmp_path)
    assert list(world.sites["land_m2"]) == [0, 10, 20, 30]
    assert world.sites["land_m2"].dtype == int
    assert world.sites["score"].isna().tolist() == [True, False, False, False]
    assert list(world.sites["zip"]) == ["00", "01", "02", "03"]
    assert list(world.zones["peak_mw"]) == [5, 5, 5, 5]


def test_blank_in_an_optional_column_is_not_given(tmp_path):
    draft = Draft()
    draft.sites[0] |= {"pue": "", "utility": " ", "zone": None}
    world = read(draft, tmp_path)
    site = world.sites.set_index("id").loc["a"]
    assert np.isnan(site["pue"])
    assert site["utility"] == "North Power"
    assert site["zone"] == "n_west"


def test_site_has_its_own_utility_or_its_zones(tmp_path):
    draft = Draft()
    draft.sites[0]["utility"] = "Town"
    sites = read(draft, tmp_path).sites.set_index("id")
    assert list(sites["utility"]) == ["Town", "North Power", "South Electric", "South Electric"]
    assert list(sites["region"]) == ["plains", "plains", "hills", "hills"]
    assert list(sites["interconnect"]) == ["East"] * 4


def test_zone_of_a_site_is_the_one_it_names_wherever_it_lies(tmp_path):
    draft = Draft()
    draft.sites[0] |= {"zone": "south", "lon": 50}
    assert read(draft, tmp_path).sites.set_index("id").loc["a", "zone"] == "south"


def test_site_on_a_border_is_in_the_first_zone_by_id(tmp_path):
    draft = Draft()
    draft.sites[0] |= {"lon": 2, "lat": 3}
    draft.sites[1] |= {"lon": 2, "lat": 2}
    draft.zones.reverse()
    assert list(read(draft, tmp_path).sites["zone"][:2]) == ["n_east", "n_east"]


def test_plant_in_no_zone_is_kept(tmp_path):
    draft = Draft()
    draft.supply[1]["lon"] = 40
    supply = read(draft, tmp_path).supply.set_index("id")
    assert list(supply["zone"]) == ["n_west", None, "south"]
    assert list(supply["region"]) == ["plains", None, "hills"]


def test_facts_of_a_plant_are_its_own_or_those_of_its_kind(tmp_path):
    draft = Draft()
    draft.supply[0] |= {"capacity_factor": 0.5, "premium_usd_per_mwh": 3}
    draft.supply += [
        {"id": "burner", "lon": 1, "lat": 1, "kind": "waste", "mw": 9, "clean": "false"},
        {"id": "fusor", "lon": 1, "lat": 1, "kind": "fusion", "mw": 9, "clean": "yes"}
        | {"capacity_factor": 0.9},
        {"id": "gas", "lon": 1, "lat": 1, "kind": "gas", "mw": 9, "clean": "1"}
        | {"capacity_factor": 0.4},
    ]
    supply = read(draft, tmp_path).supply.set_index("id")
    assert supply["clean"].to_dict() == {
        "burner": False,
        "dam": True,
        "farm": True,
        "fusor": True,
        "gas": True,
        "mine": False,
    }
    assert supply.loc["dam", "capacity_factor"] == 0.5
    assert supply.loc["farm", "capacity_factor"] == KINDS["wind"].capacity_factor
    assert supply.loc[supply["clean"], "capacity_factor"].notna().all()
    assert supply["premium_usd_per_mwh"].to_dict() == dict.fromkeys(supply.index, 0) | {"dam": 3}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (table, column)
        for table in TABLES.values()
        for column in table.columns
        if column.kind in ("number", "integer")
    ],
    ids=lambda value: value.name,
)
def test_registry_bounds_are_checked(table, column, tmp_path):
    wrong = {"lots": "must be a number"}
    if column.lower is not None:
        wrong[column.lower - 0.5] = "must be at least"
    if column.upper is not None:
        wrong[column.upper + 0.5] = "must be at most"
    for value, says in wrong.items():
        draft = Draft()
        getattr(draft, table.name)[0][column.name] = value
        with pytest.raises(InputError) as refused:
            read(draft, tmp_path)
        assert f"{column.name} is" in str(refused.value)
        assert says in str(refused.value)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_registry_needs_are_checked(table, tmp_path):
    for column in table.columns:
        if not column.required:
            continue
        draft = Draft()
        if table.name == "nodes":
            draft.nodes = [{"id": "n1", "lon": 1, "lat": 3}]
            draft.ask("world", nodes="nodes.csv")
        for row in getattr(draft, table.name):
            del row[column.name]
        with pytest.raises(InputError, match=rf"column {column.name}(?: \[MW\])? is missing"):
            read(draft, tmp_path)


def test_registry_is_the_contract():
    required = {t.name: [c.name for c in t.columns if c.required] for t in TABLES.values()}
    assert required == {
        "zones": ["id", "utility"],
        "sites": ["id", "max_mw"],
        "fiber": ["id"],
        "supply": ["id", "kind", "mw"],
        "nodes": ["id"],
    }
    optional = {t.name: [c.name for c in t.columns if not c.required] for t in TABLES.values()}
    assert optional["zones"] == [
        *("headroom_mw", "headroom_mw_0p25", "headroom_mw_0p5", "headroom_mw_1p0", "region"),
        *("interconnect", "state", "name", "parent", "price_usd_per_mwh", "grid_clean_fraction"),
        "co2_kg_per_mwh",
    ]
    assert optional["sites"] == [
        *("zone", "name", "kv", "utility", "pue", "price_usd_per_mwh", "campus_musd_per_mw"),
        *("campus_fixed_musd", "existing_mw", "energised_year"),
    ]
    assert optional["fiber"] == ["km", "kind", "from", "to"]
    assert optional["supply"] == ["capacity_factor", "premium_usd_per_mwh", "zone", "clean"]


def test_units_of_numbers_are_in_their_names():
    words = {"MW": "mw", "kV": "kv", "km": "km", "0-1": ("fraction", "factor")}
    for table in TABLES.values():
        for column in table.columns:
            if column.kind != "number" or column.unit not in words:
                continue
            assert any(word in column.name for word in np.atleast_1d(words[column.unit]))


def test_page_of_tables_is_what_the_registry_says():
    page = (ROOT / "docs" / "tables.md").read_text("utf-8")
    assert page == describe_tables(), (
        "python -m siting.world.columns > docs/tables.md writes it anew"
    )


def test_registry_is_read_without_geopandas():
    code = "import sys, siting.world.columns; sys.exit('geopandas' in sys.modules)"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=ROOT)
    page = subprocess.run(
        [sys.executable, "-W", "error", "-m", "siting.world.columns"],
        check=True,
        cwd=ROOT,
        capture_output=True,
    )
    assert page.stdout.decode() == describe_tables()


# --- Which tables ---------------------------------------------------------------------------


def test_bundled_world_is_the_default_and_tables_replace_its_own(tmp_path):
    us = read_world(make_model({"schema": 1, "name": "m", "cluster": {"target_mw": 500}}))
    assert us.name == "us"
    assert us.caveat is not None
    assert us.sources
    assert us.outlines is not None

    write_csv(tmp_path / "mine.csv", [{"id": "x", "lon": -77.5, "lat": 39.0, "max_mw": 900}] * 1)
    (tmp_path / "model.toml").write_text(
        'schema = 1\nname = "m"\n[world]\nbase = "us"\nsites = "mine.csv"\n'
        "[cluster]\ntarget_mw = 500\nmin_campuses = 1\n"
    )
    mine = read_world(read_model(tmp_path))
    assert list(mine.sites["id"]) == ["x"]
    assert mine.sites["zone"].notna().all()
    assert len(mine.supply) == len(us.supply)
    assert mine.caveat == us.caveat
    assert mine.sha256 != us.sha256
    assert mine.files["sites"] == "mine.csv"
    assert mine.files["zones"] == "us/zones.geojson"


def test_folder_is_a_world(tmp_path):
    draft = Draft()
    draft.write(tmp_path / "tables")
    (tmp_path / "tables" / "world.toml").write_text(
        'schema = 1\nname = "mine"\ntitle = "My world"\ncaveat = "Made up."\n'
        '[[source]]\nname = "me"\nlicence = "MIT"\nsha256 = "0"\n'
    )
    (tmp_path / "model.toml").write_text(
        'schema = 1\nname = "m"\n[world]\nbase = "tables"\n[cluster]\ntarget_mw = 500\n'
    )
    world = read_world(read_model(tmp_path))
    assert (world.name, world.title, world.caveat) == ("mine", "My world", "Made up.")
    assert [(source.name, source.licence) for source in world.sources] == [("me", "MIT")]
    assert world.outlines is None
    (tmp_path / "tables" / "world.toml").unlink()
    assert read_world(read_model(tmp_path)).name == "tables"


def test_supply_is_optional(tmp_path):
    draft = Draft()
    del draft.model["world"]["supply"]
    world = read(draft, tmp_path)
    assert len(world.supply) == 0
    assert {"id", "mw", "clean", "zone", "capacity_factor"} <= set(world.supply.columns)
    assert world.name == "draft"
    assert world.caveat is None


def test_fingerprint_is_of_what_the_files_hold(tmp_path):
    world = read(Draft(), tmp_path / "a")
    moved = Draft()
    moved.extra["tables/s.csv"] = lambda path: write_csv(path, moved.sites)
    moved.ask("world", sites="tables/s.csv")
    assert read(moved, tmp_path / "b").sha256 == world.sha256

    filtered = read(Draft(), tmp_path / "a", **{"world.regions": '["plains"]'})
    assert filtered.sha256 == world.sha256

    other = Draft()
    other.sites[0]["max_mw"] = 401
    assert read(other, tmp_path / "c").sha256 != world.sha256


def test_order_of_rows_makes_no_difference(tmp_path):
    world = read(Draft(), tmp_path / "a")
    turned = Draft()
    for name in DRAWN:
        getattr(turned, name).reverse()
    other = read(turned, tmp_path / "b")
    for name in DRAWN:
        assert getattr(world, name).equals(getattr(other, name))


# --- Filters --------------------------------------------------------------------------------


def test_regions_and_states_keep_zones_their_parents_and_sites_but_all_supply(tmp_path):
    draft = Draft()
    draft.zones[2]["state"] = "IA"
    draft.ask("cluster", min_campuses=1)
    plains = read(draft, tmp_path, **{"world.regions": '["plains"]'})
    assert list(plains.zones["id"]) == ["n_east", "n_west", "north"]
    assert list(plains.sites["id"]) == ["a", "b"]
    assert list(plains.supply["id"]) == ["dam", "farm", "mine"]
    assert plains.dropped == {"world.regions": 2}

    nebraska = {"world.regions": '["plains"]', "world.states": '["NE"]'}
    west = read(draft, tmp_path, **nebraska)
    assert list(west.zones["id"]) == ["n_west", "north"]
    assert list(west.sites["id"]) == ["a"]
    assert west.dropped == {"world.regions": 2, "world.states": 3}
    assert len(west.fiber) == 3


def test_voltage_and_exclusion_drop_sites_and_a_blank_voltage_is_kept(tmp_path):
    world = read(Draft(), tmp_path, **{"world.min_kv": 345, "world.exclude_sites": '["a"]'})
    assert list(world.sites["id"]) == ["c", "d"]
    assert world.dropped == {"world.exclude_sites": 1, "world.min_kv": 1}
    assert len(world.zones) == 4


def test_question_is_checked_again_on_a_world_that_is_reused(tmp_path):
    draft = Draft()
    for row in draft.zones:
        del row["region"]
    model = read_model(draft.write(tmp_path))
    world = read_world(model)
    check_question(model, world)
    with pytest.raises(InputError, match="ask for 5 campuses, but there are 4 sites"):
        check_question(model.replace({"cluster.min_campuses": 5}), world)
    with pytest.raises(InputError, match=r"fill in the column region, or lower min_regions"):
        check_question(model.replace({"cluster.min_regions": 2}), world)


# --- Geometry -------------------------------------------------------------------------------


def test_slivers_between_zones_are_forgiven(tmp_path):
    draft = Draft()
    draft.zones[1]["geometry"] = box(0, 2, 2.015, 4)
    assert len(read(draft, tmp_path).zones) == 4
    draft.zones[1]["geometry"] = box(0, 2, 2.03, 4)
    with pytest.raises(InputError, match=r"overlaps zone 'n_east' by 741 km2, 1\.5 %"):
        read(draft, tmp_path)


def test_areas_are_true():
    octant = shapely.Polygon([(0, 0), *((lon, 0) for lon in range(1, 91)), (90, 90), (0, 90)])
    sphere_km2 = 4 * np.pi * 6371.0088**2
    assert area_km2(np.array([octant]))[0] == pytest.approx(sphere_km2 / 8, rel=1e-6)


def test_great_circle_is_that_of_a_sphere():
    km = great_circle_km(*(np.array([v]) for v in (0.0, 0.0, 90.0, 0.0)))
    assert km[0] == pytest.approx(6371.0088 * np.pi / 2)


def test_line_of_parts_that_join_is_one_span(tmp_path):
    draft = Draft()
    draft.fiber[0]["geometry"] = shapely.MultiLineString([[(2, 3), (3, 3)], [(1, 3), (2, 3)]])
    draft.fiber[1]["geometry"] = shapely.MultiLineString([[(3, 3), (3, 1)]])
    fiber = read(draft, tmp_path).fiber
    assert set(fiber.geom_type) == {"LineString"}


# --- Spans ----------------------------------------------------------------------------------


def edges(spans):
    """The graph as a set of its edges: places of both ends and length, whatever the labels."""
    place = np.column_stack((spans.node_lon, spans.node_lat)).round(4)
    return sorted(
        (round(float(km), 6), *sorted([tuple(map(float, place[a])), tuple(map(float, place[b]))]))
        for a, b, km in zip(spans.start, spans.end, spans.km, strict=True)
    )


def test_spans_are_the_fiber_as_numbers(tmp_path):
    spans = read(Draft(), tmp_path).spans()
    assert spans.ids == ("s1", "s2", "s3")
    assert spans.node_ids == ("n1", "n2", "n3", "n4")
    assert spans.start.tolist() == [0, 1, 2]
    assert spans.end.tolist() == [1, 2, 3]
    assert spans.node_lon.tolist() == [1, 3, 3, 1]
    assert spans.node_lat.tolist() == [3, 3, 1, 1]
    line_km = great_circle_km(*(np.array([v]) for v in (3.0, 1.0, 1.0, 1.0)))[0]
    assert spans.km.tolist() == pytest.approx([250, 250, 1.3 * line_km])


def test_length_is_along_the_line_times_the_route_factor(tmp_path):
    draft = Draft()
    draft.fiber[2]["geometry"] = shapely.LineString([(3, 1), (2, 1.5), (1, 1)])
    spans = read(draft, tmp_path, **{"world.route_factor": 2}).spans()
    half_km = great_circle_km(*(np.array([v]) for v in (3.0, 1.0, 2.0, 1.5)))[0]
    assert spans.km[2] == pytest.approx(2 * 2 * half_km)


def test_ends_without_ids_meet_within_a_metre(tmp_path):
    draft = Draft()
    for row in draft.fiber:
        row["from"] = row["to"] = None
    metre = 1 / 111_195
    draft.fiber[1]["geometry"] = shapely.LineString([(3, 3 - 0.9 * metre), (3, 1)])
    draft.fiber[2]["geometry"] = shapely.LineString([(3, 1 - 1.1 * metre), (1, 1)])
    spans = read(draft, tmp_path).spans()
    assert len(spans.node_ids) == 5
    assert spans.end[0] == spans.start[1]
    assert spans.end[1] != spans.start[2]


def test_end_without_an_id_joins_a_named_node(tmp_path):
    draft = Draft()
    draft.fiber[2] |= {"from": None, "to": None}
    spans = read(draft, tmp_path).spans()
    assert spans.end[1] == spans.start[2]
    assert spans.node_ids[spans.start[2]] == "n3"
    assert len(spans.node_ids) == 4


@given(
    st.permutations(range(6)),
    st.lists(st.booleans(), min_size=6, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_graph_depends_on_neither_order_nor_direction_nor_names(order, turned, named):
    corners = [(0, 0), (1, 0), (1, 1), (0, 1)]
    pairs = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)]
    rows = []
    for k, name in enumerate(order):
        a, b = pairs[k][::-1] if turned[k] else pairs[k]
        ends = {"from": f"c{a}", "to": f"c{b}"} if named[k] else {"from": None, "to": None}
        line = shapely.LineString([corners[a], corners[b]])
        rows.append({"id": f"s{name}", **ends, "geometry": line})
    frame = as_frame(sorted(rows, key=lambda row: row["id"]))
    empty = frame.iloc[:0]
    world = World("w", "", None, "", (), empty, empty, frame, empty, None, route_factor=1.3)
    spans = world.spans()
    assert len(spans.node_ids) == 4
    plain = as_frame(
        [
            {"id": f"s{k}", "geometry": shapely.LineString([corners[a], corners[b]])}
            for k, (a, b) in enumerate(pairs)
        ]
    )
    other = World("w", "", None, "", (), empty, empty, plain, empty, None, route_factor=1.3)
    assert edges(spans) == edges(other.spans())


# --- The bundled world ----------------------------------------------------------------------


def test_bundled_tables_have_the_content_that_they_say():
    # A table that was changed by hand is still read, and the fingerprint tells.
    world = read_world(read_model("us_5gw"))
    assert world.files == {
        "zones": "us/zones.geojson",
        "sites": "us/sites.csv",
        "fiber": "us/fiber.geojson",
        "supply": "us/supply.csv",
    }
    assert world.sites["zone"].notna().all()
    assert world.sites["region"].notna().all()
    assert (data_folder() / "us" / "zones.geojson").is_file()


def test_a_world_that_is_not_built_says_how_to_build_it(monkeypatch, tmp_path):
    monkeypatch.setenv("SITING_WORLDS", str(tmp_path))
    model = read_model("us_all_5gw")
    with pytest.raises(
        InputError, match=r"world.base = 'us_all':.*\n?.*not built here; run make world"
    ):
        read_world(model)
    shutil.copytree(data_folder() / "us", tmp_path / "us_all")
    world = read_world(model)
    assert world.files["sites"] == "us_all/sites.csv"
    assert len(world.sites) == 4062
    # Only worlds that siting knows how to build are found by name.
    shutil.copytree(data_folder() / "us", tmp_path / "other")
    with pytest.raises(InputError, match="neither a bundled world nor a folder"):
        read_world(model.replace({"world.base": "other"}))


# --- Real public files ----------------------------------------------------------------------


def sheet_of(table, path):
    problems = Problems()
    raw = read_table(Source(table, path, path.name), problems, Notices())
    assert raw is not None, problems.found
    sheet = read_columns(name_columns(raw, problems, Notices()), problems, Notices())
    read_shapes(sheet)
    return sheet, [problem.what for problem in problems.found]


def test_real_shapefile_of_zones_says_what_it_lacks(shared):
    sheet, problems = sheet_of(ZONES, shared / "reeds" / "rb_and_ba_areas.shp")
    assert len(sheet) == 134
    west, south, east, north = sheet.raw.frame.total_bounds
    assert -125 < west < -124
    assert -67.5 < east < -66
    assert 24 < south < 26
    assert 49 < north < 50
    assert problems[0].startswith("column id is missing")
    assert not any("broken" in what for what in problems)
    assert sheet.notices.found[0].what.startswith("19 zones have broken rings, repaired")
    assert shapely.is_valid(sheet.shapes).all()


def test_real_zones_and_real_points_become_a_world(shared, tmp_path):
    zones = gpd.read_file(shared / "reeds" / "rb_and_ba_areas.shp")
    zones = zones.rename(columns={"rb": "id", "BA_Code": "utility"})
    zones.geometry = shapely.make_valid(
        zones.geometry.array, method="structure", keep_collapsed=False
    )
    zones["headroom_mw"] = 1000
    zones.to_file(tmp_path / "zones.gpkg")
    points = gpd.read_file(shared / "im3" / "im3_datacenter_centroids.geojson")
    points = points.assign(id=range(len(points)), max_mw=100)
    points.to_file(tmp_path / "sites.geojson")
    lines = gpd.read_file(shared / "hifld" / "tlines.gpkg").rename(columns={"ID": "id"})
    one = lines.geometry.line_merge().geom_type == "LineString"
    lines[one].to_file(tmp_path / "fiber.gpkg")
    (tmp_path / "model.toml").write_text(
        'schema = 1\nname = "real"\n[world]\nbase = "."\n[cluster]\ntarget_mw = 500\n'
    )
    # Points off the simplified coast lie in no zone.
    with pytest.raises(InputError) as refused:
        read_world(read_model(tmp_path))
    assert len(refused.value.problems) == 1
    assert "sites lie in no zone of zones.gpkg" in str(refused.value)
    inside = points.sjoin(zones.to_crs(points.crs)[["geometry"]], predicate="intersects")
    kept = points.loc[sorted(set(inside.index))]
    assert len(kept) > 0.95 * len(points)
    kept.to_file(tmp_path / "sites.geojson")
    world = read_world(read_model(tmp_path))
    assert len(world.zones) == 134
    assert len(world.sites) == len(kept)
    assert set(world.sites["id"]) == {str(n) for n in kept["id"]}
    assert len(world.fiber) == len(set(world.spans().row.tolist())) == 129
    assert world.spans().km.sum() == pytest.approx(1.3 * world.spans().lines.km.sum())


def test_real_lines_in_several_parts_are_spans(shared):
    sheet, problems = sheet_of(FIBER, shared / "hifld" / "tlines.gpkg")
    assert len(sheet) == 131
    assert problems == []
    sheet = split_lines(sheet)
    assert len(sheet) == 133
    assert [notice.what for notice in sheet.notices.found] == [
        (
            "2 lines of several parts are 4 spans ('302326', '311749'); the parts of '302326' are "
            "'302326:1' to '302326:2'"
        )
    ]
    shapes = list(sheet.shapes)
    assert {shape.geom_type for shape in shapes} == {"LineString"}


def test_real_points_are_sites(shared):
    sheet, problems = sheet_of(SITES, shared / "im3" / "im3_datacenter_centroids.geojson")
    assert len(sheet) == 1165
    assert [what.split(",")[0] for what in problems] == [
        "column id is missing",
        "column max_mw [MW] is missing",
    ]
    assert not any(shape is None for shape in sheet.shapes)


def test_real_table_of_another_theme_is_refused(shared, tmp_path):
    draft = Draft()
    draft.extra["sites.csv"] = (shared / "reeds" / "membership.csv").read_bytes()
    with pytest.raises(InputError, match="lon and lat are missing"):
        read(draft, tmp_path)
