"""What `siting check` counts: kept and left out are all rows of the file, and each is said once."""

import re

import pytest
from drafts import Draft, as_geojson

import siting
from siting.cli import main
from siting.report.text import describe_check, describe_table


def read(draft, folder):
    model = siting.read_model(draft.write(folder))
    world = siting.read_world(model)
    return world, siting.check(model, world=world)


def lines_of(text):
    return text.splitlines()


def with_plants_off_the_coast():
    draft = Draft()
    draft.supply += [
        {"id": "headland", "lon": 4.05, "lat": 1, "kind": "nuclear", "mw": 2400},
        {"id": "spit", "lon": 4.06, "lat": 1, "kind": "wind", "mw": 50},
        {"id": "pier", "lon": 4.05, "lat": 2, "kind": "gas", "mw": 70},
    ]
    return draft


def test_plants_kept_and_left_out_are_all_plants(tmp_path):
    world, report = read(with_plants_off_the_coast(), tmp_path)
    assert len(world.supply) == 6
    text = lines_of(describe_check(report))
    (kept,) = [re.search(r"([\d,]+) plants", line)[1] for line in text if "Rows kept" in line]
    (left,) = [line for line in text if line.startswith("Left out, in no zone")]
    # Gas cannot be contracted anywhere, so its place takes nothing from anyone.
    assert left == "Left out, in no zone: 2 plants, 2,450 MW"
    assert int(kept) + 2 == 6
    head, *rest = lines_of(describe_table("supply", world))
    assert head == "supply.csv: 4 plants kept, and 2 in no zone"
    assert any(line.split()[:1] == ["headland"] for line in rest)


def test_plants_in_no_zone_are_kept_where_energy_is_delivered_anywhere(tmp_path):
    draft = with_plants_off_the_coast()
    draft.ask("clean", deliver_within="anywhere")
    world, report = read(draft, tmp_path)
    assert report.rows["plants"] == len(world.supply) == 6
    assert world.left_out == ()
    assert lines_of(describe_table("supply", world))[0] == "supply.csv: 6 plants kept"


def test_plants_that_a_filter_leaves_out_add_up_too(tmp_path):
    draft = with_plants_off_the_coast()
    draft.ask("world", supply_states=["KS"])
    world, report = read(draft, tmp_path)
    assert report.rows["plants"] + sum(o.rows for o in world.left_out if o.table == "supply") == 6


@pytest.fixture(scope="module")
def own_zones(tmp_path_factory):
    import shapely

    folder = tmp_path_factory.mktemp("own")
    rows = [
        {"id": "west", "utility": "U", "headroom_mw": 4000}
        | {"geometry": shapely.box(-100, 30, -97, 34)},
        {"id": "east", "utility": "V", "headroom_mw": 4000}
        | {"geometry": shapely.box(-97, 30, -94, 34)},
    ]
    (folder / "zones.geojson").write_text(as_geojson(rows), "utf-8")
    (folder / "model.toml").write_text(
        'schema = 1\nname = "own"\n[world]\nbase = "us"\nzones = "zones.geojson"\n'
        "[cluster]\ntarget_mw = 1000\n",
        "utf-8",
    )
    model = siting.read_model(folder)
    world = siting.read_world(model)
    return model, world, siting.check(model, world=world)


def test_rows_of_the_base_outside_of_own_zones_are_said_once(own_zones):
    _, world, report = own_zones
    us = siting.read_world(siting.read_model("us_5gw", set={"clean.min_fraction": 0}))
    x, y = us.sites.geometry.x, us.sites.geometry.y
    inside = int(((x >= -100) & (x <= -94) & (y >= 30) & (y <= 34)).sum())
    mw = us.sites["max_mw"].sum() - world.sites["max_mw"].sum()
    about = [line for line in lines_of(describe_check(report)) if "in no zone" in line]
    assert about == [
        (
            "Left out, in no zone of zones.geojson, which takes the place of the base's: "
            f"{4062 - inside:,} sites, {mw:,.0f} MW"
        ),
        about[1],
    ]
    assert re.search(r"base's: [\d,]+ plants, [\d,]+ MW$", about[1])
    assert world.notices == ()
    assert report.rows["sites"] == inside
    left = {rows.table: rows.rows for rows in world.left_out}
    assert report.rows["plants"] + left["supply"] == 4468


def test_what_is_left_out_of_the_base_is_in_the_plan(own_zones):
    model, world, _ = own_zones
    plan = siting.solve(model, world=world)
    held = plan.to_dict()
    assert [rows["table"] for rows in held["left_out"]] == ["sites", "supply"]
    assert all("in no zone of zones.geojson" in rows["by"] for rows in held["left_out"])
    assert held["notices"] == []


def of_nodes():
    draft = Draft()
    draft.nodes = [
        {"id": "n1", "lon": 1.0, "lat": 3.0, "owner": "Telco"},
        {"id": "n2", "lon": 3.0, "lat": 3.0, "owner": "Telco"},
        {"id": "n3", "lon": 3.0, "lat": 1.0, "owner": "County"},
        {"id": "n4", "lon": 1.0, "lat": 1.0, "owner": "County"},
    ]
    draft.ask("world", nodes="nodes.csv")
    return draft


def test_the_table_of_nodes_is_shown(tmp_path, capsys):
    path = of_nodes().write(tmp_path)
    assert main(["check", str(path), "--table", "nodes"]) == 0
    head, *rest = lines_of(capsys.readouterr().out)
    assert head == "nodes.csv: 4 fiber nodes kept"
    rows = [line.split() for line in rest]
    assert ["n1", "1.00000", "3.00000"] in rows
    assert ["n4", "1.00000", "1.00000"] in rows
    assert any("not read: owner" in line for line in rest)
    assert main(["check", str(path)]) == 0
    assert ", 4 fiber nodes" in capsys.readouterr().out


def test_a_model_without_nodes_says_so(tmp_path, capsys):
    path = Draft().write(tmp_path)
    assert main(["check", str(path), "--table", "nodes"]) == 2
    assert "the model has no table nodes" in " ".join(capsys.readouterr().err.split())
    assert main(["check", str(path), "--table", "node"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "the tables are zones, sites, fiber, supply, nodes" in said
