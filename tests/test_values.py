"""Values of columns: text that looks alike, numbers in other units, kinds, ids of many digits."""

import decimal

import numpy as np
import pandas as pd
import pytest
from drafts import Draft, as_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from siting.errors import InputError
from siting.model import read_model
from siting.world import read_world
from siting.world.columns import TABLES
from siting.world.facts import KIND_HINTS, KINDS
from siting.world.spelling import seen
from siting.world.values import read_numbers, read_texts, text_of, tidied


def read(draft, folder, **overrides):
    return read_world(read_model(draft.write(folder), set=overrides))


def refused(draft, folder):
    with pytest.raises(InputError) as error:
        read(draft, folder)
    return str(error.value)


def said(world):
    return [notice.what for notice in world.notices]


# --- Text -----------------------------------------------------------------------------------


@pytest.mark.parametrize("around", [" ", "\u00a0", "\u200b", "\t", "\ufeff", "\u3000 "])
def test_spaces_around_a_utility_make_no_second_one(around, tmp_path):
    draft = Draft()
    draft.zones[3]["utility"] = f"North Power{around}"
    draft.zones[2]["region"] = f"{around}plains"
    world = read(draft, tmp_path)
    assert set(world.sites["utility"]) == {"North Power"}
    assert set(world.zones["region"]) == {"plains", "hills"}
    assert said(world) == [
        (
            "utility has spaces, or characters that are not seen, around it in 1 row, which are "
            "taken off: feature 4 (id 'south')"
        ),
        (
            "region has spaces, or characters that are not seen, around it in 1 row, which are "
            "taken off: feature 3 (id 'n_east')"
        ),
    ]


def test_spaces_around_ids_and_what_refers_to_them_are_taken_off(tmp_path):
    draft = Draft()
    draft.zones[0]["id"] = "north "
    draft.zones[1]["parent"] = " north"
    draft.sites[0] |= {"id": "a ", "zone": "n_west "}
    draft.sites[1]["id"] = " b"
    draft.ask("world", exclude_sites=["a"])
    world = read(draft, tmp_path / "good")
    assert list(world.sites["id"]) == ["b", "c", "d"]
    assert any(what.startswith("id has spaces") and "in 2 rows" in what for what in said(world))
    draft.sites[1]["id"] = "a  "
    assert "id 'a' is also line 2; ids are unique" in refused(draft, tmp_path / "equal")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("North Power", "NORTH POWER"),
        ("North Power", "North  Power"),
        ("North Power", "NorthPower"),
        ("Électricité", "E\u0301lectricite\u0301"),
        ("Power\u2013Co", "Power-Co"),
        ("\uff30ower", "Power"),
        ("O'Brien", "O\u2019Brien"),
        ("Straße AG", "STRASSE AG"),
    ],
)
def test_utilities_that_look_alike_are_told_of_and_stay_two(one, other, tmp_path):
    draft = Draft()
    for row in draft.zones[:3]:
        row["utility"] = one
    draft.zones[3]["utility"] = other
    world = read(draft, tmp_path)
    assert set(world.zones["utility"]) == {one, other}
    assert said(world) == [
        (
            f"utility '{one}' (3 rows) and '{other}' (1 row): they differ by case, spaces or the "
            "form of letters alone, and count as two; write them alike if they are one"
        )
    ]


def test_a_utility_of_a_site_is_held_against_those_of_zones(tmp_path):
    draft = Draft()
    draft.sites[0]["utility"] = "NORTH POWER"
    assert any(
        "utility 'North Power' (3 rows) and 'NORTH POWER' (1 row)" in what
        for what in said(read(draft, tmp_path))
    )


def test_regions_states_and_nodes_that_look_alike_are_told_of(tmp_path):
    draft = Draft()
    draft.zones[2]["region"] = "Plains"
    draft.zones[2]["state"] = "ne"
    draft.fiber[1]["from"] = "N2"
    words = " ".join(said(read(draft, tmp_path)))
    assert "region 'plains' (2 rows) and 'Plains' (1 row)" in words
    assert "state 'NE' (2 rows) and 'ne' (1 row)" in words
    assert "node 'N2' (1 row) and 'n2' (1 row)" in words


def test_names_that_differ_by_more_are_two_without_a_word():
    names = ["North Power", "North Power Co.", "South Power", "North-Power 2"]
    assert len({seen(name) for name in names}) == 4


@pytest.mark.parametrize("word", ["NA", "N/A", "null", "None", "-", "#N/A"])
def test_words_for_no_value_are_no_region_and_no_utility(word, tmp_path):
    draft = Draft()
    draft.zones[3]["region"] = word
    draft.sites[0]["utility"] = word
    world = read(draft, tmp_path / "optional")
    assert world.zones.set_index("id").loc["south", "region"] is None
    assert world.sites.set_index("id").loc["a", "utility"] == "North Power"
    assert len(said(world)) == 2
    assert all("stands for no value and is read as blank" in what for what in said(world))
    for row in draft.zones[1:3]:
        row["utility"] = word
    text = refused(draft, tmp_path / "required")
    assert f"utility is '{word}' in 2 rows, which stands for no value, but every zone" in text


def test_such_a_word_may_be_an_id(tmp_path):
    draft = Draft()
    draft.sites[0]["id"] = "NA"
    assert "NA" in set(read(draft, tmp_path).sites["id"])


# --- Kinds ----------------------------------------------------------------------------------


def test_case_never_counts_in_kinds(tmp_path):
    draft = Draft()
    draft.supply[0]["kind"] = "Hydro"
    draft.supply[1]["kind"] = " WIND"
    supply = read(draft, tmp_path).supply.set_index("id")
    assert supply["kind"].to_dict() == {"dam": "hydro", "farm": "wind", "mine": "coal"}
    assert supply.loc["dam", "capacity_factor"] == KINDS["hydro"].capacity_factor


def test_each_unknown_kind_is_one_line_with_its_rows(tmp_path):
    draft = Draft()
    plant = {"lon": 1, "lat": 1, "mw": 9}
    kinds = ["Solar"] * 12 + ["NG", "Water", "Storage", "ng", "Uranium"]
    draft.supply = [{"id": f"p{n:02}", "kind": kind} | plant for n, kind in enumerate(kinds)]
    lines = refused(draft, tmp_path).splitlines()
    assert lines[0] == "4 problems in supply.csv:"
    assert lines[1].startswith(
        "  - kind 'NG' (2 rows, the first line 14 (id 'p12')) is not known; did you mean 'gas'?"
    )
    assert "kind 'Water' (line 15 (id 'p13')) is not known; did you mean 'hydro'?" in lines[2]
    assert "kind 'Storage' (line 16 (id 'p14')) is not known; the kinds are nuclear" in lines[3]
    assert "did you mean 'nuclear'?" in lines[4]


def test_hints_are_of_known_kinds_and_hide_none():
    assert set(KIND_HINTS.values()) <= set(KINDS)
    assert not set(KIND_HINTS) & set(KINDS)


# --- Units ----------------------------------------------------------------------------------

CERTAIN = [
    ("sites", "kv", 110_000, "are these volts?", '"kv / 1000"'),
    ("sites", "max_mw", 400_000, "are these kW?", '"max_mw / 1000"'),
    ("sites", "max_mw", 4e8, "are these W?", '"max_mw / 1000000"'),
    ("sites", "pue", 120, "are these percent?", '"pue / 100"'),
    ("sites", "price_usd_per_mwh", 0.065, "USD/kWh?", '"price_usd_per_mwh * 1000"'),
    ("sites", "campus_musd_per_mw", 11_000, "are these USD/kW?", "/ 1000"),
    ("sites", "campus_musd_per_mw", 1.1e7, "are these USD/MW?", "/ 1000000"),
    ("sites", "campus_fixed_musd", 5e7, "are these USD?", "/ 1000000"),
    ("zones", "headroom_mw", 2e6, "are these kW?", "/ 1000"),
    ("zones", "price_usd_per_mwh", 0.9, "USD/kWh?", "* 1000"),
    ("zones", "price_usd_per_mwh", 20_000, "in another unit?", ""),
    ("zones", "co2_kg_per_mwh", 400_000, "are these g/MWh?", "/ 1000"),
    ("supply", "mw", 300_000, "are these kW?", "/ 1000"),
    ("supply", "premium_usd_per_mwh", 30_000, "in another unit?", ""),
    ("fiber", "km", 250_000, "are these metres?", '"km / 1000"'),
]


@pytest.mark.parametrize(("table", "column", "value", "says", "todo"), CERTAIN)
def test_numbers_that_no_real_value_reaches_are_asked_about(
    table, column, value, says, todo, tmp_path
):
    draft = Draft()
    getattr(draft, table)[0][column] = value
    text = refused(draft, tmp_path)
    assert text.startswith("1 problem in ")
    assert f"{column} is " in text
    assert says in text
    assert todo in text


NOTICED = [
    ("sites", "pue", [3.5, 1.2, 1.3, 1.2], "hardly any site is so wasteful"),
    ("zones", "price_usd_per_mwh", [6.5, 7.1, 8.2, 6.9], "are these cents/kWh?"),
    ("zones", "co2_kg_per_mwh", [0.4, 0.2, 0.9, 0.1], "are these t/MWh?"),
    ("zones", "co2_kg_per_mwh", [900, 1300, 400, 200], "are these lb/MWh?"),
    ("zones", "headroom_mw", [9, 6, 6, 7], "are these GW?"),
    ("zones", "headroom_mw", [300_000, 600, 600, 700], "hardly any zone has so much left"),
    ("sites", "max_mw", [0.4, 0.4, 2.5, 0.4], "are these GW?"),
]


@pytest.mark.parametrize(("table", "column", "values", "says"), NOTICED)
def test_numbers_that_hardly_any_value_reaches_are_told_of(table, column, values, says, tmp_path):
    draft = Draft()
    for row, value in zip(getattr(draft, table), values, strict=True):
        row[column] = value
    draft.ask("cluster", target_mw=1)
    draft.ask("campus", min_mw=0.1)
    world = read(draft, tmp_path)
    assert len(said(world)) == 1
    assert says in said(world)[0]
    held = sorted(getattr(world, table)[column])
    assert held == sorted(values)  # told of, and not changed


GOOD = [
    ("sites", "kv", [765, 1100, 345, 230]),
    ("sites", "pue", [1.05, 1.5, 2.0, 3.0]),
    ("zones", "price_usd_per_mwh", [0, 0, 12, 60]),
    ("zones", "price_usd_per_mwh", [0, 0, 0, 0]),
    ("zones", "co2_kg_per_mwh", [0, 1.5, 900, 23]),
    ("sites", "max_mw", [0, 5, 400, 21_644.8]),
    ("sites", "campus_musd_per_mw", [8, 11, 14, 20]),
]


@pytest.mark.parametrize(("table", "column", "values"), GOOD)
def test_real_numbers_pass_without_a_word(table, column, values, tmp_path):
    draft = Draft()
    for row, value in zip(getattr(draft, table), values, strict=True):
        row[column] = value
    assert said(read(draft, tmp_path)) == []


def test_a_column_has_one_unit_and_the_largest_number_says_which(tmp_path):
    draft = Draft()
    for row, watts in zip(draft.sites, (4e8, 2e5, 3e8, 4e7), strict=True):
        row["max_mw"] = watts
    text = refused(draft, tmp_path)
    assert text.startswith("1 problem in sites.csv:")
    assert "max_mw is above 100,000 MW in all 4 rows" in text
    assert "are these W? Then write [columns.sites] max_mw = " in text


def test_all_voltages_below_1_kv_are_asked_about(tmp_path):
    draft = Draft()
    for row in draft.sites:
        row["kv"] = 0.345
    assert "kv is above 0 and below 1.2 kV in all 4 rows that have it" in refused(draft, tmp_path)


def test_a_unit_is_one_line_with_its_rows_and_the_column_of_the_file(tmp_path):
    draft = Draft()
    for row in draft.sites:
        row["VOLT"] = 345_000
        del row["kv"]
    file = draft.write(tmp_path) / "model.toml"
    text = file.read_text("utf-8")
    file.write_text(text + '\n[columns.sites]\nkv = "VOLT"\n', "utf-8")
    with pytest.raises(InputError) as error:
        read_world(read_model(tmp_path))
    assert str(error.value).splitlines()[1] == (
        "  - kv (from 'VOLT') is above 1,500 kV in all 4 rows that have it, 345,000 kV at line 2 "
        "(id 'a'), 345,000 kV at line 3 (id 'b'), 345,000 kV at line 4 (id 'c'), ...: no line has "
        'so much; are these volts? Then write [columns.sites] kv = "VOLT / 1000"'
    )
    file.write_text(text + '\n[columns.sites]\nkv = "VOLT / 1000"\n', "utf-8")
    assert list(read_world(read_model(tmp_path)).sites["kv"]) == [345.0] * 4


def test_a_cable_may_wind_beside_a_short_line(tmp_path):
    draft = Draft()
    span = draft.fiber[0]
    from shapely import LineString

    draft.fiber.append({"id": "stub", "geometry": LineString([(1, 3), (1.00001, 3)]), "km": 0.9})
    assert span["km"] == 250
    assert said(read(draft, tmp_path)) == []


def test_nines_below_nothing_are_blanks(tmp_path):
    draft = Draft()
    for row, kv in zip(draft.sites, (-999999, 230, -9999, 500), strict=True):
        row["kv"] = kv
    world = read(draft, tmp_path / "optional")
    assert world.sites["kv"].isna().tolist() == [True, False, True, False]
    assert said(world) == [
        (
            "kv is -999,999 and -9,999 in 2 rows, which stands for no value and is read as blank: "
            "line 2 (id 'a'), line 4 (id 'c')"
        )
    ]
    draft.sites[0]["kv"] = -1
    assert "kv is -1 kV, but it must be at least 0 kV" in refused(draft, tmp_path / "other")
    draft.sites[0] |= {"kv": None, "max_mw": -9999}
    assert "max_mw is -9,999 in 1 row, which stands for no value, but every site needs it" in (
        refused(draft, tmp_path / "needed")
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,200", "write 1200, or 1.200 if the comma is a point"),
        ("1,234,500", "write 1234500: digits"),
        ("12,5", "write 12.5: digits"),
        ("345 kV", "and no unit"),
        ("95%", "and no unit"),
        ("1_000", "write digits"),
    ],
)
def test_numbers_that_are_text_are_refused_with_what_to_write(text, says, tmp_path):
    draft = Draft()
    draft.sites[0]["max_mw"] = text
    assert says in refused(draft, tmp_path)


def test_every_doubt_says_what_lies_beyond_which_bound():
    for table in TABLES.values():
        for column in table.columns:
            for doubt in column.doubts:
                assert (doubt.above is None) != (doubt.below is None)
                assert doubt.says
                assert doubt.factor is None or doubt.factor > 0


# --- Ids ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "dtype", "text"),
    [
        ([2**53 + 1, 2**63 - 1], "int64", ["9007199254740993", "9223372036854775807"]),
        ([2**53 + 1, None], "Int64", ["9007199254740993", None]),
        ([2**53 + 1, None, 10**30], object, ["9007199254740993", None, str(10**30)]),
        (["007", " 7", None], object, ["007", "7", None]),
        ([1.0, np.nan, 2.5], "float64", ["1", None, "2.5"]),
        ([1.0, np.nan], "float32", ["1", None]),
        ([True, False], bool, ["true", "false"]),
        ([decimal.Decimal("5.0"), decimal.Decimal("5.5")], object, ["5", "5.5"]),
        ([b"abc", pd.NaT, pd.NA], object, ["abc", None, None]),
        (["a|b", "|", "c"], object, ["a|b", "|", "c"]),
        (["", "  ", "\u200b", "x"], object, [None, None, None, "x"]),
        (["é", "x y"], "str", ["é", "x y"]),
        (["Power\x00\x00", "\x1fx"], object, ["Power", "x"]),
    ],
)
def test_text_is_what_the_file_holds(values, dtype, text):
    read = read_texts(pd.Series(values, dtype=dtype))
    assert read.text.tolist() == text
    assert len(read.lost) == 0


def test_ids_whose_digits_are_lost_are_refused(tmp_path):
    assert read_texts(pd.Series([2.0**53, 1.0])).lost.tolist() == [0]
    assert read_texts(pd.Series([2.0**24, 1.0], dtype="float32")).lost.tolist() == [0]
    draft = Draft()
    rows = [row | {"code": None} for row in draft.sites]
    for n, row in enumerate(rows):
        row["id"] = float(2**53 + 2 * n)
    draft.ask("world", sites="sites.gpkg")
    draft.extra["sites.gpkg"] = lambda path: as_frame(rows).to_file(path)
    text = refused(draft, tmp_path)
    assert "id has whole numbers of 9,007,199,254,740,992 or more in 4 rows" in text
    assert "their last digits are lost" in text
    assert "save the column as text" in text


# --- Fast and slow ways are one -------------------------------------------------------------

_FIELDS = st.one_of(
    st.none(),
    st.just(float("nan")),
    st.sampled_from(["1", "2.5", "-0", "1e3", " 7 ", "1_0", "nan", "inf", "x", "", " ", "\u00a03"]),
    st.text(max_size=3),
)


@given(st.lists(_FIELDS, max_size=6))
@settings(max_examples=300, deadline=None)
def test_numbers_read_together_are_those_read_one_by_one(fields):
    values, refused_rows = read_numbers(pd.Series(fields, dtype=object))
    for field, value, wrong in zip(fields, values, refused_rows, strict=True):
        text = text_of(field)
        if text is None or not tidied(text):
            assert np.isnan(value)
            assert not wrong
            continue
        try:
            wanted = float(tidied(text))
            bad = np.isnan(wanted) or "_" in text
        except ValueError:
            wanted, bad = np.nan, True
        assert wrong == bad
        assert np.isnan(value) if bad else value == wanted


@given(st.lists(_FIELDS, max_size=6))
@settings(max_examples=300, deadline=None)
def test_text_read_together_is_that_read_one_by_one(fields):
    read = read_texts(pd.Series(fields, dtype=object))
    wanted = [None if text_of(f) is None else tidied(text_of(f)) or None for f in fields]
    assert read.text.tolist() == wanted
    trimmed = [n for n, f in enumerate(fields) if wanted[n] is not None and wanted[n] != f]
    assert read.trimmed.tolist() == trimmed


def test_nines_are_those_of_the_file_whatever_its_factor(tmp_path):
    draft = Draft()
    for row, volts in zip(draft.sites, (-999999, 230000, -9999, 500000), strict=True):
        row["VOLTAGE"] = volts
        del row["kv"]
    draft.ask("columns", sites={"kv": "VOLTAGE / 1000"})
    path = draft.write(tmp_path)
    text = (path / "model.toml").read_text("utf-8")
    (path / "model.toml").write_text(
        text.replace('{"kv": "VOLTAGE / 1000"}', '{kv = "VOLTAGE / 1000"}'), "utf-8"
    )
    world = read_world(read_model(path))
    assert world.sites["kv"].isna().tolist() == [True, False, True, False]
    assert "is -999,999 and -9,999 in 2 rows" in said(world)[0]
