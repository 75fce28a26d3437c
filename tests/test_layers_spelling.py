"""Layers, sheets and files of one table that spell their columns each in its own way."""

import json

import numpy as np
import pytest
from drafts import Draft, as_frame, write_layers, write_sheets, write_zip

from siting.errors import InputError
from siting.model import read_model
from siting.world import read_world


def read(draft, folder, **overrides):
    return read_world(read_model(draft.write(folder), set=overrides))


def refused(draft, folder):
    with pytest.raises(InputError) as error:
        read(draft, folder)
    return str(error.value)


def said(world):
    return [notice.what for notice in world.notices]


KV = {"a": 345, "b": 230, "c": 500, "d": 138}


def renamed(rows, **names):
    """Rows with some columns under other names; a name of None takes the column away."""
    return [
        {names.get(k, k): v for k, v in row.items() if names.get(k, k) is not None} for row in rows
    ]


def sites_in(form, draft, first, second):
    """Two halves of the sites as two layers of a GeoPackage, sheets, or files of an archive."""
    if form == "gpkg":
        draft.ask("world", sites="s.gpkg")
        draft.extra["s.gpkg"] = lambda path: write_layers(path, {"North": first, "South": second})
    elif form == "xlsx":
        draft.ask("world", sites="s.xlsx")
        sheets = {
            name: [list(rows[0]), *(list(row.values()) for row in rows)]
            for name, rows in (("North", first), ("South", second))
        }
        draft.extra["s.xlsx"] = lambda path: write_sheets(path, sheets)
    else:
        draft.ask("world", sites="s.zip")
        files = {
            f"{name}.{form}": (
                json.loads(as_frame(rows).to_json())
                if form == "geojson"
                else ",".join(rows[0])
                + "\n"
                + "".join(",".join(map(str, row.values())) + "\n" for row in rows)
            )
            for name, rows in (("North", first), ("South", second))
        }
        draft.extra["s.zip"] = lambda path: write_zip(
            path,
            {
                name: (held if isinstance(held, str) else json.dumps(held)).encode()
                for name, held in files.items()
            },
        )
    draft.ask("layers", sites=["North", "South"])


def draft_with_kv():
    draft = Draft()
    for site in draft.sites:
        site["kv"] = KV[site["id"]]
    draft.ask("world", min_kv=0)
    return draft


def kv_of(world):
    return world.sites.set_index("id")["kv"].to_dict()


FORMS = ["gpkg", "xlsx", "geojson", "csv"]


@pytest.mark.parametrize("form", FORMS)
def test_layers_that_differ_by_case_keep_the_values_of_all_rows(form, tmp_path):
    draft = draft_with_kv()
    sites_in(form, draft, renamed(draft.sites[:2], kv="KV"), draft.sites[2:])
    world = read(draft, tmp_path)
    assert kv_of(world) == KV
    group = {"xlsx": "sheet", "csv": "file"}.get(form, "layer")
    assert f"{group} 'North': column 'KV' is read as kv" in said(world)


@pytest.mark.parametrize("form", FORMS)
def test_what_the_model_names_holds_for_the_layers_that_have_it(form, tmp_path):
    draft = draft_with_kv()
    volts = [site | {"kv": site["kv"] * 1000} for site in draft.sites[:2]]
    sites_in(form, draft, renamed(volts, kv="VOLTAGE"), renamed(draft.sites[2:], kv="KV"))
    draft.model["columns.sites"] = {"kv": "VOLTAGE / 1000"}
    world = read(draft, tmp_path)
    assert kv_of(world) == KV
    assert any(
        "'South': kv is read from 'KV', as it stands; the column that columns.sites names" in what
        for what in said(world)
    )


@pytest.mark.parametrize("form", FORMS)
def test_what_the_model_names_may_be_spelt_otherwise_in_a_layer(form, tmp_path):
    draft = draft_with_kv()
    volts = [site | {"kv": site["kv"] * 1000} for site in draft.sites]
    sites_in(form, draft, renamed(volts[:2], kv="Bus_Volt"), renamed(volts[2:], kv="BUS VOLT"))
    draft.model["columns.sites"] = {"kv": "Bus_Volt / 1000"}
    world = read(draft, tmp_path)
    assert kv_of(world) == KV
    assert any("kv is read from 'BUS VOLT / 1000'" in what for what in said(world))


@pytest.mark.parametrize("form", FORMS)
def test_layer_that_lacks_a_column_is_said(form, tmp_path):
    draft = draft_with_kv()
    sites_in(form, draft, draft.sites[:3], renamed(draft.sites[3:], kv=None))
    world = read(draft, tmp_path / "optional")
    assert np.isnan(kv_of(world).pop("d"))
    assert any(
        "'South' has no column kv, which others have: it is blank in 1 row" in what
        for what in said(world)
    )
    draft = draft_with_kv()
    sites_in(form, draft, draft.sites[:2], renamed(draft.sites[2:], max_mw="CAPACITY"))
    text = refused(draft, tmp_path / "required")
    assert "'South' (2 rows) has no column max_mw, but every site needs it; it has id" in text
    assert "CAPACITY" in text
    assert "1 problem" in text.splitlines()[0] or len(text.splitlines()) == 1


def test_name_that_a_shapefile_cut_is_that_of_a_whole_layer_beside_it(tmp_path):
    draft = Draft()
    whole = [site | {"price_usd_per_mwh": 50.0 + n} for n, site in enumerate(draft.sites)]
    draft.ask("world", sites="s.zip")
    draft.ask("layers", sites=["north", "south"])

    def write(path):
        folder = path.parent / "made"
        folder.mkdir()
        as_frame(renamed(whole[:2], price_usd_per_mwh="price_usd_")).to_file(folder / "north.shp")
        as_frame(whole[2:]).to_file(folder / "south.gpkg", layer="south")
        write_zip(path, {file.name: file for file in folder.iterdir()})

    draft.extra["s.zip"] = write
    world = read(draft, tmp_path)
    prices = world.sites.set_index("id")["price_usd_per_mwh"].to_dict()
    assert prices == {"a": 50, "b": 51, "c": 52, "d": 53}
    assert any("a name that the Shapefile cut" in what for what in said(world))


def test_name_that_nearly_fits_is_asked_about_in_its_layer_alone(tmp_path):
    draft = Draft()
    draft.ask("world", zones="z.gpkg")
    draft.ask("layers", zones=["old", "new"])
    first = renamed(draft.zones[:3], headroom_mw="headroom")
    draft.extra["z.gpkg"] = lambda path: write_layers(path, {"old": first, "new": draft.zones[3:]})
    text = refused(draft, tmp_path)
    assert "layer 'old': column 'headroom' is not read; did you mean headroom_mw?" in text


def test_name_that_no_layer_has_is_asked_about_once(tmp_path):
    draft = draft_with_kv()
    sites_in("gpkg", draft, renamed(draft.sites[:2], kv="KV"), draft.sites[2:])
    draft.model["columns.sites"] = {"kv": "VOLTS"}
    text = refused(draft, tmp_path)
    assert text.count("the file has no column") == 1


def test_positions_are_found_in_each_sheet(tmp_path):
    draft = draft_with_kv()
    first = renamed(draft.sites[:2], lon="Longitude", lat="Latitude")
    sites_in("xlsx", draft, first, draft.sites[2:])
    world = read(draft, tmp_path)
    at = {row["id"]: (row.geometry.x, row.geometry.y) for _, row in world.sites.iterrows()}
    assert at == {"a": (1, 3), "b": (3, 3), "c": (1, 1), "d": (3, 1)}
    assert any(what.startswith("sheet 'North': column 'Longitude' is read") for what in said(world))


def test_position_that_the_model_names_may_be_in_one_sheet(tmp_path):
    draft = draft_with_kv()
    first = renamed(draft.sites[:2], lon="E", lat="N")
    sites_in("xlsx", draft, first, draft.sites[2:])
    draft.model["columns.sites"] = {"lon": "E", "lat": "N"}
    world = read(draft, tmp_path)
    at = {row["id"]: (row.geometry.x, row.geometry.y) for _, row in world.sites.iterrows()}
    assert at == {"a": (1, 3), "b": (3, 3), "c": (1, 1), "d": (3, 1)}


def test_numbers_of_rows_count_on_through_layers(tmp_path):
    draft = draft_with_kv()
    sites_in(
        "gpkg", draft, renamed(draft.sites[:2], kv="KV", id=None), renamed(draft.sites[2:], id=None)
    )
    draft.model["columns.sites"] = {"id": "#"}
    world = read(draft, tmp_path)
    assert kv_of(world) == {"1": 345, "2": 230, "3": 500, "4": 138}


def test_layers_that_agree_are_told_of_once(tmp_path):
    draft = draft_with_kv()
    sites_in("gpkg", draft, renamed(draft.sites[:2], kv="KV"), renamed(draft.sites[2:], kv="KV"))
    assert said(read(draft, tmp_path)) == ["column 'KV' is read as kv"]


def test_rows_keep_their_order_and_places_where_layers_alternate(tmp_path):
    draft = draft_with_kv()
    draft.ask("world", sites="s.gpkg")
    draft.ask("layers", sites=["one", "two", "three"])
    held = {
        "one": renamed(draft.sites[:1], kv="KV"),
        "two": draft.sites[1:2],
        "three": renamed(draft.sites[2:], kv="KV"),
    }
    draft.extra["s.gpkg"] = lambda path: write_layers(path, held)
    world = read(draft, tmp_path / "good")
    assert kv_of(world) == KV
    assert "layers 'one' and 'three': column 'KV' is read as kv" in said(world)
    for rows in held.values():
        rows[-1]["max_mw"] = -1.0
    text = refused(draft, tmp_path / "bad")
    assert "feature 1 of layer 'one' (id 'a'): max_mw is -1" in text
    assert "feature 1 of layer 'two' (id 'b'): max_mw is -1" in text
    assert "feature 2 of layer 'three' (id 'd'): max_mw is -1" in text


def test_layers_are_found_whichever_way_they_spell_what_the_model_names(tmp_path):
    draft = draft_with_kv()
    draft.ask("world", sites="s.gpkg")
    draft.model["columns.sites"] = {"max_mw": "CAP_KW / 1000", "id": "BUS_ID"}
    rows = [site | {"max_mw": site["max_mw"] * 1000} for site in draft.sites]
    held = {
        "one": renamed(rows[:2], max_mw="CAP_KW", id="BUS_ID"),
        "two": renamed(rows[2:], max_mw="Cap kW", id="Bus ID"),
    }
    draft.extra["s.gpkg"] = lambda path: write_layers(path, held)
    sites = read(draft, tmp_path).sites
    assert dict(zip(sites["id"], sites["max_mw"], strict=True)) == dict.fromkeys("abcd", 400)


def test_what_the_model_ignores_or_sets_holds_for_every_layer(tmp_path):
    draft = draft_with_kv()
    sites_in("gpkg", draft, renamed(draft.sites[:2], kv="KV"), renamed(draft.sites[2:], kv="kv_"))
    draft.model["columns.sites"] = {"ignore": ["KV"], "pue": "= 1.3"}
    world = read(draft, tmp_path)
    sites = world.sites.set_index("id")
    assert set(sites["pue"]) == {1.3}
    assert sites["kv"].dropna().to_dict() == {"c": 500, "d": 138}
    assert any("'North' has no column kv, which others have" in what for what in said(world))
