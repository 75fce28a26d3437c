"""Rows of text and spreadsheets that are no rows of their table."""

import openpyxl
import pytest
from drafts import write_sheets
from test_formats import attempt, read, refuse

from siting.world.columns import FIBER, NODES, SITES, SUPPLY, ZONES

NAMES = ["id", "lon", "lat", "max_mw"]
ROWS = [["a", 1, 3, 410], ["b", 2, 3, 320], ["c", 3, 3, 215]]


def write(form, folder, rows):
    """Rows of cells as text, or as the sheet of a spreadsheet."""
    path = folder / f"t.{form}"
    if form == "xlsx":
        write_sheets(path, {"x": rows})
        return path
    width = max(map(len, rows))
    fields = [[*row, *[None] * (width - len(row))] for row in rows]
    text = "\n".join(",".join("" if c is None else str(c) for c in row) for row in fields)
    path.write_text(f"{text}\n")
    return path


both = pytest.mark.parametrize("form", ["csv", "xlsx"])


def ids(raw):
    return [str(value) for value in raw.frame["id"]]


# --- Sums -----------------------------------------------------------------------------------

WORDS = ["TOTAL", "Grand Total", "Subtotal", "sub-total", "Summe", "Gesamt", "Total:", "Sum"]
WORDS += ["Total MW", "Totals (3)", "Zwischensumme", "Somme", "Overall", "TOTAL GENERAL"]


@both
@pytest.mark.parametrize("word", WORDS)
def test_rows_that_are_called_a_sum_are_refused(form, word, tmp_path):
    said = refuse(SITES, write(form, tmp_path, [NAMES, *ROWS, [word, 2, 3, 1]]))
    assert "5: begins with" in said
    assert said.endswith(
        "perhaps a sum of the rows above; take it out, or call it otherwise if it is a site"
    )


@both
def test_sums_between_rows_are_refused_and_counted(form, tmp_path):
    rows = [NAMES, *ROWS[:2], ["Subtotal", 2, 3, 730], ROWS[2], ["TOTAL", 2, 3, 945]]
    said = refuse(SITES, write(form, tmp_path, rows))
    assert '4: begins with "Subtotal"' in said
    assert "(1 more such " in said
    assert said.endswith("take them out, or call them otherwise if they are rows")


@both
@pytest.mark.parametrize(
    ("word", "value", "how"),
    [("All", 945, "sum"), ("Average", 315, "mean"), ("MAX", 410, "largest"), ("min", 215, "least")],
)
def test_words_that_the_numbers_bear_out_are_refused(form, word, value, how, tmp_path):
    said = refuse(SITES, write(form, tmp_path, [NAMES, *ROWS, [word, 2, 3, value]]))
    assert f'begins with "{word}", and its max_mw is ' in said
    assert f"the {how} of the 3 " in said


@both
def test_words_that_the_numbers_do_not_bear_out_are_told_of(form, tmp_path):
    raw, (notice,) = read(SITES, write(form, tmp_path, [NAMES, *ROWS, ["All", 2, 3, 77]]))
    assert len(raw.frame) == 4
    assert 'begins with "All", and is read as any other' in notice


@both
@pytest.mark.parametrize("name", [None, "c"])
def test_sum_without_an_id_of_its_own_is_refused_as_one(form, name, tmp_path):
    said = refuse(SITES, write(form, tmp_path, [NAMES, *ROWS, [name, 2, 3, 945]]))
    assert "has no id of its own, and its max_mw is " in said
    assert "945, the sum of the 3 " in said


@both
def test_sum_with_an_id_is_told_of(form, tmp_path):
    raw, (notice,) = read(SITES, write(form, tmp_path, [NAMES, *ROWS, ["Kansas", 2, 3, 945]]))
    assert len(raw.frame) == 4
    assert "the sum of the 3 " in notice
    assert 'it is read as site "Kansas": take it out if it is their total' in notice


@both
def test_ordinary_last_rows_are_no_matter(form, tmp_path):
    rows = [NAMES, *ROWS, ["Total Energies Plant 2", 2, 3, 944], ["Allen", 2.5, 3, 50]]
    raw, notices = read(SITES, write(form, tmp_path, rows))
    assert len(raw.frame) == 5
    assert not notices
    # The second of two rows is often as large as the first, and voltages add up to nothing.
    names = [*NAMES, "kv"]
    rows = [names, ["a", 1, 3, 5, 115], ["b", 2, 3, 6, 230], ["c", 3, 3, 7, 345]]
    assert not read(SITES, write(form, tmp_path, rows))[1]


def test_parent_below_its_parts_is_no_sum(tmp_path):
    names = ["id", "utility", "headroom_mw", "parent"]
    rows = [
        names,
        *([name, "U", 100, "all_of_it"] for name in "abc"),
        ["all_of_it", "U", 300, None],
    ]
    raw, notices = read(ZONES, write("csv", tmp_path, rows))
    assert len(raw.frame) == 4
    assert not notices


@both
def test_codes_that_read_as_a_sum_are_ids_but_below_all_rows(form, tmp_path):
    rows = [["id", "lon", "lat"], ["SUM", 1, 3], ["ALL", 2, 3], ["MAX", 3, 3], ["n", 4, 3]]
    raw, notices = read(NODES, write(form, tmp_path, rows))
    assert ids(raw) == ["SUM", "ALL", "MAX", "n"]
    assert not notices
    assert 'begins with "SUM"' in refuse(NODES, write(form, tmp_path, [rows[0], rows[4], rows[1]]))


def test_utility_may_be_called_total(tmp_path):
    names = ["utility", "id", "headroom_mw"]
    rows = [names, ["Total", "a", 100], ["Total", "b", 120], ["Other", "c", 50]]
    assert len(read(ZONES, write("csv", tmp_path, rows))[0].frame) == 3


# --- Notes, names again, blank ends ---------------------------------------------------------


@both
def test_notes_below_the_table_are_left_out_and_said(form, tmp_path):
    notes = [["Source: planning department"], ["* under construction"]]
    raw, (notice,) = read(SITES, write(form, tmp_path, [NAMES, *ROWS, *notes]))
    assert ids(raw) == ["a", "b", "c"]
    assert notice.startswith("2 ")
    assert notice.endswith(
        'below the table are taken for notes and left out: "Source: planning department"'
    )


def test_notes_of_one_field_are_left_out_of_text(tmp_path):
    (tmp_path / "s.csv").write_text("id,lon,lat,max_mw\na,1,3,410\nb,2,3,320\n\nSource: EIA\n")
    raw, (notice,) = read(SITES, tmp_path / "s.csv")
    assert ids(raw) == ["a", "b"]
    assert notice.startswith("1 line (5) below the table is taken for a note")


def test_notes_with_commas_are_left_out_of_text(tmp_path):
    table = "id,lon,lat,max_mw\na,1,3,410\nb,2,3,320\n"
    (tmp_path / "s.csv").write_text(f"{table}\nNote: planned, not built\n")
    raw, (notice,) = read(SITES, tmp_path / "s.csv")
    assert ids(raw) == ["a", "b"]
    assert notice.startswith("1 line (5) below the table is taken for a note and left out")
    (tmp_path / "s.csv").write_text(f"{table}c,3\n")
    assert "has 2 fields, but there are 4 columns" in refuse(SITES, tmp_path / "s.csv")


@both
def test_row_with_an_id_alone_is_no_note(form, tmp_path):
    raw, notices = read(SITES, write(form, tmp_path, [NAMES, *ROWS, ["OAK CREEK 2"]]))
    assert ids(raw)[-1] == "OAK CREEK 2"  # its numbers are blank, which is refused in words
    assert not notices


@both
def test_names_that_come_again_are_left_out_and_said(form, tmp_path):
    rows = [NAMES, *ROWS[:2], NAMES, ROWS[2], [" ID", "Lon", "LAT", "Max MW"], ["d", 4, 3, 1]]
    raw, (notice,) = read(SITES, write(form, tmp_path, rows))
    assert ids(raw) == ["a", "b", "c", "d"]
    assert "(4 and 6) hold the names of the columns again, and are left out" in notice


def test_blank_fields_behind_the_last_column_are_cut_and_said(tmp_path):
    (tmp_path / "s.csv").write_text("id,lon,lat,max_mw\na,1,3,410,,\nb,2,3,320\nc,3,3,215, ,\n")
    raw, (notice,) = read(SITES, tmp_path / "s.csv")
    assert list(raw.frame["max_mw"]) == ["410", "320", "215"]
    assert notice == ("blank fields behind the last column are left out of 2 lines (2 and 4)")
    (tmp_path / "s.csv").write_text("id,lon,lat,max_mw\na,1,3,1,410\n")
    assert "has 5 fields, but there are 4 columns" in refuse(SITES, tmp_path / "s.csv")


def test_trailing_blank_columns_are_none(tmp_path):
    (tmp_path / "s.csv").write_text("id,lon,lat,max_mw,,\na,1,3,410,,\nb,2,3,320,,\n")
    raw, notices = read(SITES, tmp_path / "s.csv")
    assert "column_5" not in raw.frame
    assert not notices


# --- Units ----------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("units", [["", "deg", "deg", "MW"], ["-", "\u00b0", "\u00b0", "[MW]"]])
def test_row_of_our_units_is_left_out_and_said(form, units, tmp_path):
    raw, (notice,) = read(SITES, write(form, tmp_path, [NAMES, units, *ROWS]))
    assert ids(raw) == ["a", "b", "c"]
    assert "2 has the units of the columns, which are ours, and is left out" in notice


@both
def test_row_of_other_units_is_refused_in_one_line(form, tmp_path):
    said = refuse(SITES, write(form, tmp_path, [NAMES, ["", "deg", "deg", "kW"], *ROWS]))
    assert "2: has the units of the columns (deg and kW) and no values, and kW may be" in said
    assert "[columns.sites]" in said
    rows = [
        ["id", "from", "to", "km"],
        ["-", "-", "-", "miles"],
        ["s", "n", "m", 5],
        ["t", "m", "o", 6],
    ]
    assert "miles may be another than ours" in refuse(FIBER, write(form, tmp_path, rows))


# --- Tables side by side --------------------------------------------------------------------

PRICES = [["zone", "price_usd_per_mwh"], ["north", 40], ["south", 50]]


@both
def test_table_beside_is_not_read_into_the_rows(form, tmp_path):
    pairs = zip([NAMES, *ROWS], [*PRICES, [None, None]], strict=True)
    said = refuse(SITES, write(form, tmp_path, [[*own, None, *other] for own, other in pairs]))
    assert said.startswith("columns zone and price_usd_per_mwh stand behind a blank column and are")


@both
def test_table_beside_of_other_columns_adds_no_rows(form, tmp_path):
    beside = [["county", "people"], ["x", 9], ["y", 8], ["z", 7], ["w", 6]]
    pairs = zip([NAMES, *ROWS, [None] * 4], beside, strict=True)
    rows = [[*own, None, *other] for own, other in pairs]
    raw, (notice,) = read(SITES, write(form, tmp_path, rows))
    assert ids(raw) == ["a", "b", "c"]
    assert "5) holds cells of another table alone" in notice
    assert "county and people" in notice


@both
def test_table_below_is_not_read_into_the_columns(form, tmp_path):
    below = [["id", "utility", "headroom_mw", None], ["z", "U", 5, None]]
    said = refuse(SITES, write(form, tmp_path, [NAMES, *ROWS, *below]))
    assert "5: holds names of columns, id, utility and headroom_mw, and no numbers" in said
    assert "put each table on its own" in said


@both
def test_names_in_two_rows_are_asked_about(form, tmp_path):
    rows = [["id", "Position", None, "max_mw"], [None, "lon", "lat", None], *ROWS]
    said = refuse(SITES, write(form, tmp_path, rows))
    assert "2: holds names of columns, lon and lat, and no numbers; if it is the row of" in said
    assert "[header_rows] sites = 2" in said


@both
def test_ids_that_are_names_of_columns_are_ids(form, tmp_path):
    rows = [
        [*NAMES, "zone"],
        ["x", 1, 3, 410, "y"],
        ["lat", 2, 3, 320, "long"],
        ["id", 3, 3, 5, "zone"],
    ]
    raw, notices = read(SITES, write(form, tmp_path, rows))
    assert ids(raw) == ["x", "lat", "id"]
    assert not notices


@both
def test_blank_column_within_a_table_is_told_of(form, tmp_path):
    rows = [[*NAMES, None, "kv"], *([*row, None, 345] for row in ROWS)]
    raw, (notice,) = read(SITES, write(form, tmp_path, rows))
    assert len(raw.frame["kv"]) == 3
    assert notice == "column kv stands behind a blank column, and is read as part of the table"


# --- Titles and decimals of text ------------------------------------------------------------


def test_titles_above_text_are_said_and_a_header_far_below_is_asked_about(tmp_path):
    table = "id;lon;lat;max_mw\na;1;3;410\nb;2;3;320\n"
    path = tmp_path / "s.csv"
    path.write_text(f"Substations, of 2024\nmade by us, for you\n\n{table}")
    raw, notices = read(SITES, path)
    assert ids(raw) == ["a", "b"]
    assert "line 4 has the names of the columns; 2 lines above it are no part" in notices[1]
    path.write_text("".join(f"Note {n}, see below\n" for n in range(30)) + table.replace(";", ","))
    said = refuse(SITES, path)
    assert "line 31 has id, lon, lat and max_mw" in said
    assert "[header_rows] sites = 31" in said
    for mark in ",;\t":
        path.write_text("Note, see below\n" * 30 + table.replace(";", mark))
        assert ids(read(SITES, path, header_row=31)[0]) == ["a", "b"]


@pytest.mark.parametrize("value", ["1.200", "12.345"])
def test_points_that_may_part_thousands_are_told_of(value, tmp_path):
    (tmp_path / "f.csv").write_text(f"id;from;to;km\ns;n;m;{value}\nt;m;o;1.100\n")
    raw, notices = read(FIBER, tmp_path / "f.csv")
    assert list(raw.frame["km"]) == [value, "1.100"]
    assert any(
        n.startswith(f"km is {value} in line 2, and in all 2 lines with a point has three digits")
        for n in notices
    )
    (tmp_path / "f.csv").write_text(f"id;from;to;km\ns;n;m;{value}\nt;m;o;1.1\n")
    assert not any("three digits" in n for n in read(FIBER, tmp_path / "f.csv")[1])


@pytest.mark.parametrize("value", ["1,200", "1.234,5", "1 200", "1'200", "1,5"])
def test_other_ways_to_write_numbers_stay_text_which_is_refused(value, tmp_path):
    """What the numbers of a column are not is said of each row where its values are checked."""
    held = openpyxl.Workbook()
    for row in [["id", "lon", "lat", "kind", "mw"], ["p", 1, 3, "wind", value]]:
        held.active.append(row)
    held.save(tmp_path / "p.xlsx")
    assert list(read(SUPPLY, tmp_path / "p.xlsx")[0].frame["mw"]) == [value]


def test_table_of_names_alone_has_no_sums(tmp_path):
    raw, problems, _ = attempt(NODES, write("csv", tmp_path, [["id", "lon", "lat"], ["n", 1, 3]]))
    assert raw is not None
    assert not problems


# --- Ids that a spreadsheet spoilt ----------------------------------------------------------


@pytest.mark.parametrize("value", ["1.23457E+11", "4E+15", "2.5e+09"])
def test_ids_of_cut_digits_are_refused(value, tmp_path):
    (tmp_path / "s.csv").write_text(f"id,lon,lat,max_mw\na,1,3,410\n{value},2,3,320\n")
    said = refuse(SITES, tmp_path / "s.csv")
    assert said.startswith(f'line 3: id is "{value}": a spreadsheet wrote a number of many digits')
    # A number may be written so, and so may an id that is no such number.
    (tmp_path / "s.csv").write_text("id,lon,lat,max_mw\n1E5,1,3,4.1E+02\nE+12,2,3,320\n")
    assert ids(read(SITES, tmp_path / "s.csv")[0]) == ["1E5", "E+12"]


@pytest.mark.parametrize("value", ["3-Jan", "Mar-24", "12-DEC"])
def test_dates_among_ids_of_text_are_told_of(value, tmp_path):
    (tmp_path / "f.csv").write_text(f"id,from,to,km\ns,n-3,{value},5\nt,n-3,4-22,6\n")
    raw, (notice,) = read(FIBER, tmp_path / "f.csv")
    assert list(raw.frame["to"]) == [value, "4-22"]
    assert notice.startswith(f'to is "{value}" in line 2, and read so; spreadsheets make dates')
