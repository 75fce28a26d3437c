"""Spreadsheets whose cells show, hide or hold something else than a table would."""

import datetime as dt
import zipfile

import openpyxl
import pytest
from drafts import write_sheets, write_zip
from openpyxl.worksheet.filters import FilterColumn, Filters
from test_formats import CELLS, as_text, attempt, read, refuse

from siting.world.columns import FIBER, SITES, SUPPLY, ZONES
from siting.world.number_formats import shown_as, text_shown_as, unit_factor

NAMES = ["id", "lon", "lat", "max_mw"]
FOUR = [NAMES, *([name, n, 3, 100 * n] for n, name in enumerate("abcd", start=1))]


def book(path, rows, formats=(), change=None, name="x"):
    """A spreadsheet of one sheet, with formats by cell, and changed before it is saved."""
    held = openpyxl.Workbook()
    sheet = held.active
    sheet.title = name
    for row in rows:
        sheet.append(row)
    for cell, code in dict(formats).items():
        sheet[cell].number_format = code
    if change is not None:
        change(sheet)
    held.save(path)
    return path


def ids(raw, name="id"):
    return list(map(as_text, raw.frame[name]))


# --- Hidden rows, columns and sheets --------------------------------------------------------


def test_hidden_rows_are_read_and_said(tmp_path):
    def hide(sheet):
        for row in (3, 5):
            sheet.row_dimensions[row].hidden = True

    raw, (notice,) = read(SITES, book(tmp_path / "s.xlsx", FOUR, change=hide))
    assert ids(raw) == ["a", "b", "c", "d"]
    assert notice == (
        "2 rows are hidden in the spreadsheet and are read as all others: rows 3 (id 'b') and 5 "
        "(id 'd'); delete those that are not meant, or name them in world.exclude_sites"
    )


def test_rows_that_a_filter_hides_are_read_and_said(tmp_path):
    rows = [
        [*FOUR[0], "status"],
        *([*row, "dead" if n % 2 else "live"] for n, row in enumerate(FOUR[1:])),
    ]

    def filter_rows(sheet):
        sheet.auto_filter.ref = "A1:E5"
        live = FilterColumn(colId=4, filters=Filters(filter=["live"]))
        sheet.auto_filter.filterColumn.append(live)
        for row in (3, 5):
            sheet.row_dimensions[row].hidden = True

    raw, notices = read(SITES, book(tmp_path / "s.xlsx", rows, change=filter_rows))
    assert len(raw.frame) == 4
    assert any("2 rows are hidden, by a filter, and are read as all others" in n for n in notices)


def test_many_hidden_rows_are_counted(tmp_path):
    rows = [NAMES, *([f"s{n:03}", 1 + n / 1000, 3, 5] for n in range(300))]

    def hide(sheet):
        for row in range(100, 200):
            sheet.row_dimensions[row].hidden = True

    raw, (notice,) = read(SITES, book(tmp_path / "s.xlsx", rows, change=hide))
    assert len(raw.frame) == 300
    assert notice.startswith("100 rows are hidden")
    assert "100 (id 's098')" in notice
    assert " and 90 more; delete" in notice


def test_hidden_rows_above_the_table_are_no_rows(tmp_path):
    def hide(sheet):
        sheet.row_dimensions[1].hidden = True

    rows = [["Draft of May"], *FOUR]
    _, notices = read(SITES, book(tmp_path / "s.xlsx", rows, change=hide))
    assert not any("hidden" in notice for notice in notices)


def test_hidden_columns_are_read_and_said(tmp_path):
    def hide(sheet):
        sheet.column_dimensions.group("E", "F", hidden=True)

    rows = [[*row, 345, "x"] if n else [*row, "KV", "note"] for n, row in enumerate(FOUR)]
    raw, (notice,) = read(SITES, book(tmp_path / "s.xlsx", rows, change=hide))
    assert list(raw.frame["KV"]) == [345] * 4
    assert notice == "1 column is hidden in the spreadsheet and is read as all others: KV"


def hide_sheet(name, state="hidden"):
    def change(path):
        held = openpyxl.load_workbook(path)
        held[name].sheet_state = state
        held.save(path)

    return change


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_sheet_with_the_tables_name_is_not_chosen_silently(state, tmp_path):
    path = tmp_path / "s.xlsx"
    write_sheets(path, {"sites": CELLS[:2], "new": CELLS})
    hide_sheet("sites", state)(path)
    raw, notices = read(SITES, path)
    assert ids(raw) == ["a", "b"]
    assert notices == [
        "sheet 'new' is read, the one that has the columns; left: 'sites' (1 row, hidden)"
    ]
    raw, notices = read(SITES, path, layers=("sites",))
    assert ids(raw) == ["a"]
    assert notices == ["sheet 'sites' is hidden in the spreadsheet, and is read"]


def test_sheets_beside_the_one_of_the_tables_name_are_said(tmp_path):
    path = tmp_path / "s.xlsx"
    zones = [["id", "utility", "headroom_mw"], ["z", "U", 5]]
    write_sheets(path, {"Sites": CELLS, "2023": CELLS[:2], "old": CELLS, "zones": zones})
    hide_sheet("old")(path)
    raw, notices = read(SITES, path)
    assert ids(raw) == ["a", "b"]
    assert notices == [
        (
            "sheet 'Sites' is read, as it has the name of the table; left: '2023' (1 row) and "
            "'old' (2 rows, hidden)"
        )
    ]


# --- Ids that the format of their cells makes -----------------------------------------------


@pytest.mark.parametrize(
    ("value", "code", "seen"),
    [
        (7, '"SUB-"000', "SUB-007"),
        (501, "00000", "00501"),
        (7, "\\S\\U\\B\\-000", "SUB-007"),
        (123456789, "00000-0000", "12345-6789"),
        (501, "00000-0000", "00000-0501"),
        (12, '000" east"', "012 east"),
        (7, '[Blue]"N"00', "N07"),
        (7, '"SUB-"General', "SUB-7"),
        (7, '000;-000;"none"', "007"),
        (-7, '"S"000', "-S007"),
        (12345, '"S"000', "S12345"),
        (7, '"S"#', "S7"),
    ],
)
def test_ids_are_read_as_they_are_shown(value, code, seen, tmp_path):
    assert shown_as(value, code) == seen
    rows = [NAMES, [value, 1, 3, 400], ["other", 3, 3, 300]]
    raw, (notice,) = read(SITES, book(tmp_path / "s.xlsx", rows, {"A2": code}))
    assert ids(raw) == [seen, "other"]
    assert notice == (
        f"id is read as its cells show it in 1 row: row 2 shows '{seen}' and holds {value}"
    )


@pytest.mark.parametrize(
    "code", ["#,##0", "0.00", "0%", "yyyy", "0.0E+00", "[>5]000", "00/00", "#,"]
)
def test_formats_that_are_no_text_and_digits_change_no_id(code):
    assert shown_as(1007, code) is None


def test_every_column_of_names_is_read_as_it_is_shown(tmp_path):
    spans = [["id", "from", "to", "km"], [1, 7, 8, 5], [2, 8, 9, 6]]
    codes = {f"{column}{row}": '"POP-"000' for column in "BC" for row in (2, 3)}
    raw, notices = read(FIBER, book(tmp_path / "f.xlsx", spans, codes))
    assert ids(raw) == ["1", "2"]
    assert ids(raw, "from") == ["POP-007", "POP-008"]
    assert ids(raw, "to") == ["POP-008", "POP-009"]
    assert len(notices) == 2
    zones = [["id", "utility", "headroom_mw", "PARENT"], [1, "U", 5, None], [2, "U", 5, 1]]
    codes = {"A2": "000", "A3": "000", "D3": "000"}
    raw, _ = read(ZONES, book(tmp_path / "z.xlsx", zones, codes))
    assert ids(raw) == ["001", "002"]
    assert as_text(raw.frame["PARENT"][1]) == "001"
    sites = [["BUS", "lon", "lat", "max_mw", "AREA"], [9, 1, 3, 400, 501]]
    told = (("id", "BUS"), ("zone", "AREA"))
    path = book(tmp_path / "s.xlsx", sites, {"A2": '"B"00', "E2": "00000"})
    raw, _ = read(SITES, path, columns=told)
    assert ids(raw, "BUS") == ["B09"]
    assert ids(raw, "AREA") == ["00501"]


def test_zip_codes_of_a_real_spreadsheet_keep_their_zeros(shared):
    path = shared / "eia860" / "eia860_2___Plant_Y2019.xlsx"
    told = (("id", "Plant Code"), ("zone", "Zip"))
    raw, notices = read(SITES, path, columns=told)
    codes = ids(raw, "Zip")
    connecticut = [
        code for code, state in zip(codes, raw.frame["State"], strict=True) if state == "CT"
    ]
    assert len(connecticut) > 100
    assert all(code.startswith("0") and len(code) == 5 for code in connecticut)
    assert any("Zip is read as its cells show it in 1,392 rows: row 364" in n for n in notices)


def test_text_with_a_format_is_read_as_it_is_shown(tmp_path):
    assert text_shown_as("007", '0;-0;0;"SUB-"@') == "SUB-007"
    rows = [NAMES, ["007", 1, 3, 400]]
    raw, _ = read(SITES, book(tmp_path / "s.xlsx", rows, {"A2": '"SUB-"@'}))
    assert ids(raw) == ["SUB-007"]


def test_numbers_with_zeros_before_them_stay_numbers(tmp_path):
    raw, notices = read(SITES, book(tmp_path / "s.xlsx", FOUR, {"D2": "00000"}))
    assert list(raw.frame["max_mw"]) == [100, 200, 300, 400]
    assert not notices


# --- Dates among ids ------------------------------------------------------------------------


def test_ids_that_a_spreadsheet_made_dates_are_refused(tmp_path):
    rows = [NAMES, ["1-A", 1, 3, 400], [dt.date(2024, 3, 1), 3, 3, 300]]
    said = refuse(SITES, book(tmp_path / "s.xlsx", rows, {"A3": "d-mmm"}))
    assert said.startswith("row 3: id is a date, 2024-03-01, but not in every row")
    assert "write it as text" in said


def test_dates_that_all_ids_are_stay_dates_and_are_said(tmp_path):
    rows = [NAMES, *([dt.date(2024, 3, n), n, 3, 300] for n in (1, 2))]
    raw, notices = read(SITES, book(tmp_path / "s.xlsx", rows))
    assert ids(raw) == ["2024-03-01", "2024-03-02"]
    assert notices == ["id holds dates in 2 rows, read as 2024-03-01 in row 2"]


# --- Numbers that are shown in another way --------------------------------------------------

PLANTS = [["id", "lon", "lat", "kind", "mw", "capacity_factor"], ["p", 1, 3, "wind", 50, 0.35]]


def test_percent_is_the_share_that_the_cell_holds(tmp_path):
    path = book(tmp_path / "p.xlsx", PLANTS, {"F2": "0%"})
    raw, notices = read(SUPPLY, path)
    assert list(raw.frame["capacity_factor"]) == [0.35]
    assert notices == [
        (
            "capacity_factor is shown in percent in 1 row, and is read as the share that its cells "
            "hold: 35 % in row 2 is 0.35"
        )
    ]


def test_percent_is_not_divided_by_a_hundred_again(tmp_path):
    path = book(tmp_path / "p.xlsx", PLANTS, {"F2": "0.0%"})
    said = refuse(SUPPLY, path, columns=(("capacity_factor", "capacity_factor / 100"),))
    assert said.startswith("row 2: capacity_factor shows 35 % and holds 0.35, and is to be mult")
    assert "leave the factor out" in said


def test_percent_of_a_unit_is_refused(tmp_path):
    said = refuse(SITES, book(tmp_path / "s.xlsx", FOUR, {"D2": "0%"}))
    assert "max_mw shows 10000 % and holds 100, but max_mw is in MW" in said


@pytest.mark.parametrize(
    ("column", "code", "todo"),
    [
        ("max_mw", '0" kW"', "max_mw / 1000"),
        ("max_mw", '#,##0.0" GW"', "max_mw * 1000"),
        ("kv", '0" V"', "kv / 1000"),
        ("price_usd_per_mwh", '0.000" USD/kWh"', "price_usd_per_mwh * 1000"),
    ],
)
def test_unit_in_the_format_of_a_number_is_not_taken_for_ours(column, code, todo, tmp_path):
    names = ["id", "lon", "lat", "max_mw", "kv", "price_usd_per_mwh"]
    rows = [names, ["a", 1, 3, 100, 100, 100], ["b", 2, 3, 200, 200, 100]]
    letter = "ABCDEF"[names.index(column)]
    formats = {f"{letter}2": code, f"{letter}3": code}
    path = book(tmp_path / "s.xlsx", rows, formats)
    said = refuse(SITES, path)
    assert said.startswith(f"row 2: {column} is shown in ")
    assert f'[columns.sites] {column} = "{todo}"' in said
    raw, notices = read(SITES, path, columns=((column, todo),))
    assert raw.frame[column].iloc[0] == 100
    assert not notices
    path = book(tmp_path / "half.xlsx", rows, {f"{letter}2": code})
    assert "not so in all rows" in refuse(SITES, path)


def test_unit_of_ours_and_other_words_in_a_format_are_no_matter(tmp_path):
    rows = [[*NAMES, "kv"], ["a", 1, 3, 400, 345]]
    codes = {"E2": '0.0" kV"', "D2": '#,##0" MW"', "B2": '0.00"\u00b0"'}
    raw, notices = read(SITES, book(tmp_path / "s.xlsx", rows, codes))
    assert list(raw.frame["kv"]) == [345]
    assert not notices
    assert unit_factor('"about "0', "MW") is None


def test_other_money_is_refused(tmp_path):
    rows = [[*NAMES, "price_usd_per_mwh"], ["a", 1, 3, 400, 45]]
    said = refuse(SITES, book(tmp_path / "s.xlsx", rows, {"E2": "[$\u20ac-407] #,##0.00"}))
    assert "is shown in \u20ac in 1 row, but price_usd_per_mwh is in USD/MWh" in said
    raw, _ = read(SITES, book(tmp_path / "s.xlsx", rows, {"E2": "[$$-409]#,##0.00"}))
    assert list(raw.frame["price_usd_per_mwh"]) == [45]


def test_numbers_that_are_shown_in_thousands_are_read_as_held_and_said(tmp_path):
    rows = [[*NAMES, "kv"], ["a", 1, 3, 400, 345000]]
    _, (notice,) = read(SITES, book(tmp_path / "s.xlsx", rows, {"E2": "0,"}))
    assert notice == (
        "kv is shown in thousands or millions in 1 row, and is read as its cells hold it: 345,000 "
        "in row 2"
    )


@pytest.mark.parametrize(
    ("cell", "code", "side"),
    [
        ("B2", '0.00"\u00b0 W"', "west"),
        ("B2", '0.0" West"', "west"),
        ("C2", '0.00"\u00b0S"', "south"),
    ],
)
def test_degrees_west_and_south_without_a_sign_are_refused(cell, code, side, tmp_path):
    rows = [["id", "Longitude", "lat", "max_mw"], ["a", 96.5, 41, 410]]
    said = refuse(SITES, book(tmp_path / "s.xlsx", rows, {cell: code}))
    assert f"degrees {side} are below 0" in said
    code = '0.00"\u00b0 E";0.00"\u00b0 W"'
    rows[1][1] = -96.5
    raw, _ = read(SITES, book(tmp_path / "s.xlsx", rows, {"B2": code}))
    assert list(raw.frame["lon"]) == [-96.5]


# --- Formulas, errors and merged cells ------------------------------------------------------


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "#NAME?", "#VALUE!"])
def test_errors_in_columns_that_are_read_are_refused_and_counted(error, tmp_path):
    rows = [[*NAMES[:3], "MAX MW"], ["a", 1, 3, error], ["b", 2, 3, error], ["c", 3, 3, 5]]
    said = refuse(SITES, book(tmp_path / "s.xlsx", rows))
    assert said == (
        f"row 2: MAX MW is the error {error} of a formula (1 more such cells); mend it, or leave "
        "the cell blank"
    )


def test_formula_without_a_value_is_refused_in_any_sheet_that_is_read(tmp_path):
    write_sheets(
        tmp_path / "s.xlsx", {"A": CELLS, "B": [NAMES, ["c", 2, 3, "=100+1"]], "C": [["=1+1"]]}
    )
    assert "is a formula" in refuse(SITES, tmp_path / "s.xlsx", layers=("A", "B"))
    assert len(read(SITES, tmp_path / "s.xlsx", layers=("A",))[0].frame) == 2


def test_cells_merged_beside_the_table_are_no_matter(tmp_path):
    rows = [list(row) for row in FOUR]
    rows[1] += [None, "made in May"]
    path = book(tmp_path / "s.xlsx", rows, change=lambda sheet: sheet.merge_cells("F2:G4"))
    assert len(read(SITES, path)[0].frame) == 4
    path = book(tmp_path / "t.xlsx", FOUR, change=lambda sheet: sheet.merge_cells("D2:D3"))
    assert "are merged" in refuse(SITES, path)


# --- Several sheets -------------------------------------------------------------------------


def test_header_is_found_in_each_sheet_by_itself(tmp_path):
    second = [["South"], ["as of May"], [], NAMES, ["c", 2, 3, 200]]
    write_sheets(tmp_path / "s.xlsx", {"North": CELLS, "South": second})
    raw, notices = read(SITES, tmp_path / "s.xlsx", layers=("North", "South"))
    assert ids(raw) == ["a", "b", "c"]
    assert raw.place(2) == "row 5 of sheet 'South'"
    assert notices == [
        (
            "sheet 'South': row 4 has the names of the columns; 2 rows above it are no part of the "
            "table"
        )
    ]


def test_header_row_that_the_model_gives_holds_for_all_sheets(tmp_path):
    first = [["North"], ["id and lon"], *CELLS]
    second = [["South"], [], NAMES, ["c", 2, 3, 200]]
    write_sheets(tmp_path / "s.xlsx", {"North": first, "South": second, "Notes": [["made in May"]]})
    raw, _ = read(SITES, tmp_path / "s.xlsx", layers=("North", "South"), header_row=3)
    assert ids(raw) == ["a", "b", "c"]
    said = refuse(SITES, tmp_path / "s.xlsx", layers=("South", "North"), header_row=2)
    assert said.startswith("sheet 'South': header_rows.sites is 2, but row 2 is ")


@pytest.mark.parametrize("rows", [CELLS[:2], CELLS])
def test_header_row_that_is_another_one_in_a_sheet_is_refused(rows, tmp_path):
    second = [["South"], NAMES, ["c", 2, 3, 200]]
    write_sheets(tmp_path / "s.xlsx", {"North": rows, "South": second})
    said = refuse(SITES, tmp_path / "s.xlsx", layers=("North", "South"), header_row=2)
    assert said == (
        "sheet 'North': header_rows.sites is 2, but row 2 has no name of a column that is known, "
        "and row 1 has id, lon, lat and max_mw; without header_rows the row is found, in each "
        "sheet by itself"
    )
    assert len(read(SITES, tmp_path / "s.xlsx", layers=("North", "South"))[0].frame) == len(rows)


def test_header_row_that_notes_do_not_have_is_no_matter(tmp_path):
    rows = [["North"], [], [], *CELLS]
    write_sheets(tmp_path / "s.xlsx", {"Notes": [["a"], ["b"]], "Data": rows})
    raw, _ = read(SITES, tmp_path / "s.xlsx", header_row=4)
    assert ids(raw) == ["a", "b"]


@pytest.mark.parametrize("above", [20, 21, 60])
def test_header_far_below_is_asked_about_with_its_row(above, tmp_path):
    notes = [[f"Note {n}", "see below"] for n in range(above)]
    path = book(tmp_path / "s.xlsx", [*notes, *CELLS])
    said = refuse(SITES, path)
    assert f"[header_rows] sites = {above + 1}" in said
    assert f"row {above + 1} has id, lon, lat and max_mw" in said
    raw, _ = read(SITES, path, header_row=above + 1)
    assert ids(raw) == ["a", "b"]


def test_header_of_no_known_name_is_said_with_what_gives_it(tmp_path):
    rows = [["Liste"], ["Knoten", "Leistung", "Ost", "Nord"], ["a", 400, 1, 3]]
    raw, problems, notices = attempt(SITES, book(tmp_path / "s.xlsx", rows))
    assert raw is None
    assert problems[0].startswith("lon and lat are missing")
    assert any(
        "row 2 is taken for the row of names" in n and "[header_rows] sites" in n for n in notices
    )


def test_zip_of_a_spreadsheet_is_mended_as_any(tmp_path):
    path = book(tmp_path / "s.xlsx", FOUR, {"A2": "000"})
    write_zip(tmp_path / "s.zip", {"s.xlsx": path})
    assert zipfile.is_zipfile(tmp_path / "s.zip")
    assert len(read(SITES, tmp_path / "s.zip")[0].frame) == 4
