"""The situations of docs/bring_your_own_data.md: each model file reads its files as they stand."""

from __future__ import annotations

import re
import tomllib
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import siting

PAGE = Path(__file__).parents[1] / "docs" / "bring_your_own_data.md"
BLOCKS = re.findall(r"^```toml\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
MODELS = {tomllib.loads(block)["name"]: block for block in BLOCKS if "schema = 1" in block}

# Around Omaha, inside the zone of the bundled US that holds it, and in its neighbours.
PLACES = {"OAK CREEK 1": (-96.1, 41.2), "OAK CREEK 2": (-96.5, 41.0), "ELM": (-95.7, 41.6)}


def substations(**columns):
    rows = [
        {"SUBSTATION": name, "LONGITUDE": lon, "LATITUDE": lat, "VOLTAGE": 345_000}
        | {"AVAILABLE_KW": 650_000}
        for name, (lon, lat) in PLACES.items()
    ]
    return pd.DataFrame(rows).rename(columns=columns)


def write_substations_csv(folder):
    sites = substations(SUBSTATION="id", LONGITUDE="lon", LATITUDE="lat").drop(columns="VOLTAGE")
    sites = sites.rename(columns={"AVAILABLE_KW": "max_mw"}).assign(max_mw=650)
    sites.to_csv(folder / "substations.csv", index=False)


def our_substations(folder):
    with pd.ExcelWriter(folder / "substations.xlsx") as book:
        pd.DataFrame({"About": ["Drawn up by Planning"]}).to_excel(
            book, sheet_name="Read me", index=False
        )
        substations().to_excel(book, sheet_name="Candidates", index=False, startrow=2)
    return {"sites": ["ELM", "OAK CREEK 1"]}


def carrier(folder, *folders):
    """A cable and a lateral on its middle: a folder of each, or all in the one that is named."""
    write_substations_csv(folder)
    (west, south), _, (east, north) = PLACES.values()
    backbone = f"{west - 1},{south} {west},{south} {east},{north} {east + 1},{north}"
    middle = f"{west - 0.4},{south - 0.2} {west - 0.4},{south}"
    folders = folders or ([("b1", backbone)], [("l1", middle)])
    held = [
        [(name, {"backbone": backbone, "middle": middle}.get(line, line)) for name, line in lines]
        for lines in folders
    ]

    def folder_of(name, lines):
        marks = "".join(
            f"<Placemark><name>{line}</name><LineString><coordinates>{positions}</coordinates>"
            "</LineString></Placemark>"
            for line, positions in lines
        )
        return f"<Folder><name>{name}</name>{marks}</Folder>"

    inner = "".join(map(folder_of, ("Backbone", "Laterals"), held))
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2">'
        f"<Document>{inner}</Document></kml>"
    )
    with zipfile.ZipFile(folder / "route.kmz", "w") as archive:
        archive.writestr("doc.kml", text)
    return {"fiber": ["b1", "l1"]}


def territory(folder):
    (lon, lat), *_ = PLACES.values()
    bow_tie = shapely.Polygon(
        [(lon, lat), (lon + 0.2, lat + 0.2), (lon + 0.2, lat), (lon, lat + 0.2), (lon, lat)]
    )
    rows = gpd.GeoDataFrame(
        {
            "UTIL_CODE": ["OPPD", "OPPD", "LES"],
            "UTIL_NAME": ["Omaha Public Power"] * 2 + ["Lincoln Electric System"],
            "AVAIL_MW": [700, 700, 300],
        },
        geometry=[
            shapely.box(lon - 0.3, lat - 0.1, lon - 0.1, lat + 0.1),
            shapely.box(lon - 0.05, lat - 0.1, lon + 0.1, lat + 0.1),
            shapely.box(-96.8, 40.7, -96.6, 40.9),
        ],
        crs=4326,
    )
    assert not bow_tie.is_valid
    inner = folder / "territory"
    inner.mkdir()
    rows.to_crs(5070).to_file(inner / "territory.shp")
    with zipfile.ZipFile(folder / "territory.zip", "w") as archive:
        for file in sorted(inner.iterdir()):
            archive.write(file, file.name)
    return {"zones": ["LES", "OPPD"]}


def buses(folder):
    rows = [
        {"BUS_ID": 101, "LIMIT_MVA": 400, "BASE_KV": 138, "AREA": "A", "X": -96.0, "Y": 41.0},
        {"BUS_ID": 102, "LIMIT_MVA": 400, "BASE_KV": 345, "AREA": "B", "X": -95.5, "Y": 41.0},
        {"BUS_ID": 103, "LIMIT_MVA": 400, "BASE_KV": 69, "AREA": "B", "X": -95.4, "Y": 41.0},
    ]
    pd.DataFrame(rows).to_csv(folder / "buses.csv", index=False)
    areas = [{"id": name, "utility": f"Utility {name}", "headroom_mw": 500} for name in "AB"]
    pd.DataFrame(areas).to_csv(folder / "areas.csv", index=False)
    line = shapely.LineString([(-96.5, 41.0), (-95.0, 41.0)])
    gpd.GeoDataFrame({"id": ["cable"]}, geometry=[line], crs=4326).to_file(folder / "fiber.geojson")
    return {"sites": ["101", "102"], "zones": ["A", "B"]}


def plants(folder):
    write_substations_csv(folder)
    rows = [
        {"PLANT_CODE": 6, "FUEL": "NUC", "NAMEPLATE_MW": 2323, "LONGITUDE": -120.95}
        | {"LATITUDE": 35.21},
        {"PLANT_CODE": 7, "FUEL": "wnd", "NAMEPLATE_MW": 300, "LONGITUDE": -96.1}
        | {"LATITUDE": 41.3},
        {"PLANT_CODE": 8, "FUEL": "NG", "NAMEPLATE_MW": 600, "LONGITUDE": -96.2}
        | {"LATITUDE": 41.2},
    ]
    pd.DataFrame(rows).to_csv(folder / "generators.csv", index=False)
    return {"supply": ["6", "7", "8"]}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_file_is_all_it_takes(name, tmp_path):
    wanted = globals()[name](tmp_path)
    (tmp_path / "model.toml").write_text(MODELS[name], encoding="utf-8")
    world = siting.read_world(siting.read_model(tmp_path))
    for table, ids in wanted.items():
        assert set(ids) <= set(getattr(world, table)["id"]), table
    report = siting.check(siting.read_model(tmp_path))
    assert report.notices == world.notices


def test_the_situations_are_all_there():
    assert list(MODELS) == ["our_substations", "carrier", "territory", "buses", "plants"]


def test_kinds_of_the_list_of_plants_are_read_as_the_model_says(tmp_path):
    plants(tmp_path)
    (tmp_path / "model.toml").write_text(MODELS["plants"], encoding="utf-8")
    world = siting.read_world(siting.read_model(tmp_path))
    kinds = world.supply.set_index("id")["kind"]
    assert kinds[["6", "7", "8"]].to_list() == ["nuclear", "wind", "gas"]
    told = [notice.what for notice in world.notices if "columns.kinds says" in notice.what]
    assert told == [
        f"kind '{theirs}' is read as '{ours}' in 1 row, as columns.kinds says"
        for theirs, ours in (("NUC", "nuclear"), ("WND", "wind"), ("NG", "gas"))
    ]
    # Without these lines the file is refused, and says which to write.
    (table,) = re.findall(r"\[columns\.kinds\].*?\n\n", MODELS["plants"], re.DOTALL)
    without = MODELS["plants"].replace(table, "")
    (tmp_path / "model.toml").write_text(without, encoding="utf-8")
    with pytest.raises(siting.InputError) as error:
        siting.read_world(siting.read_model(tmp_path))
    for line in table.strip().splitlines()[1:]:
        theirs, ours = (word.strip(' "') for word in line.split("="))
        assert f'Say so with [columns.kinds] "{theirs}" = "{ours}"' in str(error.value).replace(
            '"wnd"', '"WND"'
        )


@pytest.mark.parametrize(
    "folders",
    [
        ([("Span", "backbone"), ("Span", "middle")],),
        ([("Span", "backbone")], [("Span", "middle")]),
    ],
    ids=["one folder", "two folders"],
)
def test_placemarks_that_share_a_name_are_numbered_as_the_page_says(folders, tmp_path):
    (lines,) = [block for block in BLOCKS if block == '[columns.fiber]\nid = "#"\n']
    carrier(tmp_path, *folders)
    (tmp_path / "model.toml").write_text(MODELS["carrier"], encoding="utf-8")
    with pytest.raises(siting.InputError, match=r'number the rows .*\[columns\.fiber\] id = "#"'):
        siting.read_world(siting.read_model(tmp_path))
    model = MODELS["carrier"].replace('[columns.fiber]\nid = "Name"\n', lines)
    assert lines in model
    (tmp_path / "model.toml").write_text(model, encoding="utf-8")
    world = siting.read_world(siting.read_model(tmp_path))
    assert world.fiber["id"].to_list() == ["1", "2"]
    assert any("id is the number of the row" in notice.what for notice in world.notices)
