"""A table while it is checked: its columns as the registry wants them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siting.errors import Problems
from siting.notices import Notices
from siting.sphere import FloatArray
from siting.wording import did_you_mean, listing, number, share_hint, shown
from siting.world.columns import POSITION, Column, Table
from siting.world.files import Raw
from siting.world.matching import ROW_NUMBER, Origin, other_names, propose, say_asked, unit_of_value
from siting.world.plausible import check_plausible
from siting.world.values import (
    BoolArray,
    ObjectArray,
    Texts,
    read_numbers,
    read_texts,
    text_of,
    tidied,
)

__all__ = ["LISTED", "BoolArray", "ObjectArray", "Sheet", "read_columns", "text_of"]

LISTED = 10
"""So many rows with the same problem are listed; the others are counted."""

SHOWN = 3
"""So many rows are named in a notice; the others are counted."""

_TRUE = ("true", "yes", "1", "t", "y")
_FALSE = ("false", "no", "0", "f", "n")

# Words that stand for no value, where they would count as the name of one utility, one region.
NO_VALUE = frozenset(
    (
        *("na", "n/a", "n.a.", "n.a", "#n/a", "#n/d", "<na>", "nan", "null", "<null>", "(null)"),
        *("nil", "none", "-", "--", "---", "\u2013", "\u2014", "?", ".", "unknown", "<unknown>"),
        *("not available", "not applicable", "not known", "no data", "nodata", "(blank)"),
    )
)
# In a column of numbers or flags these stand for none, too; as a name ND is North Dakota.
_NO_NUMBER = NO_VALUE | {
    *("nd", "n.d.", "n/d", "unk", "missing", "blank", "empty", "undefined", "no value"),
    *("tbd", "tba", "tbc", "t.b.d.", "*", "..", "..."),
}
_NONE = np.array(None, dtype=object)
_NAMES = ("utility", "region", "interconnect", "state")
# What tables of numbers write where there is none: -999, -9999, and so on.
_NINES: FloatArray = 1 - 10.0 ** np.arange(3, 13, dtype=float)
# The same where no number is below 0: the least whole numbers of 16 and 32 bits are such, too.
_FILLS: FloatArray = np.array(
    [*_NINES, -99.0, -999.9, -999.99, -9999.9, -32767.0, -32768.0, -2147483648.0], dtype=float
)
_NOTHING_BELOW = -1e30
"""Numbers below are what grids have where there is none: the least of single precision."""


@dataclass
class Sheet:
    """A table while it is checked.

    Parameters
    ----------
    raw
        What was read.
    problems, notices
        Where what is wrong with it is added, and what a user should know.
    columns
        Columns of the registry that the table has. Numbers are floats, NaN where blank; text and
        flags are objects, None where blank.
    refused
        ``(rows,)`` for columns of numbers, where there is a value that cannot be; it is NaN above.
    shapes
        ``(rows,)`` the geometry of the rows; None where it cannot be used.
    """

    raw: Raw
    problems: Problems
    notices: Notices
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)
    refused: dict[str, BoolArray] = field(default_factory=dict)
    shapes: ObjectArray = field(default_factory=lambda: np.empty(0, dtype=object))

    def __len__(self) -> int:
        return len(self.raw.frame)

    @property
    def table(self) -> Table:
        """The table that it is."""
        return self.raw.table

    @property
    def where(self) -> str:
        """What to call it in messages."""
        return self.raw.where

    @property
    def files(self) -> tuple[str, ...]:
        """Under which names problems of it are added."""
        return (self.where,)

    def text(self, name: str) -> ObjectArray:
        """A column of text, or blanks if the table has no such column."""
        blank = np.full(len(self), None, dtype=object)
        return self.columns.get(name, blank)

    def numbers(self, name: str) -> FloatArray:
        """A column of numbers, or NaN if the table has no such column."""
        return self.columns.get(name, np.full(len(self), np.nan))

    def place(self, row: int) -> str:
        """What to call a row in messages: its place in the file, and its id if it has one."""
        place = self.raw.place(row)
        name = self.text("id")[row]
        return place if name is None else f"{place} (id '{name}')"

    def origin(self, name: str) -> Origin:
        """The column of the file that a column is read from."""
        return self.raw.origins.get(name, Origin(name))

    def label(self, name: str) -> str:
        """What to call a column in messages: its name, and what the model has it read from."""
        origin = self.origin(name)
        asked = name in dict(self.raw.source.columns)
        return f"{name} (from '{origin.written()}')" if asked and origin != Origin(name) else name

    def some(self, rows: Sequence[int] | NDArray[Any]) -> str:
        """The first of some rows, and how many more there are."""
        shown = ", ".join(self.place(int(row)) for row in rows[:SHOWN])
        more = len(rows) - SHOWN
        return f"{shown} and {more:,} more" if more > 0 else shown

    def complain(self, what: str) -> None:
        """Say what is wrong with the table as a whole."""
        self.problems.add(self.raw.where, what)

    def tell(self, what: str) -> None:
        """Say what was done to the table as a whole, and is no reason to stop."""
        self.notices.add(self.raw.where, what)

    def complain_of(
        self, rows: Sequence[int] | NDArray[Any], say: str | Callable[[int], str]
    ) -> None:
        """Say what is wrong with some rows; beyond the first ten they are counted."""
        for row in map(int, rows[:LISTED]):
            self.complain(f"{self.place(row)}: {say if isinstance(say, str) else say(row)}")
        more = len(rows) - LISTED
        if more > 0:
            self.complain(f"and {more:,} more like the last")


def read_columns(raw: Raw, problems: Problems, notices: Notices) -> Sheet:
    """Turn the columns of a table into what the registry says, and check each by itself."""
    sheet = Sheet(raw, problems, notices)
    columns = raw.table.columns
    if raw.form == "lonlat":
        columns = (*columns, *POSITION)
    for column in columns:
        if column.name in raw.frame.columns:
            sheet.columns[column.name] = _read_column(sheet, column)
        elif column.required and column.name not in raw.asked:
            sheet.complain(_say_missing(sheet, column))
    any_of = raw.table.any_of
    if any_of and not any(name in sheet.columns or name in raw.asked for name in any_of):
        sheet.complain(_say_missing(sheet, raw.table.column(any_of[0]), any_of[1:]))
    if "id" in sheet.columns:
        _check_unique(sheet)
    check_plausible(sheet)
    return sheet


def _read_column(sheet: Sheet, column: Column) -> NDArray[Any]:
    given = sheet.raw.frame[column.name]
    if column.kind in ("id", "text"):
        return _read_text(sheet, column, read_texts(given))
    if column.kind == "flag":
        return _read_flags(sheet, column, given.to_numpy(dtype=object))
    return _read_numbers(sheet, column, given)


def _read_text(sheet: Sheet, column: Column, read: Texts) -> ObjectArray:
    text, label = read.text, sheet.label(column.name)
    if column.kind == "id":
        sheet.columns["id"] = text  # rows are called by their ids from here on
    if len(read.lost):
        sheet.complain(
            f"{label} has whole numbers of {read.exact:,.0f} or more in {_rows(len(read.lost))} "
            f"({sheet.some(read.lost)}), which the file holds as numbers with decimals, so that "
            "their last digits are lost; save the column as text, or as whole numbers without "
            "blanks"
        )
    if len(read.trimmed):
        sheet.tell(
            f"{label} has spaces, or characters that are not seen, around it in "
            f"{_rows(len(read.trimmed))}, which are taken off: {sheet.some(read.trimmed)}"
        )
    blank = np.array([value is None for value in text], dtype=bool)
    _check_given(sheet, column, blank)
    return _without_words(sheet, column, text) if column.name in _NAMES else text


def _without_words(sheet: Sheet, column: Column, text: ObjectArray) -> ObjectArray:
    """Blanks where a word stands for no value, as one utility ``NA`` would feed many zones."""
    words = {value for value in set(text) if value is not None and value.casefold() in NO_VALUE}
    if not words:
        return text
    found = np.array([value in words for value in text], dtype=bool)
    say_no_value(sheet, column, [f"'{word}'" for word in sorted(words)], np.flatnonzero(found))
    named = text.copy()
    named[found] = None
    return named


def forget_words(sheet: Sheet, name: str, ids: ObjectArray) -> None:
    """Blanks in a column of ids where a word stands for no value, and is none of the ids."""
    text = sheet.text(name)
    known = {value for value in ids if value is not None}
    words = {value for value in set(text) - known if value and value.casefold() in NO_VALUE}
    if words:
        found = np.array([value in words for value in text], dtype=bool)
        quoted = [f"'{word}'" for word in sorted(words)]
        say_no_value(sheet, sheet.table.column(name), quoted, np.flatnonzero(found))
        sheet.columns[name] = np.where(found, _NONE, text)


def say_no_value(sheet: Sheet, column: Column, words: Sequence[str], rows: NDArray[Any]) -> None:
    """Say that some rows have what stands for no value: they are blank, if they may be."""
    said = (
        f"{sheet.label(column.name)} is {listing(words)} in {_rows(len(rows))}, which stands for "
        "no value"
    )
    if column.required:
        unit = f" [{column.unit}]" if column.unit else ""
        out = "row" if len(rows) == 1 else "rows"
        sheet.complain(
            f"{said}, but every {sheet.table.a_row} needs it{unit}; give it, or take the {out} "
            f"out: {sheet.some(rows)}"
        )
    else:
        sheet.tell(f"{said} and is read as blank: {sheet.some(rows)}")


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _read_flags(sheet: Sheet, column: Column, given: ObjectArray) -> ObjectArray:
    text = [text_of(value) for value in given]
    folded = [(value or "").strip().casefold() or None for value in text]
    flags = np.array(
        [True if value in _TRUE else False if value in _FALSE else None for value in folded],
        dtype=object,
    )
    none = [row for row, value in enumerate(folded) if value in _NO_NUMBER]
    if none:
        written = sorted({f"'{(text[row] or '').strip()}'" for row in none})
        say_no_value(sheet, column, written, np.array(none, np.int64))
    given_rows = set(range(len(text))) - set(none)
    wrong = [row for row in sorted(given_rows) if folded[row] is not None and flags[row] is None]
    sheet.complain_of(
        wrong, lambda row: f"{column.name} is {shown(text[row])}, but it must be true or false"
    )
    return flags


def _read_numbers(sheet: Sheet, column: Column, given: pd.Series[Any]) -> FloatArray:
    values, refused = read_numbers(given)
    unit = f" {column.unit}" if column.unit not in ("", "0-1") else ""
    name = sheet.label(column.name)
    held: ObjectArray = given.to_numpy(dtype=object)
    nothing = _find_nothing(sheet, column, held, values, refused)
    values, refused = np.where(nothing, np.nan, values), refused & ~nothing
    _check_given(sheet, column, np.isnan(values) & ~refused & ~nothing)

    def say_text(row: int) -> str:
        wanted = f"a number{f' [{column.unit}]' if column.unit else ''}"
        hint = _digits_hint(held[row], column)
        return f"{name} is {shown(held[row])}, but it must be {wanted}; {hint}"

    sheet.complain_of(np.flatnonzero(refused), say_text)
    infinite = np.isinf(values)
    sheet.complain_of(
        np.flatnonzero(infinite),
        f"{name} is infinite, but it must be a number that can be reached",
    )
    values = np.where(infinite, np.nan, values)
    plain = _year if column.kind == "integer" else number
    if column.kind == "integer":
        sheet.complain_of(
            np.flatnonzero(~np.isnan(values) & (values != np.floor(values))),
            lambda row: f"{name} is {plain(values[row])}, but it must be a whole number",
        )
    if column.lower is not None:
        low = column.lower
        why = column.too_low or "write what it is, or leave it blank"
        sheet.complain_of(
            np.flatnonzero(values < low),
            lambda row: (
                f"{name} is {plain(values[row])}{unit}, but it must be at least "
                f"{plain(low)}{unit}: {why}"
            ),
        )
    if column.upper is not None:
        high = column.upper
        sheet.complain_of(
            np.flatnonzero(values > high),
            lambda row: (
                f"{name} is {plain(values[row])}{unit}, but it must be at most "
                f"{plain(high)}{unit}{_percent_hint(sheet, column, float(values[row]))}"
            ),
        )
    low = -np.inf if column.lower is None else column.lower
    high = np.inf if column.upper is None else column.upper
    out = (values < low) | (values > high)
    sheet.refused[column.name] = refused | infinite | out | (nothing & column.required)
    return np.where(out, np.nan, values)


def _year(value: float) -> str:
    return f"{value:.10g}"


def _percent_hint(sheet: Sheet, column: Column, value: float) -> str:
    # What the model has a factor for is no percent any more.
    is_plain = column.unit == "0-1" and sheet.origin(column.name).is_plain
    return share_hint(value) if is_plain else ""


def _digits_hint(value: object, column: Column) -> str:
    """How a number is written that stands in a table as text."""
    text = value.strip() if isinstance(value, str) else ""
    plain = "digits, with a point before decimals"
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text):
        as_point = f", or {text.replace(',', '.')} if the comma is a point"
        maybe = as_point if text.count(",") == 1 and "." not in text else ""
        return f"write {text.replace(',', '')}{maybe}: {plain}"
    if re.fullmatch(r"[+-]?\d{1,3}([ '\u2019\u00a0\u2009\u202f]\d{3})+(\.\d+)?", text):
        return f"write {re.sub(r'[^-+.0-9]', '', text)}: {plain}"
    if re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+,\d+", text):
        return f"write {text.replace('.', '').replace(',', '.')}: {plain}"
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return f"write {text.replace(',', '.')}: {plain}"
    of_unit = re.fullmatch(r"([+-]?\d+(?:\.\d+)?)\s*([^\s\d].*)", text)
    unit = None if of_unit is None else unit_of_value(of_unit[2], column)
    if of_unit is not None and unit is not None and unit.factor is not None:
        return f"{text} is written {number(float(of_unit[1]) * unit.factor)}"
    return f"write {plain}, and no unit"


def _find_nothing(
    sheet: Sheet, column: Column, held: ObjectArray, values: FloatArray, refused: BoolArray
) -> BoolArray:
    """Rows whose word, or whose number of nines below nothing, stands for no value."""
    words = np.zeros(len(values), dtype=bool)
    for row in np.flatnonzero(refused):
        words[row] = tidied(text_of(held[row]) or "").casefold() in _NO_NUMBER
    fills = _find_fills(sheet, column, values)
    found = words | fills
    if not found.any():
        return found
    origin = sheet.origin(column.name)
    given = values[fills] if origin.is_plain else values[fills] * (origin.over / origin.times)
    said = [number(float(f"{value:.10g}")) for value in np.unique(given)]
    said += [
        f"'{word}'"
        for word in sorted({tidied(text_of(held[row]) or "") for row in np.flatnonzero(words)})
    ]
    say_no_value(sheet, column, list(dict.fromkeys(said)), np.flatnonzero(found))
    return found


def _find_fills(sheet: Sheet, column: Column, values: FloatArray) -> BoolArray:
    """Numbers below nothing that stand for no value in tables and grids."""
    if column.unit == "degrees":
        known = _NINES
    elif column.lower is not None and column.lower >= 0:
        known = _FILLS
    else:
        return np.zeros(len(values), dtype=bool)
    with np.errstate(invalid="ignore"):
        if not (values < 0).any():
            return np.zeros(len(values), dtype=bool)
    # The file's own numbers, before the factor of the model: -999999 / 1000 is none of nines.
    origin = sheet.origin(column.name)
    given = values if origin.is_plain else np.round(values * (origin.over / origin.times), 6)
    with np.errstate(invalid="ignore"):
        return np.isin(given, known) | ((given < _NOTHING_BELOW) & np.isfinite(given))


def _check_given(sheet: Sheet, column: Column, blank: BoolArray) -> None:
    if column.required:
        unit = f" [{column.unit}]" if column.unit else ""
        sheet.complain_of(
            np.flatnonzero(blank),
            f"{sheet.label(column.name)} is blank, but every {sheet.table.a_row} needs it{unit}; "
            "give it, or take the row out",
        )


def _say_missing(sheet: Sheet, column: Column, others: Sequence[str] = ()) -> str:
    known = {known.name for known in sheet.table.columns}
    unknown = [name for name in sheet.raw.frame.columns if name not in known and name != "geometry"]
    # What has blanks is not what every row needs.
    full = [name for name in unknown if not sheet.raw.frame[name].isna().any()]
    sure, maybe = other_names(column, sheet.table, full)
    close = next(iter(sure), None) or did_you_mean(column.name, full) or next(iter(maybe), None)
    if column.kind == "id" and "name" in sheet.raw.origins:
        # A placemark of a KML has a name where it has no id.
        close = close or sheet.origin("name").name
    if column.kind == "id" and len(full) == 1:
        close = close or full[0]
    unit = f" [{column.unit}]" if column.unit else ""
    names = f"{column.name}{unit} is missing"
    if others:
        names = f"{column.name}{unit} is missing, and so are {', '.join(others)}"
    if close:
        todo = f"did you mean '{close}'? {propose(column, sheet.table, close)}"
    elif unknown:
        more = f" and {len(unknown) - LISTED:,} more" if len(unknown) > LISTED else ""
        asked = _say_asked(sheet, column, "...")
        todo = f"the table has {', '.join(unknown[:LISTED])}{more}; say which it is: {asked}"
    else:
        todo = "add it"
    one = "one of them" if others else "it"
    return f"column {names}, but every {sheet.table.a_row} needs {one}; {todo}"


def _say_asked(sheet: Sheet, column: Column, theirs: str) -> str:
    return say_asked(column, sheet.table, theirs)


def _check_unique(sheet: Sheet) -> None:
    ids = sheet.text("id")
    first: dict[str, int] = {}
    again = []
    for row, name in enumerate(ids):
        if name is not None and first.setdefault(name, row) != row:
            again.append(row)

    def say(row: int) -> str:
        before = first[ids[row]]
        also = f"id '{ids[row]}' is also {sheet.raw.place(before)}"
        if sheet.table.geometry != "polygon":
            number_them = _say_asked(sheet, sheet.table.column("id"), ROW_NUMBER)
            return f"{also}; ids are unique: change them, or number the rows by {number_them}"
        names = listing(_differing(sheet, before, row))
        return (
            f"{also}, and they differ in {names}; ids are unique, and rows of one zone are united "
            "only where they say the same"
        )

    for row in again[:LISTED]:
        sheet.complain(f"{sheet.raw.place(row)}: {say(row)}")
    if len(again) > LISTED:
        sheet.complain(f"and {len(again) - LISTED:,} more like the last")


def _differing(sheet: Sheet, row: int, other: int) -> list[str]:
    """Columns of the registry in which two rows do not say the same."""
    return [
        column.name
        for column in sheet.table.columns
        if column.name in sheet.raw.frame.columns
        and text_of(sheet.raw.frame[column.name].iloc[row])
        != text_of(sheet.raw.frame[column.name].iloc[other])
    ] or ["nothing"]
