"""Reading of fiber: what lines are made spans, and what is checked of them and of their nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from siting.sphere import FloatArray, great_circle_km
from siting.wording import did_you_mean, number
from siting.world.files import Raw
from siting.world.joining import number_names
from siting.world.sheet import LISTED, BoolArray, ObjectArray, Sheet
from siting.world.world import lines_of

IntArray = NDArray[np.int64]

NODE_KM = 0.1
"""Ends of spans at one node id may lie this far apart [km]: a node is a place, not a position."""

SHORTER_FRACTION = 0.006
SHORTER_KM = 0.05
"""A span may be shorter than the great circle between its ends by a share [0-1] and a length [km].

Lengths measured on the ellipsoid differ from the sphere's by up to 0.56 %, and many tables round
to a tenth of a kilometre.
"""

NAMED = 3
"""So many of the rows that a notice is about are named."""

MANY_ENDS = 200
"""Up to so many ends of spans at one node are compared each with each."""

_MULTI_LINE = 5


# --- From shapes to lines -----------------------------------------------------------------------


def split_lines(sheet: Sheet) -> Sheet:
    """Make a row of each part of a line of several, and leave out lines of no length.

    Parts that meet end to end have been merged before, but for those that meet at the antimeridian.
    Of parts that remain each is a span; the kilometres of the row are shared out by their length.

    Parameters
    ----------
    sheet
        The fiber, as it was read; a table without lines is given back as it is.
    """
    if sheet.raw.form != "drawn":
        return sheet
    several = np.flatnonzero(shapely.get_type_id(sheet.shapes) == _MULTI_LINE)
    if len(several):
        sheet.shapes[several] = _merge_round_the_world(sheet.shapes[several])
        sheet = _make_parts_rows(sheet)
    return _leave_out_points(sheet)


def _merge_round_the_world(shapes: ObjectArray) -> ObjectArray:
    """Lines whose parts meet at the antimeridian, where they were cut, in one part again."""
    merged = shapely.line_merge(shapely.transform(shapes, _to_east))
    fewer = shapely.get_num_geometries(merged) < shapely.get_num_geometries(shapes)
    back = shapely.transform(merged, _from_east)
    one = fewer & (shapely.get_num_geometries(back) == 1)
    back[one] = shapely.get_geometry(back[one], 0)
    return np.where(fewer, back, shapes)


def _to_east(degrees: FloatArray) -> FloatArray:
    lon, lat = degrees.T
    return np.column_stack((np.where(lon < 0, lon + 360, lon), lat))


def _from_east(degrees: FloatArray) -> FloatArray:
    lon, lat = degrees.T
    return np.column_stack((np.where(lon > 180, lon - 360, lon), lat))


def _make_parts_rows(sheet: Sheet) -> Sheet:
    kind = shapely.get_type_id(sheet.shapes)
    several = np.flatnonzero(kind == _MULTI_LINE)
    if not len(several):
        return sheet
    parts = shapely.get_num_geometries(sheet.shapes)
    start, end = sheet.text("from"), sheet.text("to")
    named = [int(row) for row in several if start[row] is not None or end[row] is not None]
    sheet.complain_of(
        named,
        lambda row: (
            f"is a line of {parts[row]} parts that do not join into one, but from and to name two "
            "ends; make each part a row with its own from and to, or leave both blank"
        ),
    )
    sheet.shapes[named] = None
    split = np.setdiff1d(several, named)
    if not len(split):
        return sheet
    count = np.ones(len(sheet), np.int64)
    count[split] = parts[split]
    row = np.repeat(np.arange(len(sheet)), count)
    part = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    shapes = sheet.shapes[row]
    of_several = count[row] > 1
    shapes[of_several] = shapely.get_geometry(shapes[of_several], part[of_several])
    ids = sheet.text("id")
    taken = {name for name in ids if name is not None}
    whole_km = np.bincount(row[of_several], _km(shapes[of_several]), minlength=len(sheet))
    share = np.ones(len(row))
    share[of_several] = (
        _km(shapes[of_several]) / np.where(whole_km > 0, whole_km, 1.0)[row[of_several]]
    )
    made = take_rows(sheet, row)
    made.shapes = shapes
    if "km" in made.columns:
        made.columns["km"] = made.columns["km"] * share
    if "id" in made.columns:
        named_parts = made.columns["id"]
        for k in np.flatnonzero(of_several):
            if named_parts[k] is not None:
                named_parts[k] = _free_name(f"{named_parts[k]}:{part[k] + 1}", taken)
    spans = int(count[split].sum())
    lines = (
        "1 line of several parts is"
        if len(split) == 1
        else (f"{len(split):,} lines of several parts are")
    )
    shared = (
        ", which share its km by their length"
        if (~np.isnan(sheet.numbers("km")[split])).any()
        else ""
    )
    first = ids[split[0]]
    called = (
        f"; the parts of '{first}' are '{first}:1' to '{first}:{count[split[0]]}'" if first else ""
    )
    sheet.tell(f"{lines} {spans:,} spans{shared}{_such_as(sheet, split)}{called}")
    return made


def _free_name(name: str, taken: set[str]) -> str:
    """A name that no row has."""
    while name in taken:
        name += "'"
    taken.add(name)
    return name


def _leave_out_points(sheet: Sheet) -> Sheet:
    """Leave out lines without length: they lead nowhere, unless they join two named nodes."""
    there = np.flatnonzero(~shapely.is_missing(sheet.shapes))
    nowhere = there[_km(sheet.shapes[there]) == 0]
    if not len(nowhere):
        return sheet
    start, end = sheet.text("from"), sheet.text("to")
    out = np.array([row for row in nowhere if start[row] is None or start[row] == end[row]], int)
    if not len(out):
        return sheet
    lines, they = (
        ("1 line has", "it leads")
        if len(out) == 1
        else (
            f"{len(out):,} lines have",
            "they lead",
        )
    )
    if len(out) == len(sheet):
        sheet.complain(
            f"{lines} no length, and there is no other{_such_as(sheet, out)}; draw spans from "
            "one place to another"
        )
        return sheet
    sheet.tell(f"{lines} no length, and {they} nowhere: left out{_such_as(sheet, out)}")
    kept = np.setdiff1d(np.arange(len(sheet)), out)
    shapes = sheet.shapes[kept]
    made = take_rows(sheet, kept)
    made.shapes = shapes
    return made


def take_rows(sheet: Sheet, rows: IntArray) -> Sheet:
    """A sheet of some rows of another, some of them again; each keeps its place in the file."""
    return replace(
        sheet,
        raw=_take_raw(sheet.raw, rows),
        columns={name: values[rows] for name, values in sheet.columns.items()},
        refused={name: values[rows] for name, values in sheet.refused.items()},
        shapes=sheet.shapes[rows],
    )


def _take_raw(raw: Raw, rows: IntArray) -> Raw:
    by_row = {field.name: getattr(raw, field.name) for field in fields(raw)}
    changes: dict[str, Any] = {
        name: [values[row] for row in rows.tolist()]
        for name, values in by_row.items()
        if isinstance(values, list)
    }
    if raw.lines is None:
        changes |= {"lines": [row + 1 for row in rows.tolist()], "word": "feature"}
    return replace(raw, frame=raw.frame.iloc[rows].reset_index(drop=True), **changes)


def _km(shapes: ObjectArray) -> FloatArray:
    return lines_of(shapes).km if len(shapes) else np.empty(0)


def _such_as(sheet: Sheet, rows: Sequence[int] | IntArray) -> str:
    """Some rows in brackets: the first few by id, else by their place in the file."""
    ids = sheet.text("id")
    names = [
        f"'{ids[row]}'" if ids[row] is not None else sheet.raw.place(row)
        for row in map(int, rows[:NAMED])
    ]
    more = f" and {len(rows) - NAMED:,} more" if len(rows) > NAMED else ""
    return f" ({', '.join(names)}{more})"


# --- Spans without lines ------------------------------------------------------------------------


def draw_plain(
    fiber: Sheet, nodes: Sheet | None, route_factor: float, *, nodes_named: bool
) -> None:
    """Draw the spans of a table without lines straight from node to node.

    Parameters
    ----------
    fiber, nodes
        The tables; rows of the fiber that have lines stay as they are.
    route_factor
        Fiber km for each great-circle km, for spans without km [1].
    nodes_named
        Whether there is a file of nodes, though it may not be readable.
    """
    parts: tuple[Sheet, ...] = getattr(fiber, "parts", (fiber,))
    plain = np.concatenate([np.full(len(part), part.raw.form == "plain") for part in parts])
    rows = np.flatnonzero(plain)
    if not len(rows):
        return
    start, end = fiber.text("from"), fiber.text("to")
    blank = [int(row) for row in rows if start[row] is None or end[row] is None]
    fiber.complain_of(
        blank, "has no line, so it needs the ids of both its nodes in from and to; give them"
    )
    if nodes is None and nodes_named:
        return
    if nodes is None:
        fiber.complain(
            "its spans have no lines, so where their nodes are must be known; name a file with the "
            "columns id, lon and lat in world.nodes, or give spans as lines"
        )
        return
    place_of = {
        name: (shape.x, shape.y)
        for name, shape in zip(nodes.text("id"), nodes.shapes, strict=True)
        if name is not None and shape is not None
    }
    if any(problem.where == nodes.raw.where for problem in nodes.problems.found):
        return  # which nodes there are is not known while their table is wrong
    _say_unknown_nodes(fiber, nodes, rows, place_of.keys())
    known = [int(row) for row in rows if start[row] in place_of and end[row] in place_of]
    if not known:
        return
    ends = np.array([(place_of[start[row]], place_of[end[row]]) for row in known])
    fiber.shapes[known] = shapely.linestrings(ends)
    _say_loops(fiber, [row for row in known if start[row] == end[row]])
    km = fiber.numbers("km").copy()
    no_km = np.isnan(km[known])
    if no_km.any():
        without = np.array(known)[no_km]
        km[without] = route_factor * great_circle_km(*ends[no_km, 0].T, *ends[no_km, 1].T)
        fiber.columns["km"] = km
        spans = "1 span has" if len(without) == 1 else f"{len(without):,} spans have"
        fiber.tell(
            f"{spans} no km, and no line to measure{_such_as(fiber, without)}: taken as the great "
            f"circle times world.route_factor, {number(route_factor)}"
        )
    spans = "1 span is" if len(known) == 1 else f"{len(known):,} spans are"
    fiber.tell(
        f"{spans} drawn straight between two nodes, as the table has no lines: a site joins where "
        "such a line comes nearest"
    )


def _say_loops(fiber: Sheet, rows: Sequence[int]) -> None:
    if rows:
        lead = "1 span leads" if len(rows) == 1 else f"{len(rows):,} spans lead"
        fiber.tell(f"{lead} from a node to itself, and joins nothing{_such_as(fiber, rows)}")


def _say_unknown_nodes(fiber: Sheet, nodes: Sheet, rows: IntArray, known: Iterable[str]) -> None:
    """One line for each id that the table of nodes does not have."""
    at: dict[str, list[int]] = {}
    for column in ("from", "to"):
        for row in rows:
            name = fiber.text(column)[row]
            if name is not None and name not in known:
                at.setdefault(name, []).append(int(row))
    for name, where in list(at.items())[:LISTED]:
        close = did_you_mean(name, known)
        todo = f"did you mean '{close}'?" if close else "add it there, or correct it here"
        times = f" ({len(where):,} spans)" if len(where) > 1 else ""
        fiber.complain(
            f"{fiber.place(where[0])}: node '{name}'{times} is no node of {nodes.raw.where}; {todo}"
        )
    if len(at) > LISTED:
        fiber.complain(f"and {len(at) - LISTED:,} more nodes that are not there")


# --- Checks -------------------------------------------------------------------------------------


def check_fiber(fiber: Sheet, nodes: Sheet | None = None) -> None:
    """Check the ends of spans, that a node is one place, and that no span is too short.

    A line that is drawn from its ``to`` to its ``from`` is turned around: spans have no direction.
    """
    start, end = fiber.text("from"), fiber.text("to")
    has_start = np.array([name is not None for name in start], dtype=bool)
    has_end = np.array([name is not None for name in end], dtype=bool)

    def say_half(row: int) -> str:
        given, missing = ("from", "to") if has_start[row] else ("to", "from")
        return (
            f"has {given} but no {missing}, and a span has two ends; give both, or neither to "
            "join spans whose ends meet"
        )

    there = ~shapely.is_missing(fiber.shapes)
    fiber.complain_of(np.flatnonzero((has_start != has_end) & there), say_half)
    if nodes is not None and not (has_start | has_end).any():
        nodes.tell("is not used: no span says in from and to which nodes it joins")
        nodes = None
    drawn = np.flatnonzero(there)
    if not len(drawn):
        return
    named = drawn[(has_start & has_end)[drawn]]
    if len(named):
        _check_places_of_nodes(fiber, named, nodes)
    ends = lines_of(fiber.shapes[drawn]).ends
    straight_km = great_circle_km(*ends.T)
    km = fiber.numbers("km")[drawn]
    short = km < straight_km * (1 - SHORTER_FRACTION) - SHORTER_KM
    straight = dict(zip(drawn[short].tolist(), straight_km[short].tolist(), strict=True))
    given_km = fiber.numbers("km")
    fiber.complain_of(
        drawn[short],
        lambda row: (
            f"km is {number(given_km[row])} km, but its ends are {straight[row]:,.1f} km apart as "
            "the crow flies; correct km, or leave it blank to have it from the line"
        ),
    )


def _ends_by_name(
    fiber: Sheet, rows: IntArray, nodes: Sheet | None
) -> tuple[ObjectArray, FloatArray, int]:
    """Names and places of the nodes of a table, then of the starts and of the ends of lines."""
    ends = lines_of(fiber.shapes[rows]).ends
    names = np.concatenate((fiber.text("from")[rows], fiber.text("to")[rows]))
    places = np.concatenate((ends[:, :2], ends[:, 2:]))
    if nodes is None:
        return names, places, 0
    ids, shapes = nodes.text("id"), nodes.shapes
    known = [k for k in range(len(nodes)) if ids[k] is not None and shapes[k] is not None]
    there = shapely.get_coordinates(shapes[known]).reshape(-1, 2)
    return (
        np.concatenate((ids[known], names)),
        np.concatenate((there, places)),
        len(known),
    )


def _check_places_of_nodes(fiber: Sheet, rows: IntArray, nodes: Sheet | None) -> None:
    """Check that a node is one place, once the lines that are drawn the other way are turned."""
    names, places, given = _ends_by_name(fiber, rows, nodes)
    node, _, first = number_names(names)
    if _apart_km(places, places[first][node]).max() > NODE_KM:
        _turn_lines(fiber, rows, places, node, given)
        _check_nodes(fiber, rows, nodes)


def _turn_lines(
    fiber: Sheet, rows: IntArray, places: FloatArray, node: IntArray, given: int
) -> None:
    """Turn the lines around that fit the places of their nodes only so."""
    start, end = node[given : given + len(rows)], node[given + len(rows) :]
    at_start, at_end = places[given : given + len(rows)], places[given + len(rows) :]
    count = int(node.max()) + 1
    seat = _places_of_nodes(count, start, end, at_start, at_end, node[:given], places[:given])
    as_drawn = _fits(at_start, seat[start]) & _fits(at_end, seat[end])
    turned = _fits(at_end, seat[start]) & _fits(at_start, seat[end]) & ~as_drawn
    if not turned.any():
        return
    wrong = rows[turned]
    fiber.shapes[wrong] = shapely.reverse(fiber.shapes[wrong])
    lines, their = ("line is", "its") if len(wrong) == 1 else ("lines are", "their")
    fiber.tell(
        f"{len(wrong):,} {lines} drawn from {their} `to` to {their} `from`"
        f"{_such_as(fiber, wrong)}, and turned around: spans have no direction"
    )


def _places_of_nodes(
    count: int,
    start: IntArray,
    end: IntArray,
    at_start: FloatArray,
    at_end: FloatArray,
    known: IntArray,
    known_at: FloatArray,
) -> FloatArray:
    """Where nodes are: where most of their spans have an end, whichever way they are drawn.

    A node of one span, or of spans between the same two nodes, is where most of these say.
    """
    node, said = np.concatenate((start, end)), np.concatenate((at_start, at_end))
    others, span = np.concatenate((at_end, at_start)), np.tile(np.arange(len(start)), 2)
    order = np.argsort(node, kind="stable")
    begin = np.searchsorted(node[order], np.arange(count + 1))
    spread = np.zeros(count)
    seat = said[order[np.minimum(begin[:-1], len(order) - 1)]]
    np.maximum.at(spread, node, _apart_km(said, seat[node]))
    sure = (spread <= NODE_KM) & (np.diff(begin) > 1)
    for n in np.flatnonzero(spread > NODE_KM):
        here = order[begin[n] : begin[n + 1]]
        seat[n], sure[n] = _elect(said[here], others[here], span[here])
    seat[known], sure[known] = known_at, True
    # The other end of a span that fits a sure node on one side alone is where the line ends.
    for _ in range(2):
        for a, b, at_a, at_b in ((start, end, at_start, at_end), (end, start, at_end, at_start)):
            only = sure[a] & ~sure[b]
            plain, turned = _fits(at_a, seat[a]) & only, _fits(at_b, seat[a]) & only
            seat[b[plain & ~turned]] = at_b[plain & ~turned]
            seat[b[turned & ~plain]] = at_a[turned & ~plain]
    return seat


def _elect(said: FloatArray, others: FloatArray, span: IntArray) -> tuple[FloatArray, bool]:
    """The place where most spans of a node have an end, and whether no other has as many."""
    at = np.concatenate((said, others))
    span, is_said = np.tile(span, 2), np.repeat([1, 0], len(said))
    if len(at) > MANY_ENDS:
        # So many are counted by the square of a tenth of a kilometre that they lie in.
        square = np.round(at, 3)
        _, first, spot = np.unique(square, axis=0, return_index=True, return_inverse=True)
        spot, seats, most = spot.ravel(), at[first], int(span.max()) + 1
        votes = np.bincount(np.unique(spot * most + span) // most, minlength=len(first))
        as_said = np.bincount(spot, weights=is_said)
    else:
        seats = at
        near = great_circle_km(*at.T[:, :, None], *at.T[:, None, :]) <= NODE_KM
        votes = np.array([len(np.unique(span[row])) for row in near])
        as_said = near @ is_said
    best = np.lexsort((seats[:, 1], seats[:, 0], -as_said, -votes))[0]
    others_votes = votes[~_fits(seats, np.broadcast_to(seats[best], seats.shape))]
    return seats[best], bool(votes[best] > others_votes.max(initial=0))


def _fits(at: FloatArray, seat: FloatArray) -> BoolArray:
    return np.asarray(_apart_km(at, seat) <= NODE_KM, np.bool_)


def _apart_km(at: FloatArray, other: FloatArray) -> FloatArray:
    return great_circle_km(*at.T, *other.T)


def _check_nodes(fiber: Sheet, rows: IntArray, nodes: Sheet | None) -> None:
    """A node id stands for one place, so lines that name it begin or end there."""
    names, places, given = _ends_by_name(fiber, rows, nodes)
    node, _, first = number_names(names)
    place = places[first][node]
    apart_km = _apart_km(places, place)
    wrong = np.flatnonzero(apart_km > NODE_KM)
    wrong = wrong[np.argsort((wrong - given) % len(rows), kind="stable")]

    def at(k: int) -> str:
        return f"lon {number(places[k, 0])}, lat {number(places[k, 1])}"

    def span(k: int) -> str:
        if k < given and nodes is not None:
            return nodes.raw.where
        return fiber.place(int(rows[(k - given) % len(rows)]))

    for k in wrong[:LISTED]:
        other = int(first[node[k]])
        fiber.complain(
            f"{span(int(k))}: node '{names[k]}' is at {at(int(k))}, but at {at(other)} in "
            f"{span(other)}, {apart_km[k]:,.1f} km away; a node is one place: name another node, "
            "or correct the line"
        )
    if len(wrong) > LISTED:
        fiber.complain(f"and {len(wrong) - LISTED:,} more like the last")
