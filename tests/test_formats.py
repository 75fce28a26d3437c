"""One table in whatever people keep it: the same rows, or words that say why not."""

import datetime as dt
import gzip
import http.server
import io
import json
import os
import shutil
import threading
import warnings
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from drafts import as_frame, as_geojson, box, write_layers, write_sheets, write_zip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siting.errors import Problems
from siting.notices import Notices
from siting.world.columns import FIBER, NODES, SITES, SUPPLY, TABLES, ZONES
from siting.world.files import Source, read_table
from siting.world.fingerprint import fingerprint


def attempt(table, path, **how):
    """What is read of a file, what is wrong with it, and what is said of it."""
    problems, notices = Problems(), Notices()
    raw = read_table(Source(table, path, path.name, **how), problems, notices)
    return raw, [p.what for p in problems.found], [n.what for n in notices.found]


def read(table, path, **how):
    raw, problems, notices = attempt(table, path, **how)
    assert raw is not None, problems
    assert not problems
    assert len(raw.frame) > 0
    return raw, notices


def refuse(table, path, **how):
    raw, problems, _ = attempt(table, path, **how)
    assert raw is None
    (problem,) = problems
    assert str(path.parent) not in problem
    return problem


def line(*places):
    return shapely.LineString(places)


SPANS = [
    {"id": "s1", "km": 30.0, "geometry": line((-100, 40), (-99.7, 40))},
    {"id": "s2", "km": 50.0, "geometry": line((-99.7, 40), (-99.4, 40))},
    {"id": "s3", "km": 250.5, "geometry": line((-99.4, 40), (-96, 40))},
]
AREAS = [
    {"id": "north", "utility": "North Power", "headroom_mw": 380, "geometry": box(0, 2, 4, 4)},
    {"id": "south", "utility": "South Electric", "headroom_mw": 700, "geometry": box(0, 0, 4, 2)},
]
PLACES = [
    {"id": "a", "lon": 1.0, "lat": 3.0, "max_mw": 400},
    {"id": "b", "lon": 3.0, "lat": 3.0, "max_mw": 300},
]
CELLS = [["id", "lon", "lat", "max_mw"], ["a", 1.0, 3.0, 400], ["b", 3.0, 3.0, 300]]


def placemark(name, shape="<Point><coordinates>1,3</coordinates></Point>", data="", **attributes):
    given = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<Placemark{given}><name>{name}</name>{data}{shape}</Placemark>"


def kml_line(*places):
    at = " ".join(f"{lon},{lat}" for lon, lat in places)
    return f"<LineString><coordinates>{at}</coordinates></LineString>"


def folder(name, *inside):
    return f"<Folder><name>{name}</name>{''.join(inside)}</Folder>"


def kml(*inside):
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<kml xmlns="http://www.opengis.net/kml/2.2">'
        f"<Document>{''.join(inside)}</Document></kml>"
    ).encode()


KM_SCHEMA = '<Schema name="span" id="span"><SimpleField name="km" type="double"/></Schema>'


def km(value):
    return (
        '<ExtendedData><SchemaData schemaUrl="#span">'
        f'<SimpleData name="km">{value}</SimpleData></SchemaData></ExtendedData>'
    )


# --- Layers ---------------------------------------------------------------------------------


def test_all_folders_of_a_kmz_are_read_and_named(tmp_path):
    first = placemark("s1", kml_line((-100.8, 40), (-100.4, 40)), id="s1")
    second = placemark("s2", kml_line((-100.4, 40), (-99.6, 40)), id="s2")
    third = placemark("s3", kml_line((-99.6, 40), (-99.2, 40)), id="s3")
    document = kml(folder("Backbone", first, third), folder("Laterals", second))
    write_zip(tmp_path / "route.kmz", {"doc.kml": document})
    (tmp_path / "route.kml").write_bytes(document)
    for name in ("route.kmz", "route.kml"):
        raw, notices = read(FIBER, tmp_path / name)
        assert list(raw.frame["id"]) == ["s1", "s3", "s2"]
        assert notices == [
            "layers 'Backbone' (2 rows, lines) and 'Laterals' (1 row, lines) are read as one table"
        ]
        assert raw.place(2) == "feature 1 of layer 'Laterals'"


def test_folders_in_folders_and_loose_placemarks_are_read(tmp_path):
    def span(name):
        return placemark(name, kml_line((0, 0), (1, 1)), id=name)

    write_zip(
        tmp_path / "net.kmz",
        {
            "doc.kml": kml(
                span("loose"),
                folder("A", span("a"), folder("B", span("b"))),
                folder("B", span("c")),
            )
        },
    )
    raw, _ = read(FIBER, tmp_path / "net.kmz")
    assert sorted(raw.frame["id"]) == ["a", "b", "c", "loose"]


@pytest.mark.parametrize("root", ["doc.kml", "network/route.kml"])
def test_columns_of_a_kmz_are_those_of_its_kml(root, tmp_path):
    # LIBKML of GDAL 3.12.4 has no columns of a Schema for placemarks in folders of a .kmz, while
    # it has them of the same document as .kml: the document inside is read.
    spans = [
        placemark(span["id"], kml_line(*span["geometry"].coords), km(span["km"]), id=span["id"])
        for span in SPANS
    ]
    document = kml(KM_SCHEMA, folder("fiber", *spans))
    write_zip(tmp_path / "fiber.kmz", {root: document, "files/icon.png": b"png"})
    raw, notices = read(FIBER, tmp_path / "fiber.kmz")
    assert list(raw.frame["km"]) == [30.0, 50.0, 250.5]
    assert notices == []


def test_every_kml_of_a_kmz_is_read(tmp_path):
    span = kml_line((0, 0), (1, 1))
    write_zip(
        tmp_path / "net.kmz",
        {"doc.kml": kml(placemark("a", span)), "more/b.kml": kml(placemark("b", span))},
    )
    raw, notices = read(FIBER, tmp_path / "net.kmz", columns=(("id", "Name"),))
    assert sorted(raw.frame["Name"]) == ["a", "b"]
    assert "are read as one table" in notices[0]


def test_links_of_a_kml_to_elsewhere_are_not_followed_but_said(tmp_path):
    link = "<NetworkLink><Link><href>http://example.org/x.kml</href></Link></NetworkLink>"
    (tmp_path / "a.kml").write_bytes(kml(link, placemark("a", id="a")))
    _, notices = read(SITES, tmp_path / "a.kml")
    assert notices[0].startswith("1 network link to other files is not followed")


def test_points_beside_lines_in_a_folder_are_left_out_and_counted(tmp_path):
    inside = [placemark("Hut 1", id="h1"), placemark("Hut 2", id="h2")]
    inside.insert(1, placemark("s1", kml_line((0, 0), (1, 1)), id="s1"))
    (tmp_path / "net.kml").write_bytes(kml(folder("Route", *inside)))
    raw, notices = read(FIBER, tmp_path / "net.kml")
    assert list(raw.frame["id"]) == ["s1"]
    assert raw.place(0) == "feature 2"
    assert notices == [
        "2 points in layer 'Route' are left out, as fiber are lines ('Hut 1' and 'Hut 2')"
    ]
    huts, notices = read(NODES, tmp_path / "net.kml")
    assert list(huts.frame["id"]) == ["h1", "h2"]
    assert notices == ["1 line in layer 'Route' is left out, as nodes are points ('s1')"]


def test_lines_with_a_point_for_their_name_are_lines(tmp_path):
    # So ArcGIS and Google Earth draw what has a label.
    point = "<Point><coordinates>0.5,0.5</coordinates></Point>"
    one = f"<MultiGeometry>{point}{kml_line((0, 0), (1, 1))}</MultiGeometry>"
    two = f"<MultiGeometry>{point}{kml_line((0, 0), (1, 1))}{kml_line((1, 1), (2, 1))}"
    two += "</MultiGeometry>"
    spans = [placemark(name, shape, id=name) for name, shape in (("s1", one), ("s2", two))]
    document = kml(folder("Route", *spans), folder("Huts", placemark("h", id="h")))
    write_zip(tmp_path / "net.kmz", {"doc.kml": document})
    raw, notices = read(FIBER, tmp_path / "net.kmz")
    assert list(raw.frame["id"]) == ["s1", "s2"]
    assert list(raw.frame.geom_type) == ["LineString", "MultiLineString"]
    assert shapely.length(raw.frame.geometry.to_numpy()).tolist() == pytest.approx(
        [2**0.5, 1 + 2**0.5]
    )
    assert notices[-1] == (
        "2 placemarks in layer 'Route' have several geometries, of which the lines are read "
        "('s1' and 's2')"
    )


@pytest.mark.parametrize("suffix", [".gpkg", ".gdb", ".gdb.zip", ".sqlite", ".zip"])
def test_layer_with_the_name_of_the_table_is_read_alone(suffix, tmp_path):
    draft = [row | {"headroom_mw": 3 * row["headroom_mw"]} for row in AREAS]
    path = tmp_path / f"w{suffix}"
    layers = {"zones_2024_draft": draft, "zones": AREAS}
    if suffix == ".zip":
        write_layers(tmp_path / "w.gpkg", layers)
        write_zip(path, {"in a folder/w.gpkg": tmp_path / "w.gpkg"})
    elif suffix.startswith(".gdb"):
        write_layers(tmp_path / "w.gdb", layers)
        if suffix == ".gdb.zip":
            zip_folder(path, tmp_path / "w.gdb", "w.gdb")
    else:
        write_layers(path, layers)
    raw, notices = read(ZONES, path)
    assert list(raw.frame["headroom_mw"]) == [380, 700]
    (notice,) = notices
    assert notice == (
        "layer 'zones' is read alone, as it has the name of the table; left: 'zones_2024_draft' "
        "(2 rows, polygons)"
    )
    raw, notices = read(ZONES, path, layers=("zones_2024_draft",))
    assert list(raw.frame["headroom_mw"]) == [1140, 2100]
    assert notices == []


def zip_folder(path, held, inside):
    files = sorted(file for file in held.rglob("*") if file.is_file())
    write_zip(path, {f"{inside}/{file.relative_to(held)}".lstrip("/"): file for file in files})


def test_database_is_known_by_its_files_whatever_its_folder_is_called(tmp_path):
    write_layers(tmp_path / "w.gdb", {"areas": AREAS})
    for n, inside in enumerate(("", "export/areas", "a/areas.GDB")):
        zip_folder(tmp_path / f"{n}.zip", tmp_path / "w.gdb", inside)
        raw, _ = read(ZONES, tmp_path / f"{n}.zip")
        assert list(raw.frame["id"]) == ["north", "south"]


def test_name_of_the_table_counts_but_for_case(tmp_path):
    write_layers(tmp_path / "w.gpkg", {"old": AREAS[:1], "Zones": AREAS})
    raw, _ = read(ZONES, tmp_path / "w.gpkg")
    assert len(raw.frame) == 2
    old, new = (as_geojson(rows).encode() for rows in (AREAS, AREAS[:1]))
    write_zip(tmp_path / "w.zip", {"ZONES.geojson": old, "zones.geojson": new})
    raw, _ = read(ZONES, tmp_path / "w.zip")
    assert len(raw.frame) == 1


def test_layers_of_the_wanted_geometry_are_one_table(tmp_path):
    write_layers(
        tmp_path / "all.gpkg",
        {"west": SPANS[:1], "Areas": AREAS, "east": SPANS[1:], "Huts": PLACES},
    )
    raw, (notice,) = read(FIBER, tmp_path / "all.gpkg")
    assert list(raw.frame["id"]) == ["s1", "s2", "s3"]
    assert list(raw.frame["km"]) == [30.0, 50.0, 250.5]
    assert notice == (
        "layers 'west' (1 row, lines) and 'east' (2 rows, lines) are read as one table; passed "
        "over: 'Areas' (polygons) and 'Huts' (points)"
    )
    assert [raw.place(row) for row in range(3)] == [
        "feature 1 of layer 'west'",
        "feature 1 of layer 'east'",
        "feature 2 of layer 'east'",
    ]


def test_tables_are_told_apart_by_their_columns(tmp_path):
    plants = [{"id": "dam", "lon": 1, "lat": 3, "kind": "hydro", "mw": 800}]
    write_layers(tmp_path / "all.gpkg", {"Stations": PLACES, "Plants": plants})
    sites, (notice,) = read(SITES, tmp_path / "all.gpkg")
    assert list(sites.frame["id"]) == ["a", "b"]
    assert notice.endswith("passed over: 'Plants' (no column max_mw)")
    supply, _ = read(SUPPLY, tmp_path / "all.gpkg")
    assert list(supply.frame["id"]) == ["dam"]


def test_neighbouring_areas_are_joined_and_versions_of_one_are_asked_about(tmp_path):
    write_layers(tmp_path / "w.gpkg", {"n": AREAS[:1], "s": AREAS[1:]})
    raw, _ = read(ZONES, tmp_path / "w.gpkg")
    assert len(raw.frame) == 2
    newer = [row | {"id": f"{row['id']}_2025"} for row in AREAS]
    write_layers(tmp_path / "v.gpkg", {"2024": AREAS, "2025": newer})
    problem = refuse(ZONES, tmp_path / "v.gpkg")
    assert "areas of '2024' and '2025' overlap, which would count twice" in problem
    raw, _ = read(ZONES, tmp_path / "v.gpkg", layers=("2025",))
    assert list(raw.frame["id"]) == ["north_2025", "south_2025"]
    raw, notices = read(ZONES, tmp_path / "v.gpkg", layers=("2024", "2025"))
    assert len(raw.frame) == 4  # as the model says it
    assert notices == []


def test_ids_that_come_back_are_asked_about(tmp_path):
    write_layers(tmp_path / "w.gpkg", {"2023": PLACES, "2024": PLACES})
    problem = refuse(SITES, tmp_path / "w.gpkg")
    assert """id "a" is in '2023' and in '2024', and so are 1 others""" in problem
    assert '[layers] sites = ["2024"]' in problem


def test_footprints_are_sites_where_there_are_no_points(tmp_path):
    yards = [{"id": "yard", "max_mw": 4, "geometry": box(0, 0, 1, 1)}]
    write_layers(tmp_path / "y.gpkg", {"yards": yards, "cables": SPANS})
    raw, _ = read(SITES, tmp_path / "y.gpkg")
    assert list(raw.frame["id"]) == ["yard"]
    write_layers(tmp_path / "y.gpkg", {"stations": PLACES})
    raw, _ = read(SITES, tmp_path / "y.gpkg")
    assert list(raw.frame["id"]) == ["a", "b"]


def test_layer_of_any_geometry_is_looked_into(tmp_path):
    path = tmp_path / "w.gpkg"
    as_frame([*AREAS, *SPANS]).iloc[2:].to_file(path, layer="cad", geometry_type="Unknown")
    as_frame(AREAS).to_file(path, layer="areas", geometry_type="Unknown")
    raw, (notice,) = read(FIBER, path)
    assert list(raw.frame["id"]) == ["s1", "s2", "s3"]
    assert notice == "layer 'cad' (3 rows, lines) is read; passed over: 'areas' (polygons)"


def gpx(name, inside):
    return (
        f'<?xml version="1.0"?><gpx version="1.1" creator="{name}" '
        f'xmlns="http://www.topografix.com/GPX/1/1">{inside}</gpx>'
    )


def test_lines_of_a_gpx_are_its_tracks(tmp_path):
    track = "".join(
        f"<trk><name>{span['id']}</name><trkseg>"
        + "".join(f'<trkpt lat="{lat}" lon="{lon}"/>' for lon, lat in span["geometry"].coords)
        + "</trkseg></trk>"
        for span in SPANS
    )
    (tmp_path / "fiber.gpx").write_text(gpx("survey", track))
    raw, (notice,) = read(FIBER, tmp_path / "fiber.gpx", columns=(("id", "name"),))
    assert list(raw.frame["name"]) == ["s1", "s2", "s3"]
    assert notice == (
        "layer 'tracks' (3 rows, lines) is read; passed over: 'waypoints' (no rows), 'routes' (no "
        "rows) and 'track_points' (vertices of the tracks)"
    )
    way = '<wpt lat="3" lon="1"><name>a</name></wpt><wpt lat="3" lon="3"><name>b</name></wpt>'
    (tmp_path / "sites.gpx").write_text(gpx("survey", way + track))
    raw, _ = read(NODES, tmp_path / "sites.gpx")
    assert list(raw.frame["name"]) == ["a", "b"]


def test_objects_of_a_topojson_are_layers(tmp_path):
    objects = {
        "spans": {
            "type": "GeometryCollection",
            "geometries": [{"type": "LineString", "arcs": [0]}],
        },
        "huts": {
            "type": "GeometryCollection",
            "geometries": [{"type": "Point", "coordinates": [0, 0], "id": 5}],
        },
    }
    objects["spans"]["geometries"][0] |= {"id": "007", "properties": {"km": 5}}
    topology = {"type": "Topology", "objects": objects, "arcs": [[[0, 0], [1, 1]]]}
    for name in ("fiber.json", "fiber.topojson", "fiber.geojson"):
        (tmp_path / name).write_text(json.dumps(topology))
        raw, (notice,) = read(FIBER, tmp_path / name)
        assert list(raw.frame["id"]) == ["007"]
        assert list(raw.frame["km"]) == [5]
        assert notice == "layer 'spans' (1 row, lines) is read; passed over: 'huts' (points)"


def test_json_of_esri_is_read_in_its_coordinate_system(tmp_path):
    feature = {"attributes": {"id": "007", "max_mw": 4}, "geometry": {"x": 111319.49, "y": 0}}
    held = {
        "geometryType": "esriGeometryPoint",
        "spatialReference": {"wkid": 102100},
        "fields": [
            {"name": "id", "type": "esriFieldTypeString"},
            {"name": "max_mw", "type": "esriFieldTypeInteger"},
        ],
        "features": [feature],
    }
    (tmp_path / "sites.json").write_text(json.dumps(held))
    raw, _ = read(SITES, tmp_path / "sites.json")
    assert raw.frame.geometry.x[0] == pytest.approx(1, abs=1e-6)
    assert list(raw.frame["id"]) == ["007"]


def test_two_tables_of_one_file_have_fingerprints_of_their_own(tmp_path):
    path = tmp_path / "w.gpkg"
    write_layers(path, {"2024": AREAS, "2025": AREAS})
    plain, older, newer = (
        fingerprint([Source(ZONES, path, path.name, layers=layers)])
        for layers in ((), ("2024",), ("2025",))
    )
    assert len({plain, older, newer}) == 3
    assert fingerprint([Source(ZONES, path, "x", layers=("2024",))]) == older
    renamed = fingerprint([Source(ZONES, path, path.name, columns=(("id", "utility"),))])
    assert renamed not in {plain, older, newer}


def test_files_beside_a_shapefile_count_whatever_their_case(tmp_path):
    as_frame(PLACES).to_file(tmp_path / "s.shp")
    small = fingerprint([Source(SITES, tmp_path / "s.shp", "s.shp")])
    for file in tmp_path.iterdir():
        file.rename(file.with_suffix(file.suffix.upper()))
    source = Source(SITES, tmp_path / "s.SHP", "s.SHP")
    assert fingerprint([source]) == small
    (tmp_path / "s.DBF").write_bytes((tmp_path / "s.DBF").read_bytes() + b" ")
    assert fingerprint([source]) != small


# --- Archives -------------------------------------------------------------------------------


def shapefile(path, rows):
    """The files of a Shapefile, by their suffix."""
    path.mkdir()
    names = {name: name[:10] for name in rows[0]}  # as dBASE cuts them
    as_frame(rows).rename(columns=names).to_file(path / "x.shp")
    return {file.suffix: file for file in path.iterdir()}


def test_zip_holds_a_shapefile_whatever_lies_beside(tmp_path):
    files = shapefile(tmp_path / "x", AREAS)
    inside = {f"Export 2024/areas{suffix}": file for suffix, file in files.items()}
    junk = {"__MACOSX/Export 2024/._areas.shp": b"junk", "Export 2024/._areas.shp": b"junk"}
    junk |= {"read me.txt": b"About.", "Export 2024/areas.shp.xml": b"<x/>", ".DS_Store": b"x"}
    write_zip(tmp_path / "z.zip", junk | inside)
    raw, notices = read(ZONES, tmp_path / "z.zip")
    assert list(raw.frame["id"]) == ["north", "south"]
    assert raw.suffix == ".shp"
    assert raw.place(1) == "feature 2"
    assert notices == []


def test_shapefiles_of_a_zip_are_layers(tmp_path):
    held = {"cables": SPANS, "areas": AREAS}
    inside = {
        f"{name}{suffix}": file
        for name, rows in held.items()
        for suffix, file in shapefile(tmp_path / name, rows).items()
    }
    write_zip(tmp_path / "z.zip", inside)
    zones, (notice,) = read(ZONES, tmp_path / "z.zip")
    assert list(zones.frame["id"]) == ["north", "south"]
    assert notice == "layer 'areas' (2 rows, polygons) is read; passed over: 'cables' (lines)"
    fiber, _ = read(FIBER, tmp_path / "z.zip")
    assert list(fiber.frame["id"]) == ["s1", "s2", "s3"]


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path):
    inside = {
        f"{name}/zones{suffix}": file
        for name, rows in (("east", AREAS[:1]), ("west", AREAS[1:]))
        for suffix, file in shapefile(tmp_path / name, rows).items()
    }
    write_zip(tmp_path / "z.zip", inside)
    raw, (notice,) = read(ZONES, tmp_path / "z.zip")
    assert list(raw.frame["id"]) == ["north", "south"]
    assert notice.startswith("layers 'east/zones' (1 row, polygons) and 'west/zones'")
    raw, _ = read(ZONES, tmp_path / "z.zip", layers=("west/zones",))
    assert list(raw.frame["id"]) == ["south"]


def test_zip_holds_any_format(tmp_path):
    as_frame(PLACES).to_file(tmp_path / "a.gpkg")
    as_frame(PLACES).to_file(tmp_path / "a.kml", driver="LIBKML")
    write_sheets(tmp_path / "a.xlsx", {"Sheet1": CELLS})
    write_zip(tmp_path / "inner.zip", {"b.gpkg": tmp_path / "a.gpkg"})
    text = b"id,lon,lat,max_mw\na,1,3,400\nb,3,3,300\n"
    members = {
        "a.gpkg": tmp_path / "a.gpkg",
        "a.kml": tmp_path / "a.kml",
        "a.xlsx": tmp_path / "a.xlsx",
        "inner.zip": tmp_path / "inner.zip",
        "a.csv": text,
        "a.csv.gz": gzip.compress(text),
        "a.txt": text,
        "a.geojson": as_geojson(
            [
                {
                    "id": r["id"],
                    "max_mw": r["max_mw"],
                    "geometry": shapely.Point(r["lon"], r["lat"]),
                }
                for r in PLACES
            ]
        ).encode(),
    }
    for name, content in members.items():
        write_zip(tmp_path / "z.zip", {f"inside/{name}": content})
        raw, _ = read(SITES, tmp_path / "z.zip")
        assert content_of(raw, "max_mw") == {"a": ((1, 3), "400"), "b": ((3, 3), "300")}, name


def test_tables_of_a_zip_are_chosen_by_name(tmp_path):
    plants = b"id,lon,lat,kind,mw\ndam,1,3,hydro,800\n"
    sites = b"id,lon,lat,max_mw\na,1,3,400\n"
    write_zip(tmp_path / "z.zip", {"sites.csv": sites, "plants.csv": plants})
    raw, (notice,) = read(SITES, tmp_path / "z.zip")
    assert list(raw.frame["id"]) == ["a"]
    assert notice == "sites.csv is read, as it has the name of the table; left: plants.csv"
    assert '[layers] supply = ["' in refuse(SUPPLY, tmp_path / "z.zip")
    raw, notices = read(SUPPLY, tmp_path / "z.zip", layers=("plants",))
    assert list(raw.frame["id"]) == ["dam"]
    assert notices == []


def test_broken_file_beside_a_good_one_is_left_out_and_said(tmp_path):
    inside = {f"a{suffix}": file for suffix, file in shapefile(tmp_path / "x", AREAS).items()}
    write_zip(tmp_path / "z.zip", inside | {"b.geojson": b"<html>404</html>", "c.csv": b"x\n"})
    raw, notices = read(ZONES, tmp_path / "z.zip")
    assert list(raw.frame["id"]) == ["north", "south"]
    assert notices == [
        "a file is left out: b.geojson in it: is a web page instead of zones; download it again",
        "c.csv in the archive left: no shapes",
    ]


def test_paths_of_a_zip_lead_nowhere_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("../../evil.csv", "id,lon,lat,max_mw\na,1,3,400\n")
    before = sorted(tmp_path.parent.rglob("evil*"))
    raw, _ = read(SITES, tmp_path / "z.zip")
    assert list(raw.frame["id"]) == ["a"]
    assert sorted(tmp_path.parent.rglob("evil*")) == before


def test_archive_that_would_fill_the_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("siting.world.archives.MOST_BYTES", 2**20)
    content = b"id,lon,lat,max_mw\n" + b"a,1,3,400\n" * 200_000
    write_zip(tmp_path / "z.zip", {"sites.csv": content})
    (tmp_path / "z.csv.gz").write_bytes(gzip.compress(content))
    for name in ("z.zip", "z.csv.gz"):
        assert "is an archive of more than" in refuse(SITES, tmp_path / name)


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    # GDAL writes what it finds out about a GML beside it, without being asked.
    (tmp_path / "temp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    as_frame(AREAS).to_file(tmp_path / "w.gml", driver="GML")
    (tmp_path / "w.xsd").unlink()
    write_zip(tmp_path / "w.zip", {"w.gml": tmp_path / "w.gml"})
    before = sorted(tmp_path.rglob("*"))
    for name in ("w.gml", "w.zip"):
        raw, _ = read(ZONES, tmp_path / name)
        assert list(raw.frame["id"]) == ["north", "south"]
    assert sorted(tmp_path.rglob("*")) == before


def test_nothing_is_fetched(tmp_path):
    # GDAL 3.12.4 asks the server that a GML names for its schema, where that is a WFS.
    asked = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        at = f"http://127.0.0.1:{server.server_port}"
        schema = f"{at}/wfs?service=WFS&amp;version=1.1.0&amp;request=DescribeFeatureType"
        (tmp_path / "s.gml").write_text(
            '<?xml version="1.0"?><wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs" '
            'xmlns:a="http://a" xmlns:gml="http://www.opengis.net/gml" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:schemaLocation="http://a {schema}&amp;typeName=a:site"><gml:featureMembers>'
            '<a:site gml:id="site.1"><a:geom><gml:Point srsName="urn:ogc:def:crs:EPSG::4326">'
            "<gml:pos>3 1</gml:pos></gml:Point></a:geom><a:id>007</a:id></a:site>"
            "</gml:featureMembers></wfs:FeatureCollection>"
        )
        raw, _ = read(NODES, tmp_path / "s.gml")
        for name in (f"{at}/s.geojson", f"/vsicurl/{at}/s.gpkg"):
            problems = Problems()
            assert read_table(Source(NODES, tmp_path / name, name), problems, Notices()) is None
            assert "nothing is fetched from elsewhere" in problems.found[0].what
        server.shutdown()
        thread.join()
    assert positions(raw) == [(1, 3)]
    assert list(raw.frame["id"]) == ["007"]
    assert asked == []


# --- Ids and columns ------------------------------------------------------------------------


def test_ids_of_a_kml_are_those_of_the_data(tmp_path):
    # The driver KML of GDAL 3.12.4 numbers placemarks layer.1, layer.2 and keeps the column id in
    # the data; LIBKML, which reads it, calls that column id2.
    as_frame(SPANS).to_file(tmp_path / "fiber.kml", driver="KML")
    raw, (notice,) = read(FIBER, tmp_path / "fiber.kml")
    assert list(raw.frame["id"]) == ["s1", "s2", "s3"]
    assert "id2" not in raw.frame
    assert "not the numbers of its placemarks, such as fiber.1" in notice


def test_ids_of_placemarks_stay_where_they_are_no_numbers(tmp_path):
    data = (
        '<ExtendedData><SchemaData schemaUrl="#s"><SimpleData name="id">{}</SimpleData>'
        "</SchemaData></ExtendedData>"
    )
    schema = '<Schema name="s" id="s"><SimpleField name="id" type="string"/></Schema>'
    span = kml_line((0, 0), (1, 1))
    spans = [placemark(n, span, data.format(f"x{n}"), id=f"fiber.{n}") for n in (1, 3)]
    (tmp_path / "a.kml").write_bytes(kml(schema, *spans))
    raw, (notice,) = read(FIBER, tmp_path / "a.kml")
    assert list(raw.frame["id"]) == ["fiber.1", "fiber.3"]
    assert list(raw.frame["id2"]) == ["x1", "x3"]
    assert "id2 is the name of the others" in notice


def test_columns_that_a_driver_has_too_keep_their_values(tmp_path):
    rows = [row | {"begin": f"hut {n}", "timestamp": f"t{n}"} for n, row in enumerate(SPANS)]
    as_frame(rows).to_file(tmp_path / "fiber.kml", driver="KML")
    raw, _ = read(FIBER, tmp_path / "fiber.kml")
    assert list(raw.frame["begin"]) == ["hut 0", "hut 1", "hut 2"]
    assert list(raw.frame["timestamp"]) == ["t0", "t1", "t2"]
    assert not {"begin2", "timestamp2", "id2"} & set(raw.frame)


def test_untyped_data_of_a_kml_are_columns(tmp_path):
    data = (
        '<ExtendedData><Data name="id"><value>007</value></Data>'
        '<Data name="km"><value>12.5</value></Data></ExtendedData>'
    )
    document = kml(folder("x", placemark("a", kml_line((0, 0), (1, 1)), data)))
    write_zip(tmp_path / "a.kmz", {"doc.kml": document})
    raw, _ = read(FIBER, tmp_path / "a.kmz")
    assert list(raw.frame["id"]) == ["007"]
    assert list(raw.frame["km"].astype(float)) == [12.5]


def features(ids, properties):
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    **({} if name is None else {"id": name}),
                    "properties": held,
                    "geometry": {"type": "Point", "coordinates": [n, 0]},
                }
                for n, (name, held) in enumerate(zip(ids, properties, strict=True))
            ],
        }
    )


@pytest.mark.parametrize(
    ("ids", "properties", "right"),
    [
        ([10, 20, 30], [{}, {}, {}], ["10", "20", "30"]),
        ([9007199254740993, 5, 6], [{}, {}, {}], ["9007199254740993", "5", "6"]),
        (["x", 7, "007"], [{}, {}, {}], ["x", "7", "007"]),
        ([-3, 5, 6], [{}, {}, {}], ["-3", "5", "6"]),
        (["x", "y", "z"], [{"id": 1}, {"id": 2}, {"id": 3}], ["1", "2", "3"]),
        # GDAL 3.12.4 makes 0 of the id "y" beside properties that are numbers.
        (["x", "y", "z"], [{"id": 1}, {}, {"id": 3}], ["1", "y", "3"]),
        ([4, 5, 6], [{"id": "a"}, {"id": "b"}, {"id": "c"}], ["a", "b", "c"]),
        ([None] * 3, [{"id": 2**53 + 1}, {"id": 10**19 + 1}, {"id": 7}], None),
        ([None] * 3, [{"id": "2024-01-01"}, {"id": "1e5"}, {"id": "007"}], None),
    ],
)
def test_ids_of_features_are_as_written(ids, properties, right, tmp_path):
    (tmp_path / "s.geojson").write_text(features(ids, properties))
    raw, _ = read(NODES, tmp_path / "s.geojson")
    right = right or [str(held["id"]) for held in properties]
    assert [as_text(value) for value in raw.frame["id"]] == right


def test_zeros_of_a_format_without_blanks_are_said(tmp_path):
    rows = [row | {"kv": kv} for row, kv in zip(PLACES, (None, 230.0), strict=True)]
    as_frame(rows).to_file(tmp_path / "s.tab", driver="MapInfo File")
    raw, (notice,) = read(SITES, tmp_path / "s.tab")
    assert raw.frame["kv"].tolist() == [0, 230]
    assert notice.startswith("MapInfo has no blank numbers: 0 in kv (1 row) may be one")
    as_frame(PLACES).to_file(tmp_path / "t.mif", driver="MapInfo File")
    assert read(SITES, tmp_path / "t.mif")[1] == []


def test_no_id_is_made_up(tmp_path):
    (tmp_path / "s.geojson").write_text(features([None] * 2, [{"a": 1}, {"a": 2}]))
    as_frame(PLACES).drop(columns="id").to_file(tmp_path / "s.gpkg")
    for name in ("s.geojson", "s.gpkg"):
        raw, _ = read(SITES, tmp_path / name)
        assert "id" not in raw.frame


LARGE = [2**53 + 1, None, 2**53 + 3]


@pytest.mark.parametrize(
    "suffix", [".gpkg", ".fgb", ".shp", ".sqlite", ".gml", ".geojson", ".parquet", ".csv", ".kml"]
)
def test_whole_numbers_beside_blanks_keep_their_digits(suffix, tmp_path):
    # pyogrio 0.13 reads a column of whole numbers with a blank as floats: 9007199254740993 would
    # end in 2. Nobody knows which plant that is.
    frame = gpd.GeoDataFrame(
        {"number": pd.array(LARGE, dtype="Int64"), "other": pd.array([1, None, 3], dtype="Int64")},
        geometry=[shapely.Point(n, n) for n in range(3)],
        crs=4326,
    )
    path = tmp_path / f"t{suffix}"
    if suffix == ".parquet":
        pytest.importorskip("pyarrow", reason="GeoParquet is read by pyarrow")
        frame.to_parquet(path)
    elif suffix == ".csv":
        path.write_text("number,lon,lat\n9007199254740993,0,0\n,1,1\n9007199254740995,2,2\n")
    else:
        driver = {".sqlite": "SQLite", ".kml": "LIBKML"}.get(suffix)
        frame.to_file(path, driver=driver)
    raw, _ = read(NODES, path, columns=(("id", "number"),))
    found = dict(zip(positions(raw), map(as_text, raw.frame["number"]), strict=True))
    assert found == {(0, 0): "9007199254740993", (1, 1): None, (2, 2): "9007199254740995"}


def test_parquet_of_others_keeps_whole_numbers_too(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="Parquet is read by pyarrow")
    from pyarrow import parquet

    table = pa.table({"id": LARGE, "lon": [0.0, 1.0, 2.0], "lat": [0.0, 1.0, 2.0]})
    parquet.write_table(table, tmp_path / "t.parquet")
    raw, _ = read(NODES, tmp_path / "t.parquet")
    assert raw.form == "lonlat"
    assert [as_text(v) for v in raw.frame["id"]] == ["9007199254740993", None, "9007199254740995"]


def test_whole_numbers_of_joined_layers_keep_their_digits(tmp_path):
    rows = [row | {"serial": 2**53 + 1} for row in PLACES]
    others = [{"id": "c", "lon": 0, "lat": 0, "max_mw": 5}]
    write_layers(tmp_path / "w.gpkg", {"a": rows, "b": others})
    raw, _ = read(SITES, tmp_path / "w.gpkg")
    assert [as_text(v) for v in raw.frame["serial"]] == ["9007199254740993"] * 2 + [None]


def test_days_that_are_ids_stay_days(tmp_path):
    rows = [row | {"id": dt.date(2024, 1, n + 1)} for n, row in enumerate(PLACES)]
    as_frame(rows).to_file(tmp_path / "d.gpkg")
    write_sheets(
        tmp_path / "d.xlsx", {"x": [CELLS[0], *([r["id"], r["lon"], r["lat"], 4] for r in rows)]}
    )
    for name in ("d.gpkg", "d.xlsx"):
        raw, _ = read(SITES, tmp_path / name)
        assert list(raw.frame["id"]) == ["2024-01-01", "2024-01-02"]


# --- Text tables ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "mark", "said"),
    [
        ("s.csv", ",", None),
        ("s.csv", ";", "fields are apart by semicolons, and read so"),
        ("s.csv", "\t", "fields are apart by tabs, and read so"),
        ("s.csv", "|", "fields are apart by bars, and read so"),
        ("s.tsv", "\t", None),
        ("s.tsv", ",", "fields are apart by commas, and read so"),
        ("s.txt", "\t", "fields are apart by tabs, and read so"),
        ("s.txt", ",", None),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_text_is_read_whatever_sets_fields_apart(name, mark, said, packed, tmp_path):
    lines = [["id", "name", "lon", "lat", "max_mw"], ["007", "Hill, upper; old", "1", "3", "1.5e2"]]
    text = "\n".join(
        mark.join(f'"{cell}"' if "," in cell else cell for cell in row) for row in lines
    )
    content = f"{text}\n".encode()
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(content) if packed else content)
    raw, notices = read(SITES, path)
    assert raw.frame.iloc[0][["id", "name", "max_mw"]].tolist() == [
        "007",
        "Hill, upper; old",
        "1.5e2",
    ]
    assert raw.place(0) == "line 2"
    assert notices == ([said] if said else [])


def test_text_of_a_spreadsheet_program_is_read(tmp_path):
    text = "sep=;\nid;lon;lat;max_mw\na;1;3;400\n"
    (tmp_path / "s.csv").write_text(text)
    raw, _ = read(SITES, tmp_path / "s.csv")
    assert raw.place(0) == "line 3"
    (tmp_path / "u.txt").write_bytes("id\tlon\tlat\tmax_mw\nä\t1\t3\t400\n".encode("utf-16"))
    raw, notices = read(SITES, tmp_path / "u.txt")
    assert list(raw.frame["id"]) == ["ä"]
    assert any("UTF-16" in notice for notice in notices)


@pytest.mark.parametrize("value", ["1,5", "-96,25", "1.234,5"])
def test_decimal_commas_are_refused_in_words(value, tmp_path):
    (tmp_path / "s.csv").write_text(f"id;lon;lat;max_mw;note\na;1;3;{value};x\nb;1;3;{value};y\n")
    problem = refuse(SITES, tmp_path / "s.csv")
    assert problem.startswith(f'line 2: max_mw is "{value}", and 1 more like it: decimals')
    (tmp_path / "s.csv").write_text(f"BUS;lon;lat;V;note\na;1;3;{value};{value}\n")
    problem = refuse(SITES, tmp_path / "s.csv", columns=(("max_mw", "V / 1000"),))
    assert "V is" in problem
    raw, _ = read(SITES, tmp_path / "s.csv")
    assert list(raw.frame["note"]) == [value]  # nothing says that it is a number


def test_lines_above_the_names_are_no_part_of_the_table_and_said(tmp_path):
    text = "Report of 2024,,,\n,,,\nid,lon,lat,max_mw\na,1,3,400\n,,,\nb,3,3,300\n,,,\n"
    (tmp_path / "s.csv").write_text(text)
    raw, notices = read(SITES, tmp_path / "s.csv")
    assert list(raw.frame["id"]) == ["a", "b"]
    assert [raw.place(n) for n in (0, 1)] == ["line 4", "line 6"]
    assert notices == [
        "line 3 has the names of the columns; 1 line above it is no part of the table",
        "1 blank line is left out (5)",
    ]


def test_header_row_that_the_model_gives_is_taken(tmp_path):
    (tmp_path / "s.csv").write_text("id,lon,lat,max_mw\nx,y,z,w\na,1,3,400\n")
    raw, _ = read(NODES, tmp_path / "s.csv", header_row=2, columns=(("lon", "y"), ("lat", "z")))
    assert list(raw.frame["x"]) == ["a"]


def test_what_columns_hold_stays_text_where_it_may_be_read(tmp_path):
    (tmp_path / "s.csv").write_text("BUS_ID,Id,lon,lat,max_mw,land\n1.10,2.50,1,3,400,7.5\n")
    raw, _ = read(SITES, tmp_path / "s.csv", columns=(("name", "BUS_ID"),))
    assert raw.frame["BUS_ID"].tolist() == ["1.10"]
    assert raw.frame["Id"].tolist() == ["2.50"]
    assert raw.frame["land"].tolist() == [7.5]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("LON,LAT", True),
        ("Longitude,Latitude", True),
        ("lng,lat", True),
        ("x,y", True),
        ("POINT_X,POINT_Y", True),
        ("lon,lat", False),
    ],
)
def test_positions_are_found_by_their_usual_names(names, said, tmp_path):
    (tmp_path / "s.csv").write_text(f"id,{names},max_mw\na,1,3,400\n")
    raw, notices = read(SITES, tmp_path / "s.csv")
    assert raw.form == "lonlat"
    assert positions(raw) == [(1, 3)]
    assert bool(notices) == said
    if said:
        assert "is read as l" in notices[0]


def test_positions_that_the_model_names_keep_their_names(tmp_path):
    (tmp_path / "s.csv").write_text("id,E,N,lon,max_mw\na,1,3,77,400\n")
    raw, _ = read(SITES, tmp_path / "s.csv", columns=(("lon", "E"), ("lat", "N * 1")))
    assert raw.form == "lonlat"
    assert list(raw.frame[["E", "N"]].iloc[0].astype(float)) == [1, 3]
    problem = refuse(SITES, tmp_path / "s.csv", columns=(("lat", "NORTH"),))
    assert "column 'NORTH', which is to be lat, is not there" in problem


def test_zones_and_fiber_may_have_no_shapes(tmp_path):
    (tmp_path / "z.csv").write_text("id,utility,headroom_mw\nn,North,5\n")
    raw, _ = read(ZONES, tmp_path / "z.csv")
    assert raw.form == "plain"
    (tmp_path / "f.csv").write_text("id,from,to,km\ns,a,b,5\n")
    raw, _ = read(FIBER, tmp_path / "f.csv")
    assert raw.form == "plain"
    assert list(raw.frame["km"]) == ["5"]
    assert "lon and lat are missing" in refuse(SITES, tmp_path / "z.csv")


def test_table_without_shapes_of_any_format_is_one_of_cells(tmp_path):
    rows = pd.DataFrame({"id": ["a"], "lon": [1.0], "lat": [3.0], "max_mw": [4]})
    import pyogrio

    pyogrio.write_dataframe(rows, tmp_path / "t.gpkg", layer="t")
    pyogrio.write_dataframe(rows, tmp_path / "t.dbf", driver="ESRI Shapefile")
    for name in ("t.gpkg", "t.dbf"):
        raw, _ = read(SITES, tmp_path / name)
        assert (raw.form, positions(raw)) == ("lonlat", [(1, 3)])
        raw, _ = read(ZONES, tmp_path / name)
        assert raw.form == "plain"


# --- Shapes as text -------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["wkt", "WKT", "geometry", "geom", "the_geom", "wkt_geom"])
def test_shapes_as_text_are_drawn(column, tmp_path):
    rows = [f'{row["id"]},North,5,"{row["geometry"].wkt}"' for row in AREAS]
    (tmp_path / "z.csv").write_text("\n".join([f"id,utility,headroom_mw,{column}", *rows]))
    raw, notices = read(ZONES, tmp_path / "z.csv")
    assert raw.form == "drawn"
    assert shapely.equals(raw.frame.geometry.to_numpy(), [row["geometry"] for row in AREAS]).all()
    assert notices == [f"shapes are read from column '{column}', in WGS 84 degrees"]
    assert raw.frame.crs == "EPSG:4326"


def test_shapes_of_databases_are_drawn(tmp_path):
    shape = SPANS[0]["geometry"]
    ewkb = shapely.to_wkb(shapely.set_srid(shape, 4326), hex=True, include_srid=True)
    projected = gpd.GeoSeries([shape], crs=4326).to_crs(3857)[0]
    given = [shape.wkt, f"SRID=4326;{shape.wkt}", ewkb, shapely.to_geojson(shape)]
    given += [f"SRID=3857;{projected.wkt}", shape.wkt.lower(), shapely.force_3d(shape).wkt]
    for text in given:
        write_sheets(tmp_path / "f.xlsx", {"x": [["id", "shape"], ["s1", text]]})
        raw, _ = read(FIBER, tmp_path / "f.xlsx")
        assert raw.frame.geometry[0].equals_exact(shape, 1e-9), text
        assert not raw.frame.has_z.any()


def test_shape_column_that_the_model_names_is_read(tmp_path):
    (tmp_path / "f.tsv").write_text("id\troute\ns1\tLINESTRING (0 0, 1 1)\ns2\t\n")
    raw, _ = read(FIBER, tmp_path / "f.tsv", columns=(("geometry", "route"),))
    assert raw.frame.geometry.is_empty.tolist() == [False, False] or raw.frame.geometry[1] is None
    assert raw.frame.geometry[0].length == pytest.approx(2**0.5)
    assert read(FIBER, tmp_path / "f.tsv")[0].form == "plain"


def test_points_that_are_given_twice_are_one_place(tmp_path):
    text = "id,lon,lat,max_mw,wkt\na,1,3,4,POINT (1 3)\nb,3.0,3,4,POINT (3.0002 3)\n"
    (tmp_path / "s.csv").write_text(text)
    raw, _ = read(SITES, tmp_path / "s.csv")
    assert raw.form == "drawn"
    (tmp_path / "s.csv").write_text(text.replace("3.0002", "3.2"))
    assert "22.2 km from the shape in wkt" in refuse(SITES, tmp_path / "s.csv")


# --- Spreadsheets ---------------------------------------------------------------------------


def test_sheet_is_found_by_its_columns_and_its_header_below_a_title(tmp_path):
    sites = [["Substations of 2024"], ["Source: us"], [], *CELLS[:2], [], CELLS[2]]
    write_sheets(tmp_path / "s.xlsx", {"Read me": [["About"], ["x"]], "Data": sites})
    raw, notices = read(SITES, tmp_path / "s.xlsx")
    assert content_of(raw, "max_mw") == {"a": ((1, 3), "400"), "b": ((3, 3), "300")}
    assert [raw.place(n) for n in (0, 1)] == ["row 5", "row 7"]
    assert notices == [
        "sheet 'Data' is read, the one that has the columns; left: 'Read me' (1 row)",
        "row 4 has the names of the columns; 2 rows above it are no part of the table",
        "1 blank row is left out (6)",
    ]


def test_sheet_of_the_tables_name_is_read_and_others_by_name(tmp_path):
    other = [CELLS[0], ["old", 1, 3, 9]]
    write_sheets(tmp_path / "s.xlsx", {"2023": other, "Sites": CELLS, "2024": other})
    assert list(read(SITES, tmp_path / "s.xlsx")[0].frame["id"]) == ["a", "b"]
    raw, _ = read(SITES, tmp_path / "s.xlsx", layers=("2023",))
    assert list(raw.frame["id"]) == ["old"]
    raw, _ = read(SITES, tmp_path / "s.xlsx", layers=("Sites", "2023"))
    assert list(raw.frame["id"]) == ["a", "b", "old"]
    assert raw.place(2) == "row 2 of sheet '2023'"


def test_sheet_may_be_called_as_its_file_is(tmp_path):
    sheets = {"S": CELLS[:2], "More": [CELLS[0], CELLS[2]], "Old": CELLS}
    write_sheets(tmp_path / "s.xlsx", sheets)
    raw, _ = read(SITES, tmp_path / "s.xlsx", layers=("S", "More"))
    assert list(raw.frame["id"]) == ["a", "b"]
    raw, _ = read(SITES, tmp_path / "s.xlsx", layers=("S",))
    assert list(raw.frame["id"]) == ["a"]


def test_projected_columns_beside_degrees_are_no_position(tmp_path):
    text = "id,X,Y,Longitude,Latitude,max_mw\na,500000,4200000,1,3,400\n"
    (tmp_path / "s.csv").write_text(text)
    raw, notices = read(SITES, tmp_path / "s.csv")
    assert raw.frame[["lon", "lat"]].astype(float).to_numpy().tolist() == [[1, 3]]
    assert notices == ["column 'Longitude' is read as lon and column 'Latitude' is read as lat"]


def test_hidden_sheet_is_read_only_by_name(tmp_path):
    write_sheets(tmp_path / "s.xlsx", {"old": CELLS[:2], "new": CELLS})
    book = openpyxl.load_workbook(tmp_path / "s.xlsx")
    book["old"].sheet_state = "hidden"
    book.save(tmp_path / "s.xlsx")
    raw, notices = read(SITES, tmp_path / "s.xlsx")
    assert len(raw.frame) == 2
    assert "'old' (1 row, hidden)" in notices[0]
    assert len(read(SITES, tmp_path / "s.xlsx", layers=("old",))[0].frame) == 1


def test_cells_are_read_as_they_are_seen(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["id", "lon", "lat", "max_mw", "kv", "clean", "note", "Plant\nname"])
    sheet.append([7, 1, 3, "400", 345.0, True, 1.0, "x"])
    sheet.append([1001.0, 2.5, 3, 1.5e3, None, False, 2.0, "y"])
    sheet.append(["007", 2.5, 3, 0.1, "N/A", None, None, None])
    sheet["A2"].number_format = "00000"
    book.save(tmp_path / "s.xlsx")
    raw, _ = read(SITES, tmp_path / "s.xlsx", columns=(("name", "Plant name"),))
    assert list(map(as_text, raw.frame["id"])) == ["00007", "1001", "007"]
    assert list(raw.frame["max_mw"]) == ["400", 1500, 0.1]
    assert list(raw.frame["kv"]) == [345, None, "N/A"]
    assert raw.frame["note"].tolist()[:2] == [1, 2]
    assert np.isnan(raw.frame["note"].tolist()[2])
    assert list(raw.frame["Plant name"]) == ["x", "y", None]


def test_formula_has_the_value_that_was_kept(tmp_path):
    # openpyxl writes no values of formulas, so the file is mended as a spreadsheet writes it.
    write_sheets(tmp_path / "s.xlsx", {"x": [CELLS[0], ["a", 1, 3, "=200*2"]]})
    assert "is a formula" in refuse(SITES, tmp_path / "s.xlsx")
    with zipfile.ZipFile(tmp_path / "s.xlsx") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert b"<v />" in files[sheet] or b"<v></v>" in files[sheet] or b"<v/>" in files[sheet]
    for blank in (b"<v />", b"<v></v>", b"<v/>"):
        files[sheet] = files[sheet].replace(blank, b"<v>400</v>")
    write_zip(tmp_path / "s.xlsx", files)
    raw, notices = read(SITES, tmp_path / "s.xlsx")
    assert list(raw.frame["max_mw"]) == [400]
    assert "1 cells of sheet 'x' are formulas" in notices[0]


def test_names_may_come_from_merged_cells_above(tmp_path):
    rows = [["id", "Position", None, "max_mw"], [None, "lon", "lat", None], *CELLS[1:]]
    write_sheets(tmp_path / "s.xlsx", {"x": rows}, merged="A1:A2")
    book = openpyxl.load_workbook(tmp_path / "s.xlsx")
    book["x"].merge_cells("D1:D2")
    book["x"].merge_cells("B1:C1")
    book.save(tmp_path / "s.xlsx")
    raw, notices = read(SITES, tmp_path / "s.xlsx", header_row=2)
    assert content_of(raw, "max_mw") == {"a": ((1, 3), "400"), "b": ((3, 3), "300")}
    assert "names of columns are taken from merged cells above them" in notices


def test_error_of_a_cell_that_is_not_used_is_said(tmp_path):
    write_sheets(tmp_path / "s.xlsx", {"x": [[*CELLS[0], "share"], [*CELLS[1], "#DIV/0!"]]})
    raw, (notice,) = read(SITES, tmp_path / "s.xlsx")
    assert len(raw.frame) == 1
    assert notice == "1 cells hold an error of a formula, in columns that are not used: share"


def test_columns_are_found_by_the_names_that_the_model_gives(tmp_path):
    rows = [["Made by us"], ["BUS", "E", "N", "MVA"], ["7", 1, 3, 400]]
    write_sheets(tmp_path / "s.xlsx", {"notes": [["a", "b"], [1, 2]], "buses": rows})
    told = (("id", "BUS"), ("lon", "E"), ("lat", "N"), ("max_mw", "MVA * 0.9"))
    raw, _ = read(SITES, tmp_path / "s.xlsx", columns=told)
    assert list(raw.frame["BUS"]) == ["7"]
    assert raw.place(0) == "row 3"


def test_spreadsheets_are_imported_for_spreadsheets_alone():
    import subprocess
    import sys

    code = "import sys, siting.world.files; sys.exit('openpyxl' in sys.modules)"
    root = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


def test_real_spreadsheet_of_plants_is_found_below_its_title():
    folder = next(
        (p / "shared" / "data" for p in Path(__file__).parents if (p / "shared" / "data").is_dir()),
        None,
    )
    folder = Path(os.environ.get("SITING_SHARED_DATA", folder or "/nowhere"))
    path = folder / "eia860" / "eia860_2___Plant_Y2019.xlsx"
    if not path.is_file():
        pytest.skip("needs real public files, in the folder that SITING_SHARED_DATA names")
    raw, notices = read(NODES, path, columns=(("id", "Plant Code"),))
    assert len(raw.frame) == 11833
    assert raw.form == "lonlat"
    assert raw.place(0) == "row 3"
    assert raw.frame["Plant Name"][0] == "Sand Point"
    assert [as_text(value) for value in raw.frame["Plant Code"][:2]] == ["1", "2"]
    assert any(notice.startswith("row 2 has the names of the columns; 1 row") for notice in notices)


# --- Every format ---------------------------------------------------------------------------


def as_text(value):
    """Text of a value, as ids are read: a whole number is its digits."""
    if (
        value is None
        or value is pd.NA
        or value == ""
        or (isinstance(value, float) and np.isnan(value))
    ):
        return None
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def positions(raw):
    """Places of points in degrees, rounded to a tenth of a metre."""
    if raw.form == "lonlat":
        lon, lat = (raw.frame[name].astype(float) for name in ("lon", "lat"))
    else:
        lon, lat = raw.frame.geometry.x, raw.frame.geometry.y
    return [(round(float(x), 6), round(float(y), 6)) for x, y in zip(lon, lat, strict=True)]


def content_of(raw, *columns):
    """Rows by id, each with its place and some columns as text."""
    held = zip(positions(raw), *(map(as_text, raw.frame[name]) for name in columns), strict=True)
    return dict(zip(map(as_text, raw.frame["id"]), held, strict=True))


def write_text(path, frame, mark=",", *, shapes=False):
    held = pd.DataFrame(frame.drop(columns="geometry"))
    if shapes:
        held["wkt"] = frame.geometry.to_wkt(rounding_precision=9)
    else:
        held = held.assign(lon=frame.geometry.x.round(9), lat=frame.geometry.y.round(9))
    text = io.StringIO()
    held.to_csv(text, sep=mark, index=False)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def write_book(path, frame):
    held = pd.DataFrame(frame.drop(columns="geometry"))
    held = held.assign(lon=frame.geometry.x, lat=frame.geometry.y)
    rows = [[None if pd.isna(cell) else cell for cell in row] for row in held.to_numpy(object)]
    write_sheets(path, {"Sheet1": [list(held), *rows]})


def pack(path, frame, **how):
    """A file of another format, alone in a ZIP."""
    inner = path.parent / "packed"
    inner.mkdir()
    name = how.pop("name")
    frame.to_file(inner / name, **how)
    zip_folder(path, inner, "inside")


def zip_one(path, frame, name, driver):
    frame.to_file(path.parent / name, driver=driver)
    write_zip(path, {"doc.kml" if path.suffix == ".kmz" else name: path.parent / name})


WRITERS = {
    "t.geojson": lambda path, frame: frame.to_file(path, COORDINATE_PRECISION=9),
    "t.geojsonl": lambda path, frame: frame.to_file(path, driver="GeoJSONSeq"),
    "t.gpkg": lambda path, frame: frame.to_file(path),
    "t.shp": lambda path, frame: frame.to_file(path),
    "shp.zip": lambda path, frame: pack(path, frame, name="t.shp"),
    "t.fgb": lambda path, frame: frame.to_file(path),
    "t.gdb": lambda path, frame: frame.to_file(path, driver="OpenFileGDB"),
    "t.gdb.zip": lambda path, frame: pack(path, frame, name="t.gdb", driver="OpenFileGDB"),
    "t.sqlite": lambda path, frame: frame.to_file(path, driver="SQLite", SPATIALITE="NO"),
    "t.gml": lambda path, frame: frame.to_file(path, driver="GML"),
    "t.tab": lambda path, frame: frame.to_file(path, driver="MapInfo File"),
    "t.mif": lambda path, frame: frame.to_file(path, driver="MapInfo File"),
    "t.parquet": lambda path, frame: frame.to_parquet(path),
    "k.kml": lambda path, frame: frame.to_file(path, driver="KML"),
    "l.kml": lambda path, frame: frame.to_file(path, driver="LIBKML"),
    "l.kmz": lambda path, frame: frame.to_file(path, driver="LIBKML"),
    "k.kmz": lambda path, frame: zip_one(path, frame, "k.kml", "KML"),
    "t.csv": write_text,
    "t.tsv": lambda path, frame: write_text(path, frame, "\t"),
    "t.txt": lambda path, frame: write_text(path, frame, "|"),
    "s.csv": lambda path, frame: write_text(path, frame, ";"),
    "t.csv.gz": write_text,
    "w.csv": lambda path, frame: write_text(path, frame, shapes=True),
    "t.xlsx": write_book,
}
IN_DEGREES = ("k.kml", "l.kml", "l.kmz", "k.kmz", "t.csv", "t.tsv", "t.txt", "s.csv")
IN_DEGREES += ("t.csv.gz", "w.csv", "t.xlsx", "t.geojsonl")

IDS = ["007", "7", "1e5", "2024-01-01", "12345678901234567890", "a b", "Ü-1", "x;y", "1.10", "NA"]
NAMES = st.one_of(st.none(), st.sampled_from(["Hill, upper", "12", "ä'ß", "n/a", "x|y", 'a "b"']))


@st.composite
def tables(draw):
    ids = draw(st.permutations(IDS))[: draw(st.integers(1, len(IDS)))]
    blank = draw(st.lists(st.booleans(), min_size=len(ids), max_size=len(ids)))
    rows = []
    for n, (name, no_kv) in enumerate(zip(ids, blank, strict=True)):
        lon = draw(st.integers(-1000, -800)) / 10 + n / 1000
        lat = draw(st.integers(300, 450)) / 10
        row = {"id": name, "name": draw(NAMES), "max_mw": draw(st.integers(0, 10**9))}
        row |= {"kv": None if no_kv else draw(st.integers(1, 4000)) / 4}
        rows.append(row | {"owner": "x", "geometry": shapely.Point(lon, lat)})
    frame = as_frame(rows)
    frame["kv"] = frame["kv"].astype(float)
    return frame


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_format_gives_the_same_rows(name, data, tmp_path):
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow", reason="GeoParquet is read by pyarrow")
    frame = data.draw(tables())
    systems = [4326] if name in IN_DEGREES else [4326, 3857, 5070]
    given_in = frame.to_crs(data.draw(st.sampled_from(systems)))
    here = tmp_path / "here"
    shutil.rmtree(here, ignore_errors=True)
    here.mkdir()
    with warnings.catch_warnings(action="ignore"):  # of whole numbers of 64 bits in a .gdb
        WRITERS[name](here / name, given_in)
    raw, _ = read(SITES, here / name)
    called = "Name" if name.endswith((".kml", ".kmz")) else "name"
    if called not in raw.frame:
        raw.frame[called] = None  # a format that has no column where all is blank
    found = content_of(raw, called, "max_mw", "kv")
    right = {
        row.id: (
            (round(row.geometry.x, 6), round(row.geometry.y, 6)),
            as_text(row.name),
            str(row.max_mw),
            as_text(row.kv),
        )
        for row in frame.itertuples(index=False)
    }
    # MapInfo has no blank number: it writes 0.
    blank = "0" if name in ("t.tab", "t.mif") else None
    found, right = (
        {
            key: (*row[:3], blank if row[3] is None else as_text(float(row[3])))
            for key, row in rows.items()
        }
        for rows in (found, right)
    )
    apart = [np.subtract(found[key][0], right[key][0]) for key in right]
    assert np.abs(apart).max() < 2e-6
    assert {k: v[1:] for k, v in found.items()} == {k: v[1:] for k, v in right.items()}


def test_every_format_is_tried_that_a_folder_is_searched_for():
    from siting.world.files import SUFFIXES

    tried = {name[name.index(".") :] for name in WRITERS}
    # Read, but written by nothing here: TopoJSON and ESRI's JSON, GPX with columns, macros.
    others = {".json", ".topojson", ".gpx", ".geoparquet", ".geojson.gz", ".tsv.gz", ".xlsm"}
    assert set(SUFFIXES) - tried <= others
    assert all(table.name for table in TABLES.values())
