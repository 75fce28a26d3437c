"""Tables of spreadsheets: which sheet, and what its cells hold."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siting.wording import did_you_mean, listing, shown
from siting.world.grids import (
    HEADER_WITHIN,
    Cell,
    Grid,
    Laid,
    find_header,
    known_names,
    lay_out,
    needed_names,
    score,
)
from siting.world.positions import LAT_NAMES, LON_NAMES
from siting.world.raw import Source, UnreadableError, fold

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_FORMULA = re.compile(rb"<f[\s>/]")
_MERGED = re.compile(rb"<mergeCell\s")
NOT_AVAILABLE = "#N/A"
"""The error that formulas give on purpose where there is no value, as NA() and look-ups do."""

_ZEROS = re.compile(r"0{2,15}")
_DIGITS = 15
"""Digits of a number that a spreadsheet keeps."""

Tell = Callable[[str], object]


@dataclass
class _Sheet:
    """A sheet with the number of each of its rows, as wide as its widest."""

    name: str
    grid: Grid
    visible: bool
    errors: list[tuple[int, int, str]]
    """Cells that hold an error: row and column from 1, and the error."""
    empty: set[tuple[int, int]]
    """Cells that hold text of no letters, such as what a formula gives: row and column from 1."""


def read_spreadsheet(source: Source, path: Path, tell: Tell) -> list[tuple[str, Laid]]:
    """Read the sheets that hold a table.

    Raises
    ------
    UnreadableError
        If it is no spreadsheet, or which sheet is meant cannot be told.
    """
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # noqa: BLE001 - whatever a reader raises is about the file
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UnreadableError(
            f"is no spreadsheet that can be read: {said}; save it as .xlsx or CSV again"
        ) from None
    try:
        names = _choose_named(source, book)
        sheets = [_read_sheet(book[name], name) for name in names]
    finally:
        book.close()
    if not source.layers:
        sheets = _choose(source, sheets, tell)
    _check_book(source, path, sheets, tell)
    return [(sheet.name, _lay_out(source, sheet, tell)) for sheet in sheets]


def names_sheets(source: Source, path: Path) -> bool:
    """Whether the model's layers are sheets of a spreadsheet, and not the file in an archive.

    A sheet is often called as its file is.
    """
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True)
    except Exception:  # noqa: BLE001 - whatever is wrong with it is said where it is read
        return False
    there = {fold(sheet.title) for sheet in book.worksheets}
    book.close()
    return any(fold(name) in there for name in source.layers)


# --- Which sheet ----------------------------------------------------------------------------


def _choose_named(source: Source, book: Workbook) -> list[str]:
    """The sheets that the model names, or the one with the table's name, or all."""
    there = [sheet.title for sheet in book.worksheets]
    if not there:
        raise UnreadableError("holds no sheet with cells; save the table as CSV")
    if not source.layers:
        own = source.table.name
        same = [name for name in there if name == own] or [n for n in there if fold(n) == own]
        return same if len(same) == 1 else there
    chosen = []
    for wanted in source.layers:
        same = [name for name in there if name == wanted]
        same = same or [name for name in there if fold(name) == fold(wanted)]
        if len(same) != 1:
            close = did_you_mean(wanted, there)
            hint = f"did you mean '{close}'?" if close else "name one of them"
            raise UnreadableError(
                f"layers.{source.table.name} has '{wanted}', but the sheets are {listing(there)}; "
                f"{hint}"
            )
        chosen.append(same[0])
    return chosen


def _choose(source: Source, sheets: list[_Sheet], tell: Tell) -> list[_Sheet]:
    """The only sheet that can be the table.

    A hidden sheet is read only where the model names it.
    """
    if len(sheets) == 1:
        return sheets
    filled = [sheet for sheet in sheets if len(sheet.grid.rows) > 1]
    seen = [sheet for sheet in filled if sheet.visible]
    own = [sheet for sheet in seen if fold(sheet.name) == source.table.name]
    fits = own if len(own) == 1 else [sheet for sheet in seen if _fits(source, sheet)]
    fits = fits or (seen if len(seen) == 1 else [])
    name = source.table.name
    held = listing(f"'{sheet.name}' ({_count(sheet)})" for sheet in sheets)
    if len(fits) == 1:
        others = [sheet for sheet in filled if sheet is not fits[0]]
        if others:
            left = listing(f"'{sheet.name}' ({_count(sheet)})" for sheet in others)
            tell(f"sheet '{fits[0].name}' is read, the one that has the columns; left: {left}")
        return fits
    which = "more than one" if fits else "none"
    known = _known(source)
    likely = max(
        filled or sheets,
        key=lambda s: max((score(row, known) for row in s.grid.rows[:HEADER_WITHIN]), default=0),
    )
    raise UnreadableError(
        f"holds {len(sheets)} sheets, {held}, and {which} has the columns that every "
        f"{source.table.a_row} needs; say which in the "
        f'model: [layers] {name} = ["{likely.name}"]'
    )


def _count(sheet: _Sheet) -> str:
    rows = max(len(sheet.grid.rows) - 1, 0)
    hidden = "" if sheet.visible else ", hidden"
    return f"{rows:,} row{'s' * (rows != 1)}{hidden}"


def _fits(source: Source, sheet: _Sheet) -> bool:
    header = find_header(sheet.grid, source)
    held = {fold(cell) for cell in sheet.grid.rows[header] if isinstance(cell, str)}
    return all(held & ways for ways in needed_names(source))


# --- Cells ----------------------------------------------------------------------------------


def _read_sheet(sheet: Any, name: str) -> _Sheet:
    # What a file says of its extent is often wrong: all rows are read, and made as wide as needed.
    sheet.reset_dimensions()
    rows: list[list[Cell]] = []
    numbers: list[int] = []
    blank: list[int] = []
    errors: list[tuple[int, int, str]] = []
    empty: set[tuple[int, int]] = set()
    width = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells: list[Cell] = [_value_of(cell) for cell in row]
        empty |= {
            (number, column)
            for column, cell in enumerate(row, start=1)
            if isinstance(cell.value, str) and not cell.value.strip()
        }
        while cells and cells[-1] is None:
            cells.pop()
        if not cells:
            blank.append(number)
            continue
        errors += [
            (number, column, str(cell.value))
            for column, cell in enumerate(row, start=1)
            if cell.data_type == "e"
        ]
        width = max(width, len(cells))
        rows.append(cells)
        numbers.append(number)
    rows = [cells + [None] * (width - len(cells)) for cells in rows]
    visible = sheet.sheet_state == "visible"
    return _Sheet(name, Grid(list(rows), numbers, "row", blank), visible, errors, empty)


def _value_of(cell: Any) -> Cell:
    value = cell.value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**_DIGITS:
        value = int(value)
    if isinstance(value, int):
        # A format of zeros alone is how spreadsheets show ids such as 007.
        zeros = _ZEROS.fullmatch(str(cell.number_format))
        return f"{value:0{len(zeros[0])}d}" if zeros and value >= 0 else value
    if isinstance(value, float):
        return value
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def _lay_out(source: Source, sheet: _Sheet, tell: Tell) -> Laid:
    laid = lay_out(sheet.grid, source, tell)
    row_of = {number: n for n, number in enumerate(laid.numbers)}
    known = _known(source)
    header = sheet.grid.rows[find_header(sheet.grid, source)]
    ids, may_be_blank = _names_of_ids(source), _names_of_optional(source)
    unread = []
    for row, column, error in sheet.errors:
        name = header[column - 1] if column <= len(header) else None
        if row not in row_of or name is None:
            continue
        if error == NOT_AVAILABLE and fold(str(name)) in may_be_blank:
            continue
        if fold(str(name)) in known:
            raise UnreadableError(
                f"row {row}: {name} is the error {error} of a formula; mend it, or leave the "
                "cell blank"
            )
        unread.append(str(name))
    if unread:
        names = listing(dict.fromkeys(unread))
        tell(
            f"{len(unread)} cells hold an error of a formula, in columns that are not used: {names}"
        )
    for name, values in laid.columns.items():
        if fold(name) in ids:
            _check_ids(name, values, laid.numbers)
    return laid


def _known(source: Source) -> frozenset[str]:
    return known_names(source) | LON_NAMES | LAT_NAMES


def _names_of_ids(source: Source) -> frozenset[str]:
    columns = [column.name for column in source.table.columns if column.kind == "id"]
    return frozenset(fold(name) for c in columns for name in (c, *source.read_from(c)))


def _names_of_optional(source: Source) -> frozenset[str]:
    """Folded names of columns in which an error of a formula may stand for no value."""
    columns = [
        column.name
        for column in source.table.columns
        if not column.required and column.kind in ("number", "integer", "flag")
    ]
    return frozenset(fold(name) for c in columns for name in (c, *source.read_from(c)))


def _check_ids(name: str, values: Iterable[Any], numbers: list[int]) -> None:
    for value, number in zip(values, numbers, strict=True):
        large = isinstance(value, int | float) and abs(value) >= 10**_DIGITS
        if large and not isinstance(value, bool):
            raise UnreadableError(
                f"row {number}: {name} is {value:.0f}, but a spreadsheet keeps {_DIGITS} digits "
                "of a number; write it as text"
            )


# --- Formulas and merged cells --------------------------------------------------------------


def _check_book(source: Source, path: Path, sheets: list[_Sheet], tell: Tell) -> None:
    """Look for cells whose value is not what is seen: formulas without one, and merged cells."""
    if not _has_formulas_or_merged(path):
        return
    from openpyxl import load_workbook

    book = load_workbook(path, data_only=False)
    for sheet in sheets:
        seen = book[sheet.name]
        header = find_header(sheet.grid, source) if sheet.grid.rows else 0
        _check_merged(seen, sheet, header, tell)
        _check_formulas(seen, sheet, header, tell)
    book.close()


def _has_formulas_or_merged(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if "worksheets/" in name and name.endswith(".xml"):
                content = archive.read(name)
                if _FORMULA.search(content) or _MERGED.search(content):
                    return True
    return False


def _check_merged(seen: Worksheet, sheet: _Sheet, header: int, tell: Tell) -> None:
    """Fill names of columns from merged cells; refuse them where they hide values."""
    grid = sheet.grid
    if not grid.rows:
        return
    at = grid.numbers[header]
    names = list(grid.rows[header])
    for merged in seen.merged_cells.ranges:
        if merged.min_row <= at <= merged.max_row:
            held = seen.cell(merged.min_row, merged.min_col).value
            columns = range(merged.min_col - 1, min(merged.max_col, len(names)))
            if merged.min_row < at and held is not None and len(columns) == 1:
                names[columns[0]] = names[columns[0]] or str(held)
        below = merged.max_row > at and merged.min_row <= grid.numbers[-1]
        if below and merged.min_row > at:
            raise UnreadableError(
                f"row {merged.min_row}: the cells {merged.coord} of sheet '{sheet.name}' are "
                "merged, so all but the first are blank; unmerge them, and fill in each row"
            )
    if names != list(grid.rows[header]):
        tell("names of columns are taken from merged cells above them")
        grid.rows[header] = names


def _check_formulas(seen: Worksheet, sheet: _Sheet, header: int, tell: Tell) -> None:
    """Refuse formulas whose value was never worked out by the program that wrote them."""
    grid = sheet.grid
    values = dict(zip(grid.numbers, grid.rows, strict=True))
    first = grid.numbers[header] if grid.numbers else 1
    count = 0
    for row in seen.iter_rows(min_row=first):
        for cell in row:
            if cell.data_type != "f":
                continue
            held = values.get(cell.row)
            if held is None or cell.column > len(held) or held[cell.column - 1] is None:
                if (cell.row, cell.column) in sheet.empty:
                    continue
                text = getattr(cell.value, "text", cell.value)
                raise UnreadableError(
                    f"row {cell.row}: cell {cell.coordinate} of sheet '{sheet.name}' is a formula, "
                    f"{shown(str(text))}, whose value is not in the file; open it in a "
                    "spreadsheet program and save it, or write the value"
                )
            count += 1
    if count:
        tell(
            f"{count:,} cells of sheet '{sheet.name}' are formulas; their values are those of when "
            "the file was saved"
        )
