"""Tables of spreadsheets: which sheet, and what its cells hold."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siting.wording import did_you_mean, listing, shown
from siting.world.columns import POSITION, TABLES
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
from siting.world.matching import LISTED, asked_of_part, match_columns
from siting.world.positions import LAT_NAMES, LON_NAMES
from siting.world.raw import Source, UnreadableError, fold
from siting.world.shown_cells import Meant, SheetOfCells, show_column, show_others
from siting.world.stray_rows import take_out_strays

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_FORMULA = re.compile(rb"<f[\s>/]")
_MERGED = re.compile(rb"<mergeCell\s")
_HIDDEN = re.compile(rb"<(?:row|col)\s[^>]*\bhidden=\"(?:1|true)\"")
_PLAIN_FORMATS = (None, "General", "0", "@")
_DIGITS = 15
"""Digits of a number that a spreadsheet keeps."""

Tell = Callable[[str], object]


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
    return [(sheet.name, _read_one(source, sheet, sheets, tell)) for sheet in sheets]


def _read_one(source: Source, sheet: SheetOfCells, sheets: list[SheetOfCells], tell: Tell) -> Laid:
    """One of the sheets that are read; where there are several, what is said names it."""
    if not sheet.visible:
        tell(f"sheet '{sheet.name}' is hidden in the spreadsheet, and is read")
    if len(sheets) == 1:
        return _lay_out(source, sheet, tell)
    try:
        return _lay_out(source, sheet, lambda what: tell(f"sheet '{sheet.name}': {what}"))
    except UnreadableError as error:
        raise UnreadableError(f"sheet '{sheet.name}': {error}") from None


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
    """The sheets that the model names, or all."""
    there = [sheet.title for sheet in book.worksheets]
    if not there:
        raise UnreadableError("holds no sheet with cells; save the table as CSV")
    if not source.layers:
        return there
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


def _choose(source: Source, sheets: list[SheetOfCells], tell: Tell) -> list[SheetOfCells]:
    """The only sheet that can be the table.

    A hidden sheet is read only where the model names it.
    """
    if len(sheets) == 1:
        return sheets
    filled = [sheet for sheet in sheets if len(sheet.grid.rows) > 1]
    seen = [sheet for sheet in filled if sheet.visible]
    own = [sheet for sheet in seen if sheet.name == source.table.name]
    own = own or [sheet for sheet in seen if fold(sheet.name) == source.table.name]
    fits = own if len(own) == 1 else [sheet for sheet in seen if _fits(source, sheet)]
    fits = fits or (seen if len(seen) == 1 else [])
    name = source.table.name
    held = listing(f"'{sheet.name}' ({_count(sheet)})" for sheet in sheets)
    if len(fits) == 1:
        # Sheets with the names of other tables are those tables.
        others = [
            sheet
            for sheet in filled
            if sheet is not fits[0] and not (own and fold(sheet.name) in TABLES and sheet.visible)
        ]
        if others:
            left = listing(f"'{sheet.name}' ({_count(sheet)})" for sheet in others)
            why = "the one that has the columns"
            if len(own) == 1:
                why = "as it has the name of the table"
            elif not any(_fits(source, sheet) for sheet in fits):
                why = "the only one that is not hidden"
            tell(f"sheet '{fits[0].name}' is read, {why}; left: {left}")
        return fits
    if not fits:
        _refuse_far_below(source, seen)
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
        + (", or several if they are one table" if fits else "")
    )


def _refuse_far_below(source: Source, sheets: list[SheetOfCells]) -> None:
    """Say of the only sheet whose names lie too far below what gives them."""
    said = []
    for sheet in sheets:
        try:
            find_header(sheet.grid, source)
        except UnreadableError as error:
            said.append(f"sheet '{sheet.name}': {error}")
    if len(said) == 1:
        raise UnreadableError(said[0])


def _count(sheet: SheetOfCells) -> str:
    rows = max(len(sheet.grid.rows) - 1, 0)
    hidden = "" if sheet.visible else ", hidden"
    return f"{rows:,} row{'s' * (rows != 1)}{hidden}"


def _fits(source: Source, sheet: SheetOfCells) -> bool:
    try:
        header = find_header(sheet.grid, source)
    except UnreadableError:
        return False  # the row that the model gives is not there
    held = {fold(cell) for cell in sheet.grid.rows[header] if isinstance(cell, str)}
    return all(held & ways for ways in needed_names(source))


# --- Cells ----------------------------------------------------------------------------------


def _read_sheet(sheet: Any, name: str) -> SheetOfCells:
    # What a file says of its extent is often wrong: all rows are read, and made as wide as needed.
    sheet.reset_dimensions()
    rows: list[list[Cell]] = []
    numbers: list[int] = []
    blank: list[int] = []
    errors: list[tuple[int, int, str]] = []
    empty: set[tuple[int, int]] = set()
    formats: dict[tuple[int, int], str] = {}
    dates: set[tuple[int, int]] = set()
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
        for column, cell in enumerate(row, start=1):
            if isinstance(cell.value, dt.date | dt.time | dt.timedelta):
                dates.add((number, column))
            elif cell.value is not None and cell.number_format not in _PLAIN_FORMATS:
                formats[number, column] = str(cell.number_format)
        width = max(width, len(cells))
        rows.append(cells)
        numbers.append(number)
    rows = [cells + [None] * (width - len(cells)) for cells in rows]
    visible = sheet.sheet_state == "visible"
    grid = Grid(list(rows), numbers, "row", blank)
    return SheetOfCells(name, grid, visible, errors, empty, formats, dates)


def _value_of(cell: Any) -> Cell:
    value = cell.value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**_DIGITS:
        value = int(value)
    if isinstance(value, int | float):
        return value
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def _lay_out(source: Source, sheet: SheetOfCells, tell: Tell) -> Laid:
    if not sheet.grid.rows:
        return lay_out(sheet.grid, source, tell)
    at = find_header(sheet.grid, source)
    take_out_strays(sheet.grid, at, source, tell)
    header = [None if cell is None else " ".join(str(cell).split()) for cell in sheet.grid.rows[at]]
    meant = _meant(source, [name for name in header if name])
    for column, name in enumerate(header, start=1):
        if name in meant:
            show_column(sheet, at, column, name, *meant[name], source, tell)
        elif name not in LON_NAMES | LAT_NAMES:
            show_others(sheet, at, column)
    laid = lay_out(sheet.grid, source, tell)
    _check_errors(source, sheet, header, meant, laid, tell)
    ids = _names_of_ids(source)
    for name, values in laid.columns.items():
        if fold(name) in ids:
            _check_ids(name, values, laid.numbers)
    _tell_hidden(source, sheet, header, meant, laid, tell)
    return laid


def _check_errors(
    source: Source,
    sheet: SheetOfCells,
    header: list[str | None],
    meant: Meant,
    laid: Laid,
    tell: Tell,
) -> None:
    """Refuse errors of formulas in columns that are read, and tell of others."""
    rows, known = set(laid.numbers), _known(source)
    unread = []
    wrong: list[tuple[int, str, str]] = []
    for row, column, error in sheet.errors:
        name = header[column - 1] if column <= len(header) else None
        if row not in rows or name is None:
            continue
        if name in meant or fold(name) in known:
            wrong.append((row, name, error))
        else:
            unread.append(name)
    if wrong:
        row, name, error = wrong[0]
        more = f" ({len(wrong) - 1:,} more such cells)" if len(wrong) > 1 else ""
        raise UnreadableError(
            f"row {row}: {name} is the error {error} of a formula{more}; mend it, or leave the "
            "cell blank"
        )
    if unread:
        names = listing(dict.fromkeys(unread))
        tell(
            f"{len(unread)} cells hold an error of a formula, in columns that are not used: {names}"
        )


def _meant(source: Source, names: list[str]) -> Meant:
    """Columns of a sheet that are read, by their names in it."""
    columns = {c.name: c for c in (*source.table.columns, *POSITION)}
    asked = asked_of_part(source.columns, names, names)
    match = match_columns(names, source.table, asked, with_position=True)
    return {
        origin.name: (columns[ours], origin)
        for ours, origin in match.origins.items()
        if origin.constant is None
    }


# --- What is hidden -------------------------------------------------------------------------


def _tell_hidden(
    source: Source,
    sheet: SheetOfCells,
    header: list[str | None],
    meant: Meant,
    laid: Laid,
    tell: Tell,
) -> None:
    """Tell of rows and columns that nobody sees in the spreadsheet, and that are read."""
    rows = [n for n, number in enumerate(laid.numbers) if number in sheet.hidden_rows]
    if rows:
        of_id = next((name for name, (ours, _) in meant.items() if ours.kind == "id"), None)
        ids = laid.columns.get(of_id or "")
        first = [
            f"{laid.numbers[row]}"
            + (f" (id '{ids[row]}')" if ids is not None and ids[row] is not None else "")
            for row in rows[:LISTED]
        ]
        more = len(rows) - LISTED
        these = listing([*first, f"{more:,} more"] if more > 0 else first)
        by = ", by a filter," if sheet.is_filtered else " in the spreadsheet"
        what = "row is" if len(rows) == 1 else "rows are"
        todo = ", or name them in world.exclude_sites" if source.table.name == "sites" else ""
        tell(
            f"{len(rows):,} {what} hidden{by} and {'is' if len(rows) == 1 else 'are'} read as all "
            f"others: row{'s' * (len(rows) > 1)} {these}; delete those that are not meant{todo}"
        )
    names = [
        name
        for column, name in enumerate(header, start=1)
        if name is not None
        and column in sheet.hidden_columns
        and (name in meant or fold(name) in _known(source))
    ]
    if names:
        are = "column is" if len(names) == 1 else "columns are"
        tell(
            f"{len(names)} {are} hidden in the spreadsheet and {'is' if len(names) == 1 else 'are'}"
            f" read as all others: {listing(names)}"
        )


def _known(source: Source) -> frozenset[str]:
    return known_names(source) | LON_NAMES | LAT_NAMES


def _names_of_ids(source: Source) -> frozenset[str]:
    columns = [column.name for column in source.table.columns if column.kind == "id"]
    return frozenset(fold(name) for c in columns for name in (c, *source.read_from(c)))


def _check_ids(name: str, values: Iterable[Any], numbers: list[int]) -> None:
    for value, number in zip(values, numbers, strict=True):
        large = isinstance(value, int | float) and abs(value) >= 10**_DIGITS
        if large and not isinstance(value, bool):
            raise UnreadableError(
                f"row {number}: {name} is {value:.0f}, but a spreadsheet keeps {_DIGITS} digits "
                "of a number; write it as text"
            )


# --- Formulas, merged and hidden cells -------------------------------------------------------


def _check_book(source: Source, path: Path, sheets: list[SheetOfCells], tell: Tell) -> None:
    """Look for cells whose value is not what is seen: formulas without one, and merged cells."""
    if not _has_more_than_cells(path):
        return
    from openpyxl import load_workbook

    book = load_workbook(path, data_only=False)
    for sheet in sheets:
        seen = book[sheet.name]
        try:
            header = find_header(sheet.grid, source) if sheet.grid.rows else 0
        except UnreadableError:
            continue  # said where it is laid out
        _find_hidden(seen, sheet)
        _check_merged(seen, sheet, header, tell)
        _check_formulas(seen, sheet, header, tell)
    book.close()


def _find_hidden(seen: Worksheet, sheet: SheetOfCells) -> None:
    from openpyxl.utils import column_index_from_string

    sheet.hidden_rows = {row for row, about in seen.row_dimensions.items() if about.hidden}
    for letter, about in seen.column_dimensions.items():
        if about.hidden:
            first = about.min or column_index_from_string(letter)
            sheet.hidden_columns |= set(range(first, (about.max or first) + 1))
    filters = [seen.auto_filter, *(table.autoFilter for table in seen.tables.values())]
    sheet.is_filtered = any(held is not None and held.filterColumn for held in filters)


def _has_more_than_cells(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if "worksheets/" in name and name.endswith(".xml"):
                content = archive.read(name)
                if any(sought.search(content) for sought in (_FORMULA, _MERGED, _HIDDEN)):
                    return True
    return False


def _check_merged(seen: Worksheet, sheet: SheetOfCells, header: int, tell: Tell) -> None:
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
            columns = range(merged.min_col - 1, merged.max_col)
            if not any(_is_named(names, column) for column in columns):
                continue  # beside the table
            raise UnreadableError(
                f"row {merged.min_row}: the cells {merged.coord} of sheet '{sheet.name}' are "
                "merged, so all but the first are blank; unmerge them, and fill in each row"
            )
    if names != list(grid.rows[header]):
        tell("names of columns are taken from merged cells above them")
        grid.rows[header] = names


def _is_named(names: list[Cell], column: int) -> bool:
    return column < len(names) and names[column] is not None


def _check_formulas(seen: Worksheet, sheet: SheetOfCells, header: int, tell: Tell) -> None:
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
