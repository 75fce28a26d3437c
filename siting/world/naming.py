"""What columns are called: a table of a file with the names that the registry has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from siting.errors import Problems
from siting.notices import Notices
from siting.wording import listing
from siting.world.columns import POSITION
from siting.world.matching import (
    LISTED,
    ROW_NUMBER,
    Match,
    Origin,
    asked_of_part,
    check_asked,
    match_columns,
)
from siting.world.parts import join_rows
from siting.world.raw import GROUPS, Raw

SHAPEFILES = (".shp", ".shz", ".dbf")
"""Suffixes of files whose format cuts the names of columns, alone or in an archive."""


def name_columns(raw: Raw, problems: Problems, notices: Notices) -> Raw:
    """Give columns the names of the registry, and numbers the unit that the model says.

    Columns that are not read keep their names. What cannot be decided is added to ``problems``,
    and what was decided to ``notices``. Of several layers each spells its columns in its own way.
    """
    groups = _groups(raw)
    if len(groups) > 1:
        return _name_groups(raw, groups, problems, notices)
    suffix = raw.parts[0].suffix if raw.parts else raw.suffix
    match = match_columns(
        _names(raw.frame),
        raw.table,
        raw.source.columns,
        with_position=raw.form == "lonlat",
        is_cut=suffix in SHAPEFILES,
    )
    for what in match.problems:
        problems.add(raw.where, what)
    for what in match.notices:
        notices.add(raw.where, what)
    numbers: Sequence[int] = range(1, len(raw.frame) + 1)
    if raw.lines is not None and raw.layer_of is None:
        numbers = raw.lines  # of several layers each has its own from 1: rows are counted on
    return replace(
        raw,
        frame=_renamed(raw.frame, match, numbers),
        parts=(),
        origins=match.origins,
        asked=frozenset(match.asked),
    )


def _names(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame.columns if name != "geometry"]


def _renamed(frame: Any, match: Match, numbers: Sequence[int]) -> Any:
    origins = match.origins
    changed = {ours: origin for ours, origin in origins.items() if origin != Origin(ours)}
    if not changed and not match.left_out:
        return frame
    # Taken before any is renamed, as names may be swapped.
    taken = {ours: _values(frame, origin, numbers) for ours, origin in changed.items()}
    moved = {origin.name for origin in changed.values()} - origins.keys()
    gone = (moved | (set(match.left_out) - taken.keys())) & set(frame.columns)
    return frame.drop(columns=list(gone)).assign(**taken)


def _values(frame: Any, origin: Origin, numbers: Sequence[int]) -> pd.Series[Any]:
    if origin.constant is not None:
        return pd.Series([origin.constant] * len(frame), index=frame.index, dtype=object)
    if origin.name == ROW_NUMBER and ROW_NUMBER not in frame:
        return pd.Series([str(row) for row in numbers], index=frame.index, dtype=object)
    return scaled(frame[origin.name], origin)


# --- Several layers -------------------------------------------------------------------------


@dataclass
class _Group:
    """Layers of a table that spell their columns alike.

    Parameters
    ----------
    names
        What the layers are called.
    rows
        Which rows of the table are theirs.
    columns
        Their columns, as they spell them.
    is_cut
        Whether they come from a format that cuts names.
    """

    names: list[str]
    rows: list[int]
    columns: tuple[str, ...]
    is_cut: bool
    match: Match = field(default_factory=Match)

    def called(self, word: str) -> str:
        """What to call the layers in messages."""
        quoted = [f"'{name}'" for name in self.names[:LISTED]]
        more = len(self.names) - LISTED
        shown = [*quoted, f"{more:,} more"] if more > 0 else quoted
        return f"{GROUPS[word]}{'s' * (len(self.names) > 1)} {listing(shown)}"


def _groups(raw: Raw) -> list[_Group]:
    """Layers that spell their columns alike, in the order of the first of each."""
    groups: dict[tuple[frozenset[str], bool], _Group] = {}
    start = 0
    for part in raw.parts:
        is_cut = part.suffix in SHAPEFILES
        key = (frozenset(part.columns), is_cut)
        group = groups.setdefault(key, _Group([], [], part.columns, is_cut))
        group.names.append(part.name)
        group.rows += range(start, start + part.rows)
        start += part.rows
    return list(groups.values())


def _name_groups(raw: Raw, groups: list[_Group], problems: Problems, notices: Notices) -> Raw:
    """Match the columns of each group by themselves, and join the rows again after that."""
    everywhere = [name for group in groups for name in group.columns]
    asked = raw.source.columns
    with_position = raw.form == "lonlat"
    nowhere = check_asked(everywhere, raw.table, asked, with_position=with_position)
    for what in nowhere.problems:
        problems.add(raw.where, what)
    # A problem has no pair that it is about: each is tried by itself.
    refused = [
        pair
        for pair in asked
        if check_asked(everywhere, raw.table, [pair], with_position=with_position).problems
    ]
    frames = []
    for group in groups:
        own = [
            (ours, theirs)
            for ours, theirs in asked_of_part(asked, group.columns, everywhere, is_cut=group.is_cut)
            if (ours, theirs) not in refused
        ]
        group.match = match_columns(
            group.columns, raw.table, own, with_position=with_position, is_cut=group.is_cut
        )
        _tell_other_readings(raw, group, own, notices)
        frame = raw.frame.iloc[group.rows][[*group.columns, "geometry"]]
        numbers = [row + 1 for row in group.rows]
        frames.append(pd.DataFrame(_renamed(frame, group.match, numbers)))
    for what in _said_of(groups, "problems", raw.word):
        problems.add(raw.where, what)
    for what in _said_of(groups, "notices", raw.word):
        notices.add(raw.where, what)
    lacking = _check_lacking(raw, groups, problems, notices)
    joined = join_rows(frames)
    order = np.argsort([row for group in groups for row in group.rows], kind="stable")
    joined = joined.iloc[order].reset_index(drop=True)
    return replace(
        raw,
        # What a layer lacks and every row needs has its problem: it is not said of each row.
        frame=gpd.GeoDataFrame(joined, geometry="geometry", crs=raw.frame.crs).drop(
            columns=[name for name in lacking if name in joined]
        ),
        parts=(),
        origins=_common_origins(groups),
        asked=frozenset(lacking).union(nowhere.asked, *(group.match.asked for group in groups)),
    )


def _said_of(groups: list[_Group], kind: str, word: str) -> list[str]:
    """What is said of all layers once, and what of some of them with their names."""
    said: dict[str, list[_Group]] = {}
    for group in groups:
        for what in getattr(group.match, kind):
            said.setdefault(what, []).append(group)
    lines = []
    for what, of in said.items():
        if len(of) == len(groups):
            lines.append(what)
            continue
        names = [name for group in of for name in group.names]
        lines.append(f"{replace(of[0], names=names).called(word)}: {what}")
    return lines


def _tell_other_readings(
    raw: Raw, group: _Group, own: Sequence[tuple[str, str]], notices: Notices
) -> None:
    """Tell where layers lack a column that the model names, and which one stands for it."""
    for ours, theirs in raw.source.columns:
        origin = group.match.origins.get(ours)
        if origin is None or (ours, theirs) in own:
            continue
        how = f"'{origin.name}', as it stands" if ours not in dict(own) else f"'{origin.written()}'"
        notices.add(
            raw.where,
            f"{group.called(raw.word)}: {ours} is read from {how}; the column that "
            f'columns.{raw.table.name} names, "{theirs}", is not there',
        )


def _check_lacking(
    raw: Raw, groups: list[_Group], problems: Problems, notices: Notices
) -> list[str]:
    """Say which layers lack a column that others have; names those that every row needs."""
    needed = []
    for column in (*raw.table.columns, *(POSITION if raw.form == "lonlat" else ())):
        name = column.name
        having = [group for group in groups if name in group.match.origins]
        without = [
            group
            for group in groups
            if name not in group.match.origins and name not in group.match.asked
        ]
        if not having or not without:
            continue
        lack = replace(
            without[0],
            names=[own for group in without for own in group.names],
            rows=[row for group in without for row in group.rows],
        )
        rows = "1 row" if len(lack.rows) == 1 else f"{len(lack.rows):,} rows"
        called = lack.called(raw.word)
        verb = "has" if len(lack.names) == 1 else "have"
        if column.required:
            needed.append(name)
            columns = without[0].columns
            more = f" and {len(columns) - LISTED:,} more" if len(columns) > LISTED else ""
            problems.add(
                raw.where,
                f"{called} ({rows}) {verb} no column {name}, but every {raw.table.a_row} needs "
                f"it; it has {', '.join(columns[:LISTED])}{more}: give the column one name in all "
                f"{GROUPS[raw.word]}s, or name those that are meant in [layers]",
            )
        else:
            notices.add(
                raw.where,
                f"{called} {verb} no column {name}, which others have: it is blank in {rows}",
            )
    return needed


def _common_origins(groups: list[_Group]) -> dict[str, Origin]:
    """The column that each is read from, as the first layer spells it, if factors agree."""
    held: dict[str, list[Origin]] = {}
    for group in groups:
        for ours, origin in group.match.origins.items():
            held.setdefault(ours, []).append(origin)
    common = {}
    for ours, origins in held.items():
        factors = {(origin.times, origin.over, origin.constant) for origin in origins}
        common[ours] = origins[0] if len(factors) == 1 else Origin(ours)
    return common


# --- Units ----------------------------------------------------------------------------------


def scaled(given: pd.Series[Any], origin: Origin) -> pd.Series[Any]:
    """Values in our unit: numbers and the text of numbers are multiplied, all else stays."""
    if origin.is_plain:
        return given
    plain = pd.api.types.is_numeric_dtype(given.dtype) and not pd.api.types.is_bool_dtype(
        given.dtype
    )
    if plain:
        values = given.to_numpy(dtype=float, na_value=np.nan)
        return pd.Series(values * origin.times / origin.over, index=given.index)
    held = [_scaled_value(value, origin) for value in given.to_numpy(dtype=object)]
    return pd.Series(held, index=given.index, dtype=object)


def _scaled_value(value: object, origin: Origin) -> object:
    if isinstance(value, bool | np.bool_) or not isinstance(value, str | int | float | np.number):
        return value
    # float() also reads digits apart by "_" and the words nan and inf.
    if isinstance(value, str) and ("_" in value or not any(c.isdigit() for c in value)):
        return value
    try:
        return float(value) * origin.times / origin.over
    except (ValueError, OverflowError):
        return value
