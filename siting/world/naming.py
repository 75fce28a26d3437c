"""What columns are called: a table of a file with the names that the registry has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from siting.errors import Problems
from siting.notices import Notices
from siting.world.matching import ROW_NUMBER, Origin, match_columns
from siting.world.raw import Raw

SHAPEFILES = (".shp", ".shz", ".dbf")
"""Suffixes of files whose format cuts the names of columns, alone or in an archive."""


def name_columns(raw: Raw, problems: Problems, notices: Notices) -> Raw:
    """Give columns the names of the registry, and numbers the unit that the model says.

    Columns that are not read keep their names. What cannot be decided is added to ``problems``,
    and what was decided to ``notices``.
    """
    frame, source = raw.frame, raw.source
    names = [str(name) for name in frame.columns if name != "geometry"]
    match = match_columns(
        names,
        raw.table,
        source.columns,
        with_position=raw.form == "lonlat",
        is_cut=raw.suffix in SHAPEFILES,
        is_blank=lambda name: bool(frame[name].isna().all()),
    )
    for what in match.problems:
        problems.add(raw.where, what)
    for what in match.notices:
        notices.add(raw.where, what)
    return replace(
        raw,
        frame=_renamed(raw, match.origins, match.left_out),
        origins=match.origins,
        asked=frozenset(match.asked),
    )


def _renamed(raw: Raw, origins: Mapping[str, Origin], left_out: list[str]) -> Any:
    frame = raw.frame
    changed = {ours: origin for ours, origin in origins.items() if origin != Origin(ours)}
    if not changed and not left_out:
        return frame
    # Taken before any is renamed, as names may be swapped.
    taken = {ours: _values(raw, origin) for ours, origin in changed.items()}
    moved = {origin.name for origin in changed.values()} - origins.keys()
    gone = (moved | (set(left_out) - taken.keys())) & set(frame.columns)
    return frame.drop(columns=list(gone)).assign(**taken)


def _values(raw: Raw, origin: Origin) -> pd.Series[Any]:
    frame = raw.frame
    if origin.constant is not None:
        return pd.Series([origin.constant] * len(frame), index=frame.index, dtype=object)
    if origin.name == ROW_NUMBER and ROW_NUMBER not in frame:
        rows: Sequence[int] = range(1, len(frame) + 1)
        if raw.lines is not None and raw.layer_of is None:
            rows = raw.lines  # of several layers each has its own from 1: rows are counted on
        return pd.Series([str(row) for row in rows], index=frame.index, dtype=object)
    return scaled(frame[origin.name], origin)


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
