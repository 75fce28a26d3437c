"""Numbers that are perhaps in another unit: asked about before they decide about a plan."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from siting.sphere import FloatArray
from siting.wording import number
from siting.world.columns import Column, Doubt
from siting.world.world import lines_of

if TYPE_CHECKING:
    from siting.world.sheet import Sheet

BoolArray = NDArray[np.bool_]

SHOWN = 3
"""So many of the values that are asked about are shown; the others are counted."""

LONGER = 20
LONGER_KM = 1.0
"""A span is not so many times as long as its line [1], and that much on top [km].

A cable winds, and has reserves in its joints: a few tenths of a kilometre beside a line of a few
metres. In metres it is a thousand times too long.
"""


def check_plausible(sheet: Sheet) -> None:
    """Ask about numbers that no real value reaches, and tell of those that hardly one does.

    What is asked about is taken for no number, so that nothing else is said of it.
    """
    for column in sheet.table.columns:
        name = column.name
        if name not in sheet.refused:
            continue
        values = sheet.numbers(name)
        left = ~np.isnan(values)
        for doubt in column.doubts:
            rows = _doubted(values, left, doubt)
            if not rows.any():
                continue
            if doubt.certain and doubt.above is not None:
                # A column has one unit: the largest of its numbers says which.
                doubt = replace(doubt, above=_asked_above(column))  # noqa: PLW2901
                rows = _doubted(values, left, doubt)
            left &= ~rows
            said = _say(sheet, column, doubt, values, rows)
            if doubt.certain:
                sheet.complain(said)
                sheet.refused[name] = sheet.refused[name] | rows
                sheet.columns[name] = values = np.where(rows, np.nan, values)
            else:
                sheet.tell(said)


def _asked_above(column: Column) -> float:
    """From where on numbers of a column are asked about, in whichever unit they are."""
    return min(d.above for d in column.doubts if d.certain and d.above is not None)


def _doubted(values: FloatArray, left: BoolArray, doubt: Doubt) -> BoolArray:
    rows = left & (values > 0)
    at_all = rows.sum()
    with np.errstate(invalid="ignore"):
        if doubt.above is not None:
            rows &= values > doubt.above
        if doubt.below is not None:
            rows &= values < doubt.below
    return np.zeros_like(rows) if doubt.everywhere and rows.sum() < at_all else rows


def _say(sheet: Sheet, column: Column, doubt: Doubt, values: FloatArray, rows: BoolArray) -> str:
    unit = f" {column.unit}" if column.unit else ""
    if doubt.above is not None:
        where = f"above {number(doubt.above)}{unit}"
    else:
        where = f"above 0 and below {number(doubt.below or 0)}{unit}"
    return _say_of(sheet, column.name, where, doubt.says, doubt.factor, rows, values, unit)


def _say_of(
    sheet: Sheet,
    name: str,
    where: str,
    why: str,
    factor: float | None,
    rows: BoolArray,
    values: FloatArray,
    unit: str,
) -> str:
    found = np.flatnonzero(rows)
    given = int((~np.isnan(values)).sum())
    what = "row" if len(found) == 1 else "rows"
    count = f"{len(found):,} {what}" if len(found) < given else f"all {given:,} {what} that have it"
    if given == 1:
        count = "the one row that has it"
    shown = ", ".join(
        f"{number(float(values[row]))}{unit} at {sheet.place(int(row))}" for row in found[:SHOWN]
    )
    more = ", ..." if len(found) > SHOWN else ""
    todo = ""
    if factor is not None:
        text = json.dumps(sheet.origin(name).written(factor), ensure_ascii=False)
        todo = f" Then write [columns.{sheet.table.name}] {name} = {text}"
        if not sheet.raw.source.own:
            todo += f" for a file that world.{sheet.table.name} names"
    return f"{sheet.label(name)} is {where} in {count}, {shown}{more}: {why}{todo}"


def check_lengths(fiber: Sheet) -> None:
    """Ask about spans that are many times as long as their line: km is perhaps in metres."""
    km = fiber.numbers("km")
    drawn = np.flatnonzero(~shapely.is_missing(fiber.shapes) & ~np.isnan(km))
    if not len(drawn):
        return
    line_km = np.full(len(fiber), np.nan)
    line_km[drawn] = lines_of(fiber.shapes[drawn]).km
    with np.errstate(invalid="ignore"):
        # A line of no length says nothing of what it should be.
        rows = (km > LONGER * line_km + LONGER_KM) & (line_km > 0)
    if not rows.any():
        return
    where = f"more than {LONGER} times the line"
    why = "no cable winds so; are these metres?"
    fiber.complain(_say_of(fiber, "km", where, why, 1e-3, rows, km, " km"))
