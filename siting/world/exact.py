"""Values as they were written, where a reader makes something else of them: whole numbers, ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from siting.world.raw import JSON, suffix_of

_EXACT = 2.0**53
"""Up to here a float holds every whole number."""


def make_exact(frame: gpd.GeoDataFrame, path: Path, layer: int | None) -> gpd.GeoDataFrame:
    """Read again what a float cannot hold, and the ids of GeoJSON that are no properties.

    pyogrio (0.13, read_dataframe) makes floats of a column of whole numbers that has a blank, so
    that 9007199254740993 ends in 2. GDAL (3.12, driver GeoJSON) makes a feature's number of its
    id where that is a whole number, and 0 of an id of letters beside properties of numbers.
    """
    if suffix_of(path) in JSON:
        return _from_json(frame, path)
    for name in _rounded(frame):
        frame[name] = _read_whole(frame[name], path, layer)
    return frame


def _rounded(frame: pd.DataFrame) -> list[str]:
    """Columns of floats that may be whole numbers that lost digits."""
    found = []
    for name in frame.columns:
        values = frame[name]
        if values.dtype != np.float64:
            continue
        large = values.abs() >= _EXACT
        if large.any() and (values[large] % 1 == 0).all():
            found.append(name)
    return found


def _read_whole(given: pd.Series[Any], path: Path, layer: int | None) -> pd.Series[Any]:
    """A column of whole numbers with blanks, read without them: so it stays whole."""
    about = pyogrio.read_info(path, layer=layer)
    types = dict(zip(about["fields"], about["dtypes"], strict=True))
    if not str(types.get(given.name)).startswith("int"):
        return given
    _, all_fids, _, _ = pyogrio.raw.read(
        path, layer=layer, columns=[], read_geometry=False, return_fids=True
    )
    quoted = str(given.name).replace('"', '""')
    _, fids, _, (values,) = pyogrio.raw.read(
        path,
        layer=layer,
        columns=[given.name],
        where=f'"{quoted}" IS NOT NULL',
        read_geometry=False,
        return_fids=True,
    )
    of_fid = dict(zip(fids.tolist(), values.tolist(), strict=True))
    whole = [of_fid.get(fid) for fid in all_fids.tolist()]
    return pd.Series(whole, index=given.index, dtype=object)


def read_whole_parquet(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Read again the columns of whole numbers of a Parquet file that became floats."""
    rounded = _rounded(frame)
    if rounded:
        from pyarrow import parquet

        again = parquet.read_table(path, columns=rounded).to_pandas(
            integer_object_nulls=True, ignore_metadata=True
        )
        for name in rounded:
            frame[name] = again[name].to_numpy()
    return frame


# --- GeoJSON --------------------------------------------------------------------------------


def _from_json(frame: gpd.GeoDataFrame, path: Path) -> gpd.GeoDataFrame:
    numeric_id = "id" in frame and pd.api.types.is_numeric_dtype(frame["id"].dtype)
    rounded = _rounded(frame)
    if "id" in frame and not numeric_id and not rounded:
        return frame
    features = _features(path)
    if features is None or len(features) != len(frame):
        return frame
    for name in rounded:
        frame[name] = pd.Series(
            [_number_of(_property(feature, name)) for feature in features],
            index=frame.index,
            dtype=object,
        )
    own = [_property(feature, "id") for feature in features]
    ids = [
        mine if mine is not None else feature.get("id")
        for mine, feature in zip(own, features, strict=True)
    ]
    if all(value is None for value in ids):
        return frame
    if any(mine is None and given is not None for mine, given in zip(own, ids, strict=True)):
        frame["id"] = pd.Series(ids, index=frame.index, dtype=object)
    return frame


def _features(path: Path) -> list[dict[str, Any]] | None:
    """The features of a GeoJSON file with numbers as they are written; None if it is no GeoJSON."""
    text = path.read_text("utf-8-sig")
    try:
        held = json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        try:
            lines = [line.strip("\x1e") for line in text.splitlines() if line.strip("\x1e ")]
            return [json.loads(line, parse_int=str, parse_float=str) for line in lines]
        except (ValueError, RecursionError):
            return None
    if not isinstance(held, dict):
        return None
    features = held.get("features") if held.get("type") == "FeatureCollection" else [held]
    if not isinstance(features, list) or not all(isinstance(f, dict) for f in features):
        return None
    return features


def _property(feature: dict[str, Any], name: str) -> Any:
    properties = feature.get("properties")
    return properties.get(name) if isinstance(properties, dict) else None


def _number_of(value: Any) -> Any:
    """A number of JSON that was kept as text; a whole one stays whole."""
    if not isinstance(value, str):
        return value
    try:
        return int(value)
    except ValueError:
        return float(value)
