"""Writing tables as compact text that is the same on every machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from shapely.geometry import mapping


def write_csv(table: pd.DataFrame, columns: list[str], path: Path) -> None:
    """Write columns as CSV with plain numbers, ``true`` and ``false``."""
    lines = [",".join(columns)]
    lines += [",".join(map(_cell, row)) for row in table[columns].itertuples(index=False)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def write_geojson(
    table: gpd.GeoDataFrame, columns: list[str], path: Path, *, decimals: int
) -> None:
    """Write features one a line, without blanks; coordinates are rounded to ``decimals``."""
    features = []
    for row, shape in zip(
        table[columns].itertuples(index=False), table.geometry.to_numpy(), strict=True
    ):
        feature = {
            "type": "Feature",
            "properties": {c: _plain(v) for c, v in zip(columns, row, strict=True)},
            "geometry": rounded(mapping(shape), decimals),
        }
        features.append(json.dumps(feature, separators=(",", ":"), ensure_ascii=False))
    head = '{"type":"FeatureCollection","features":[\n'
    path.write_text(head + ",\n".join(features) + "\n]}\n", encoding="utf-8", newline="\n")


def rounded(shape: dict[str, Any], decimals: int) -> dict[str, Any]:
    """Round the coordinates of a GeoJSON geometry."""

    def walk(value: Any) -> Any:
        if isinstance(value, float):
            return round(value, decimals)
        return [walk(v) for v in value]

    return {"type": shape["type"], "coordinates": walk(shape["coordinates"])}


def _plain(value: Any) -> Any:
    """Turn what pandas holds into what JSON holds; a missing value is null."""
    if value is None or value != value:  # noqa: PLR0124 - NaN alone differs from itself
        return None
    return value.item() if hasattr(value, "item") else value


def _cell(value: Any) -> str:
    plain = _plain(value)
    if isinstance(plain, bool):
        return str(plain).lower()
    if isinstance(plain, float):
        return str(int(plain)) if plain == int(plain) else repr(plain)
    text = str(plain)
    return f'"{text}"' if "," in text else text
