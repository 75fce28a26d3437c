"""A table of a world as plain arrays: what the program needs of it, without a frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import geopandas as gpd

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
ObjectArray = NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class PlainTable:
    """Columns of a table, with what is missing filled in when it is asked for.

    Parameters
    ----------
    columns
        ``(rows,)`` arrays by name: numbers with NaN, or objects with None, where there is none.
    lon, lat
        ``(rows,)`` WGS 84 positions of a table of points [degrees]; NaN in any other.
    """

    columns: Mapping[str, NDArray[Any]]
    lon: FloatArray
    lat: FloatArray

    def __len__(self) -> int:
        return len(self.lon)

    def __contains__(self, column: str) -> bool:
        return column in self.columns

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """``(rows,)`` ids, sorted."""
        return tuple(self.columns["id"])

    def texts(self, column: str) -> list[str | None]:
        """Texts, ``None`` where there is none."""
        if column not in self.columns:
            return [None] * len(self)
        values = self.columns[column]
        known = _known(values).tolist()
        return [str(v) if there else None for v, there in zip(values.tolist(), known, strict=True)]

    def numbers(self, column: str, missing: FloatArray | float = np.nan) -> FloatArray:
        """Numbers, ``missing`` where there is none."""
        default = np.broadcast_to(np.asarray(missing, np.float64), (len(self),))
        if column not in self.columns:
            return default.copy()
        values = self.columns[column].astype(np.float64)  # None becomes NaN
        return np.where(np.isnan(values), default, values)

    def flags(self, column: str) -> BoolArray:
        """Yes or no; what is not known is no."""
        if column not in self.columns:
            return np.zeros(len(self), np.bool_)
        values = self.columns[column]
        return np.asarray(_known(values) & values.astype(np.bool_), np.bool_)


def _known(values: NDArray[Any]) -> BoolArray:
    """Where a column has a value."""
    if values.dtype.kind == "f":
        return np.asarray(~np.isnan(values), np.bool_)
    return np.array([value is not None for value in values.tolist()], np.bool_)


class _Columns(Mapping[str, NDArray[Any]]):
    """Columns of a frame as arrays, each made when it is asked for."""

    def __init__(self, frame: gpd.GeoDataFrame) -> None:
        self._frame = frame
        self._names = [name for name in frame.columns if name != frame.geometry.name]
        self._known: dict[str, NDArray[Any]] = {}

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._known:
            values = self._frame[name]
            array = values.to_numpy()
            if array.dtype.kind not in "biuf":
                array = values.to_numpy(dtype=object, copy=True)
                array[values.isna().to_numpy()] = None
            self._known[name] = array
        return self._known[name]

    def __iter__(self) -> Any:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def plain_table(frame: gpd.GeoDataFrame) -> PlainTable:
    """Make a plain table of a frame; its columns are taken when they are asked for."""
    nowhere = np.full(len(frame), np.nan)
    if len(frame) and (frame.geom_type == "Point").all():
        lon, lat = (np.asarray(axis, np.float64) for axis in (frame.geometry.x, frame.geometry.y))
    else:
        lon, lat = nowhere, nowhere
    return PlainTable(_Columns(frame), lon, lat)
