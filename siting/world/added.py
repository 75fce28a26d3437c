"""Tables that stand beside those of the base: rows united, zones cut out of those under them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from siting.wording import listing, number
from siting.world.columns import HEADROOM_CURTAILMENT
from siting.world.reproject import WGS84
from siting.world.shapes import area_km2, round_km2
from siting.world.sheet import LISTED, BoolArray, ObjectArray, Sheet

NOISE_KM2 = 1e-6
"""Parts of zones that are smaller are rounding, not land [km2]: 1 m2."""


@dataclass
class United(Sheet):
    """A table of the base, and behind its rows those of a table that stands beside it.

    Parameters
    ----------
    parts
        Both tables. Problems and notices are about the one that a row is from.
    """

    parts: tuple[Sheet, ...] = ()

    def _part(self, row: int) -> tuple[Sheet, int]:
        first = len(self.parts[0])
        return (self.parts[0], row) if row < first else (self.parts[1], row - first)

    @property
    def where(self) -> str:
        """What to call both files."""
        return listing(part.raw.where for part in self.parts)

    @property
    def files(self) -> tuple[str, ...]:
        """Under which names problems of them are added."""
        return (self.where, *(part.raw.where for part in self.parts))

    def place(self, row: int) -> str:
        """What to call a row in messages."""
        part, own = self._part(row)
        return part.place(own)

    def complain(self, what: str) -> None:
        """Say what is wrong with both tables together."""
        self.problems.add(self.where, what)

    def tell(self, what: str) -> None:
        """Say what was done to both tables together."""
        self.notices.add(self.where, what)

    def complain_of(
        self, rows: Sequence[int] | NDArray[Any], say: str | Callable[[int], str]
    ) -> None:
        """Say what is wrong with some rows, each in its own file."""
        first = len(self.parts[0])
        for part, shift in zip(self.parts, (0, first), strict=True):
            own = [int(row) - shift for row in rows if (int(row) >= first) == (shift > 0)]
            text = say if isinstance(say, str) else _shifted(say, shift)
            part.complain_of(own, text)


def _shifted(say: Callable[[int], str], shift: int) -> Callable[[int], str]:
    return lambda row: say(row + shift)


def from_base(sheet: Sheet) -> BoolArray:
    """``(rows,)`` rows that are the base's and not in a file that the model names."""
    return _by_part(sheet, lambda part: not part.raw.source.own)


def is_known(sheet: Sheet) -> BoolArray:
    """``(rows,)`` rows of a world that comes with siting, whose README tells what they are."""
    return _by_part(sheet, lambda part: part.raw.source.bundled)


def _by_part(sheet: Sheet, holds: Callable[[Sheet], bool]) -> BoolArray:
    parts = sheet.parts if isinstance(sheet, United) else (sheet,)
    return np.concatenate([np.full(len(part), holds(part), dtype=bool) for part in parts])


def unite(first: Sheet, second: Sheet) -> United:
    """Put the rows of a table behind those of another; their columns are united."""
    _check_ids(first, second)
    names = dict.fromkeys([*first.columns, *second.columns])
    return United(
        raw=replace(first.raw, frame=_frame(first, second), form="drawn"),
        problems=first.problems,
        notices=first.notices,
        columns={
            name: np.concatenate((_column(first, name), _column(second, name)))
            for name in names
            if name not in ("lon", "lat")
        },
        refused={
            name: np.concatenate((_refused(first, name), _refused(second, name)))
            for name in {*first.refused, *second.refused}
        },
        shapes=np.concatenate((first.shapes, second.shapes)),
        parts=(first, second),
    )


def _column(sheet: Sheet, name: str) -> NDArray[Any]:
    """A column of the registry, blank where the table has none."""
    numbers = sheet.table.column(name).kind in ("number", "integer")
    return sheet.numbers(name) if numbers else sheet.text(name)


def _refused(sheet: Sheet, name: str) -> BoolArray:
    return sheet.refused.get(name, np.zeros(len(sheet), dtype=bool))


def _frame(first: Sheet, second: Sheet) -> gpd.GeoDataFrame:
    frames = []
    for sheet in (first, second):
        frame = pd.DataFrame(sheet.raw.frame.drop(columns=sheet.raw.frame.geometry.name))
        if sheet.raw.form == "lonlat":
            frame = frame.drop(columns=["lon", "lat"])
        frames.append(frame)
    # A column that only one of them has is blank in the rows of the other.
    for here, other in (frames, frames[::-1]):
        for name in other.columns.difference(here.columns):
            here[name] = pd.Series([None] * len(here), dtype=object, index=here.index)
    rows = pd.concat([frame.astype(object) for frame in frames], ignore_index=True)
    rows = rows.infer_objects()
    shapes = np.concatenate((first.shapes, second.shapes))
    return gpd.GeoDataFrame(rows, geometry=gpd.GeoSeries(shapes, crs=WGS84))


def _check_ids(first: Sheet, second: Sheet) -> None:
    row_of = {name: row for row, name in enumerate(first.text("id")) if name is not None}
    ids = second.text("id")
    second.complain_of(
        [row for row, name in enumerate(ids) if name in row_of],
        lambda row: (
            f"id '{ids[row]}' is also in {first.raw.where}, {first.raw.place(row_of[ids[row]])}; "
            "ids are unique over both, so give it another"
        ),
    )


# --- Added zones ----------------------------------------------------------------------------


def cut_out_added(zones: United, curtailment: float) -> None:
    """Cut every added zone out of the zones of the base that it covers, but for its parents.

    The zones under it keep their headroom: what an added zone may draw is not known to be theirs.
    """
    count = len(zones.parts[0])
    added = [row for row in range(count, len(zones)) if zones.shapes[row] is not None]
    around = {row: _around(zones, row) for row in added}
    covered: list[tuple[int, int, float, float]] = []
    for row in sorted(added, key=lambda row: len(around[row])):
        under = _rows_under(zones, row, count)
        for other in under:
            if other in around[row]:
                continue
            before = zones.shapes[other]
            left = _polygons(shapely.difference(before, zones.shapes[row]))
            before_km2, left_km2 = area_km2(np.array([before, left], dtype=object))
            if before_km2 - left_km2 <= NOISE_KM2:
                continue
            covered.append((row, other, before_km2 - left_km2, left_km2 / before_km2))
            zones.shapes[other] = None if shapely.is_empty(left) else left
    _tell_cuts(zones, covered, curtailment)


def _around(zones: Sheet, row: int) -> set[int]:
    """Rows of the zones that a zone lies in by its parents."""
    row_of = {name: at for at, name in enumerate(zones.text("id")) if name is not None}
    parents, found = zones.text("parent"), set()
    above = row_of.get(parents[row])
    while above is not None and above not in found:
        found.add(above)
        above = row_of.get(parents[above])
    return found


def _rows_under(zones: Sheet, row: int, count: int) -> list[int]:
    shapes = zones.shapes[:count]
    there = np.flatnonzero(~shapely.is_missing(shapes))
    touched = shapely.intersects(shapes[there], zones.shapes[row])
    return [int(other) for other in there[touched]]


def _polygons(shape: shapely.Geometry) -> shapely.Geometry:
    """What of a shape is land: its polygons, without those that are rounding."""
    parts: ObjectArray = shapely.get_parts(shapely.get_parts(shape))
    parts = parts[shapely.get_type_id(parts) == 3]
    parts = parts[area_km2(parts) > NOISE_KM2]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(list(parts))


def _tell_cuts(
    zones: United, covered: list[tuple[int, int, float, float]], curtailment: float
) -> None:
    if not covered:
        return
    ids = zones.text("id")
    parents = set(zones.text("parent"))
    said = []
    for row, other, km2, left in covered:
        rest = ""
        if left == 0:
            rest = ", which has no outline left"
        elif left < 0.01:
            rest = f", of which {100 * left:.2g} % is left"
        mw = headroom_mw(zones, other, curtailment)
        # A parent is bounded by what it holds; its own number is not what a reader looks for.
        kept = (
            ""
            if ids[other] in parents or np.isnan(mw)
            else (f", whose headroom is unchanged at {number(round(float(mw), 1))} MW")
        )
        said.append(f"'{ids[row]}' out of '{ids[other]}' ({round_km2(km2)} km2){rest}{kept}")
    more = f"; and {len(said) - LISTED:,} more" if len(said) > LISTED else ""
    zones.tell(
        f"added zones are cut out of those under them: {'; '.join(said[:LISTED])}{more}. Lower "
        "their headroom by what the added zones take of it, or name a parent instead"
    )


def headroom_mw(zones: Sheet, row: int, curtailment: float) -> float:
    """Headroom that a zone states at a curtailment [MW]; NaN where it states none."""
    plain = float(zones.numbers("headroom_mw")[row])
    if not np.isnan(plain):
        return plain
    at = np.array(list(HEADROOM_CURTAILMENT.values()))
    stated = np.array([zones.numbers(name)[row] for name in HEADROOM_CURTAILMENT])
    known = ~np.isnan(stated)
    if not known.any() or not at[known].min() <= curtailment <= at[known].max():
        return float("nan")
    return float(np.interp(curtailment, at[known], stated[known]))


def forget(sheet: Sheet, rows: BoolArray, names: Iterable[str]) -> None:
    """Blank columns of the registry in some rows."""
    for name in names:
        if name in sheet.columns:
            held = sheet.columns[name].copy()
            held[rows] = None
            sheet.columns[name] = held
