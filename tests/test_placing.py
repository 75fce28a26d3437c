"""Where rows are: outside of all zones, beside the one they name, at one place, in own zones."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
import shapely
from drafts import Draft, as_geojson, box
from hypothesis import given, settings
from hypothesis import strategies as st

from siting import check, read_model, read_world, solve, to_geodataframes, write
from siting.errors import InfeasibleError, InputError
from siting.report.geojson import to_geojson
from siting.resources import data_folder
from siting.sphere import great_circle_km
from siting.units import EARTH_RADIUS_KM
from siting.world import read as reading
from siting.world.files import Raw, read_table
from siting.world.nearest import Outlines, apart_km
from siting.world.world import LeftOut

KM_PER_DEGREE = math.pi / 180 * EARTH_RADIUS_KM


def read(draft, folder, **overrides):
    return read_world(read_model(draft.write(folder), set=overrides))


def whats(world):
    return [notice.what for notice in world.notices]


# --- Distances to outlines ------------------------------------------------------------------


def distance_by_steps(lon, lat, ring):
    """The least great circle to a ring of straight lines in degrees, in steps of millimetres."""
    t = np.linspace(0, 1, 20001)
    best = np.inf
    for (x0, y0), (x1, y1) in itertools.pairwise(ring):
        at, step = 0.5, 1.0
        for _ in range(3):
            part = np.clip(at + step * (t - 0.5), 0, 1)
            km = great_circle_km(lon, lat, x0 + part * (x1 - x0), y0 + part * (y1 - y0))
            best, at, step = min(best, km.min()), part[km.argmin()], step / 1000
    return best


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_distance_is_the_great_circle_to_the_outline(seed):
    generator = np.random.default_rng(seed)
    middle = generator.uniform((-170, -60), (170, 70))
    turns = np.sort(generator.uniform(0, 2 * np.pi, 6))
    around = np.column_stack((np.cos(turns), np.sin(turns))) * generator.uniform(0.2, 4, (6, 1))
    zone = shapely.Polygon(middle + around)
    lon, lat = middle + generator.uniform(-6, 6, 2)
    found, km = Outlines(np.array([zone], dtype=object)).nearest(np.array([lon]), np.array([lat]))
    ring = shapely.get_coordinates(zone.exterior).tolist()
    assert found[0] == 0
    assert km[0] == pytest.approx(distance_by_steps(lon, lat, ring), abs=0.002)
    inside = zone.intersects(shapely.Point(lon, lat))
    apart = apart_km(np.array([lon]), np.array([lat]), np.array([zone], dtype=object))
    assert apart[0] == pytest.approx(0.0 if inside else km[0])


def test_nearest_is_across_180_degrees_where_that_is_nearer():
    shapes = np.array([box(170, 0, 179, 5), box(-179.5, 0, -170, 5)], dtype=object)
    found, km = Outlines(shapes).nearest(np.array([179.8]), np.array([2.0]))
    assert found[0] == 1
    assert km[0] == pytest.approx(0.7 * KM_PER_DEGREE * math.cos(math.radians(2)), rel=1e-3)


# --- In no zone -----------------------------------------------------------------------------


def beside_the_coast(count: int = 14) -> Draft:
    """Sites east of the coast at lon 4: the first by 20 m, the others further."""
    draft = Draft()
    for k in range(count):
        km = 0.02 + 0.46 * k
        draft.sites.append(
            {"id": f"q{k:02d}", "lon": 4 + km / KM_PER_DEGREE, "lat": 0.0, "max_mw": 200}
            | {"kv": 345}
        )
    return draft


def test_all_sites_outside_are_named_with_their_distance(tmp_path):
    with pytest.raises(InputError) as refused:
        read(beside_the_coast(), tmp_path)
    (problem,) = refused.value.problems
    assert problem.what.startswith("14 sites lie in no zone of zones.geojson: 'q00' 0.02 km from ")
    for k in range(14):
        assert f"'q{k:02d}' {0.02 + 0.46 * k:.2f} km from 'south'" in problem.what
    assert "set world.snap_km = 6.1 to take each to the nearest zone" in problem.what


def test_excluded_sites_are_not_asked_for_a_zone(tmp_path):
    names = json.dumps([f"q{k:02d}" for k in range(14)])
    world = read(beside_the_coast(), tmp_path, **{"world.exclude_sites": names})
    assert list(world.sites["id"]) == ["a", "b", "c", "d"]
    assert world.left_out == (
        LeftOut('world.exclude_sites = ["q00", "q01", "q02", ...]', "sites", 14, 2800.0),
    )
    assert world.notices == ()


def test_sites_below_the_voltage_are_not_asked_for_a_zone(tmp_path):
    draft = beside_the_coast(3)
    for row in draft.sites[4:]:
        row |= {"kv": 69, "zone": "nowhere"}
    world = read(draft, tmp_path)
    assert len(world.sites) == 4
    assert world.left_out == (LeftOut("world.min_kv = 230", "sites", 3, 600.0),)


def test_advice_on_snapping_leads_to_a_world(tmp_path):
    world = read(beside_the_coast(), tmp_path, **{"world.snap_km": 6.1})
    assert len(world.sites) == 18
    assert set(world.sites["zone"][4:]) == {"south"}
    (what,) = whats(world)
    assert what.startswith(
        "14 sites lie in no zone and are taken to the nearest, at most 6.00 km away (world.snap_km "
        "= 6.1): 'q00' 0.02 km from 'south', 'q01' 0.48 km from 'south'"
    )
    assert what.endswith(" and 4 more")


def test_what_is_further_than_the_snap_is_still_named(tmp_path):
    with pytest.raises(InputError) as refused:
        read(beside_the_coast(), tmp_path, **{"world.snap_km": 5})
    (problem,) = refused.value.problems
    assert problem.what.startswith("3 sites lie in no zone of zones.geojson: 'q11' 5.08 km from")


def test_the_snap_is_to_the_nearest_leaf_and_to_the_first_of_two(tmp_path):
    draft = Draft()
    draft.sites[0] |= {"lon": 4.01, "lat": 2.02}
    draft.sites[1] |= {"lon": 4.01, "lat": 1.98}
    draft.sites[2] |= {"lon": 2, "lat": 4.01}
    world = read(draft, tmp_path, **{"world.snap_km": 2})
    assert list(world.sites["zone"]) == ["n_east", "south", "n_east", "south"]


def test_far_sites_get_no_advice_to_snap(tmp_path):
    draft = Draft()
    draft.sites[0]["lon"] = 40
    with pytest.raises(InputError) as refused:
        read(draft, tmp_path)
    assert "snap_km" not in str(refused.value)


def beside_the_zone(**plant) -> Draft:
    draft = Draft()
    draft.supply = [
        {"id": "head", "lon": 4 + 4 / KM_PER_DEGREE, "lat": 0, "kind": "nuclear", "mw": 2400}
        | plant,
        {"id": "far", "lon": 3.5, "lat": 0.5, "kind": "wind", "mw": 900},
        {"id": "soot", "lon": 9, "lat": 0, "kind": "coal", "mw": 900},
    ]
    draft.ask("clean", min_fraction=0.5)
    draft.ask("world", sites="sites.csv")
    draft.zones[0] |= {"region": "hills"}
    for zone in draft.zones:
        zone["region"] = "hills"
    draft.ask("cluster", target_mw=700, max_fiber_km=1500)
    return draft


def test_clean_plant_beside_its_zone_is_named(tmp_path):
    world = read(beside_the_zone(), tmp_path)
    assert whats(world) == [
        (
            "1 clean plant, 2,400 MW, lies in no zone of zones.geojson and cannot be delivered "
            "within a region: 'head' 4.00 km from 'south'; set world.snap_km = 4.1 to take it to "
            "the nearest zone, or name its zone in a column"
        )
    ]
    assert world.left_out == (LeftOut("in no zone", "supply", 1, 2400.0),)


def test_reason_for_no_plan_names_the_plant_in_no_zone(tmp_path):
    draft = beside_the_zone()
    with pytest.raises(InfeasibleError) as refused:
        solve(read_model(draft.write(tmp_path)))
    # 0.3 x 0.926 x 2,400 MW x 8,760 h = 5.84 TWh.
    assert "1 clean plant, 5.84 TWh/year, lies in no region and cannot be delivered" in str(
        refused.value
    )
    assert "'head'" in str(refused.value)
    # 0.3 x 0.347 x 900 MW is 93.69 MW of mean output, for half of a draw at 0.9.
    assert f"clean energy for {math.floor(0.3 * 0.347 * 900 / 0.9 / 0.5)} MW" in str(refused.value)


def test_plant_beside_its_zone_counts_once_it_is_taken_there(tmp_path):
    model = read_model(beside_the_zone().write(tmp_path), set={"world.snap_km": 5})
    world = read_world(model)
    assert dict(zip(world.supply["id"], world.supply["zone"], strict=True))["head"] == "south"
    assert whats(world) == [
        (
            "1 plant lies in no zone and is taken to the nearest, at most 4.00 km away "
            "(world.snap_km = 5): 'head' 4.00 km from 'south'"
        )
    ]
    assert world.left_out == ()
    assert solve(model, world=world).clusters[0].clean_fraction >= 0.5


@pytest.mark.parametrize(
    ("plant", "keys"),
    [
        ({"clean": "false"}, {}),
        ({"zone": "south"}, {}),
        ({}, {"clean.deliver_within": "anywhere"}),
    ],
    ids=["not clean", "names its zone", "delivered anywhere"],
)
def test_plants_that_miss_nothing_are_not_told(plant, keys, tmp_path):
    world = read(beside_the_zone(**plant), tmp_path, **keys)
    assert world.notices == ()
    assert world.left_out == ()


# --- Not in the zone that is named ----------------------------------------------------------


def test_sites_that_name_a_zone_and_lie_in_another_are_named(tmp_path):
    draft = Draft()
    draft.sites[0] |= {"zone": "n_east", "lon": 2 - 68 / KM_PER_DEGREE / math.cos(math.radians(3))}
    draft.supply[1]["zone"] = "n_east"
    world = read(draft, tmp_path)
    assert list(world.sites["zone"]) == ["n_east", "n_east", "south", "south"]
    sites, plants = whats(world)
    assert (
        "1 site does not lie in the zone that is named, which counts nevertheless: site 'a' names "
        "zone 'n_east', but lies in 'n_west', 68 km from it" in sites
    )
    assert "plant 'farm' names zone 'n_east', but lies in 'south', 167 km from it" in plants


@pytest.mark.parametrize(("km", "told"), [(0.9, False), (1.1, True)])
def test_borders_may_be_off_by_a_kilometre(km, told, tmp_path):
    draft = Draft()
    draft.sites[0] |= {"zone": "n_east", "lon": 2 - km / KM_PER_DEGREE / math.cos(math.radians(3))}
    assert bool(read(draft, tmp_path).notices) == told


@pytest.mark.parametrize(("lon", "told"), [(4.5, False), (50.0, True)])
def test_site_off_the_coast_may_name_its_zone_but_not_from_far(lon, told, tmp_path):
    draft = Draft()
    draft.sites[0] |= {"zone": "south", "lon": lon, "lat": 1}
    world = read(draft, tmp_path)
    assert bool(world.notices) == told
    if told:
        assert "names zone 'south', but lies in none, 5,1" in whats(world)[0]


# --- What is told of whom -------------------------------------------------------------------------


def test_bundled_worlds_are_read_without_notices():
    world = read_world(read_model("us_5gw"))
    assert world.notices == ()
    assert world.left_out == ()
    assert world.sites.duplicated("geometry").sum() > 0


def test_own_folder_is_told_about_though_the_model_names_no_table(tmp_path):
    draft = beside_the_zone()
    draft.write(tmp_path / "tables")
    (tmp_path / "model.toml").write_text(
        'schema = 1\nname = "m"\n[world]\nbase = "tables"\n[cluster]\ntarget_mw = 500\n'
    )
    assert len(read_world(read_model(tmp_path)).notices) == 1


# --- Own zones on the rows of a base --------------------------------------------------------

TEXAS = [
    {"id": "upper", "utility": "Aldermoor Power", "region": "plain", "headroom_mw": 3000}
    | {"geometry": box(-100, 32, -96, 34)},
    {"id": "lower", "utility": "Brackwater", "region": "coast", "headroom_mw": 3000}
    | {"geometry": box(-100, 29, -96, 32)},
]


def on_us(folder, zones, **world):
    (folder / "zones.geojson").write_text(as_geojson(zones))
    keys = "".join(f"{key} = {json.dumps(value)}\n" for key, value in world.items())
    (folder / "model.toml").write_text(
        f'schema = 1\nname = "m"\n[world]\nbase = "us"\nzones = "zones.geojson"\n{keys}'
        "[cluster]\ntarget_mw = 1000\n"
    )
    return read_model(folder)


def test_rows_of_the_base_are_placed_by_where_they_lie_in_own_zones(tmp_path):
    world = read_world(on_us(tmp_path, TEXAS))
    us = read_world(read_model("us_5gw"))
    lon, lat = us.sites.geometry.x, us.sites.geometry.y
    upper = (lon >= -100) & (lon <= -96) & (lat >= 32) & (lat <= 34)
    lower = (lon >= -100) & (lon <= -96) & (lat >= 29) & (lat < 32)
    assert set(world.sites.loc[world.sites["zone"] == "upper", "id"]) == set(us.sites["id"][upper])
    assert set(world.sites.loc[world.sites["zone"] == "lower", "id"]) == set(us.sites["id"][lower])
    assert set(world.sites["utility"]) == {"Aldermoor Power", "Brackwater"}
    assert set(world.sites["region"]) == {"plain", "coast"}
    outside = 4062 - int(upper.sum() + lower.sum())
    assert world.notices == ()  # what is left out is said once, with its MW
    mw = us.sites.loc[~(upper | lower), "max_mw"].sum()
    of_sites, of_plants = world.left_out
    by = "in no zone of zones.geojson, which takes the place of the base's"
    assert (of_sites.by, of_sites.table, of_sites.rows) == (by, "sites", outside)
    assert (of_plants.by, of_plants.table) == (by, "supply")
    assert of_sites.mw == pytest.approx(mw)
    assert of_plants.rows == 4468 - len(world.supply)
    plan = solve(on_us(tmp_path, TEXAS), world=world)
    assert {zone.id for zone in plan.zones} <= {"upper", "lower"}


def test_required_site_of_the_base_outside_of_own_zones_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"has 'us_00000', but world.zones leaves it out"):
        read_world(on_us(tmp_path, TEXAS, require_sites=["us_00000"]))


def test_copy_of_the_bases_zones_keeps_the_zones_that_rows_name(tmp_path):
    held = json.loads((data_folder() / "us" / "zones.geojson").read_text("utf-8"))
    rows = [
        {**feature["properties"], "headroom_mw": 777.0}
        | {"geometry": shapely.geometry.shape(feature["geometry"])}
        for feature in held["features"]
    ]
    world = read_world(on_us(tmp_path, rows))
    us = read_world(read_model("us_5gw"))
    assert world.notices == ()
    assert list(world.sites["zone"]) == list(us.sites["zone"])
    assert set(world.zones["headroom_mw"]) == {777.0}
    # The same ids on other land are told.
    swap = {"p1": rows[1]["geometry"], "p2": rows[0]["geometry"]}
    moved = [row | {"geometry": swap.get(row["id"], row["geometry"])} for row in rows]
    assert [row["id"] for row in rows[:2]] == ["p1", "p2"]
    zones, *told = read_world(on_us(tmp_path, moved)).notices
    assert zones.where == "zones.geojson"
    assert "outside of" in zones.what
    assert [notice.where for notice in told] == ["us/sites.csv", "us/supply.csv"]
    assert all("do not lie in the zone that is named" in notice.what for notice in told)
    # A part of them: rows off its coast name a zone of it, and others none.
    florida = [row for row in rows if row["state"] == "FL" or row["id"] == "region_FRCC"]
    part = read_world(on_us(tmp_path, [{**row, "parent": None} for row in florida]))
    kept = {row["id"] for row in florida}
    named = us.sites[us.sites["zone"].isin(kept)]
    assert set(part.sites["id"]) == set(named["id"])
    assert dict(zip(part.sites["id"], part.sites["zone"], strict=True)) == dict(
        zip(named["id"], named["zone"], strict=True)
    )


# --- Zones without outlines -----------------------------------------------------------------


@pytest.fixture
def plain_zones(monkeypatch):
    """Tables of zones without geometry, as a reader of plain tables hands them on."""

    def read(source, problems, notices):
        if source.path.name != "zones.plain":
            return read_table(source, problems, notices)
        rows = json.loads(source.path.read_text("utf-8"))
        frame = reading.gpd.GeoDataFrame(rows, geometry=[None] * len(rows), crs=4326)
        return Raw(source, frame, "plain", list(range(2, 2 + len(rows))))

    monkeypatch.setattr(reading, "read_table", read)


def without_outlines() -> Draft:
    draft = Draft()
    rows = [{k: v for k, v in row.items() if k != "geometry"} for row in draft.zones]
    draft.ask("world", zones="zones.plain")
    draft.extra["zones.plain"] = json.dumps(rows)
    for row, zone in zip(draft.sites, ["n_west", "n_east", "south", "south"], strict=True):
        row["zone"] = zone
    draft.supply[0]["zone"] = "n_west"
    return draft


def test_zones_without_outlines_give_the_plan_of_those_with(plain_zones, tmp_path):
    drawn = Draft()
    drawn.supply[1]["zone"] = "south"
    plan = solve(read_model(drawn.write(tmp_path / "drawn")))
    draft = without_outlines()
    model = read_model(draft.write(tmp_path / "plain"))
    world = read_world(model)
    other = solve(model, world=world)
    assert other.objective == pytest.approx(plan.objective)
    assert [zone.id for zone in other.zones] == [zone.id for zone in plan.zones]
    assert whats(world) == [
        (
            "1 clean plant, 300 MW, names no zone, and zones.plain has no outlines: nothing is "
            "delivered from there within a region ('farm'); name the zone in a column"
        )
    ]
    features = json.loads(to_geojson(to_geodataframes(other, world).zones))["features"]
    assert [feature["geometry"] for feature in features] == [None] * len(other.zones)
    write(other, world, tmp_path / "out")
    assert (tmp_path / "out" / "map.html").stat().st_size > 100_000


def test_sites_must_name_a_zone_that_has_no_outline(plain_zones, tmp_path):
    draft = without_outlines()
    draft.sites[1]["zone"] = None
    with pytest.raises(InputError) as refused:
        read(draft, tmp_path)
    assert "line 3 (id 'b'): zone is blank, but zones.plain has no outlines" in str(refused.value)


def test_rows_of_a_base_cannot_be_placed_in_zones_without_outlines(plain_zones, tmp_path):
    (tmp_path / "zones.plain").write_text('[{"id": "x", "utility": "u", "headroom_mw": 5}]')
    (tmp_path / "model.toml").write_text(
        'schema = 1\nname = "m"\n[world]\nbase = "us"\nzones = "zones.plain"\n'
        "[cluster]\ntarget_mw = 1000\n"
    )
    with pytest.raises(InputError) as refused:
        read_world(read_model(tmp_path))
    assert [problem.where for problem in refused.value.problems] == [
        "us/sites.csv",
        "us/supply.csv",
    ]
    assert "has no outlines to look them up in" in str(refused.value)


# --- What the model leaves out --------------------------------------------------------------


def test_lines_of_what_is_left_out_add_up(tmp_path):
    draft = Draft()
    draft.sites += [
        {"id": "e", "lon": 1, "lat": 1.5, "max_mw": 50, "kv": 69},
        {"id": "f", "lon": 3, "lat": 3.5, "max_mw": 70, "kv": 69},
    ]
    world = read(
        draft,
        tmp_path,
        **{
            "world.exclude_sites": '["f"]',
            "world.regions": '["plains"]',
            "world.states": '["NE"]',
            "cluster.min_campuses": 1,
        },
    )
    assert world.left_out == (
        LeftOut('world.exclude_sites = ["f"]', "sites", 1, 70.0),
        LeftOut("world.min_kv = 230", "sites", 1, 50.0),
        LeftOut('world.regions = ["plains"]', "sites", 2, 800.0),
    )
    assert sum(line.rows for line in world.left_out) == 6 - len(world.sites)


def test_plants_of_neighbours_stay_unless_supply_is_asked_to_go(tmp_path):
    keys = {"world.regions": '["plains"]', "cluster.min_campuses": 1}
    world = read(Draft(), tmp_path, **keys)
    assert list(world.zones["id"]) == ["n_east", "n_west", "north"]
    assert list(world.supply["id"]) == ["dam", "farm", "mine"]
    assert list(world.supply["region"]) == ["plains", "hills", "hills"]
    keys |= {"world.supply_regions": '["plains"]'}
    world = read(Draft(), tmp_path, **keys)
    assert list(world.supply["id"]) == ["dam"]
    assert world.left_out[-1] == LeftOut('world.supply_regions = ["plains"]', "supply", 2, 800.0)
    world = read(Draft(), tmp_path, **{"world.supply_states": '["KS"]'})
    assert list(world.supply["id"]) == ["farm", "mine"]
    with pytest.raises(InputError, match=r"world.supply_states has 'XX', which no zone has"):
        read(Draft(), tmp_path, **{"world.supply_states": '["XX"]'})


def test_clean_energy_of_a_neighbour_state_in_the_region_is_delivered(tmp_path):
    # Sites in the state of one zone, the dam in the next: the same region.
    draft = Draft()
    draft.zones[2]["state"] = "IA"
    draft.supply = [{"id": "dam", "lon": 1.5, "lat": 3.5, "kind": "hydro", "mw": 4000}]
    draft.ask("clean", min_fraction=1.0)
    draft.ask("world", states=["IA"])
    draft.ask("cluster", min_campuses=1, max_campuses=1, target_mw=300)
    plan = solve(read_model(draft.write(tmp_path)))
    campus = plan.clusters[0].campuses[0]
    assert campus.site == "b"
    assert [contract.supply for contract in campus.contracts] == ["dam"]
    assert campus.contracts[0].mwh == pytest.approx(300 * 0.9 * 8760)


def test_clean_energy_that_no_site_can_have_does_not_count(tmp_path):
    keys = {"world.regions": '["plains"]', "cluster.min_campuses": 1}
    report = check(read_model(Draft().write(tmp_path), set=keys))
    # The dam's alone: 0.3 x 0.41 x 800 MW.
    assert report.contractable_mwh == pytest.approx(0.3 * 0.41 * 800 * 8760)
