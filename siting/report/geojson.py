"""A layer of a plan as RFC 7946 GeoJSON, byte for byte the same for the same plan.

WGS 84 without a ``crs`` member, exterior rings counter-clockwise, coordinates and numbers with
at most six decimals (about 0.1 m), one feature a line.

Source: RFC 7946, The GeoJSON Format, https://doi.org/10.17487/RFC7946
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from shapely import Polygon

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from shapely.geometry.base import BaseGeometry

DECIMALS = 6


def to_geojson(layer: GeoDataFrame) -> str:
    """Write a layer as a GeoJSON FeatureCollection, in the order of its rows.

    Parameters
    ----------
    layer
        Features in EPSG:4326; every column but the geometry becomes a property.

    Returns
    -------
    str
        Text that ends in a newline.

    Raises
    ------
    ValueError
        When the layer is not in EPSG:4326, the only reference system of RFC 7946.
    """
    if layer.crs is None or layer.crs.to_epsg() != 4326:
        raise ValueError(f"GeoJSON is in EPSG:4326, but the layer is in {layer.crs}; use to_crs")
    names = [str(name) for name in layer.columns if name != layer.geometry.name]
    columns = [layer[name].tolist() for name in names]
    features = []
    for position, shape in enumerate(layer.geometry):
        feature = {
            "type": "Feature",
            "properties": {
                name: to_json_value(column[position])
                for name, column in zip(names, columns, strict=True)
            },
            "geometry": _geometry(shape),
        }
        features.append(json.dumps(feature, ensure_ascii=False, allow_nan=False))
    head = '{"type": "FeatureCollection", "features": ['
    return head + "".join(f"\n{line}," for line in features).removesuffix(",") + "\n]}\n"


def to_json_value(value: object) -> Any:
    """A cell of a table as a JSON value; what is missing (NaN, NaT, None) becomes null."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return round_number(value) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): to_json_value(entry) for key, entry in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return [to_json_value(entry) for entry in value]
    return None if pd.isna(value) else str(value)  # type: ignore[call-overload]


def round_number(value: float) -> float:
    """A number with at most six decimals, and no negative zero."""
    return round(value, DECIMALS) + 0.0


def _geometry(shape: BaseGeometry | None) -> dict[str, Any] | None:
    """The geometry as a GeoJSON object, with rounded coordinates and rings by the right hand.

    A feature without a place, such as a zone that has no outline, has null (RFC 7946, 3.2).
    """
    if shape is None:
        return None
    return _object(shapely.orient_polygons(_rounded(shape), exterior_cw=False))


def _rounded(shape: BaseGeometry) -> BaseGeometry:
    flat = shapely.force_2d(shape)
    rounded = shapely.transform(flat, lambda xy: np.round(xy, DECIMALS) + 0.0)
    if not flat.is_valid or rounded.is_valid:
        return rounded
    # Rounding can make a sliver cross itself; snapping to the grid repairs that.
    snapped = shapely.set_precision(flat, 10.0**-DECIMALS)
    return rounded if snapped.is_empty else snapped


def _object(shape: BaseGeometry) -> dict[str, Any]:
    kind = shape.geom_type
    if kind.startswith(("Multi", "GeometryCollection")):
        parts = [_object(part) for part in shapely.get_parts(shape)]
        if kind == "GeometryCollection":
            return {"type": kind, "geometries": parts}
        return {"type": kind, "coordinates": [part["coordinates"] for part in parts]}
    if isinstance(shape, Polygon):
        rings = [shape.exterior, *shape.interiors]
        return {"type": kind, "coordinates": [_positions(ring) for ring in rings]}
    positions = _positions(shape)
    return {"type": kind, "coordinates": positions[0] if kind == "Point" else positions}


def _positions(shape: BaseGeometry) -> list[list[float]]:
    return [[round_number(x), round_number(y)] for x, y in shapely.get_coordinates(shape).tolist()]
