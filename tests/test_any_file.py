"""A world is the same in whatever files it comes: every format, system, order and spelling.

Random worlds are written table by table in formats that `siting` reads, in three coordinate
systems, rows shuffled, columns renamed within what is promised, and give the same plan.
"""

from __future__ import annotations

import gzip
import random
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import shapely
from drafts import as_frame, as_toml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import siting

# Drivers warn where they write a name otherwise: what is read must not depend on it.
pytestmark = [
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

EVERYWHERE = ("EPSG:4326", "EPSG:3857", "EPSG:5070")
DEGREES = EVERYWHERE[:1]

# The names of a Shapefile have ten letters at most: longer ones need a name of their own.
SHORT = {
    "headroom_mw": "HEADROOM",
    "price_usd_per_mwh": "PRICE",
    "grid_clean_fraction": "CLEAN_SHR",
    "capacity_factor": "CF",
    "campus_fixed_musd": "FIXED_COST",
    "premium_usd_per_mwh": "PREMIUM",
}


def to_ogr(driver):
    def write(frame, path):
        frame.to_file(path, driver=driver, engine="pyogrio")

    return write


def to_zip(inner, driver):
    def write(frame, path):
        folder = path.with_suffix(".parts")
        folder.mkdir()
        frame.to_file(folder / inner, driver=driver, engine="pyogrio")
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(folder.rglob("*")):
                archive.write(file, file.relative_to(folder))
        shutil.rmtree(folder)

    return write


def plain_rows(frame, *, wkt):
    rows = pd.DataFrame(frame.drop(columns="geometry"))
    if wkt:
        return rows.assign(
            wkt=[shapely.to_wkt(shape, rounding_precision=9) for shape in frame.geometry]
        )
    return rows.assign(lon=frame.geometry.x, lat=frame.geometry.y)


def to_text(separator, *, wkt, squeezed=False):
    def write(frame, path):
        text = plain_rows(frame, wkt=wkt).to_csv(index=False, sep=separator)
        path.write_bytes(gzip.compress(text.encode(), mtime=0) if squeezed else text.encode())

    return write


def to_sheet(*, wkt, above):
    def write(frame, path):
        plain_rows(frame, wkt=wkt).to_excel(path, index=False, startrow=above, sheet_name="Data")

    return write


def to_parquet(frame, path):
    frame.to_parquet(path)


def to_parquet_of_another_name(frame, path):
    frame.rename_geometry("where").to_parquet(path)


# Suffix, what writes it, coordinate systems that it can hold, tables whose shapes it can hold.
DRAWN = ("zones", "sites", "fiber", "supply")
POINTS = ("sites", "supply")
FORMATS = {
    "geojson": (".geojson", to_ogr("GeoJSON"), DEGREES, DRAWN),
    "geojson in .json": (".json", to_ogr("GeoJSON"), DEGREES, DRAWN),
    "geopackage": (".gpkg", to_ogr("GPKG"), EVERYWHERE, DRAWN),
    "flatgeobuf": (".fgb", to_ogr("FlatGeobuf"), EVERYWHERE, DRAWN),
    "shapefile": (".shp", to_ogr("ESRI Shapefile"), EVERYWHERE, DRAWN),
    "zipped shapefile": (".zip", to_zip("any.shp", "ESRI Shapefile"), EVERYWHERE, DRAWN),
    "zipped geopackage": (".zip", to_zip("any.gpkg", "GPKG"), EVERYWHERE, DRAWN),
    "file geodatabase": (".gdb", to_ogr("OpenFileGDB"), EVERYWHERE, DRAWN),
    "zipped geodatabase": (".gdb.zip", to_zip("any.gdb", "OpenFileGDB"), EVERYWHERE, DRAWN),
    "spatialite": (".sqlite", to_ogr("SQLite"), EVERYWHERE, DRAWN),
    "gml": (".gml", to_ogr("GML"), DEGREES, DRAWN),
    # Its numbers are never blank, so it cannot hold spans of which some have no km.
    "mapinfo": (".tab", to_ogr("MapInfo File"), DEGREES, POINTS),
    "kml": (".kml", to_ogr("LIBKML"), DEGREES, DRAWN),
    "kmz": (".kmz", to_ogr("LIBKML"), DEGREES, DRAWN),
    "geoparquet": (".parquet", to_parquet, EVERYWHERE, DRAWN),
    "geoparquet, renamed": (".parquet", to_parquet_of_another_name, EVERYWHERE, DRAWN),
    "csv": (".csv", to_text(",", wkt=False), DEGREES, POINTS),
    "csv with wkt": (".csv", to_text(",", wkt=True), DEGREES, DRAWN),
    "tsv": (".tsv", to_text("\t", wkt=False), DEGREES, POINTS),
    "semicolons": (".csv", to_text(";", wkt=False), DEGREES, POINTS),
    "csv.gz": (".csv.gz", to_text(",", wkt=False, squeezed=True), DEGREES, POINTS),
    "spreadsheet": (".xlsx", to_sheet(wkt=False, above=0), DEGREES, POINTS),
    "spreadsheet with a title": (".xlsx", to_sheet(wkt=False, above=3), DEGREES, POINTS),
    "spreadsheet with wkt": (".xlsx", to_sheet(wkt=True, above=0), DEGREES, DRAWN),
}
NUMBERS = ("_mw", "_mwh", "_factor", "_fraction", "km", "kv", "mw")
CUT = ("shapefile", "zipped shapefile")


def spelt(name, spelling):
    return {
        "as it is": name,
        "capitals": name.upper(),
        "spaces": name.replace("_", " ").title(),
        "hyphens": name.replace("_", "-"),
        "renamed": f"its {name}"[::-1].replace(" ", "_"),
    }[spelling]


SPELLINGS = ("as it is", "capitals", "spaces", "hyphens", "renamed")


@st.composite
def worlds(draw):
    """Four zones, of which two lie in a parent, six sites, a fiber mesh, four plants."""
    number = st.integers(1, 9)
    west, south = draw(st.sampled_from([(-100, 38), (-92, 41), (-110, 33)]))
    zones = [
        {
            "id": name,
            "utility": f"Utility {name}",
            "headroom_mw": 100.0 * draw(number),
            "price_usd_per_mwh": 20.0 + 7.5 * draw(number),
            "grid_clean_fraction": 0.1 * draw(number),
            "region": "plains" if name < "c" else "hills",
            "geometry": shapely.box(
                west + k % 2, south + k // 2, west + k % 2 + 1, south + k // 2 + 1
            ),
        }
        for k, name in enumerate("abcd")
    ]
    at = [(0.25, 0.25), (0.75, 0.5), (1.5, 0.5), (0.5, 1.5), (1.25, 1.25), (1.75, 1.5)]
    sites = [
        # No two sets of sites cost the same, so the best plan is one.
        {"id": f"{k:03d}", "max_mw": 100.0 * draw(number), "kv": 345.0}
        | {"campus_fixed_musd": 50 + 1.37 * 2**k}
        | {"geometry": shapely.Point(west + x, south + y)}
        for k, (x, y) in enumerate(at)
    ]
    fiber = [
        {"id": f"s{k}", "km": 250.0 + 10 * draw(number) if draw(st.booleans()) else None}
        | {"geometry": shapely.LineString([a["geometry"], b["geometry"]])}
        for k, (a, b) in enumerate(zip(sites, [*sites[1:], sites[0]], strict=True))
    ]
    supply = [
        {"id": f"p{k}", "kind": kind, "mw": 100.0 * draw(number)}
        | {"capacity_factor": 0.4, "premium_usd_per_mwh": 1.0 * draw(number)}
        | {"geometry": shapely.Point(west + x, south + y + 0.1)}
        for k, (kind, (x, y)) in enumerate(
            zip(("wind", "solar", "hydro", "coal"), at, strict=False)
        )
    ]
    return {"zones": zones, "sites": sites, "fiber": fiber, "supply": supply}


def write_world(folder: Path, tables, choices, seed) -> Path:
    folder.mkdir()
    model = {
        "schema": 1,
        "name": "any",
        "world": {},
        "campus": {"min_mw": 50},
        "cluster": {"target_mw": 150, "min_campuses": 2, "max_campuses": 4},
        "clean": {"min_fraction": 0.5, "deliver_within": "anywhere"},
        "solver": {"gap": 0},
    }
    order = random.Random(seed)  # noqa: S311 - an order of rows, drawn by hypothesis
    for name, (format_, crs, spelling) in choices.items():
        suffix, write, _, _ = FORMATS[format_]
        rows = list(tables[name])
        order.shuffle(rows)
        frame = as_frame(rows).to_crs(crs)
        names = {}
        for column in frame.columns.drop("geometry"):
            if format_ in CUT:
                names[column] = SHORT.get(column, column.upper())
            else:
                names[column] = spelt(column, spelling)
        asked = {
            column: theirs
            for column, theirs in names.items()
            if theirs == SHORT.get(column) or (spelling == "renamed" and format_ not in CUT)
        }
        if asked:
            model[f"columns.{name}"] = asked
        path = folder / f"{name}{suffix}"
        write(frame.rename(columns=names), path)
        model["world"][name] = path.name
    (folder / "model.toml").write_text(as_toml(model), encoding="utf-8")
    return folder


def in_short(plan):
    return [
        (campus.site, round(campus.draw_mw, 3), campus.utility, round(campus.cost_musd_per_year, 3))
        for cluster in plan.clusters
        for campus in cluster.campuses
    ]


def choices_of(draw, name, formats):
    format_ = draw(st.sampled_from([f for f in formats if name in FORMATS[f][3]]))
    return format_, draw(st.sampled_from(FORMATS[format_][2])), draw(st.sampled_from(SPELLINGS))


@pytest.fixture(autouse=True)
def _needs_pyarrow():
    pytest.importorskip("pyarrow", reason="GeoParquet is written by pyarrow")


def solved(folder, tables, choices, seed):
    """The plan in short and its objective; the word that there is none where there is none."""
    write_world(folder, tables, choices, seed)
    try:
        plan = siting.solve(siting.read_model(folder))
    except siting.InfeasibleError:
        return "no plan", 0.0
    return in_short(plan), plan.objective


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables=worlds(), data=st.data(), seed=st.integers(0, 2**16))
def test_a_world_gives_the_same_plan_in_whatever_files(tables, data, seed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("any")
    plain = dict.fromkeys(DRAWN, ("geojson", "EPSG:4326", "as it is"))
    choices = {name: choices_of(data.draw, name, FORMATS) for name in DRAWN}
    first = solved(folder / "plain", tables, plain, 0)
    other = solved(folder / "other", tables, choices, seed)
    assert other[1] == pytest.approx(first[1], rel=1e-6)
    assert other[0] == first[0]


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_holds_every_row_and_column(format_, tmp_path):
    """Rows, ids, numbers and text come back from a table of each format, to the last decimal."""
    for table in FORMATS[format_][3]:
        tables = sample()
        choices = dict.fromkeys(DRAWN, ("geojson", "EPSG:4326", "as it is"))
        choices[table] = (format_, FORMATS[format_][2][-1], "capitals")
        folder = write_world(tmp_path / table, tables, choices, 7)
        world = siting.read_world(siting.read_model(folder))
        held = getattr(world, table).set_index("id")
        wanted = as_frame(tables[table]).set_index("id")
        assert list(held.index) == sorted(wanted.index), table
        for column in wanted.columns.drop("geometry"):
            for name in wanted.index:
                given_, found = wanted[column][name], held[column][name]
                assert pd.isna(given_) == pd.isna(found), (table, column, name)
                # Decimal texts and cells of spreadsheets have 15 digits.
                same = pytest.approx(given_, rel=1e-14) if column.endswith(NUMBERS) else given_
                assert pd.isna(given_) or found == same, (table, column, name)
        shapes = wanted.geometry[held.index].to_numpy()
        # What is straight in a projection is bent in degrees.
        bent = 2e-3 if choices[table][1] != "EPSG:4326" else 0.0
        assert shapely.hausdorff_distance(held.geometry.to_numpy(), shapes).max() < bent + 1e-6, (
            table
        )


def sample():
    sites = [
        {"id": name, "max_mw": mw, "kv": 345.0, "geometry": shapely.Point(-100 + x, 38 + y)}
        for name, mw, x, y in (
            ("007", 612.125, 0.25, 0.25),
            ("1e5", 1234.5678901, 0.5, 0.75),
            ("12345678901234567890", 0.1 + 0.2, 1.5, 0.25),
            ("Zürich 3/4", 777.0, 1.25, 0.875),
        )
    ]
    zones = [
        {"id": f"{k}", "utility": name, "headroom_mw": 1000 / 3, "price_usd_per_mwh": price}
        | {"geometry": shapely.box(-100 + k, 38, -99 + k, 39)}
        for k, (name, price) in enumerate((("Évry & Söhne", 41.25), ("Kraft, Nord", None)))
    ]
    fiber = [
        {"id": f"s{k}", "km": km, "kind": "öst"}
        | {"geometry": shapely.LineString([a["geometry"], b["geometry"]])}
        for k, (km, a, b) in enumerate(zip((150.125, None, 250.5), sites, sites[1:], strict=False))
    ]
    supply = [
        {"id": "p1", "kind": "wind", "mw": 300.3, "capacity_factor": 1 / 3}
        | {"premium_usd_per_mwh": 2.5, "geometry": shapely.Point(-99.5, 38.5)}
    ]
    return {"zones": zones, "sites": sites, "fiber": fiber, "supply": supply}
