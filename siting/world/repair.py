"""Shapes that are not quite what a table wants: footprints, broken rings, rows in parts."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.validation import explain_validity

from siting.notices import Notices
from siting.sphere import equal_area_km
from siting.wording import listing
from siting.world.files import Raw
from siting.world.sheet import LISTED, ObjectArray, Sheet, text_of

MOST_CHANGED = 0.01
"""Rings are repaired where that changes the area by at most this share [0-1]."""

_POLYGONS = (3, 6)


# --- Footprints -----------------------------------------------------------------------------


def put_points_inside(sheet: Sheet, shapes: ObjectArray) -> ObjectArray:
    """Points inside of polygons where a table wants points: a footprint stands somewhere."""
    polygons = np.isin(shapely.get_type_id(shapes), _POLYGONS)
    if not polygons.any():
        return shapes
    points: ObjectArray = shapes.copy()
    broken = polygons & ~shapely.is_valid(shapes)
    points[broken] = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
    points[polygons] = shapely.point_on_surface(points[polygons])
    count, thing = int(polygons.sum()), sheet.table.a_row
    drawn = f"1 {thing} is" if count == 1 else f"{count:,} {thing}s are"
    it = "it" if count == 1 else "each"
    sheet.tell(
        f"{drawn} drawn as {'a polygon' if count == 1 else 'polygons'}: a point inside stands for "
        f"{it} ({names_of(sheet, np.flatnonzero(polygons))})"
    )
    return points


# --- Broken rings ---------------------------------------------------------------------------


def repair_polygons(sheet: Sheet, shapes: ObjectArray, rows: NDArray[np.int64]) -> ObjectArray:
    """Repair broken polygons where that changes little; complain of the others.

    Rings that touch or cross themselves a little are what simplified borders often hold. A shape
    that another reading would make much larger or smaller is not known.
    """
    repaired: ObjectArray = shapes.copy()
    whole = shapely.make_valid(shapes[rows], method="structure", keep_collapsed=False)
    before_km2, after_km2 = _area_km2(shapes[rows]), _area_km2(whole)
    with np.errstate(divide="ignore", invalid="ignore"):
        changed = np.abs(after_km2 - before_km2) / np.maximum(before_km2, after_km2)
    land = np.isin(shapely.get_type_id(whole), _POLYGONS) & ~shapely.is_empty(whole)
    good = land & (changed <= MOST_CHANGED)
    repaired[rows[good]] = whole[good]
    repaired[rows[~good]] = None
    changed_of = dict(zip(rows.tolist(), changed.tolist(), strict=True))

    def say(row: int) -> str:
        share = changed_of[row]
        percent = f"{100 * share:.0f}" if share >= 0.1 else f"{100 * share:.2g}"
        by = f"{percent} %" if np.isfinite(share) else "all of it"
        return (
            f"its {sheet.table.geometry} is broken: {explain_validity(shapes[row])}, and a repair "
            f"would change its area by {by}; draw it again, or repair it with QGIS's Fix "
            "geometries and look at the result"
        )

    sheet.complain_of(rows[~good], say)
    if good.any():
        count, thing = int(good.sum()), sheet.table.a_row
        had = f"1 {thing} has" if count == 1 else f"{count:,} {thing}s have"
        km2 = float(np.abs(after_km2 - before_km2)[good].sum())
        sheet.tell(
            f"{had} broken rings, repaired (make_valid): their area changes by {km2:.2g} km2 in "
            f"all, at most {100 * float(changed[good].max()):.2g} % of one "
            f"({names_of(sheet, rows[good])})"
        )
    return repaired


def _area_km2(shapes: ObjectArray) -> NDArray[np.float64]:
    areas: NDArray[np.float64] = shapely.area(shapely.transform(shapes, equal_area_km))
    return areas


def names_of(sheet: Sheet, rows: NDArray[np.int64]) -> str:
    """Some rows for people: the first by id, the others counted."""
    ids = sheet.text("id")
    shown = [
        f"'{ids[row]}'" if ids[row] is not None else sheet.place(int(row)) for row in rows[:LISTED]
    ]
    more = f" and {len(rows) - LISTED:,} more" if len(rows) > LISTED else ""
    return ", ".join(shown) + more


# --- Zones in several rows ------------------------------------------------------------------


@dataclass
class UnitedRaw(Raw):
    """A table of which some rows were united; ``kept`` is where the others were in the file."""

    kept: tuple[int, ...] = ()

    def place(self, row: int) -> str:
        """What to call a row in messages."""
        return super().place(self.kept[row])


def unite_rows(raw: Raw, notices: Notices) -> Raw:
    """Make one zone of rows with one id that say the same: parts of one territory.

    Columns of the registry must agree; where others differ they are left blank. What does not
    agree stays in rows of its own, and is refused as an id that is there twice.
    """
    if raw.table.geometry != "polygon" or raw.form != "drawn" or "id" not in raw.frame.columns:
        return raw
    ids = pd.Series([text_of(value) for value in raw.frame["id"]], dtype=object)
    if not ids.dropna().duplicated().any():
        return raw
    known = [column.name for column in raw.table.columns if column.name in raw.frame.columns]
    others = [c for c in raw.frame.columns if c not in known and c != raw.frame.geometry.name]
    united: dict[int, list[int]] = {}
    for rows in ids.groupby(ids, sort=False).indices.values():
        if len(rows) > 1 and not differing(raw.frame, list(rows), known):
            united[int(rows[0])] = [int(row) for row in rows]
    if not united:
        return raw
    frame = raw.frame.copy()
    blanked: dict[str, int] = {}
    shapes = np.array(frame.geometry.to_numpy(), dtype=object)
    for first, rows in united.items():
        shapes[first] = _union(shapes[rows])
        for name in differing(raw.frame, rows, others):
            blanked[name] = blanked.get(name, 0) + 1
            frame[name] = frame[name].astype(object)
            frame.iloc[first, frame.columns.get_loc(name)] = None
    gone = {row for rows in united.values() for row in rows[1:]}
    kept = tuple(row for row in range(len(frame)) if row not in gone)
    frame = frame.set_geometry(shapes, crs=frame.crs).iloc[list(kept)].reset_index(drop=True)
    _tell_united(raw, notices, ids, united, blanked)
    held = {part.name: getattr(raw, part.name) for part in fields(raw)}
    return UnitedRaw(**{**held, "frame": frame}, kept=kept)


def differing(frame: pd.DataFrame, rows: list[int], names: list[str]) -> list[str]:
    """Columns in which rows do not all say the same; a blank is a blank, whatever its kind."""
    different = []
    for name in names:
        said = {text_of(value) for value in frame[name].iloc[rows]}
        if len(said) > 1:
            different.append(name)
    return different


def _union(shapes: ObjectArray) -> shapely.Geometry | None:
    there = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not len(there):
        return None
    if np.isin(shapely.get_type_id(there), _POLYGONS).all() and not shapely.is_valid(there).all():
        parts = shapely.get_parts(there)
        return shapely.MultiPolygon(list(parts))  # repaired as one, as any zone with broken rings
    return shapely.union_all(there)


def _tell_united(
    raw: Raw,
    notices: Notices,
    ids: pd.Series[Any],
    united: dict[int, list[int]],
    blanked: dict[str, int],
) -> None:
    rows = sum(len(parts) for parts in united.values())
    shown = [f"'{ids[first]}' ({len(parts)} rows)" for first, parts in united.items()]
    more = f" and {len(shown) - LISTED:,} more" if len(shown) > LISTED else ""
    zones = "1 zone" if len(united) == 1 else f"{len(united):,} zones"
    notices.add(
        raw.where,
        f"{rows:,} rows are parts of {zones} and are united, as their columns say the same: "
        f"{', '.join(shown[:LISTED])}{more}. What a zone states, such as its headroom, counts once",
    )
    if blanked:
        names = listing(f"'{name}'" for name in blanked)
        verb = "differs" if len(blanked) == 1 else "differ"
        notices.add(
            raw.where, f"{names} {verb} between rows that are united, and is left blank there"
        )
