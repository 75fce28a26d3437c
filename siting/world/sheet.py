"""A table while it is checked: its columns as the registry wants them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siting.errors import Problems
from siting.notices import Notices
from siting.sphere import FloatArray
from siting.wording import did_you_mean, listing, number, shown
from siting.world.columns import POSITION, Column, Table
from siting.world.files import Raw

ObjectArray = NDArray[np.object_]
BoolArray = NDArray[np.bool_]

LISTED = 10
"""So many rows with the same problem are listed; the others are counted."""

_TRUE = ("true", "yes", "1")
_FALSE = ("false", "no", "0")


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
        elif column.required:
            sheet.complain(_say_missing(sheet, column))
    any_of = raw.table.any_of
    if any_of and not any(name in sheet.columns for name in any_of):
        sheet.complain(_say_missing(sheet, raw.table.column(any_of[0]), any_of[1:]))
    if "id" in sheet.columns:
        _check_unique(sheet)
    return sheet


def _read_column(sheet: Sheet, column: Column) -> NDArray[Any]:
    given = sheet.raw.frame[column.name]
    if column.kind in ("id", "text"):
        text = np.array([text_of(value) for value in _objects(given)], dtype=object)
        blank = np.array([value is None for value in text], dtype=bool)
        _check_given(sheet, column, blank)
        return text
    if column.kind == "flag":
        return _read_flags(sheet, column, _objects(given))
    return _read_numbers(sheet, column, given)


def _objects(given: pd.Series[Any]) -> ObjectArray:
    objects: ObjectArray = given.to_numpy(dtype=object)
    return objects


def text_of(value: object) -> str | None:
    """Text as the user wrote it; a whole number is its digits, and white space is blank."""
    if isinstance(value, str):
        return value if value.strip() else None
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() else repr(float(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_flags(sheet: Sheet, column: Column, given: ObjectArray) -> ObjectArray:
    text = [text_of(value) for value in given]
    folded = [value.casefold() if value is not None else None for value in text]
    flags = np.array(
        [True if value in _TRUE else False if value in _FALSE else None for value in folded],
        dtype=object,
    )
    wrong = [row for row, value in enumerate(folded) if value is not None and flags[row] is None]
    sheet.complain_of(
        wrong, lambda row: f"{column.name} is {shown(text[row])}, but it must be true or false"
    )
    return flags


def _read_numbers(sheet: Sheet, column: Column, given: pd.Series[Any]) -> FloatArray:
    values, refused = _numbers_of(given)
    unit = f" {column.unit}" if column.unit not in ("", "0-1") else ""
    name = column.name
    _check_given(sheet, column, np.isnan(values) & ~refused)
    held = _objects(given)

    def say_text(row: int) -> str:
        wanted = f"a number{f' [{column.unit}]' if column.unit else ''}"
        return (
            f"{name} is {shown(held[row])}, but it must be {wanted}; write digits, with a point "
            "before decimals, and no unit"
        )

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
                f"{plain(high)}{unit}{_percent_hint(column, float(values[row]))}"
            ),
        )
    low = -np.inf if column.lower is None else column.lower
    high = np.inf if column.upper is None else column.upper
    out = (values < low) | (values > high)
    sheet.refused[name] = refused | infinite | out
    return np.where(out, np.nan, values)


def _year(value: float) -> str:
    return f"{value:.10g}"


def _percent_hint(column: Column, value: float) -> str:
    if column.unit == "0-1" and value <= 100:
        return f"; {number(value)} % is written {number(value / 100)}"
    return ""


def _numbers_of(given: pd.Series[Any]) -> tuple[FloatArray, BoolArray]:
    """Numbers, NaN where blank or refused, and which values were refused."""
    none = np.zeros(len(given), dtype=bool)
    if pd.api.types.is_bool_dtype(given.dtype):
        return np.full(len(given), np.nan), ~none
    if pd.api.types.is_numeric_dtype(given.dtype):
        return given.to_numpy(dtype=float, na_value=np.nan), none
    values = np.full(len(given), np.nan)
    refused = none
    for row, value in enumerate(_objects(given)):
        text = text_of(value)
        if text is None:
            continue
        try:
            values[row] = float(text)
        except ValueError:
            refused[row] = True
        # float() also reads "nan", and digits apart by "_": neither is a number of a table.
        refused[row] |= bool(np.isnan(values[row])) or "_" in text
    values[refused] = np.nan
    return values, refused


def _check_given(sheet: Sheet, column: Column, blank: BoolArray) -> None:
    if column.required:
        unit = f" [{column.unit}]" if column.unit else ""
        sheet.complain_of(
            np.flatnonzero(blank),
            f"{column.name} is blank, but every {sheet.table.a_row} needs it{unit}; give it, or "
            "take the row out",
        )


def _say_missing(sheet: Sheet, column: Column, others: Sequence[str] = ()) -> str:
    known = {known.name for known in sheet.table.columns}
    unknown = [name for name in sheet.raw.frame.columns if name not in known and name != "geometry"]
    close = did_you_mean(column.name, unknown)
    unit = f" [{column.unit}]" if column.unit else ""
    names = f"{column.name}{unit} is missing"
    if others:
        names = f"{column.name}{unit} is missing, and so are {', '.join(others)}"
    if close:
        todo = f"did you mean '{close}'? rename it"
    elif unknown:
        todo = f"the table has {', '.join(unknown[:LISTED])}"
    else:
        todo = "add it"
    one = "one of them" if others else "it"
    return f"column {names}, but every {sheet.table.a_row} needs {one}; {todo}"


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
            return f"{also}; ids are unique"
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
