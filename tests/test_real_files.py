"""Public files as they are handed out get in with a model file alone, with no code."""

import geopandas as gpd

import siting


def check(folder, text):
    (folder / "model.toml").write_text('schema = 1\nname = "real"\n' + text, "utf-8")
    model = siting.read_model(folder)
    world = siting.read_world(model)
    return world, siting.check(model, world=world)


def test_balancing_areas_of_reeds_are_zones(shared, tmp_path):
    file = shared / "reeds" / "rb_and_ba_areas.shp"
    world, report = check(
        tmp_path,
        f"""
[world]
base = "us"
zones = "{file.as_posix()}"

[columns.zones]
id = "rb"
utility = "BA_Code"
headroom_mw = "= 1000"

[cluster]
target_mw = 1500
""",
    )
    assert len(world.zones) == len(gpd.read_file(file))
    assert set(world.zones["utility"]) == set(gpd.read_file(file)["BA_Code"])
    said = "\n".join(notice.what for notice in report.notices)
    assert "headroom_mw is 1000 in every row" in said
    assert "19 zones" in said  # its broken rings
    assert report.usable_sites > 3000


def test_datacenters_of_the_im3_atlas_are_sites(shared, tmp_path):
    file = shared / "im3" / "im3_datacenter_centroids.geojson"
    world, report = check(
        tmp_path,
        f"""
[world]
base = "us"
sites = "{file.as_posix()}"
snap_km = 8                # of some the outlines of the bundled zones are too coarse
exclude_sites = ["45"]     # San Juan, Puerto Rico

[columns.sites]
id = "#"
max_mw = "= 300"

[cluster]
target_mw = 900
""",
    )
    rows = gpd.read_file(file)
    assert len(world.sites) == len(rows) - 1
    assert set(world.sites["id"]) == {str(row + 1) for row in range(len(rows))} - {"45"}
    assert set(world.sites["max_mw"]) == {300.0}
    assert [(o.by, o.rows) for o in report.left_out] == [('world.exclude_sites = ["45"]', 1)]
    said = "\n".join(notice.what for notice in report.notices)
    assert "19 sites lie in no zone and are taken to the nearest, at most 7.41 km away" in said
    assert "id is the number of the row" in said


def test_plants_and_lines_of_hifld_are_supply_and_fiber(shared, tmp_path):
    folder = (shared / "hifld").as_posix()
    world, report = check(
        tmp_path,
        f"""
[world]
base = "us"
fiber = "{folder}/tlines.gpkg"
add_supply = "{folder}/generators.gpkg"
fiber_snap_m = 20
states = ["TX"]

[columns.fiber]
id = "ID"
kind = "TYPE"

[columns.supply]
id = "plant_code"
kind = "primary_fuel_type"
mw = "summer_capacity_mw"

[columns.kinds]
NG = "gas"

[cluster]
target_mw = 900
""",
    )
    plants = gpd.read_file(shared / "hifld" / "generators.gpkg").set_index("plant_code")
    held = world.supply.set_index("id")
    for code, plant in plants.iterrows():
        assert held.loc[str(code), "kind"] == "gas"
        assert held.loc[str(code), "mw"] == plant["summer_capacity_mw"]
        assert held.loc[str(code), "zone"].startswith("p6")  # a part of Texas
    assert len(world.fiber) == 133  # two lines are of two parts
    assert {span.partition(":")[0] for span in world.fiber["id"]} == set(
        gpd.read_file(shared / "hifld" / "tlines.gpkg")["ID"]
    )
    assert any("2 lines of several parts are 4 spans" in notice.what for notice in report.notices)
