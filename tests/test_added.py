"""Tables beside those of the base: united, and zones cut out of those under them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from drafts import Draft, as_frame, as_geojson, box, write_csv

from siting import read_model, read_world, solve
from siting.errors import InputError
from siting.world.shapes import area_km2


def with_tables(folder, draft, **keys):
    """The draft's tables as a base, and a model that names other tables beside it."""
    draft.write(folder / "tables")
    world = {"base": "tables", **keys}
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in world.items())
    (folder / "model.toml").write_text(
        f'schema = 1\nname = "m"\n[world]\n{lines}[cluster]\ntarget_mw = 500\nmax_fiber_km = 2000\n'
    )
    return read_model(folder)


def whats(world):
    return [notice.what for notice in world.notices]


def test_rows_stand_beside_those_of_the_base(tmp_path):
    write_csv(
        tmp_path / "sites.csv",
        [
            {"id": "new", "lon": 2.5, "lat": 2.5, "max_mw": 150, "land_m2": 7, "pue": 1.1},
            {"id": "0", "lon": 1.2, "lat": 0.5, "max_mw": 120, "land_m2": "", "pue": ""},
        ],
    )
    as_frame([{"id": "p", "kind": "solar", "mw": 50, "lon": 1, "lat": 1}]).to_file(
        tmp_path / "supply.gpkg"
    )
    line = shapely.LineString([(3, 3), (2.5, 2.5)])
    (tmp_path / "fiber.geojson").write_text(
        as_geojson([{"id": "s9", "km": 99, "from": "n2", "to": "n9", "geometry": line}])
    )
    draft = Draft()
    draft.sites[0]["owner"] = "ACME"
    keys = {"add_sites": "sites.csv", "add_supply": "supply.gpkg", "add_fiber": "fiber.geojson"}
    world = read_world(with_tables(tmp_path, draft, **keys))
    assert list(world.sites["id"]) == ["0", "a", "b", "c", "d", "new"]
    assert list(world.sites["zone"]) == ["south", "n_west", "n_east", "south", "south", "n_east"]
    assert world.sites.set_index("id").loc["new", ["land_m2", "pue"]].tolist() == [7, 1.1]
    assert world.sites.set_index("id")["owner"].to_dict()["a"] == "ACME"
    assert world.sites["owner"].isna().sum() == 5
    assert world.sites["land_m2"].isna().sum() == 5
    assert list(world.supply["id"]) == ["dam", "farm", "mine", "p"]
    assert world.supply["capacity_factor"].notna().sum() == 3
    assert list(world.fiber["id"]) == ["s1", "s2", "s3", "s9"]
    assert world.spans().node_ids == ("n1", "n2", "n3", "n4", "n9")
    assert world.files["add_sites"] == "sites.csv"
    assert world.files["sites"] == "tables/sites.csv"
    assert world.notices == ()


def test_united_tables_are_the_same_as_one(tmp_path):
    whole = read_world(read_model(Draft().write(tmp_path / "whole")))
    draft = Draft()
    write_csv(tmp_path / "more.csv", [draft.sites.pop(2), draft.sites.pop(0)])
    world = read_world(with_tables(tmp_path, draft, add_sites="more.csv"))
    for column in ("id", "zone", "utility", "max_mw", "kv"):
        assert list(world.sites[column].fillna(-1)) == list(whole.sites[column].fillna(-1))
    assert world.sha256 != whole.sha256


def test_model_may_add_to_a_table_that_it_names(tmp_path):
    draft = Draft()
    draft.extra["more.csv"] = lambda path: write_csv(path, [draft.sites[0] | {"id": "e"}])
    draft.ask("world", add_sites="more.csv")
    world = read_world(read_model(draft.write(tmp_path)))
    assert list(world.sites["id"]) == ["a", "b", "c", "d", "e"]


def test_wrong_rows_are_named_in_their_own_file(tmp_path):
    write_csv(
        tmp_path / "more.csv",
        [
            {"id": "a", "lon": 1, "lat": 1, "max_mw": 5, "zone": ""},
            {"id": "e", "lon": 1, "lat": 1, "max_mw": 5, "zone": "sauth"},
        ],
    )
    draft = Draft()
    draft.sites[1]["zone"] = "nirth"
    with pytest.raises(InputError) as refused:
        read_world(with_tables(tmp_path, draft, add_sites="more.csv"))
    assert str(refused.value) == (
        "1 problem in tables/sites.csv:\n"
        "  - line 3 (id 'b'): zone 'nirth' is no zone of tables/zones.geojson; did you mean "
        "'north'? Or leave it blank to have the zone that it lies in\n"
        "2 problems in more.csv:\n"
        "  - line 2 (id 'a'): id 'a' is also in tables/sites.csv, line 2; ids are unique over "
        "both, so give it another\n"
        "  - line 3 (id 'e'): zone 'sauth' is no zone of tables/zones.geojson; did you mean "
        "'south'? Or leave it blank to have the zone that it lies in"
    )


@pytest.mark.parametrize("table", ["sites", "supply", "fiber", "zones"])
def test_there_must_be_a_table_to_add_to(table, tmp_path):
    draft = Draft()
    named = draft.model["world"]
    named[f"add_{table}"] = named.pop(table)
    with pytest.raises(InputError) as refused:
        read_world(read_model(draft.write(tmp_path)))
    assert f"world.add_{table} stands beside {table} that are there, but there is neither" in str(
        refused.value
    )


def test_default_base_is_added_to(tmp_path):
    write_csv(tmp_path / "more.csv", [{"id": "x", "lon": -77.5, "lat": 39.0, "max_mw": 900}])
    (tmp_path / "model.toml").write_text(
        'schema = 1\nname = "m"\n[world]\nadd_sites = "more.csv"\n[cluster]\ntarget_mw = 500\n'
    )
    world = read_world(read_model(tmp_path))
    assert len(world.sites) == 4063
    at = world.zones[world.zones.contains(shapely.Point(-77.5, 39)) & world.zones["parent"].notna()]
    assert [world.sites.set_index("id")["zone"]["x"]] == list(at["id"])
    assert world.notices == ()


# --- Added zones ----------------------------------------------------------------------------


def mine(**keys):
    row = {"id": "mine", "utility": "Me", "headroom_mw": 80, "geometry": box(1, 2.5, 3, 5)}
    return row | keys


def add_zones(folder, draft, *rows, **keys):
    (folder / "mine.geojson").write_text(as_geojson(list(rows)))
    return with_tables(folder, draft, add_zones="mine.geojson", **keys)


def test_added_zone_is_cut_out_of_those_under_it(tmp_path):
    draft = Draft()
    # The base names a zone for a site that the added zone covers, and for one that it does not.
    draft.sites[0] |= {"zone": "n_west", "lon": 1.5, "utility": "North Power"}
    draft.sites[1] |= {"zone": "n_east", "lon": 3.5}
    draft.supply[0]["zone"] = "n_west"
    world = read_world(add_zones(tmp_path, draft, mine(region="plains")))
    shapes = world.zones.set_index("id").geometry
    assert shapes["n_west"].equals(box(0, 2, 2, 4).difference(box(1, 2.5, 3, 5)))
    assert shapes["n_east"].equals(box(2, 2, 4, 4).difference(box(1, 2.5, 3, 5)))
    assert shapes["north"].equals(box(0, 2, 4, 4).difference(box(1, 2.5, 3, 5)))
    assert shapes["south"].equals(box(0, 0, 4, 2))
    assert list(world.sites["zone"]) == ["mine", "n_east", "south", "south"]
    assert world.sites["utility"][0] == "Me"
    assert dict(zip(world.supply["id"], world.supply["zone"], strict=True))["dam"] == "mine"
    cut, sites, plants = world.notices
    whole = np.array([box(1, 2.5, 2, 4), box(2, 2.5, 3, 4)], dtype=object)
    west, east = (f"{round(km2):,}" for km2 in area_km2(whole))
    assert cut.where == "tables/zones.geojson and mine.geojson"
    assert f"'mine' out of 'n_west' ({west} km2), whose headroom is unchanged at 600 MW" in cut.what
    assert f"'mine' out of 'n_east' ({east} km2), whose headroom is unchanged at 600 MW" in cut.what
    assert sites.what == (
        "1 site lies in added zones and is put there, whatever zone it names: 1 in 'mine'"
    )
    assert plants.what.startswith("1 plant lies in added zones")


def test_headroom_under_an_added_zone_is_told_at_the_curtailment_asked(tmp_path):
    draft = Draft()
    for row in draft.zones:
        row |= {"headroom_mw": None, "headroom_mw_0p25": 100, "headroom_mw_1p0": 400}
    model = add_zones(tmp_path, draft, mine(geometry=box(0.5, 2.5, 1, 3)))
    cut = whats(read_world(model))[0]
    # Half a percent is a third of the way from a quarter to one.
    assert "'n_west'" in cut
    assert "unchanged at 200 MW" in cut


def test_added_zone_with_the_zone_under_it_for_a_parent_is_a_child(tmp_path):
    draft = Draft()
    draft.sites[0] |= {"zone": "n_west"}
    draft.sites.append({"id": "w", "lon": 0.5, "lat": 2.2, "max_mw": 700, "zone": "n_west"})
    zone = mine(parent="n_west", geometry=box(0.8, 2.5, 1.8, 3.5), region="plains")
    model = add_zones(tmp_path, draft, zone)
    world = read_world(model)
    shapes = world.zones.set_index("id").geometry
    assert shapes["n_west"].equals(box(0, 2, 2, 4))
    assert shapes["north"].equals(box(0, 2, 4, 4))
    assert dict(zip(world.sites["id"], world.sites["zone"], strict=True)) == {
        "a": "mine",
        "b": "n_east",
        "c": "south",
        "d": "south",
        "w": "n_west",
    }
    assert not any("cut out" in what for what in whats(world))
    # 80 MW of the added zone, and with the site beside it no more than the parent's 600 MW.
    plan = solve(model.replace({"campus.min_mw": 10, "cluster.target_mw": 900}), world=world)
    used = {use.id: use.used_mw for use in plan.zones}
    assert used.get("mine", 0) <= 80 + 1e-6
    assert used.get("n_west", 0) <= 600 + 1e-6


def test_zone_that_is_covered_whole_has_no_outline_left(tmp_path):
    draft = Draft()
    draft.sites[0]["zone"] = "n_west"
    world = read_world(add_zones(tmp_path, draft, mine(geometry=box(-1, 1.9999, 2, 5))))
    zones = world.zones.set_index("id")
    assert zones.geometry["n_west"] is None
    assert next(iter(world.sites["zone"])) == "mine"
    (cut, *_) = whats(world)
    assert "out of 'n_west'" in cut
    assert ", which has no outline left, whose headroom is unchanged at 600 MW" in cut
    # 2 degrees of 11 m, at 2 degrees of latitude.
    assert "out of 'south' (2.5 km2), whose headroom is unchanged at 700 MW" in cut
    assert zones.geometry["south"].is_valid


def test_added_zone_of_several_parts_across_several_zones(tmp_path):
    parts = shapely.MultiPolygon([box(1, 1, 1.5, 3), box(2.5, 1, 3.5, 3)])
    world = read_world(add_zones(tmp_path, Draft(), mine(geometry=parts)))
    leaves = world.zones[world.zones["id"] != "north"]
    shapes = leaves.geometry.to_numpy()
    whole = shapely.union_all(shapes)
    assert whole.equals(box(0, 0, 4, 4))
    # Nothing is in two leaves, and nothing is lost.
    assert area_km2(shapes).sum() == pytest.approx(
        area_km2(np.array([box(0, 0, 4, 4)], dtype=object))[0], rel=1e-9
    )
    assert dict(zip(world.sites["id"], world.sites["zone"], strict=True)) == {
        "a": "mine",
        "b": "mine",
        "c": "mine",
        "d": "mine",
    }


def test_own_row_that_names_a_zone_keeps_it(tmp_path):
    draft = Draft()
    write_csv(
        tmp_path / "more.csv",
        [{"id": "e", "lon": 1.5, "lat": 3, "max_mw": 200, "zone": "n_west"}],
    )
    world = read_world(
        add_zones(tmp_path, draft, mine(geometry=box(1, 2.5, 3, 5)), add_sites="more.csv")
    )
    assert world.sites.set_index("id")["zone"]["e"] == "n_west"
    assert any("site 'e' names zone 'n_west', but lies in 'mine'" in what for what in whats(world))


def test_added_zones_do_not_overlap_each_other(tmp_path):
    with pytest.raises(InputError, match="overlaps zone 'other'"):
        read_world(
            add_zones(tmp_path, Draft(), mine(), mine(id="other", geometry=box(1, 2.5, 2, 5)))
        )


def test_added_zone_on_the_bundled_world(tmp_path):
    us = read_world(read_model("us_5gw"))
    here = box(-98, 32, -96, 33.5)
    (tmp_path / "mine.geojson").write_text(
        as_geojson([mine(geometry=here, headroom_mw=500, region="ERCOT")])
    )
    (tmp_path / "model.toml").write_text(
        'schema = 1\nname = "m"\n[world]\nbase = "us"\nadd_zones = "mine.geojson"\n'
        "[cluster]\ntarget_mw = 1000\n"
    )
    world = read_world(read_model(tmp_path))
    inside = us.sites.intersects(here)
    assert inside.sum() > 10
    assert (world.sites["zone"] == "mine").equals(inside)
    assert world.sites.loc[~inside, "zone"].equals(us.sites.loc[~inside, "zone"])
    assert any(
        what.startswith(f"{inside.sum():,} sites lie in added zones") for what in whats(world)
    )
    assert len(world.zones) == len(us.zones) + 1


def test_half_of_a_table_is_not_blamed_for_the_other(tmp_path):
    draft = Draft()
    draft.sites[0]["zone"] = "n_west"
    draft.extra["zones.geojson"] = "{"
    with pytest.raises(InputError) as refused:
        read_world(add_zones(tmp_path, draft, mine()))
    assert [problem.where for problem in refused.value.problems] == ["tables/zones.geojson"]


def outside(world):
    return [what for what in whats(world) if "outside of its parent" in what]


def test_added_zone_half_outside_of_its_parent_is_named(tmp_path):
    # Half of it lies over the south: cut out there, and under the headroom of north all the same.
    half = mine(parent="n_west", geometry=box(0.5, 1.5, 1.5, 2.5))
    world = read_world(add_zones(tmp_path, Draft(), half))
    (what,) = outside(world)
    assert "'mine' 50 % outside of 'n_west' (6," in what
    west = world.zones.set_index("id").geometry["n_west"]
    assert area_km2(np.array([box(0.5, 1.5, 1.5, 2)]))[0] == pytest.approx(6180, abs=5)
    assert west.equals(box(0, 2, 2, 4))


@pytest.mark.parametrize(("south", "told"), [(1.95, False), (1.8, True)])
def test_zone_a_little_outside_of_its_parent_is_a_simplified_border(south, told, tmp_path):
    # 1 degree of latitude inside, 0.05 or 0.2 outside: 5 % or 17 % of it.
    part = mine(parent="n_west", geometry=box(0.5, south, 1.5, 3))
    assert bool(outside(read_world(add_zones(tmp_path, Draft(), part)))) == told


def test_zone_under_the_wrong_parent_is_named(tmp_path):
    draft = Draft()
    draft.zones += [
        {"id": "town", "utility": "T", "headroom_mw": 90, "parent": "north"}
        | {"geometry": box(5, 0, 6, 1)}
    ]
    (what,) = outside(read_world(read_model(draft.write(tmp_path))))
    assert what.startswith("1 zone lies partly or wholly outside of its parent, which bounds it")
    assert "'town' 100 % outside of 'north'" in what


def test_filter_that_leaves_out_a_zone_without_a_state_names_it(tmp_path):
    # Sites a and b stand on its edges.
    world = read_world(add_zones(tmp_path, Draft(), mine(), states=["NE", "KS"]))
    (what,) = [what for what in whats(world) if "no state" in what]
    assert what == (
        "1 zone has no state, so that world.states leaves 2 sites in it out: 'mine'; fill in the "
        "column state to keep it"
    )
    assert list(world.sites["id"]) == ["c", "d"]
    filled = add_zones(tmp_path, Draft(), mine(state="NE"), states=["NE", "KS"])
    world = read_world(filled)
    assert not any("no state" in what for what in whats(world))
    assert len(world.sites) == 4
