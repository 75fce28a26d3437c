"""Which zone a site or a plant is in: the one that it names, that it lies in, or the nearest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from siting.sphere import FloatArray
from siting.wording import did_you_mean, number
from siting.world.added import from_base, is_known
from siting.world.facts import KINDS
from siting.world.nearest import Outlines, apart_km
from siting.world.shapes import find_zone
from siting.world.sheet import LISTED, BoolArray, ObjectArray, Sheet

IntArray = NDArray[np.int64]

BORDER_KM = 1.0
"""A row that names a zone may lie so far outside of it [km]: borders are simplified."""

FAR_KM = 100.0
"""A row in no zone at all may lie so far from the one that it names [km]: out at sea, say."""

TIE_KM = 1e-6
"""Zones whose distances differ by less than this are equally near [km]: 1 mm."""

MOST_SNAP_KM = 50.0
"""Nobody is advised to take rows to zones that are further away [km]."""

MOST_NAMED = 100
"""So many plants in no zone are named; the others are counted."""


@dataclass
class Nesting:
    """How zones nest, by row.

    Parameters
    ----------
    ids
        ``(Z,)`` their ids.
    parent
        ``(Z,)`` row of the parent; -1 for none.
    leaves
        Rows of the zones with no zone inside.
    """

    ids: ObjectArray
    parent: IntArray
    leaves: IntArray

    @classmethod
    def of(cls, zones: Sheet, leaves: IntArray) -> Nesting:
        """How the zones of a table nest, whose parents were checked."""
        ids = zones.text("id")
        row_of = {name: row for row, name in enumerate(ids) if name is not None}
        parent = np.array([row_of.get(name, -1) for name in zones.text("parent")], np.int64)
        return cls(ids, parent, leaves)

    def around(self, zone: int) -> list[int]:
        """The zones that a zone lies in, the innermost first."""
        found: list[int] = []
        while (zone := int(self.parent[zone])) >= 0:
            found.append(zone)
        return found


@dataclass
class Placed:
    """Where the rows of a table are.

    Parameters
    ----------
    zone
        ``(rows,)`` row of the zone of each; -1 for none.
    left_out
        ``(rows,)`` rows of the base that lie in none of the model's own zones.
    moved
        ``(rows,)`` rows whose own words on their zone, region and utility are not asked: the zones
        are others than those they were made for.
    nowhere
        ``(rows,)`` rows in no zone that are kept.
    """

    zone: IntArray
    left_out: BoolArray
    moved: BoolArray
    nowhere: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=bool))


def place_rows(
    sheet: Sheet,
    zones: Sheet,
    leaves: IntArray,
    taking_part: BoolArray,
    *,
    snap_km: float = 0.0,
    deliver_within: str = "region",
) -> Placed:
    """Find the zone of each row, and say which rows are in none or not where they say.

    A row is in the zone that it names; else in the leaf that it lies in; else in the parent that it
    lies in; else in the nearest zone within ``snap_km``.

    Parameters
    ----------
    sheet
        Sites or supply.
    zones, leaves
        The zones, and the rows of the leaves.
    taking_part
        ``(rows,)`` rows that nothing has left out before; of others nothing is asked.
    snap_km
        How far the nearest zone may be [km].
    deliver_within
        Within what clean energy is delivered: whether a plant in no zone matters.
    """
    nesting = Nesting.of(zones, leaves)
    named = _named_rows(sheet, nesting)
    by_place = _ByPlace(sheet, zones, nesting)
    placed = Placed(
        zone=np.full(len(sheet), -1, np.int64),
        left_out=np.zeros(len(sheet), dtype=bool),
        moved=np.zeros(len(sheet), dtype=bool),
    )
    blank = np.array([name is None for name in sheet.text("zone")], dtype=bool)
    asked = ~blank
    _look_up_base_rows(sheet, zones, by_place, placed, asked, named, taking_part)
    _say_unknown(sheet, zones, nesting, np.flatnonzero(asked & (named < 0) & taking_part))
    placed.zone[asked] = named[asked]
    by_place.put(placed.zone, np.flatnonzero(~asked & (placed.zone < 0)), taking_part)
    lost = np.flatnonzero((placed.zone < 0) & ~asked & taking_part & ~placed.left_out)
    lost = lost[~shapely.is_missing(sheet.shapes[lost])]
    _care_for_lost(sheet, zones, by_place, placed, lost, snap_km, deliver_within)
    _tell_elsewhere(sheet, by_place, named, np.flatnonzero(asked & (named >= 0) & taking_part))
    placed.nowhere = (placed.zone < 0) & taking_part & ~placed.left_out
    return placed


def _named_rows(sheet: Sheet, nesting: Nesting) -> IntArray:
    row_of = {name: row for row, name in enumerate(nesting.ids) if name is not None}
    return np.array([row_of.get(name, -1) for name in sheet.text("zone")], np.int64)


def _say_unknown(sheet: Sheet, zones: Sheet, nesting: Nesting, rows: IntArray) -> None:
    named = sheet.text("zone")
    known = [name for name in nesting.ids if name is not None]

    def say(row: int) -> str:
        close = did_you_mean(named[row], known)
        todo = "leave it blank to have the zone that it lies in"
        todo = f"did you mean '{close}'? Or {todo}" if close else todo
        return f"zone '{named[row]}' is no zone of {zones.where}; {todo}"

    sheet.complain_of(rows, say)


# --- By place -------------------------------------------------------------------------------


class _ByPlace:
    """The zones that the rows of a table lie in."""

    def __init__(self, sheet: Sheet, zones: Sheet, nesting: Nesting) -> None:
        self.sheet, self.zones, self.nesting = sheet, zones, nesting
        ids = nesting.ids
        drawn = np.flatnonzero(~shapely.is_missing(zones.shapes))
        by_id = drawn[np.argsort(ids[drawn].astype(str), kind="stable")]
        is_leaf = np.zeros(len(zones), dtype=bool)
        is_leaf[nesting.leaves] = True
        self.leaves, self.parents = by_id[is_leaf[by_id]], by_id[~is_leaf[by_id]]
        self._outlines: dict[bytes, tuple[IntArray, Outlines]] = {}

    @property
    def drawn(self) -> bool:
        """Whether any zone has an outline."""
        return len(self.leaves) + len(self.parents) > 0

    def leaf_of(self, rows: IntArray, among: IntArray | None = None) -> IntArray:
        """The leaf that each row lies in, of all or of some; -1 for none."""
        leaves = self.leaves if among is None else self.leaves[np.isin(self.leaves, among)]
        found = np.full(len(rows), -1, np.int64)
        there = np.flatnonzero(~shapely.is_missing(self.sheet.shapes[rows]))
        order = np.arange(len(leaves), dtype=np.int64)
        inside = find_zone(self.sheet.shapes[rows[there]], self.zones.shapes[leaves], order)
        found[there] = np.where(inside >= 0, leaves[inside] if len(leaves) else -1, -1)
        return found

    def put(
        self,
        zone: IntArray,
        rows: IntArray,
        taking_part: BoolArray,
        among: IntArray | None = None,
    ) -> None:
        """Put rows into the leaf that they lie in, or into the parent around it, of all or some."""
        zone[rows] = self.leaf_of(rows, among)
        rows = rows[zone[rows] < 0]
        around = self._parents_around(rows, among)
        unsure: dict[int, tuple[str, str]] = {}
        for row, parents in around.items():
            inner = parents[0]
            nested = {inner, *self.nesting.around(inner)}
            other = next((p for p in parents if p not in nested), None)
            zone[row] = inner
            if other is not None:
                unsure[row] = (self.nesting.ids[inner], self.nesting.ids[other])
        self._say_unsure([row for row in sorted(unsure) if taking_part[row]], unsure)
        if among is not None:
            # Which zone rows are put into, and not the one that they name, is said with a count.
            return
        sure = [row for row in sorted(around) if row not in unsure and taking_part[row]]
        known = is_known(self.sheet) & is_known(self.zones).all()
        self._tell_in_parents([row for row in sure if not known[row]], zone)

    def parent_of(self, rows: IntArray) -> IntArray:
        """The innermost parent that each row lies in; -1 for none."""
        around = self._parents_around(rows)
        return np.array([around[row][0] if row in around else -1 for row in rows.tolist()], int)

    def _parents_around(
        self, rows: IntArray, among: IntArray | None = None
    ) -> dict[int, list[int]]:
        """For rows in zones that hold others, these zones, the innermost first."""
        parents = self.parents if among is None else self.parents[np.isin(self.parents, among)]
        rows = rows[~shapely.is_missing(self.sheet.shapes[rows])]
        if not len(rows) or not len(parents):
            return {}
        tree = shapely.STRtree(self.zones.shapes[parents])
        at, parent = tree.query(self.sheet.shapes[rows], predicate="intersects")
        around: dict[int, list[int]] = {}
        for k, p in zip(at.tolist(), parents[parent].tolist(), strict=True):
            around.setdefault(int(rows[k]), []).append(int(p))
        for found in around.values():
            found.sort(key=lambda p: -len(self.nesting.around(p)))
        return around

    def _say_unsure(self, rows: list[int], unsure: dict[int, tuple[str, str]]) -> None:
        def say(row: int) -> str:
            one, other = unsure[row]
            return (
                f"lies in zones '{one}' and '{other}', of which neither lies in the other, and in "
                "no zone inside them; name its zone in a column"
            )

        self.sheet.complain_of(rows, say)

    def _tell_in_parents(self, rows: list[int], zone: IntArray) -> None:
        if not rows:
            return
        by_parent: dict[str, list[int]] = {}
        for row in rows:
            by_parent.setdefault(self.nesting.ids[zone[row]], []).append(row)
        parts = [
            f"{_first(_names(self.sheet, inside))} in '{parent}'"
            for parent, inside in sorted(by_parent.items())
        ]
        lie = _count(self.sheet, len(rows), "lies", "lie")
        are = "is" if len(rows) == 1 else "are"
        self.sheet.tell(
            f"{lie} in a zone that has zones inside, but in none of those, and {are} of the outer "
            f"zone alone: {'; '.join(parts)}"
        )

    def nearest(self, rows: IntArray) -> tuple[IntArray, FloatArray]:
        """The nearest zone of each row, and how far it is [km].

        A leaf, or the ground that a parent has outside of the zones in it. Borders are simplified,
        so a leaf counts as at its parent's border where it is hardly further away.
        """
        zone, km = self._nearest_of(self.leaves, rows)
        outer, outer_km = self._nearest_of(self.parents, rows)
        nearer = np.flatnonzero(outer_km < km - TIE_KM)
        for parent in np.unique(outer[nearer]).tolist():
            here = nearer[outer[nearer] == parent]
            inside = [z for z in self.leaves.tolist() if parent in self.nesting.around(z)]
            leaf, leaf_km = self._nearest_of(np.array(inside, np.int64), rows[here])
            is_leaf = leaf_km <= outer_km[here] + BORDER_KM
            zone[here] = np.where(is_leaf, leaf, parent)
            km[here] = np.where(is_leaf, leaf_km, outer_km[here])
        return zone, km

    def _nearest_of(self, zones: IntArray, rows: IntArray) -> tuple[IntArray, FloatArray]:
        """The nearest of some zones, of equally near ones that which others hold most often."""
        key = zones.tobytes()
        if key not in self._outlines:
            # The sort is stable: of two leaves, the first by id.
            depth = [-len(self.nesting.around(z)) for z in zones.tolist()]
            order = zones[np.argsort(depth, kind="stable")] if len(zones) else zones
            self._outlines[key] = order, Outlines(self.zones.shapes[order])
        order, outlines = self._outlines[key]
        points = self.sheet.shapes[rows]
        nearest, km = outlines.nearest(shapely.get_x(points), shapely.get_y(points))
        return np.where(nearest >= 0, order[nearest] if len(order) else -1, -1), km


def _look_up_base_rows(
    sheet: Sheet,
    zones: Sheet,
    by_place: _ByPlace,
    placed: Placed,
    asked: BoolArray,
    named: IntArray,
    taking_part: BoolArray,
) -> None:
    """Put rows of the base into zones that the model brings: they were made for other zones."""
    base = from_base(sheet)
    brought = np.flatnonzero(~from_base(zones))
    if not base.any() or not len(brought):
        return
    rows = np.flatnonzero(base)
    if len(brought) == len(zones):
        # A copy of the base's zones, with other headroom say, has the zones that its rows name;
        # what regions and utilities they have is the model's word alone.
        if (named[rows] >= 0).all():
            placed.moved[rows] = True
            return
        if not by_place.drawn:
            sheet.complain(
                f"its {sheet.table.a_row}s name other zones than {zones.where} has, and that "
                f"has no outlines to look them up in; give a table of {sheet.table.name} that "
                "names its zones"
            )
            placed.left_out[rows] = True
            asked[rows] = False
            return
        own_words = asked[rows] & (named[rows] >= 0)
        asked[rows] = False
        by_place.put(placed.zone, rows, taking_part)
        # In a part of the base's zones: those off the coast lie in none, but name one.
        stays = rows[(placed.zone[rows] < 0) & own_words]
        placed.zone[stays] = named[stays]
        placed.moved[rows] = True
        return
    by_place.put(placed.zone, rows, taking_part, among=brought)
    moves = rows[placed.zone[rows] >= 0]
    asked[moves] = False
    placed.moved[moves] = True
    moves = moves[taking_part[moves]]
    if len(moves):
        zone, count = np.unique(placed.zone[moves], return_counts=True)
        parts = [
            f"{n:,} in '{by_place.nesting.ids[z]}'"
            for z, n in sorted(zip(zone, count, strict=True), key=lambda p: -p[1])
        ]
        lie = _count(sheet, len(moves), "lies", "lie")
        sheet.tell(
            f"{lie} in added zones and {'is' if len(moves) == 1 else 'are'} put there, whatever "
            f"zone {'it names' if len(moves) == 1 else 'they name'}: {', '.join(parts)}"
        )


# --- In no zone -----------------------------------------------------------------------------


def _care_for_lost(
    sheet: Sheet,
    zones: Sheet,
    by_place: _ByPlace,
    placed: Placed,
    lost: IntArray,
    snap_km: float,
    deliver_within: str,
) -> None:
    """Take rows in no zone to the nearest, or say which they are."""
    if not len(lost):
        return
    if not by_place.drawn:
        if sheet.table.name == "sites":
            sheet.complain_of(
                lost,
                f"zone is blank, but {zones.where} has no outlines to look the site up in; "
                "name its zone",
            )
        elif deliver_within != "anywhere":
            _tell_unnamed_plants(sheet, zones, lost, deliver_within)
        return
    base = placed.moved[lost] | (from_base(sheet)[lost] & ~from_base(zones).any())
    if snap_km > 0:
        nearest, km = by_place.nearest(lost)
        close = km <= snap_km
        placed.zone[lost[close]] = nearest[close]
        _tell_snapped(sheet, by_place, lost[close], nearest[close], km[close], snap_km)
        lost, base = lost[~close], base[~close]
    left_out = lost[base]
    placed.left_out[left_out] = True
    lost = lost[~base]
    if not len(lost):
        return
    if sheet.table.name == "sites":
        _say_lost_sites(sheet, zones, by_place, lost)
    elif deliver_within != "anywhere":
        _tell_lost_plants(sheet, zones, by_place, lost, deliver_within)


def _tell_snapped(
    sheet: Sheet,
    by_place: _ByPlace,
    rows: IntArray,
    nearest: IntArray,
    km: FloatArray,
    snap_km: float,
) -> None:
    if not len(rows):
        return
    shown = _distances(sheet, by_place.nesting, rows, nearest, km)
    are = "is" if len(rows) == 1 else "are"
    lie = _count(sheet, len(rows), "lies", "lie")
    sheet.tell(
        f"{lie} in no zone and {are} taken to the nearest, at most {kilometres(km.max())} away "
        f"(world.snap_km = {number(snap_km)}): {_first(shown)}"
    )


def _say_lost_sites(sheet: Sheet, zones: Sheet, by_place: _ByPlace, rows: IntArray) -> None:
    points = sheet.shapes[rows]
    swapped = np.array(shapely.points(shapely.get_y(points), shapely.get_x(points)), dtype=object)
    shapes = zones.shapes[by_place.leaves]
    order = np.arange(len(shapes), dtype=np.int64)
    nearest, km = by_place.nearest(rows)
    if len(shapes) and (find_zone(swapped, shapes, order) >= 0).all():
        todo = f"with lon and lat swapped they would: {_say_swap(sheet)}"
    else:
        snap = _snap_hint(km)
        todo = f"name their zone in a column, move them, {snap}or list them in world.exclude_sites"
    shown = ", ".join(_distances(sheet, by_place.nesting, rows, nearest, km))
    lie = _count(sheet, len(rows), "lies", "lie")
    sheet.complain(f"{lie} in no zone of {zones.where}: {shown}; {todo}")


def _say_swap(sheet: Sheet) -> str:
    """How lon and lat are swapped: where the model says which columns they are, there."""
    asked = dict(sheet.raw.source.columns)
    if "lon" not in asked or "lat" not in asked:
        return "swap the columns"
    lon, lat = (json.dumps(asked[name], ensure_ascii=False) for name in ("lon", "lat"))
    return f"say [columns.{sheet.table.name}] lon = {lat} and lat = {lon}"


def _snap_hint(km: FloatArray) -> str:
    close = km[km <= MOST_SNAP_KM]
    if not len(close):
        return ""
    most = float(close.max())
    step = 0.01 if most < 1 else 0.1
    enough = np.ceil(most / step + 1e-6) * step
    if len(km) == 1:
        which = "it to the nearest zone"
    elif len(close) == len(km):
        which = "each to the nearest zone"
    else:
        which = f"{len(close):,} of them to the nearest zone"
    return f"set world.snap_km = {enough:.4g} to take {which}, "


def _tell_lost_plants(
    sheet: Sheet, zones: Sheet, by_place: _ByPlace, rows: IntArray, deliver_within: str
) -> None:
    """Name the clean plants that lie in no zone: what they yield is not there for anyone."""
    rows = rows[can_be_contracted(sheet)[rows] & ~is_known(sheet)[rows]]
    if not len(rows):
        return
    nearest, km = by_place.nearest(rows)
    order = np.argsort(km, kind="stable")
    shown = _distances(sheet, by_place.nesting, rows[order], nearest[order], km[order])
    more = f" and {len(shown) - MOST_NAMED:,} more" if len(shown) > MOST_NAMED else ""
    mw = np.nansum(sheet.numbers("mw")[rows])
    count = "1 clean plant" if len(rows) == 1 else f"{len(rows):,} clean plants"
    lie, name = ("lies", "name its zone") if len(rows) == 1 else ("lie", "name their zones")
    snap = _snap_hint(km)
    sheet.tell(
        f"{count}, {number(round(float(mw), 1))} MW, {lie} in no zone of {zones.where} and "
        f"cannot be delivered within {_a(deliver_within)}: {', '.join(shown[:MOST_NAMED])}{more}; "
        f"{snap}{'or ' if snap else ''}{name} in a column"
    )


def _tell_unnamed_plants(sheet: Sheet, zones: Sheet, rows: IntArray, deliver_within: str) -> None:
    """Name the clean plants that name no zone, where zones have no outlines."""
    rows = rows[can_be_contracted(sheet)[rows] & ~is_known(sheet)[rows]]
    if not len(rows):
        return
    mw = np.nansum(sheet.numbers("mw")[rows])
    count = "1 clean plant" if len(rows) == 1 else f"{len(rows):,} clean plants"
    sheet.tell(
        f"{count}, {number(round(float(mw), 1))} MW, {'names' if len(rows) == 1 else 'name'} no "
        f"zone, and {zones.where} has no outlines: nothing is delivered from there within "
        f"{_a(deliver_within)} ({_first(_names(sheet, rows))}); name the zone in a column"
    )


def can_be_contracted(supply: Sheet) -> BoolArray:
    """Plants that are clean by their own word or by their kind."""
    kinds, clean = supply.text("kind"), supply.text("clean")
    return np.array(
        [
            own if own is not None else kind in KINDS and KINDS[kind].clean
            for own, kind in zip(clean, kinds, strict=True)
        ],
        dtype=bool,
    )


# --- Not where they say ---------------------------------------------------------------------


def _tell_elsewhere(sheet: Sheet, by_place: _ByPlace, named: IntArray, rows: IntArray) -> None:
    """Name rows that name a zone and lie well inside another, or far from any."""
    if is_known(by_place.zones).all():
        rows = rows[~is_known(sheet)[rows]]
    rows = rows[~shapely.is_missing(sheet.shapes[rows])]
    rows = rows[~shapely.is_missing(by_place.zones.shapes[named[rows]])]
    if not len(rows):
        return
    lies_in = by_place.leaf_of(rows)
    between = np.flatnonzero(lies_in < 0)
    lies_in[between] = by_place.parent_of(rows[between])
    rows, lies_in = rows[lies_in != named[rows]], lies_in[lies_in != named[rows]]
    points = sheet.shapes[rows]
    lon, lat = shapely.get_x(points), shapely.get_y(points)
    km = apart_km(lon, lat, by_place.zones.shapes[named[rows]])
    ids, said = by_place.nesting.ids, []
    for k, (row, leaf) in enumerate(zip(rows.tolist(), lies_in.tolist(), strict=True)):
        name, zone = _names(sheet, [row])[0], ids[named[row]]
        says = f"{sheet.table.a_row} {name} names zone '{zone}'"
        if leaf < 0 and km[k] > FAR_KM:
            said.append(f"{says}, but lies in none, {kilometres(km[k])} from it")
        elif leaf >= 0 and named[row] in by_place.nesting.around(leaf):
            outline = Outlines(by_place.zones.shapes[[leaf]])
            if outline.nearest(lon[[k]], lat[[k]])[1][0] > BORDER_KM:
                said.append(f"{says}, but lies in '{ids[leaf]}' inside it")
        elif leaf >= 0 and km[k] > BORDER_KM:
            said.append(f"{says}, but lies in '{ids[leaf]}', {kilometres(km[k])} from it")
    if said:
        more = f"; and {len(said) - LISTED:,} more" if len(said) > LISTED else ""
        count = _count(sheet, len(said), "does", "do")
        sheet.tell(
            f"{count} not lie in the zone that is named, which counts nevertheless: "
            f"{'; '.join(said[:LISTED])}{more}; correct the column zone, or leave it blank to have "
            "the zone by place"
        )


# --- Words ----------------------------------------------------------------------------------


def kilometres(km: float) -> str:
    """A distance for people: metres where it is less than 10 m."""
    if km < 0.01:
        return f"{1000 * km:.1f} m"
    return f"{km:.2f} km" if km < 10 else f"{km:,.0f} km"


def _names(sheet: Sheet, rows: Iterable[int]) -> list[str]:
    ids = sheet.text("id")
    return [f"'{ids[r]}'" if ids[r] is not None else sheet.place(int(r)) for r in rows]


def _distances(
    sheet: Sheet, nesting: Nesting, rows: IntArray, nearest: IntArray, km: FloatArray
) -> list[str]:
    return [
        f"{name} {kilometres(far)} from '{nesting.ids[zone]}'" if zone >= 0 else name
        for name, zone, far in zip(_names(sheet, rows), nearest, km, strict=True)
    ]


def _first(shown: Sequence[str]) -> str:
    more = f" and {len(shown) - LISTED:,} more" if len(shown) > LISTED else ""
    return ", ".join(shown[:LISTED]) + more


def _count(sheet: Sheet, count: int, one: str, many: str) -> str:
    thing = sheet.table.a_row
    return f"1 {thing} {one}" if count == 1 else f"{count:,} {thing}s {many}"


def _a(area: str) -> str:
    return f"an {area}" if area[0] in "aeiou" else f"a {area}"
