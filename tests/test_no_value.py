"""Words and numbers that stand for no value: blank where it may be, and counted."""

import json

import numpy as np
import openpyxl
import pytest
from drafts import Draft, as_frame

from siting import read_model, read_world
from siting.errors import InputError


def read(draft, folder):
    return read_world(read_model(draft.write(folder)))


def said(world):
    return [notice.what for notice in world.notices]


def refused(draft, folder):
    with pytest.raises(InputError) as error:
        read(draft, folder)
    return str(error.value)


WORDS = "NA|N/A|n/a|-|--|null|NULL|None|#N/A|unknown|Unknown|nan|NaN|TBD|missing|?|.|not available"


@pytest.mark.parametrize("word", WORDS.split("|"))
def test_a_word_for_no_number_is_blank_and_counted(word, tmp_path):
    draft = Draft()
    for row, kv in zip(draft.sites, (word, 230, f" {word} ", 500), strict=True):
        row["kv"] = kv
    world = read(draft, tmp_path / "optional")
    assert world.sites["kv"].isna().tolist() == [True, False, True, False]
    assert world.sites["kv"].tolist()[1::2] == [230, 500]
    assert said(world) == [
        (
            f"kv is '{word}' in 2 rows, which stands for no value and is read as blank: line 2 (id "
            "'a'), line 4 (id 'c')"
        )
    ]
    draft.sites[1]["max_mw"] = word
    assert (
        f"- max_mw is '{word}' in 1 row, which stands for no value, but every site needs it [MW]; "
        "give it, or take the row out: line 3 (id 'b')"
    ) in refused(draft, tmp_path / "needed")


def test_words_and_numbers_for_no_value_are_one_line(tmp_path):
    draft = Draft()
    for row, kv in zip(draft.sites, ("NA", -999999, "-", -9999), strict=True):
        row["kv"] = kv
    assert said(read(draft, tmp_path)) == [
        (
            "kv is -999,999, -9,999, '-' and 'NA' in 4 rows, which stands for no value and is read "
            "as blank: line 2 (id 'a'), line 3 (id 'b'), line 4 (id 'c') and 1 more"
        )
    ]


@pytest.mark.parametrize(
    "fill",
    [
        *(-99, -999, -9999, -99999, -999999, -999.9, -9999.0, -32768, -2147483648),
        *(float(np.finfo(np.float32).min), -1.7e308),
    ],
)
def test_fills_of_tables_and_grids_are_blank(fill, tmp_path):
    draft = Draft()
    for row, kv in zip(draft.sites, (fill, 230, 345, 500), strict=True):
        row["kv"] = kv
    draft.ask("world", sites="sites.gpkg")
    draft.extra["sites.gpkg"] = lambda path: as_frame(draft.sites).to_file(path)
    world = read(draft, tmp_path / "optional")
    assert world.sites["kv"].isna().tolist() == [True, False, False, False]
    (notice,) = said(world)
    assert "in 1 row, which stands for no value and is read as blank: feature 1" in notice
    draft.sites[0] |= {"kv": None, "max_mw": fill}
    text = refused(draft, tmp_path / "needed")
    assert "which stands for no value, but every site needs it [MW]" in text
    assert text.count("max_mw") == 1


@pytest.mark.parametrize("value", [-1, -5, -98, -1000, -230])
def test_other_numbers_below_nothing_are_refused(value, tmp_path):
    draft = Draft()
    draft.sites[0]["kv"] = value
    assert "but it must be at least 0 kV" in refused(draft, tmp_path)


def test_a_longitude_of_99_degrees_west_is_one(tmp_path):
    draft = Draft()
    for rows in (draft.sites, draft.supply):
        for row in rows:
            row["lon"] -= 100
    import shapely

    for rows in (draft.zones, draft.fiber):
        for row in rows:
            row["geometry"] = shapely.affinity.translate(row["geometry"], -100)
    world = read(draft, tmp_path / "west")
    assert world.sites.geometry.x.tolist() == [-99, -97, -99, -97]
    assert said(world) == []
    draft.sites[0]["lon"] = -9999
    text = refused(draft, tmp_path / "none")
    assert "lon is -9,999 in 1 row, which stands for no value, but every site needs it" in text


def test_a_clean_that_is_not_known_is_that_of_the_kind(tmp_path):
    draft = Draft()
    for row, flag in zip(draft.supply, ("n/a", "Y", "f"), strict=True):
        row["clean"] = flag
    world = read(draft, tmp_path)
    assert dict(zip(world.supply["id"], world.supply["clean"], strict=True)) == {
        "dam": True,  # hydro
        "farm": True,
        "mine": False,
    }
    assert said(world) == [
        "clean is 'n/a' in 1 row, which stands for no value and is read as blank: line 2 (id 'dam')"
    ]
    draft.supply[1]["clean"] = "perhaps"
    assert 'clean is "perhaps", but it must be true or false' in refused(draft, tmp_path / "bad")


def test_zones_and_parents_may_be_said_to_be_none(tmp_path):
    draft = Draft()
    draft.zones[3]["parent"] = "None"
    for row, zone in zip(draft.sites, ("NA", "n_east", "-", "south"), strict=True):
        row["zone"] = zone
    world = read(draft, tmp_path / "none")
    plain = read(Draft(), tmp_path / "plain")
    assert world.sites["zone"].tolist() == plain.sites["zone"].tolist()
    assert said(world) == [
        (
            "parent is 'None' in 1 row, which stands for no value and is read as blank: feature 4 "
            "(id 'south')"
        ),
        (
            "zone is '-' and 'NA' in 2 rows, which stands for no value and is read as blank: line "
            "2 (id 'a'), line 4 (id 'c')"
        ),
    ]
    # A zone may be called so: then a site names it.
    draft.zones[3]["id"], draft.zones[3]["parent"] = "NA", None
    draft.sites[0]["zone"] = draft.sites[3]["zone"] = "NA"
    named = read(draft, tmp_path / "named")
    assert named.sites["zone"].tolist() == ["NA", "n_east", "NA", "NA"]


def test_headroom_that_is_not_known_stands_by_curtailment_alone(tmp_path):
    draft = Draft()
    for row in draft.zones:
        row["headroom_mw_0p5"] = row["headroom_mw"]
        row["headroom_mw"] = -9999
    draft.ask("power", curtailment=0.005)
    world = read(draft, tmp_path / "other")
    assert world.zones["headroom_mw"].isna().all()
    assert "headroom_mw is -9,999 in 4 rows" in said(world)[0]
    for row in draft.zones:
        row["headroom_mw_0p5"] = "n/a" if row["id"] == "south" else 700
    assert "headroom_mw is blank, and so is every column" in refused(draft, tmp_path / "none")


def test_words_of_a_column_with_a_factor_are_blank_too(tmp_path):
    draft = Draft()
    for row, volts in zip(draft.sites, ("NA", 230_000, "345000", -999999), strict=True):
        row["VOLTAGE"] = volts
        del row["kv"]
    path = draft.write(tmp_path)
    text = (path / "model.toml").read_text("utf-8")
    told = f'{text}\n[columns.sites]\nkv = "VOLTAGE / 1000"\n'
    (path / "model.toml").write_text(told, "utf-8")
    world = read_world(read_model(path))
    assert np.nan_to_num(world.sites["kv"]).tolist() == [0, 230, 345, 0]
    assert "kv (from 'VOLTAGE / 1000') is -999,999 and 'NA' in 2 rows" in said(world)[0]


@pytest.mark.parametrize("column", ["kv", "max_mw"])
def test_na_of_a_spreadsheet_is_blank_where_it_may_be(column, tmp_path):
    # openpyxl 3.1 gives an error of a formula as text, with the type "e".
    draft = Draft()
    rows = [list(draft.sites[0]), *([*row.values()] for row in draft.sites)]
    rows[1][rows[0].index(column)] = "#N/A"
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    assert book.active.cell(2, rows[0].index(column) + 1).data_type == "e"
    draft.ask("world", sites="sites.xlsx")
    draft.extra["sites.xlsx"] = book.save
    if column == "max_mw":
        assert "max_mw is the error #N/A of a formula; mend it" in refused(draft, tmp_path)
        return
    world = read(draft, tmp_path)
    assert world.sites["kv"].isna().tolist()[:3] == [True, False, False]
    assert "kv is '#N/A' in 1 row, which stands for no value" in said(world)[0]


@pytest.mark.parametrize(
    ("table", "column", "text", "says"),
    [
        ("sites", "max_mw", "345 MW", "345 MW is written 345"),
        ("sites", "max_mw", "0.4 GW", "0.4 GW is written 400"),
        ("sites", "max_mw", "12 %", "write digits, with a point before decimals, and no unit"),
        ("sites", "kv", "230kV", "230kV is written 230"),
        ("sites", "kv", "345000 V", "345000 V is written 345"),
        ("sites", "kv", "5 mi", "write digits, with a point before decimals, and no unit"),
        ("sites", "max_mw", "1 200", "write 1200: digits"),
        ("sites", "max_mw", "1.200,5", "write 1200.5: digits"),
        ("fiber", "km", "300 mi", "300 mi is written 482.8032"),
        ("supply", "capacity_factor", "35 %", "35 % is written 0.35"),
        ("zones", "price_usd_per_mwh", "6.5 c/kWh", "and no unit"),
        ("zones", "price_usd_per_mwh", "6.5 cents/kWh", "6.5 cents/kWh is written 65"),
        ("zones", "co2_kg_per_mwh", "100 lb/MWh", "100 lb/MWh is written 45.359237"),
    ],
)
def test_a_number_with_its_unit_is_refused_with_the_number_in_ours(
    table, column, text, says, tmp_path
):
    draft = Draft()
    getattr(draft, table)[0][column] = text
    message = refused(draft, tmp_path)
    assert f"{column} is {json.dumps(text)}, but it must be a number" in message
    assert says in message
