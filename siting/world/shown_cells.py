"""Cells of a spreadsheet that show something else than what they hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

from siting.wording import shown
from siting.world.columns import Column
from siting.world.grids import Cell, Grid
from siting.world.matching import Origin
from siting.world.number_formats import (
    is_percent,
    shown_as,
    text_shown_as,
    thousands_hidden,
    unit_factor,
    words_of,
)
from siting.world.raw import Source, UnreadableError

_SIDES = {"W": "WEST", "S": "SOUTH"}
_ZEROS = re.compile(r"0{2,15}")

Meant = dict[str, tuple[Column, Origin]]
"""Columns of a sheet that are read, by their names in it."""

Tell = Callable[[str], object]


@dataclass
class SheetOfCells:
    """A sheet with the number of each of its rows, as wide as its widest."""

    name: str
    grid: Grid
    visible: bool
    errors: list[tuple[int, int, str]]
    """Cells that hold an error: row and column from 1, and the error."""
    empty: set[tuple[int, int]]
    """Cells that hold text of no letters, such as what a formula gives: row and column from 1."""
    formats: dict[tuple[int, int], str]
    """Formats of cells that show something else than what they hold: row and column from 1."""
    dates: set[tuple[int, int]]
    """Cells that hold a day or a time: row and column from 1."""
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    is_filtered: bool = False


def show_column(
    sheet: SheetOfCells,
    at: int,
    column: int,
    name: str,
    ours: Column,
    origin: Origin,
    source: Source,
    tell: Tell,
) -> None:
    """Take text as it is shown, and look whether numbers are shown in the unit of the registry."""
    if ours.kind in ("id", "text"):
        _check_dates(sheet, at, column, name, tell, is_name=ours.name == "name")
        _show_text(sheet, at, column, name, tell)
        return
    held = [
        (number, sheet.formats[number, column], value)
        for number, row in _rows_below(sheet, at)
        if (number, column) in sheet.formats and isinstance(value := row[column - 1], int | float)
    ]
    percent = [(number, value) for number, code, value in held if is_percent(code)]
    if percent:
        _check_percent(name, ours, origin, percent, source, tell)
    scaled = [(number, value) for number, code, value in held if thousands_hidden(code)]
    if scaled:
        number, value = scaled[0]
        tell(
            f"{name} is shown in thousands or millions in {_rows_said(scaled)}, and is read as its "
            f"cells hold it: {shown(value)} in row {number}"
        )
    if ours.name in ("lon", "lat"):
        _refuse_other_side(name, ours, held)
    others: dict[tuple[str, float | None], list[int]] = {}
    for number, code, _ in held:
        unit = unit_factor(code, ours.unit)
        if unit is not None:
            others.setdefault(unit, []).append(number)
    if others and origin.is_plain:
        numbers = sum(isinstance(row[column - 1], int | float) for _, row in _rows_below(sheet, at))
        _refuse_unit(name, ours, origin, others, numbers, source)


def _refuse_other_side(name: str, ours: Column, held: list[tuple[int, str, int | float]]) -> None:
    """Refuse degrees west or south that are held without their sign."""
    side = {"lon": "W", "lat": "S"}[ours.name]
    wrong = [
        number
        for number, code, value in held
        if value > 0 and words_of(code).strip("\u00b0\u00ba").upper() in (side, _SIDES[side])
    ]
    if wrong:
        raise UnreadableError(
            f"row {wrong[0]}: {name} is shown in degrees {side} in {_rows_said(wrong)}, and held "
            f"without a sign; degrees {_SIDES[side].lower()} are below 0: write them so"
        )


def _rows_below(sheet: SheetOfCells, at: int) -> Iterable[tuple[int, list[Cell]]]:
    rows = zip(sheet.grid.numbers[at + 1 :], sheet.grid.rows[at + 1 :], strict=True)
    return [(number, cast("list[Cell]", row)) for number, row in rows]


def _rows_said(numbers: Sequence[object]) -> str:
    return "1 row" if len(numbers) == 1 else f"{len(numbers):,} rows"


def _check_dates(
    sheet: SheetOfCells, at: int, column: int, name: str, tell: Tell, *, is_name: bool
) -> None:
    """Refuse days among other text: a spreadsheet makes them of ids such as 3-1."""
    given = {n: row[column - 1] for n, row in _rows_below(sheet, at) if row[column - 1] is not None}
    days = [number for number in given if (number, column) in sheet.dates]
    if not days:
        return
    first = given[days[0]]
    if len(days) < len(given) and not is_name:
        more = f", and so are {len(days) - 1:,} others" if len(days) > 1 else ""
        raise UnreadableError(
            f"row {days[0]}: {name} is a date, {first}{more}, but not in every row: spreadsheets "
            "make dates of what looks like one, such as 3-1; write it as text"
        )
    tell(f"{name} holds dates in {_rows_said(days)}, read as {first} in row {days[0]}")


def _show_text(sheet: SheetOfCells, at: int, column: int, name: str, tell: Tell) -> None:
    """Ids and names as the format of their cells shows them: SUB-007 is held as 7."""
    changed: list[tuple[int, Cell, str]] = []
    for number, row in _rows_below(sheet, at):
        code = sheet.formats.get((number, column))
        value = row[column - 1]
        if code is None or value is None or isinstance(value, bool):
            continue
        seen = None
        if isinstance(value, int):
            seen = shown_as(value, code)
        elif isinstance(value, str):
            seen = text_shown_as(value, code)
        if seen is not None and seen != str(value):
            changed.append((number, value, seen))
            row[column - 1] = seen
    if changed:
        number, value, seen = changed[0]
        tell(
            f"{name} is read as its cells show it in {_rows_said(changed)}: row "
            f"{number} shows '{seen}' and holds {value}"
        )


def show_others(sheet: SheetOfCells, at: int, column: int) -> None:
    """Zeros before a number in columns that are only passed on: a format of zeros alone."""
    for number, row in _rows_below(sheet, at):
        zeros = _ZEROS.fullmatch(sheet.formats.get((number, column), ""))
        value = row[column - 1]
        if zeros and isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            row[column - 1] = f"{value:0{len(zeros[0])}d}"


def _check_percent(
    name: str,
    ours: Column,
    origin: Origin,
    cells: list[tuple[int, int | float]],
    source: Source,
    tell: Tell,
) -> None:
    number, value = cells[0]
    percent = f"{value * 100:.10g}"
    if not origin.is_plain:
        raise UnreadableError(
            f"row {number}: {name} shows {percent} % and holds {value:.10g}, and is to be "
            f"multiplied by {origin.times / origin.over:.10g}, as columns.{source.table.name} says "
            f"({ours.name} = {shown(origin.written())}); cells in percent hold the share: leave "
            "the factor out"
        )
    if ours.unit not in ("", "0-1"):
        raise UnreadableError(
            f"row {number}: {name} shows {percent} % and holds {value:.10g}, but {ours.name} is in "
            f"{ours.unit}; give the cells a format of numbers, and look at what they hold"
        )
    tell(
        f"{name} is shown in percent in {_rows_said(cells)}, and is read as the "
        f"share that its cells hold: {percent} % in row {number} is {value:.10g}"
    )


def _refuse_unit(
    name: str,
    ours: Column,
    origin: Origin,
    others: dict[tuple[str, float | None], list[int]],
    in_all: int,
    source: Source,
) -> None:
    """Refuse numbers that a spreadsheet shows with another unit than that of the registry."""
    (unit, factor), numbers = next(iter(others.items()))
    said = (
        f"row {numbers[0]}: {name} is shown in {unit} in {_rows_said(numbers)}, but {ours.name} is "
        f"in {ours.unit}"
    )
    if factor is None:
        raise UnreadableError(
            f"{said}; convert it, or say how many of ours one is: [columns.{source.table.name}] "
            f"{ours.name} = {shown(f'{origin.name} * ...')}"
        )
    if len(others) > 1 or len(numbers) < in_all:
        raise UnreadableError(f"{said}, and not so in all rows; write all of them in {ours.unit}")
    raise UnreadableError(
        f"{said}; say so in the model: [columns.{source.table.name}] {ours.name} = "
        f"{shown(origin.written(factor))}"
    )
