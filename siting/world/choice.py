"""Which layers of a file hold a table: by its name, by their geometry, or not to be told."""

from __future__ import annotations

import json
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siting.wording import did_you_mean, listing, shown
from siting.world.columns import TABLES, Table
from siting.world.layers import PLURAL, Layer
from siting.world.raw import Source, UnreadableError, fold

OVERLAP_FRACTION = 0.01
"""Zones of two layers that share more of the smaller one are two versions of one area [0-1]."""

# In a GPX they are the vertices of tracks and routes, which are layers of their own.
_VERTICES = ("track_points", "route_points")

Tell = Callable[[str], object]


def choose_layers(source: Source, layers: list[Layer]) -> list[Layer]:
    """Choose the layers that hold a table, and say which were passed over.

    Raises
    ------
    UnreadableError
        If which of them hold it cannot be told.
    """
    if source.layers:
        return [_named(source, name, layers) for name in source.layers]
    if len(layers) == 1:
        return layers
    own = [layer for layer in layers if layer.name == source.table.name]
    own = own or [layer for layer in layers if fold(layer.name) == source.table.name]
    tell = layers[0].tell
    if len(own) == 1:
        left = [layer for layer in layers if layer is not own[0] and fold(layer.name) not in TABLES]
        if left:
            tell(
                f"layer '{own[0].name}' is read alone, as it has the name of the table; left: "
                f"{listing(layer.describe() for layer in left)}"
            )
        return own
    return _choose_by_content(source, layers, tell)


def _named(source: Source, name: str, layers: list[Layer]) -> Layer:
    same = [layer for layer in layers if layer.name == name]
    same = same or [layer for layer in layers if fold(layer.name) == fold(name)]
    if len(same) == 1:
        return same[0]
    there = [layer.name for layer in layers]
    close = did_you_mean(name, there)
    hint = f"did you mean '{close}'?" if close else "name one of them"
    raise UnreadableError(
        f"layers.{source.table.name} has '{name}', but the layers are {listing(there)}; {hint}"
    )


def _choose_by_content(source: Source, layers: list[Layer], tell: Tell) -> list[Layer]:
    table = source.table
    wanted, passed = _sort_by_kind(table, layers)
    if not wanted:
        raise UnreadableError(
            f"holds {len(layers)} layers, none with {PLURAL[table.geometry]}: "
            f"{listing(layer.describe() for layer in layers)}; say which holds {table.name} in "
            f'the model: [layers] {table.name} = ["{layers[0].name}"]'
        )
    if len(wanted) > 1:
        wanted, lacking = _sort_by_columns(source, wanted)
        passed |= lacking
    if len(wanted) > 1:
        doubt = _doubt(source, wanted)
        if doubt is not None:
            named = [layer for layer in wanted if find_column(source, "id", layer.frame)] or wanted
            raise UnreadableError(
                f"holds {len(wanted)} layers that could be {table.name}, "
                f"{listing(layer.describe() for layer in wanted)}, but {doubt}; say which in the "
                f"model, such as [layers] {table.name} = {_as_toml([named[-1].name])}"
            )
    names = listing(layer.describe() for layer in wanted)
    reads = f"layers {names} are read as one table" if len(wanted) > 1 else f"layer {names} is read"
    left = [f"'{layer.name}' ({why})" for layer, why in zip(passed, passed.values(), strict=True)]
    tell(f"{reads}{f'; passed over: {listing(left)}' if left else ''}")
    return wanted


def _as_toml(names: list[str]) -> str:
    return json.dumps(names, ensure_ascii=False)


def _sort_by_kind(table: Table, layers: list[Layer]) -> tuple[list[Layer], dict[Layer, str]]:
    """Layers that hold the geometry of a table, and why each of the others is passed over."""
    passed: dict[Layer, str] = {}
    there = []
    for layer in layers:
        if layer.suffix == ".gpx" and layer.name in _VERTICES:
            if layer.rows:
                passed[layer] = f"vertices of the {layer.name.split('_')[0]}s"
        elif layer.rows == 0:
            passed[layer] = "no rows"
        else:
            there.append(layer)
    # Sites may be drawn as footprints, but a layer of points beside them is what is meant.
    kinds = (table.geometry, "polygon") if table.name == "sites" else (table.geometry,)
    wanted: list[Layer] = []
    for kind in kinds:
        wanted = wanted or [layer for layer in there if kind in layer.kinds]
    passed |= {
        layer: " and ".join(PLURAL.get(kind, f"{kind}s") for kind in sorted(layer.kinds))
        or "no geometry"
        for layer in there
        if layer not in wanted
    }
    return wanted, passed


def _sort_by_columns(source: Source, layers: list[Layer]) -> tuple[list[Layer], dict[Layer, str]]:
    """Layers that have the columns that every row needs, and which column each other one lacks."""
    lacking: dict[Layer, str] = {}
    for column in source.table.columns:
        if not column.required or column.kind == "id":
            continue
        without = [
            layer for layer in layers if find_column(source, column.name, layer.frame) is None
        ]
        if len(without) < len(layers):
            lacking |= dict.fromkeys(without, f"no column {column.name}")
    having = [layer for layer in layers if layer not in lacking]
    return (having, lacking) if having else (layers, {})


def find_column(source: Source, name: str, frame: pd.DataFrame) -> str | None:
    """What a column is called in a file: as the model says, or by its own name."""
    for called in source.read_from(name):
        if called in frame:
            return called
    if name in frame:
        return name
    ways = {fold(name), *map(fold, source.read_from(name))}
    return next((str(held) for held in frame if fold(str(held)) in ways), None)


def _doubt(source: Source, layers: list[Layer]) -> str | None:
    """Why it is doubtful that layers are parts of one table."""
    ids = {layer: find_column(source, "id", layer.frame) for layer in layers}
    without = [f"'{layer.name}'" for layer, name in ids.items() if name is None]
    if without and len(without) < len(layers):
        return f"{listing(without)} has no column id"
    first: dict[str, Layer] = {}
    again: list[tuple[str, Layer]] = []
    for layer, name in ids.items():
        held = {str(value) for value in layer.frame[name].dropna()} if name is not None else set()
        again += [(value, layer) for value in sorted(held) if value in first]
        first |= {value: layer for value in held if value not in first}
    if again:
        value, layer = again[0]
        more = f", and so are {len(again) - 1:,} others" if len(again) > 1 else ""
        return f"id {shown(value)} is in '{first[value].name}' and in '{layer.name}'{more}"
    return _doubt_areas(layers) if source.table.geometry == "polygon" else None


def _doubt_areas(layers: list[Layer]) -> str | None:
    """Whether areas of two layers overlap: then they may be two versions of the same."""
    shapes = []
    for layer in layers:
        drawn = layer.frame
        if not isinstance(drawn, gpd.GeoDataFrame) or drawn.crs != layers[0].frame.crs:
            return f"'{layer.name}' has another coordinate system"
        given = np.asarray(drawn.geometry.to_numpy(), dtype=object)
        shapes.append(shapely.make_valid(given[~shapely.is_missing(given)]))
    for n, (layer, own) in enumerate(zip(layers, shapes, strict=True)):
        tree = shapely.STRtree(own)
        for other, theirs in zip(layers[:n], shapes[:n], strict=True):
            a, b = tree.query(theirs, predicate="intersects")
            common = shapely.area(shapely.intersection(theirs[a], own[b]))
            smaller = np.minimum(shapely.area(theirs)[a], shapely.area(own)[b])
            if (common > OVERLAP_FRACTION * smaller).any():
                return (
                    f"areas of '{other.name}' and '{layer.name}' overlap, which would count twice"
                )
    return None
