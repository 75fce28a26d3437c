"""Reading the file of a table: any format, any coordinate system, to WGS 84 degrees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siting.errors import Problems
from siting.notices import Notices
from siting.wording import did_you_mean, listing
from siting.world.addresses import offline, say_fetched
from siting.world.archives import Member, opened
from siting.world.choice import choose_layers, find_column
from siting.world.first_look import look_at, look_at_file
from siting.world.grids import Laid, say_empty
from siting.world.kml import KML, keep_geometry
from siting.world.layers import Layer, attempt, find_layers, say_unreadable
from siting.world.matching import asked_of_part
from siting.world.parts import join_rows
from siting.world.positions import place_rows
from siting.world.raw import (
    DRAWN,
    GROUPS,
    JSON,
    SPREADSHEETS,
    SUFFIXES,
    TEXT,
    Form,
    Part,
    Raw,
    Source,
    UnreadableError,
    fold,
    suffix_of,
)
from siting.world.reproject import in_degrees
from siting.world.spreadsheets import names_sheets, read_spreadsheet
from siting.world.text_tables import read_text

__all__ = [
    "DRAWN",
    "JSON",
    "SUFFIXES",
    "Form",
    "Raw",
    "Source",
    "read_outlines",
    "read_table",
]

Tell = Callable[[str], object]


def read_table(source: Source, problems: Problems, notices: Notices) -> Raw | None:
    """Read the file of a table; what is wrong with the file is added to ``problems``."""

    def tell(what: str) -> None:
        notices.add(source.where, what)

    wrong = look_at(source)
    if wrong is not None:
        problems.add(source.where, wrong)
        return None
    if source.fetched:
        tell(say_fetched(source.path))
    try:
        with offline(), opened(source.path) as members:
            return _read_members(source, members, tell)
    except UnreadableError as error:
        problems.add(source.where, str(error))
        return None


def read_outlines(path: Path | None, problems: Problems) -> gpd.GeoDataFrame | None:
    """Read the outlines of a map: any shapes, of which nothing is asked but to be drawn."""
    if path is None:
        return None
    wrong = look_at_file(path, "outlines")
    if wrong is not None:
        problems.add(path.name, wrong)
        return None
    with offline():
        frame, wrong = attempt(lambda: in_degrees(gpd.read_file(path)))
    if frame is None:
        problems.add(path.name, say_unreadable(path, wrong or ""))
    return frame


# --- Which file -----------------------------------------------------------------------------


def _read_members(source: Source, members: list[Member], tell: Tell) -> Raw:
    """Read the files of an archive, or the one file that is none."""
    if len(members) > 1 or members[0].path != source.path:
        members = _look_inside(source, members, tell)
    grids = [member for member in members if suffix_of(member.path) in (*TEXT, *SPREADSHEETS)]
    drawn = [member for member in members if member not in grids]
    if drawn and not any(_is_asked(source, member) for member in grids):
        raw = _read_drawn(source, drawn, tell)
        if grids:
            tell(f"{listing(member.name for member in grids)} in the archive left: no shapes")
        return raw
    several = _texts_asked(source, grids)
    if several:
        return _read_texts(source, several, tell)
    return _read_grid(source, _choose_grid(source, grids, tell), tell)


def _look_inside(source: Source, members: list[Member], tell: Tell) -> list[Member]:
    """The files of an archive that are what their names say."""
    wrong = {member: look_at_file(member.path, source.table.name) for member in members}
    bad = [f"{member.name} in it: {what}" for member, what in wrong.items() if what is not None]
    if len(bad) == len(members):
        raise UnreadableError(bad[0])
    for what in bad:
        tell(f"a file is left out: {what}")
    return [member for member, what in wrong.items() if what is None]


def _is_asked(source: Source, member: Member) -> bool:
    """Whether the model means a file of an archive by its name."""
    return any(fold(_stem(member)) == fold(name) for name in source.layers)


def _stem(member: Member) -> str:
    return member.path.stem


def _choose_grid(source: Source, members: list[Member], tell: Tell) -> Member:
    """The text table or spreadsheet of an archive that is meant."""
    if len(members) == 1:
        return members[0]
    asked = [member for member in members if _is_asked(source, member)]
    asked = asked or [member for member in members if fold(_stem(member)) == source.table.name]
    if len(asked) == 1:
        if not source.layers:
            left = listing(member.name for member in members if member is not asked[0])
            tell(f"{asked[0].name} is read, as it has the name of the table; left: {left}")
        return asked[0]
    names = [_stem(member) for member in members]
    close = did_you_mean(source.table.name, names) or names[0]
    raise UnreadableError(
        f"holds {len(members)} tables, {listing(member.name for member in members)}; say which in "
        f'the model: [layers] {source.table.name} = ["{close}"], or several if they are one table'
    )


# --- Tables of cells ------------------------------------------------------------------------


def _read_grid(source: Source, member: Member, tell: Tell) -> Raw:
    suffix = suffix_of(member.path)
    if suffix in TEXT:
        if source.layers and not _is_asked(source, member):
            raise UnreadableError(
                f"layers.{source.table.name} is {listing(source.layers)}, but a table of text has "
                "no layers; leave it out"
            )
        return _place(source, [("", read_text(source, member.path, tell))], "line", suffix, tell)
    if _is_asked(source, member) and not names_sheets(source, member.path):
        source = replace(source, layers=())  # it was the file inside of an archive, and no sheet
    return _place(source, read_spreadsheet(source, member.path, tell), "row", suffix, tell)


def _texts_asked(source: Source, members: list[Member]) -> list[Member]:
    """The tables of text of an archive, where the model names several; else none."""
    chosen = []
    for name in source.layers:
        same = [member for member in members if _stem(member) == name]
        same = same or [member for member in members if fold(_stem(member)) == fold(name)]
        if len(same) != 1 or suffix_of(same[0].path) not in TEXT or same[0] in chosen:
            return []
        chosen += same
    return chosen if len(chosen) > 1 else []


def _read_texts(source: Source, members: list[Member], tell: Tell) -> Raw:
    """Read several tables of text as one."""
    read: list[tuple[str, Laid]] = []
    for member in members:
        name = _stem(member)
        called = f"file '{name}'"

        def tell_of(what: str, called: str = called) -> None:
            tell(f"{called}: {what}")

        try:
            read.append((name, read_text(source, member.path, tell_of)))
        except UnreadableError as error:
            raise UnreadableError(f"{called}: {error}") from None
    return _place(source, read, "line", _only({suffix_of(m.path) for m in members}), tell)


def _place(
    source: Source, sheets: list[tuple[str, Laid]], word: str, suffix: str, tell: Tell
) -> Raw:
    """Find where the rows of each sheet of a table are, and join them."""
    if len(sheets) == 1:
        ((_, laid),) = sheets
        frame = cast("gpd.GeoDataFrame", pd.DataFrame(laid.columns))
        raw = Raw(source, frame, lines=laid.numbers, word=word, suffix=suffix)
        return _find_places(raw, tell)
    placed = [_place_one(source, sheet, sheets, how=(word, suffix), tell=tell) for sheet in sheets]
    forms = {raw.form: name for (name, _), raw in zip(sheets, placed, strict=True)}
    if len(forms) > 1:
        ways = {"drawn": "shapes as text", "lonlat": "lon and lat", "plain": "no places"}
        held = listing(f"'{name}' has {ways[form]}" for form, name in forms.items())
        raise UnreadableError(
            f"{GROUPS[word]}s are to be one table, but {held}; give places in all of them alike"
        )
    columns = join_rows([pd.DataFrame(raw.frame) for raw in placed])
    return Raw(
        source,
        gpd.GeoDataFrame(columns, geometry="geometry", crs=placed[0].frame.crs),
        form=placed[0].form,
        lines=[number for _, laid in sheets for number in laid.numbers],
        layer_of=[name for name, laid in sheets for _ in laid.numbers],
        word=word,
        suffix=suffix,
        parts=tuple(
            _part(name, raw.frame, suffix) for (name, _), raw in zip(sheets, placed, strict=True)
        ),
    )


def _place_one(
    source: Source,
    sheet: tuple[str, Laid],
    sheets: list[tuple[str, Laid]],
    *,
    how: tuple[str, str],
    tell: Tell,
) -> Raw:
    """One of several sheets with the places of its rows, which it may name in its own way."""
    name, laid = sheet
    word, suffix = how
    everywhere = [column for _, other in sheets for column in other.columns]
    raw = Raw(
        replace(source, columns=asked_of_part(source.columns, list(laid.columns), everywhere)),
        cast("gpd.GeoDataFrame", pd.DataFrame(laid.columns)),
        lines=laid.numbers,
        layer_of=[name] * len(laid),
        word=word,
        suffix=suffix,
    )
    called = f"{GROUPS[word]} '{name}'"
    try:
        return _find_places(raw, lambda what: tell(f"{called}: {what}"))
    except UnreadableError as error:
        raise UnreadableError(f"{called}: {error}") from None


def _part(name: str, frame: pd.DataFrame, suffix: str) -> Part:
    columns = tuple(str(column) for column in frame.columns if column != "geometry")
    return Part(name, len(frame), columns, suffix)


def _find_places(raw: Raw, tell: Tell) -> Raw:
    """A table of cells with the places of its rows."""
    frame, raw.form = place_rows(pd.DataFrame(raw.frame), raw.source, raw.place, tell)
    raw.frame = _to_degrees(frame, tell) if raw.form == "drawn" else frame
    return raw


def _to_degrees(frame: gpd.GeoDataFrame, tell: Tell) -> gpd.GeoDataFrame:
    try:
        return in_degrees(frame, tell)
    except ValueError as error:
        raise UnreadableError(str(error)) from None


# --- Files with shapes ----------------------------------------------------------------------


def _read_drawn(source: Source, members: list[Member], tell: Tell) -> Raw:
    if source.header_row is not None:
        raise UnreadableError(
            f"header_rows.{source.table.name} is {source.header_row}, but only text and "
            "spreadsheets have a row of names; leave it out"
        )
    layers = choose_layers(source, find_layers(members, tell))
    if len(layers) == 1 and not isinstance(layers[0].frame, gpd.GeoDataFrame):
        return _read_undrawn(source, layers[0], tell)
    frames: list[gpd.GeoDataFrame] = []
    numbers: list[NDArray[np.int64]] = []
    for layer in layers:
        frame = _with_days(source, _drawn_in_degrees(layer, tell))
        rows = np.arange(len(frame))
        if layer.suffix in KML:
            frame, rows = keep_geometry(frame, source.table, layer.name, tell)
        frames.append(frame)
        numbers.append(rows + 1)
    if len(frames) == 1:
        joined = frames[0]
    else:
        below = join_rows([pd.DataFrame(frame) for frame in frames])
        joined = gpd.GeoDataFrame(below, geometry="geometry", crs=frames[0].crs)
    if len(joined) == 0:
        raise UnreadableError(say_empty(source))
    raw = Raw(source, joined, word="feature", suffix=_only({layer.suffix for layer in layers}))
    if len(layers) > 1 or len(numbers[0]) != len(layers[0].frame):
        raw.lines = np.concatenate(numbers).tolist()
    if len(layers) > 1:
        held = zip(layers, numbers, strict=True)
        raw.layer_of = [layer.name for layer, rows_of in held for _ in rows_of]
        raw.parts = tuple(
            _part(layer.name, frame, layer.suffix)
            for layer, frame in zip(layers, frames, strict=True)
        )
    return raw


def _only(suffixes: set[str]) -> str:
    return next(iter(suffixes)) if len(suffixes) == 1 else ""


def _read_undrawn(source: Source, layer: Layer, tell: Tell) -> Raw:
    """A layer without shapes is a table of cells, as a text table is."""
    if len(layer.frame) == 0:
        raise UnreadableError(say_empty(source))
    tell(f"'{layer.name}' holds no shapes, and is read as a table without")
    raw = Raw(source, cast("gpd.GeoDataFrame", layer.frame), word="feature", suffix=layer.suffix)
    return _find_places(raw, tell)


def _drawn_in_degrees(layer: Layer, tell: Tell) -> gpd.GeoDataFrame:
    frame = layer.frame
    if not isinstance(frame, gpd.GeoDataFrame):
        raise UnreadableError(
            f"layer '{layer.name}' holds no shapes, but is to be joined with others that do"
        )
    if frame.crs is None and layer.suffix not in JSON:
        raise UnreadableError(_say_no_crs(layer.suffix))
    return _to_degrees(frame, tell)


def _with_days(source: Source, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Ids that a format keeps as days, such as 2024-01-01, as they were written."""
    name = find_column(source, "id", frame)
    if name is not None and pd.api.types.is_datetime64_any_dtype(frame[name].dtype):
        days = frame[name]
        if (days.dropna() == days.dropna().dt.normalize()).all():
            frame[name] = days.dt.strftime("%Y-%m-%d").astype(object).where(days.notna(), None)
    return frame


def _say_no_crs(suffix: str) -> str:
    beside = " (a .prj file)" if suffix == ".shp" else ""
    return (
        f"has no coordinate system{beside}, so its positions mean nothing; set it where the file "
        "was made, such as EPSG:4326 for degrees"
    )
