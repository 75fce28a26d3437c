"""Bad inputs, each a small change to a good draft. Their messages are goldens."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import shapely
from drafts import (
    Draft,
    as_frame,
    as_geojson,
    box,
    write_csv,
    write_layers,
    write_sheets,
    write_without_crs,
    write_zip,
)

CASES: dict[str, Callable[[Draft], None]] = {}


def bad(break_it: Callable[[Draft], None]) -> Callable[[Draft], None]:
    CASES[break_it.__name__] = break_it
    return break_it


# --- Model: the file ------------------------------------------------------------------------


@bad
def model_syntax_error(draft: Draft) -> None:
    draft.extra["model.toml"] = 'schema = 1\nname = "draft"\n[cluster]\ntarget_mw = 5 GW\n'


@bad
def model_cut_short(draft: Draft) -> None:
    draft.extra["model.toml"] = 'schema = 1\nname = "draft"\n[world]\nregions = ["PJM",'


@bad
def model_key_twice(draft: Draft) -> None:
    draft.extra["model.toml"] = 'schema = 1\nname = "draft"\nname = "again"\n'


@bad
def model_latin_1(draft: Draft) -> None:
    draft.extra["model.toml"] = 'schema = 1\nname = "Orléans"\n'.encode("latin-1")


@bad
def model_empty(draft: Draft) -> None:
    draft.extra["model.toml"] = ""


@bad
def model_nested_too_deep(draft: Draft) -> None:
    draft.extra["model.toml"] = f"schema = {'[' * 5000}"


@bad
def model_number_of_many_digits(draft: Draft) -> None:
    draft.extra["model.toml"] = f'schema = 1\nname = "draft"\n[cluster]\ntarget_mw = {"9" * 5000}\n'


# --- Model: keys ----------------------------------------------------------------------------


@bad
def schema_of_tomorrow(draft: Draft) -> None:
    draft.model["schema"] = 2


@bad
def schema_and_name_missing(draft: Draft) -> None:
    del draft.model["schema"], draft.model["name"]


@bad
def name_empty(draft: Draft) -> None:
    draft.model["name"] = ""


@bad
def name_is_a_number(draft: Draft) -> None:
    draft.model["name"] = 2030


@bad
def key_misspelt(draft: Draft) -> None:
    draft.ask("cluster", max_fibre_km=500)


@bad
def key_in_wrong_table(draft: Draft) -> None:
    draft.ask("campus", max_fiber_km=500)


@bad
def key_misspelt_in_wrong_table(draft: Draft) -> None:
    draft.ask("power", fiber_musd_per_mile=0.1)


@bad
def key_unlike_any(draft: Draft) -> None:
    draft.ask("power", zzz=1)


@bad
def key_above_its_table(draft: Draft) -> None:
    draft.model["target_mw"] = draft.model["cluster"].pop("target_mw")


@bad
def key_at_top_unlike_any(draft: Draft) -> None:
    draft.model["zzz"] = 1


@bad
def key_of_the_top_in_a_table(draft: Draft) -> None:
    draft.ask("world", title="A world")


@bad
def key_at_top_misspelt(draft: Draft) -> None:
    draft.model["titel"] = "A draft"


@bad
def table_misspelt(draft: Draft) -> None:
    draft.model["clusters"] = draft.model.pop("cluster")


@bad
def table_unlike_any(draft: Draft) -> None:
    draft.model["zzz"] = {"a": 1}


@bad
def table_is_a_number(draft: Draft) -> None:
    draft.model["campus"] = 5


@bad
def table_is_a_list_of_tables(draft: Draft) -> None:
    draft.extra["model.toml"] = 'schema = 1\nname = "draft"\n[[cluster]]\ntarget_mw = 500\n'


@bad
def number_with_unit(draft: Draft) -> None:
    draft.ask("cluster", target_mw="5 GW")


@bad
def number_negative(draft: Draft) -> None:
    draft.ask("campus", min_mw=-5)


@bad
def number_infinite(draft: Draft) -> None:
    draft.extra["model.toml"] = 'schema = 1\nname = "draft"\n[cluster]\ntarget_mw = inf\n'


@bad
def number_is_true(draft: Draft) -> None:
    draft.ask("cluster", target_mw=True)


@bad
def target_zero(draft: Draft) -> None:
    draft.ask("cluster", target_mw=0)


@bad
def percent_for_fraction(draft: Draft) -> None:
    draft.ask("clean", min_fraction=80)


@bad
def pue_below_one(draft: Draft) -> None:
    draft.ask("campus", pue=0.9)


@bad
def count_not_whole(draft: Draft) -> None:
    draft.ask("cluster", count=1.5)


@bad
def count_misspelt(draft: Draft) -> None:
    draft.ask("cluster", count="moost")


@bad
def most_of_no_size(draft: Draft) -> None:
    draft.ask("objective", sense="maximise_mw")
    draft.ask("cluster", count="most")
    del draft.model["cluster"]["target_mw"]


@bad
def choice_misspelt(draft: Draft) -> None:
    draft.ask("objective", sense="minimize_cost")


@bad
def choice_unlike_any(draft: Draft) -> None:
    draft.ask("clean", deliver_within="planet")


@bad
def network_unknown(draft: Draft) -> None:
    draft.ask("cluster", network="rings")


@bad
def pairs_priced_but_not_asked(draft: Draft) -> None:
    draft.ask("fiber", pair_musd_per_km=0.06)


@bad
def flag_in_quotes(draft: Draft) -> None:
    draft.ask("clean", count_grid_mix="true")


@bad
def list_without_brackets(draft: Draft) -> None:
    draft.ask("world", regions="plains")


@bad
def list_of_numbers(draft: Draft) -> None:
    draft.ask("world", exclude_sites=["a", 7])


# --- Model: keys that contradict each other -------------------------------------------------


@bad
def target_missing(draft: Draft) -> None:
    del draft.model["cluster"]


@bad
def two_targets(draft: Draft) -> None:
    draft.ask("cluster", target_it_mw=400)


@bad
def fewest_above_most(draft: Draft) -> None:
    draft.ask("cluster", min_campuses=5, max_campuses=4)


@bad
def least_above_largest(draft: Draft) -> None:
    draft.ask("campus", min_mw=300, max_mw=200)


@bad
def module_above_campus(draft: Draft) -> None:
    draft.ask("campus", module_mw=400, max_mw=300)


@bad
def module_between_limits(draft: Draft) -> None:
    draft.ask("campus", module_mw=120, min_mw=130, max_mw=200)


@bad
def least_draw_above_target(draft: Draft) -> None:
    draft.ask("cluster", min_campuses=6)


@bad
def more_utilities_than_campuses(draft: Draft) -> None:
    draft.ask("cluster", min_utilities=9, min_regions=10)


@bad
def share_below_equal_parts(draft: Draft) -> None:
    draft.ask("cluster", max_utility_fraction=0.2, max_campuses=4)


@bad
def loss_of_the_only_campus(draft: Draft) -> None:
    draft.ask(
        "cluster",
        min_campuses=1,
        max_campuses=1,
        keep_after_campus_loss=0.5,
        keep_after_utility_loss=0.5,
    )


@bad
def share_of_no_target(draft: Draft) -> None:
    draft.model["cluster"] = {"keep_after_utility_loss": 0.5}
    draft.ask("objective", sense="maximise_mw")


@bad
def required_and_excluded(draft: Draft) -> None:
    draft.ask("world", require_sites=["a", "b"], exclude_sites=["b", "a", "c"])


@bad
def required_more_than_fit(draft: Draft) -> None:
    draft.ask("world", require_sites=["a", "b", "c", "d"])
    draft.ask("cluster", max_campuses=3)


@bad
def listed_twice(draft: Draft) -> None:
    draft.ask("world", regions=["plains", "hills", "plains"], exclude_sites=["a", "a"])


@bad
def many_problems_at_once(draft: Draft) -> None:
    draft.model["schema"] = 0
    draft.ask("campus", min_mw=-1, pue="low", maximum=3)
    draft.ask("cluster", min_campuses=5, max_campuses=4, max_fibre_km=100)
    draft.ask("world", regions=["x", "x"], min_kv="230 kV")


# --- World: where the tables are ------------------------------------------------------------


@bad
def base_unknown(draft: Draft) -> None:
    draft.model["world"] = {"base": "usa"}


@bad
def base_is_a_file(draft: Draft) -> None:
    draft.model["world"] = {"base": "sites.csv"}


@bad
def base_without_zones(draft: Draft) -> None:
    draft.model["world"] = {"base": "tables"}
    draft.extra["tables/sites.csv"] = lambda path: write_csv(path, draft.sites)
    draft.extra["tables/fiber.geojson"] = as_geojson(draft.fiber)
    draft.extra["tables/zone.geojson"] = as_geojson(draft.zones)


@bad
def base_with_two_files_of_a_table(draft: Draft) -> None:
    draft.model["world"] = {"base": "."}
    draft.extra["sites.geojson"] = "{}"


@bad
def base_with_broken_world_toml(draft: Draft) -> None:
    draft.model["world"] = {"base": "."}
    draft.extra["world.toml"] = "name = draft"


@bad
def base_with_wrong_world_toml(draft: Draft) -> None:
    draft.model["world"] = {"base": "."}
    draft.extra["world.toml"] = 'name = 3\ntables = ["sites"]\nsource = "here"\n'


@bad
def base_with_broken_outlines(draft: Draft) -> None:
    draft.model["world"] = {"base": "."}
    draft.extra["states.geojson"] = "{"


@bad
def tables_incomplete(draft: Draft) -> None:
    draft.model["world"] = {"sites": "sites.csv"}


@bad
def file_missing(draft: Draft) -> None:
    draft.ask("world", sites="site.csv", supply="nowhere/supply.csv", zones="zones.gpkg")


@bad
def file_is_a_folder(draft: Draft) -> None:
    draft.ask("world", zones="tables")
    draft.extra["tables/zones.geojson"] = as_geojson(draft.zones)


@bad
def file_name_impossible(draft: Draft) -> None:
    draft.ask("world", zones="zones\u0000.geojson")


# --- World: files ---------------------------------------------------------------------------


@bad
def file_of_no_bytes(draft: Draft) -> None:
    draft.extra["zones.geojson"] = b""


@bad
def file_geojson_holds_csv(draft: Draft) -> None:
    draft.extra["zones.geojson"] = "id,utility,headroom_mw\nz1,North,100\n"


@bad
def file_csv_holds_geojson(draft: Draft) -> None:
    draft.extra["sites.csv"] = '{"type": "FeatureCollection", "features": []}'


@bad
def file_geojson_is_a_geopackage(draft: Draft) -> None:
    draft.extra["zones.gpkg"] = lambda path: as_frame(draft.zones).to_file(path)
    draft.extra["zones.geojson"] = lambda path: path.write_bytes(
        path.with_suffix(".gpkg").read_bytes()
    )


@bad
def file_geopackage_is_text(draft: Draft) -> None:
    draft.ask("world", zones="zones.gpkg")
    draft.extra["zones.gpkg"] = "not a database"


@bad
def file_is_a_web_page(draft: Draft) -> None:
    draft.extra["zones.geojson"] = "<!DOCTYPE html>\n<html><body>404</body></html>"


@bad
def file_is_a_git_lfs_pointer(draft: Draft) -> None:
    draft.extra["sites.csv"] = "version https://git-lfs.github.com/spec/v1\noid sha256:00\n"


@bad
def file_of_random_bytes(draft: Draft) -> None:
    draft.extra["fiber.geojson"] = bytes(range(128, 200))


@bad
def geojson_cut_short(draft: Draft) -> None:
    draft.extra["zones.geojson"] = as_geojson(draft.zones)[:300]


@bad
def geojson_of_other_json(draft: Draft) -> None:
    draft.extra["zones.geojson"] = json.dumps({"zones": [1, 2, 3]})
    draft.extra["fiber.geojson"] = json.dumps({"type": "Fiber"})


@bad
def geojson_empty(draft: Draft) -> None:
    draft.zones, draft.fiber = [], []


@bad
def geojson_without_geometry(draft: Draft) -> None:
    for row in draft.zones:
        row["geometry"] = None


@bad
def geopackage_of_many_layers(draft: Draft) -> None:
    def write(path: Path) -> None:
        as_frame(draft.zones).to_file(path, layer="north")
        as_frame(draft.zones).to_file(path, layer="south")

    draft.ask("world", zones="all.gpkg")
    draft.extra["all.gpkg"] = write


@bad
def geopackage_without_crs(draft: Draft) -> None:
    draft.ask("world", zones="zones.gpkg")
    draft.extra["zones.gpkg"] = lambda path: write_without_crs(path, draft.zones)


@bad
def shapefile_without_prj(draft: Draft) -> None:
    draft.ask("world", sites="sites.shp")
    draft.extra["sites.shp"] = lambda path: write_without_crs(path, draft.sites)


@bad
def shapefile_cuts_headroom(draft: Draft) -> None:
    rows = [
        {k[:10]: v for k, v in row.items()} | {"headroom_2": row["headroom_mw"]}
        for row in draft.zones
    ]
    draft.ask("world", zones="zones.shp")
    draft.extra["zones.shp"] = lambda path: as_frame(rows).to_file(path)


@bad
def csv_empty_table(draft: Draft) -> None:
    draft.extra["sites.csv"] = "id,lon,lat,max_mw\n"
    draft.extra["supply.csv"] = "id,lon,lat,kind,mw\n"


@bad
def csv_of_blank_lines(draft: Draft) -> None:
    draft.extra["sites.csv"] = "\n\n"


@bad
def csv_latin_1(draft: Draft) -> None:
    draft.extra["sites.csv"] = "id,name,lon,lat,max_mw\na,Doña Ana,1,3,400\n".encode("latin-1")


@bad
def csv_with_semicolons(draft: Draft) -> None:
    draft.extra["sites.csv"] = "id;lon;lat;max_mw\na;1,0;3,0;400\n"


@bad
def csv_without_positions(draft: Draft) -> None:
    draft.extra["sites.csv"] = "id,Longitude,LAT,max_mw\na,1,3,400\n"
    draft.extra["supply.csv"] = "id,kind,mw\na,wind,400\n"


@bad
def csv_with_column_twice(draft: Draft) -> None:
    draft.extra["sites.csv"] = "id,lon,lat,max_mw,kv,max_mw\na,1,3,400,230,500\n"


@bad
def csv_with_a_comma_too_many(draft: Draft) -> None:
    draft.extra["sites.csv"] = "id,lon,lat,max_mw\na,1,3,400\nb,3,3,1,200\n"


@bad
def csv_with_an_open_quote(draft: Draft) -> None:
    draft.extra["sites.csv"] = 'id,lon,lat,max_mw\na,1,3,400\n"b,3,3,400\n'


@bad
def csv_with_a_geometry(draft: Draft) -> None:
    draft.extra["sites.csv"] = "id,lon,lat,max_mw,geometry\na,1,3,400,somewhere\n"


@bad
def csv_with_broken_shapes(draft: Draft) -> None:
    draft.ask("world", zones="zones.csv", fiber="fiber.csv", supply="supply.tsv")
    draft.extra["zones.csv"] = (
        'id,utility,headroom_mw,wkt\nz1,North,100,"POLYGON ((0 0, 4 0, 4 4, 0 0))"\n'
        'z2,South,100,"POLYGON ((0 0, 4 0"\nz3,South,100,"POLYGON 0 0, 4 0"\n'
    )
    draft.extra["fiber.csv"] = (
        'id,geom\ns1,"SRID=4326;LINESTRING (1 3, 3 3)"\ns2,"SRID=3857;LINESTRING (3 3, 9 9)"\n'
    )
    draft.extra["supply.tsv"] = "id\tkind\tmw\tWKT\ndam\thydro\t800\tSRID=999999;POINT (1.5 3.5)\n"


@bad
def csv_with_two_places_for_a_row(draft: Draft) -> None:
    draft.ask("world", nodes="nodes.csv")
    draft.extra["sites.csv"] = "id,LONG,Longitude,lat,max_mw\na,1,1.5,3,400\nb,3,3,3,400\n"
    draft.extra["supply.csv"] = (
        "id,lon,lat,kind,mw,wkt,geom\na,1,3,wind,4,POINT (1 3),POINT (1 3)\n"
    )
    draft.extra["nodes.csv"] = "id,lon,lat,wkt\nn1,1,3,POINT (1 3)\nn2,3,3,POINT (3 4)\n"


@bad
def csv_with_separators_that_may_both_be(draft: Draft) -> None:
    draft.extra["sites.csv"] = "id;max_mw|kv\na;400|230\n"


@bad
def csv_that_ends_with_a_sum(draft: Draft) -> None:
    draft.extra["sites.csv"] = "id,lon,lat,max_mw\na,1,3,400\nb,3,3,400\nTotal,,,800\n"


@bad
def csv_whose_header_row_is_not_there(draft: Draft) -> None:
    draft.ask("header_rows", sites=9, supply=2)
    draft.extra["supply.csv"] = "Plants of 2024\n\nid,lon,lat,kind,mw\ndam,1.5,3.5,hydro,800\n"


@bad
def file_from_elsewhere(draft: Draft) -> None:
    draft.ask("world", sites="https://example.org/sites.csv", zones="/vsicurl/example.org/z.gpkg")
    draft.extra["fiber.geojson"] = (
        '<?xml version="1.0"?>\n<OGRVRTDataSource><OGRVRTLayer name="a"/></OGRVRTDataSource>'
    )


@bad
def file_is_a_pipe(draft: Draft) -> None:
    draft.ask("world", zones="zones.gpkg", sites="sites.pipe.csv")
    for name in ("zones.gpkg", "sites.pipe.csv"):
        draft.extra[name] = lambda path: path.exists() or os.mkfifo(path)


@bad
def file_of_another_spreadsheet(draft: Draft) -> None:
    draft.ask("world", sites="sites.ods", supply="supply.xlsx")
    draft.extra["sites.ods"] = b"PK\x03\x04mimetypeapplication/vnd.oasis"
    draft.extra["supply.xlsx"] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@bad
def zip_that_holds_no_table(draft: Draft) -> None:
    draft.ask("world", zones="zones.zip", sites="sites.kmz", supply="supply.csv.gz")
    draft.extra["zones.zip"] = lambda path: write_zip(
        path, {"readme.pdf": b"%PDF", "__MACOSX/zones.shp": b"", "map.png": b""}
    )
    draft.extra["sites.kmz"] = b"PK\x03\x04 cut short"
    draft.extra["supply.csv.gz"] = gzip.compress(b"id,lon,lat,kind,mw\n")[:-6]


@bad
def zip_of_several_tables(draft: Draft) -> None:
    draft.ask("world", sites="sites.zip", supply="supply.zip")
    rows = b"id,lon,lat,max_mw\na,1,3,400\n"
    draft.extra["sites.zip"] = lambda path: write_zip(
        path, {"2023/all.csv": rows, "2024/new.csv": rows}
    )
    draft.extra["supply.zip"] = lambda path: write_zip(path, {"a/supply.geojson": b"not JSON"})


@bad
def layers_unknown(draft: Draft) -> None:
    draft.ask("world", zones="all.gpkg", sites="sites.xlsx")
    draft.ask("layers", zones=["Nord"], sites=["Stations"])
    draft.extra["all.gpkg"] = lambda path: write_layers(
        path, {"North": draft.zones[:3], "South": draft.zones[3:]}
    )
    draft.extra["sites.xlsx"] = lambda path: write_sheets(path, {"Substations": [["id"]], "B": []})


@bad
def layers_and_header_rows_where_there_are_none(draft: Draft) -> None:
    draft.ask("layers", sites=["2024"])
    draft.ask("header_rows", zones=2)


@bad
def layers_over_each_other(draft: Draft) -> None:
    draft.ask("world", zones="all.gpkg")
    old = [row | {"id": f"old_{row['id']}"} for row in draft.zones]
    draft.extra["all.gpkg"] = lambda path: write_layers(path, {"2023": old, "2024": draft.zones})


@bad
def layers_of_other_shapes(draft: Draft) -> None:
    draft.ask("world", fiber="all.gpkg")
    draft.extra["all.gpkg"] = lambda path: write_layers(
        path, {"huts": draft.sites, "areas": draft.zones}
    )


@bad
def layers_of_which_one_has_no_ids(draft: Draft) -> None:
    draft.ask("world", fiber="all.gpkg")
    nameless = [{"km": 250, "geometry": row["geometry"]} for row in draft.fiber[1:]]
    draft.extra["all.gpkg"] = lambda path: write_layers(
        path, {"backbone": draft.fiber[:1], "laterals": nameless}
    )


@bad
def sheets_that_do_not_fit(draft: Draft) -> None:
    draft.ask("world", sites="sites.xlsx", supply="supply.xlsx")
    table = [["id", "lon", "lat", "max_mw"], ["a", 1, 3, 400]]
    draft.extra["sites.xlsx"] = lambda path: write_sheets(path, {"2023": table, "2024": table})
    draft.extra["supply.xlsx"] = lambda path: write_sheets(
        path, {"Notes": [["Made up."], ["By us."]], "Plants": [["Plant", "MW"], ["dam", 800]]}
    )


@bad
def cells_that_do_not_say_their_value(draft: Draft) -> None:
    draft.ask("world", sites="merged.xlsx", supply="formula.xlsx", nodes="long.xlsx")
    sites = [["id", "lon", "lat", "max_mw", "utility"]]
    sites += [["a", 1, 3, 400, "North"], ["b", 3, 3, 400, None]]
    draft.extra["merged.xlsx"] = lambda path: write_sheets(path, {"s": sites}, merged="E2:E3")
    draft.extra["formula.xlsx"] = lambda path: write_sheets(
        path, {"s": [["id", "lon", "lat", "kind", "mw"], ["dam", 1.5, 3.5, "hydro", "=400*2"]]}
    )
    draft.extra["long.xlsx"] = lambda path: write_sheets(
        path, {"s": [["id", "lon", "lat"], [12345678901234567, 1, 3]]}
    )


@bad
def cells_that_hold_an_error(draft: Draft) -> None:
    draft.ask("world", sites="sites.xlsx")
    draft.extra["sites.xlsx"] = lambda path: write_sheets(
        path, {"s": [["id", "lon", "lat", "max_mw"], ["a", 1, 3, 400], ["b", 3, 3, "#DIV/0!"]]}
    )


@bad
def cells_that_show_another_unit_or_a_date(draft: Draft) -> None:
    draft.ask("world", sites="sites.xlsx", supply="supply.xlsx", nodes="nodes.xlsx")

    def write(rows: list[list[Any]], formats: dict[str, str]) -> Callable[[Path], object]:
        def save(path: Path) -> None:
            book = openpyxl.Workbook()
            for row in rows:
                book.active.append(row)
            for cell, code in formats.items():
                book.active[cell].number_format = code
            book.save(path)

        return save

    sites = [["id", "lon", "lat", "max_mw"], ["a", 1, 3, 400_000], ["b", 3, 3, 380_000]]
    draft.extra["sites.xlsx"] = write(sites, {"D2": '0" kW"', "D3": '0" kW"'})
    supply = [["id", "lon", "lat", "kind", "mw"], ["dam", 1.5, 3.5, "hydro", 800]]
    draft.extra["supply.xlsx"] = write(supply, {"E2": "0%"})
    nodes = [["id", "lon", "lat"], ["n1", 1, 3], [dt.date(2024, 3, 1), 3, 3]]
    draft.extra["nodes.xlsx"] = write(nodes, {"A3": "d-mmm"})


@bad
def sums_that_are_no_rows(draft: Draft) -> None:
    draft.ask("world", nodes="nodes.csv")
    draft.sites[1:1] = [{"id": "Subtotal", "lon": 1, "lat": 3, "max_mw": 400, "kv": 345}]
    draft.sites += [{"id": "TOTAL", "lon": 2, "lat": 2, "max_mw": 1600, "kv": 345}]
    draft.supply += [{"id": "mine", "lon": 3, "lat": 2, "kind": "all", "mw": 1600}]
    draft.extra["nodes.csv"] = "id,lon,lat\nn1,1,3\nlat,id,lon\nn2,3,3\n"


@bad
def table_below_and_table_beside(draft: Draft) -> None:
    draft.extra["sites.csv"] = "id,lon,lat,max_mw\na,1,3,400\n\nid,utility,headroom_mw,\nz,U,5,\n"
    draft.extra["supply.csv"] = (
        "id,lon,lat,kind,mw,,zone,capacity_factor\ndam,1.5,3.5,hydro,800,,north,0.4\n"
        "farm,3.5,0.5,wind,300,,,\n"
    )


@bad
def names_of_columns_far_below(draft: Draft) -> None:
    draft.extra["sites.csv"] = "see below\n" * 25 + "id,lon,lat,max_mw\na,1,3,400\n"
    draft.extra["supply.csv"] = "id,lon,lat,kind,mw\n,deg,deg,,kW\ndam,1.5,3.5,hydro,800\n"


@bad
def layers_of_which_one_lacks_a_column(draft: Draft) -> None:
    draft.ask("world", zones="zones.gpkg")
    draft.ask("layers", zones=["North", "South"])
    draft.model["columns.zones"] = {"region": "AREA_NAME"}
    south = [{("OWNER" if k == "utility" else k): v for k, v in draft.zones[3].items()}]
    draft.extra["zones.gpkg"] = lambda path: write_layers(
        path, {"North": draft.zones[:3], "South": south}
    )


# --- World: columns -------------------------------------------------------------------------


@bad
def column_missing(draft: Draft) -> None:
    for row in draft.zones:
        row["utilty"] = row.pop("utility")
        del row["headroom_mw"]
    for site in draft.sites:
        site["MAX_MW"] = site.pop("max_mw")
    for span in draft.fiber:
        del span["id"]


@bad
def id_twice(draft: Draft) -> None:
    draft.zones[3]["id"] = "n_west"
    draft.sites[2]["id"] = "a"
    draft.sites[3]["id"] = "a"


@bad
def blank_where_needed(draft: Draft) -> None:
    draft.zones[0]["headroom_mw"] = None
    draft.zones[1]["utility"] = ""
    draft.sites[1]["max_mw"] = None
    draft.sites[2]["id"] = " "
    draft.supply[1]["mw"] = None


@bad
def nan_as_text(draft: Draft) -> None:
    draft.sites[1]["max_mw"] = "nan"
    draft.sites[2]["kv"] = "N/A"


@bad
def below_nothing(draft: Draft) -> None:
    draft.zones[3]["headroom_mw"] = -200
    draft.sites[0]["max_mw"] = -1
    draft.fiber[0]["km"] = -250
    draft.supply[0]["mw"] = -0.5


@bad
def out_of_bounds(draft: Draft) -> None:
    draft.zones[1]["grid_clean_fraction"] = 40
    draft.zones[2]["grid_clean_fraction"] = -0.1
    draft.sites[0]["pue"] = 0.8
    draft.sites[1]["energised_year"] = 28
    draft.supply[0]["capacity_factor"] = 41


@bad
def unit_in_a_number(draft: Draft) -> None:
    draft.sites[0]["max_mw"] = "12 MW"
    draft.sites[1]["max_mw"] = "1,200"
    draft.zones[2]["headroom_mw"] = "12 MW"


@bad
def flag_for_a_number(draft: Draft) -> None:
    for row in draft.zones:
        row["headroom_mw"] = True


@bad
def number_out_of_reach(draft: Draft) -> None:
    draft.sites[0]["max_mw"] = "inf"
    draft.sites[1]["energised_year"] = 2027.5


@bad
def flag_of_another_kind(draft: Draft) -> None:
    draft.supply[0]["clean"] = "maybe"


@bad
def many_rows_alike(draft: Draft) -> None:
    draft.sites = [{"id": f"x{n}", "lon": 1, "lat": 3, "max_mw": -n} for n in range(1, 26)]


# --- World: names of columns, and what their values perhaps are ------------------------------


def _say_columns(draft: Draft, text: str) -> None:
    """Write ``[columns.sites]`` and the like, which nest too deep for the draft's model."""
    draft.extra["model.toml"] = lambda path: path.write_text(
        f"{path.read_text('utf-8')}\n{text}\n", "utf-8"
    )


@bad
def columns_nearly_named(draft: Draft) -> None:
    for row in draft.zones:
        row["price_usd_per_kwh"] = 0.065
        row["headroom"] = row.pop("headroom_mw")
    for row in draft.sites:
        row |= {"KV": 230, "Kv": 230}
        del row["kv"]
    for row in draft.supply:
        row["capacity_facter"] = 0.4


@bad
def columns_that_the_model_misnames(draft: Draft) -> None:
    for row in draft.sites:
        row["VOLTAGE"] = 345_000
    _say_columns(
        draft,
        '[columns.sites]\nkv = "VOLTAG / 1000"\nkvv = "VOLTAGE"\nid = "id * 2"\n'
        'pue = "VOLTAGE * 0"\nignore = ["VOLTS"]',
    )


@bad
def columns_of_no_file(draft: Draft) -> None:
    draft.model["world"] = {"base": "us"}
    _say_columns(draft, '[columns.sites]\nkv = "VOLTAGE"\n[layers]\nfiber = ["lines"]')


@bad
def shapefile_cuts_two_names_to_one(draft: Draft) -> None:
    rows = [row | {"price_usd_": 12, "price_us_1": 45} for row in draft.sites]
    draft.ask("world", sites="sites.shp")
    draft.extra["sites.shp"] = lambda path: as_frame(rows).to_file(path)


@bad
def numbers_in_other_units(draft: Draft) -> None:
    for row in draft.zones:
        row |= {"price_usd_per_mwh": 0.065, "headroom_mw": row["headroom_mw"] * 1e6}
    for row in draft.sites:
        row |= {"kv": 345_000, "max_mw": 400_000, "pue": 120, "campus_musd_per_mw": 11_000}
    for row in draft.fiber[:2]:
        row["km"] = 250_000
    draft.supply[0]["mw"] = 800_000


@bad
def numbers_with_commas(draft: Draft) -> None:
    draft.sites[0]["max_mw"] = "1,234,500"
    draft.sites[1]["max_mw"] = "12,5"
    draft.supply[0]["capacity_factor"] = "41%"


@bad
def utility_of_no_value(draft: Draft) -> None:
    for row in draft.zones:
        row["utility"] = "N/A"


@bad
def ids_that_lost_digits(draft: Draft) -> None:
    rows = [row | {"id": float(2**53 + 2 * n)} for n, row in enumerate(draft.sites)]
    draft.ask("world", sites="sites.gpkg")
    draft.extra["sites.gpkg"] = lambda path: as_frame(rows).to_file(path)


@bad
def kinds_of_other_registries(draft: Draft) -> None:
    kinds = ["Solar"] * 12 + ["NG", "Water", "Storage", "Geo", "ng"]
    draft.supply = [
        {"id": f"p{n:02}", "lon": 1, "lat": 1, "kind": kind, "mw": 9}
        for n, kind in enumerate(kinds)
    ]


# --- World: geometry ------------------------------------------------------------------------


@bad
def geometry_missing(draft: Draft) -> None:
    draft.zones[1]["geometry"] = None
    draft.fiber[0]["geometry"] = shapely.LineString()
    draft.sites[3]["lat"] = None


@bad
def geometry_of_another_type(draft: Draft) -> None:
    draft.zones[3]["geometry"] = shapely.Point(1, 1)
    draft.fiber[1]["geometry"] = box(0, 0, 1, 1)
    draft.ask("world", sites="sites.geojson")
    rows = [{"id": "a", "max_mw": 400, "geometry": box(0, 0, 1, 1)}]
    rows += [{"id": "b", "max_mw": 400, "geometry": shapely.MultiPoint([(1, 1), (2, 1)])}]
    draft.extra["sites.geojson"] = as_geojson(rows)


@bad
def polygon_crosses_itself(draft: Draft) -> None:
    draft.zones[3]["geometry"] = shapely.Polygon([(0, 0), (4, 2), (4, 0), (0, 2)])


@bad
def line_of_one_place(draft: Draft) -> None:
    draft.fiber[0]["geometry"] = shapely.LineString([(1, 3), (1, 3)])


@bad
def line_of_two_parts(draft: Draft) -> None:
    draft.fiber[0]["geometry"] = shapely.MultiLineString([[(1, 3), (1.5, 3)], [(2, 3), (3, 3)]])


@bad
def lon_and_lat_swapped(draft: Draft) -> None:
    for site in draft.sites:
        site["lon"], site["lat"] = 38.0 + site["lat"], -98.0 + site["lon"]


@bad
def lon_and_lat_swapped_on_earth(draft: Draft) -> None:
    draft.zones = [
        row | {"geometry": shapely.transform(row["geometry"], lambda p: p + np.array([40, 0]))}
        for row in draft.zones
    ]
    for site in draft.sites:
        site["lon"], site["lat"] = site["lat"], site["lon"] + 40
    draft.supply = [{"id": "dam", "lon": 41, "lat": 1, "kind": "hydro", "mw": 800}]


@bad
def projected_geojson(draft: Draft) -> None:
    frame = as_frame(draft.zones).to_crs(3857)
    draft.zones = [
        row | {"geometry": shape} for row, shape in zip(draft.zones, frame.geometry, strict=True)
    ]


@bad
def projected_csv(draft: Draft) -> None:
    draft.sites[0] |= {"lon": 512345.6, "lat": 4412345.6}


# --- World: rows against rows and tables against tables -------------------------------------


@bad
def parent_unknown(draft: Draft) -> None:
    draft.zones[1]["parent"] = "nord"
    draft.zones[3]["parent"] = "continent"


@bad
def parents_in_a_circle(draft: Draft) -> None:
    draft.zones[0]["parent"] = "n_west"
    draft.zones[3]["parent"] = "south"


@bad
def leaves_overlap(draft: Draft) -> None:
    draft.zones[1]["geometry"] = box(0, 2, 2.5, 4)
    draft.zones[3]["geometry"] = box(0, 0, 4, 2.1)


@bad
def leaf_over_all(draft: Draft) -> None:
    for row in draft.zones:
        row["parent"] = None


@bad
def site_in_no_zone(draft: Draft) -> None:
    draft.sites += [{"id": f"sea{n}", "lon": 5 + n, "lat": 1, "max_mw": 9} for n in range(12)]


@bad
def site_in_unknown_zone(draft: Draft) -> None:
    draft.sites[0]["zone"] = "n_wst"
    draft.sites[1]["zone"] = "zzz"
    draft.supply[0]["zone"] = "sooth"


@bad
def site_in_two_parents(draft: Draft) -> None:
    # Both hold zones, neither lies in the other, and the site is in none of those.
    other = {"utility": "Other", "headroom_mw": 500}
    draft.zones += [
        {"id": "all", **other, "geometry": box(0, 0, 9, 9)},
        {"id": "part", **other, "parent": "all", "geometry": box(8, 8, 9, 9)},
        {"id": "wide", **other, "geometry": box(4, 0, 7, 7)},
        {"id": "piece", **other, "parent": "wide", "geometry": box(6, 6, 7, 7)},
    ]
    draft.sites[0]["lon"] = 5


@bad
def zones_in_a_system_of_nobody(draft: Draft) -> None:
    draft.ask("world", zones="zones.gpkg")
    local = 'LOCAL_CS["site grid",UNIT["metre",1]]'
    draft.extra["zones.gpkg"] = lambda path: as_frame(draft.zones, crs=local).to_file(path)


@bad
def polygon_over_the_whole_map(draft: Draft) -> None:
    shape = shapely.Polygon([(178, 50), (-178, 50), (-178, 52), (178, 52)])
    draft.zones.append({"id": "isles", "utility": "I", "headroom_mw": 9, "geometry": shape})


@bad
def polygon_around_a_pole(draft: Draft) -> None:
    draft.ask("world", zones="zones.gpkg")
    rows = [{"id": "pole", "utility": "P", "headroom_mw": 9, "geometry": box(-9e5, -9e5, 9e5, 9e5)}]
    draft.extra["zones.gpkg"] = lambda path: as_frame(rows, crs=3413).to_file(path)


@bad
def sites_added_to_none(draft: Draft) -> None:
    draft.model["world"]["add_sites"] = draft.model["world"].pop("sites")


@bad
def id_in_both_tables(draft: Draft) -> None:
    draft.ask("world", add_sites="more.csv")
    draft.extra["more.csv"] = "id,lon,lat,max_mw\nb,1,1,500\nnew,1,1,-5\n"


@bad
def site_in_another_region(draft: Draft) -> None:
    draft.sites[0]["region"] = "hills"
    draft.supply[2]["interconnect"] = "West"


@bad
def headroom_beyond_curtailment(draft: Draft) -> None:
    for row in draft.zones:
        row["headroom_mw_0p25"] = row["headroom_mw_0p5"] = row.pop("headroom_mw")
    draft.zones[3]["headroom_mw_0p25"] = None
    draft.ask("power", curtailment=0.02)


@bad
def headroom_falls_with_curtailment(draft: Draft) -> None:
    for row in draft.zones:
        row |= {"headroom_mw_0p25": 600, "headroom_mw_0p5": 700, "headroom_mw_1p0": 650}
    draft.zones[0]["headroom_mw_0p25"] = 900


@bad
def span_with_one_end(draft: Draft) -> None:
    draft.fiber[0]["from"] = None
    draft.fiber[1]["to"] = None


@bad
def span_shorter_than_straight(draft: Draft) -> None:
    draft.fiber[0]["km"] = 200


@bad
def node_in_two_places(draft: Draft) -> None:
    draft.fiber[1]["geometry"] = shapely.LineString([(3.2, 3), (3, 1)])


@bad
def nodes_beside_lines_elsewhere(draft: Draft) -> None:
    draft.ask("world", nodes="nodes.csv")
    draft.nodes = [{"id": "n1", "lon": 1, "lat": 3}, {"id": "n2", "lon": 3, "lat": 3.5}]


def _as_a_table(draft: Draft) -> None:
    """Spans without lines: a table of from, to and km."""
    draft.ask("world", fiber="fiber.csv", nodes="nodes.csv")
    rows = [{k: v for k, v in row.items() if k != "geometry"} for row in draft.fiber]
    draft.extra["fiber.csv"] = lambda path: write_csv(path, rows)
    corners = ((1, 3), (3, 3), (3, 1), (1, 1))
    draft.nodes = [{"id": f"n{k}", "lon": x, "lat": y} for k, (x, y) in enumerate(corners, 1)]


@bad
def nodes_unknown(draft: Draft) -> None:
    draft.fiber[0]["from"], draft.fiber[2]["to"] = "N1", "hub"
    draft.fiber[1]["from"] = "hub"
    _as_a_table(draft)


@bad
def nodes_missing(draft: Draft) -> None:
    _as_a_table(draft)
    del draft.model["world"]["nodes"]


@bad
def nodes_without_positions(draft: Draft) -> None:
    _as_a_table(draft)
    draft.nodes = [{"id": f"n{k}"} for k in range(1, 5)]


@bad
def spans_without_ends(draft: Draft) -> None:
    draft.fiber[0]["from"] = None
    draft.fiber[1]["from"] = draft.fiber[1]["to"] = None
    draft.fiber[2]["km"] = 2
    _as_a_table(draft)


@bad
def lines_of_no_length_alone(draft: Draft) -> None:
    draft.fiber = [
        {"id": f"s{k}", "geometry": shapely.LineString([(k, 3), (k, 3)])} for k in (1, 2)
    ]


@bad
def lines_of_one_position(draft: Draft) -> None:
    # GDAL 3.12 reads such a line; pyogrio 0.13 then refuses the whole file ("point array must
    # contain 0 or >1 elements") unless it is told on_invalid="ignore", and gives None for it.
    held = json.loads(as_geojson(draft.fiber))
    held["features"][1]["geometry"]["coordinates"] = [[3, 3]]
    draft.extra["fiber.geojson"] = json.dumps(held)


@bad
def supply_of_unknown_kind(draft: Draft) -> None:
    draft.supply[0]["kind"] = "hydroelectric"
    draft.supply[1]["kind"] = "winds"
    draft.supply[2] |= {"kind": "fusion", "clean": "true"}


@bad
def supply_coal_said_to_be_clean(draft: Draft) -> None:
    draft.supply[2]["clean"] = "yes"


@bad
def problems_in_every_file(draft: Draft) -> None:
    draft.zones[0]["headroom_mw"] = None
    draft.zones[3]["parent"] = "continent"
    draft.sites[0]["max_mw"] = "lots"
    draft.fiber[0]["km"] = 1
    draft.supply[0]["kind"] = "dam"


# --- Model against world --------------------------------------------------------------------


@bad
def filter_unknown(draft: Draft) -> None:
    draft.ask("world", regions=["plain"], states=["TX"], exclude_sites=["zz"], require_sites=["A"])


@bad
def filter_without_column(draft: Draft) -> None:
    for row in draft.zones:
        del row["region"]
    draft.ask("world", regions=["plains"])


@bad
def filter_leaves_nothing(draft: Draft) -> None:
    draft.ask("world", regions=["plains"], states=["KS"])


@bad
def filter_by_voltage_leaves_nothing(draft: Draft) -> None:
    draft.ask("world", min_kv=765)
    draft.sites[3]["kv"] = 115


@bad
def filter_removes_required(draft: Draft) -> None:
    draft.ask("world", regions=["hills"], min_kv=345, require_sites=["a", "b"])


@bad
def more_campuses_than_sites(draft: Draft) -> None:
    draft.ask("cluster", count=2, min_campuses=3)
    draft.ask("world", regions=["hills"])


@bad
def delivery_without_regions(draft: Draft) -> None:
    for row in draft.zones:
        del row["region"]
    draft.zones[3]["interconnect"] = None
    draft.ask("clean", min_fraction=0.5)
    draft.ask("cluster", min_regions=2)


@bad
def delivery_without_interconnect(draft: Draft) -> None:
    draft.zones[3]["interconnect"] = None
    draft.ask("clean", min_fraction=0.5, deliver_within="interconnect")
