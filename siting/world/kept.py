"""The tables of a world as bytes: written once, and read back as arrays or as the same frames."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from siting.arcs import Lines
from siting.world.plain import PlainTable
from siting.world.spans import Spans

if TYPE_CHECKING:
    import geopandas as gpd

PLAIN_VALUES = (type(None), bool, int, float, str)
"""What a column of objects may hold to be kept: JSON gives each back as it was."""


class CannotKeepError(ValueError):
    """A table holds what does not come back from bytes as it was; says what."""


@dataclass(frozen=True)
class Written:
    """Bytes in the making: words as JSON, numbers beside them.

    Parameters
    ----------
    arrays
        Numbers, in the order in which `number` was asked to keep them.
    """

    arrays: list[NDArray[Any]] = field(default_factory=list)

    def number(self, array: NDArray[Any]) -> int:
        """Keep an array; the number to ask for it by."""
        self.arrays.append(array)
        return len(self.arrays) - 1

    def to_bytes(self, words: object) -> memoryview:
        """All that is kept, after the words that say what it is."""
        text = json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
        body = io.BytesIO()
        body.write(len(text).to_bytes(8, "little"))
        body.write(text)
        for array in self.arrays:
            npy.write_array(body, np.ascontiguousarray(array), allow_pickle=False)
        return body.getbuffer()


def words_and_arrays(body: memoryview) -> tuple[Any, list[NDArray[Any]]]:
    """Read what `Written.to_bytes` wrote."""
    size = 8 + int.from_bytes(body[:8], "little")
    words = json.loads(bytes(body[8:size]))
    stream = io.BytesIO(body[size:])
    arrays = []
    while stream.tell() < len(body) - size:
        arrays.append(npy.read_array(stream, allow_pickle=False))
    return words, arrays


@dataclass(frozen=True)
class KeptTables:
    """Tables that were read from bytes.

    Parameters
    ----------
    words
        What each table holds, by its name; as `words_of` writes it.
    arrays
        Its numbers.
    """

    words: dict[str, Any]
    arrays: list[NDArray[Any]]

    def __contains__(self, table: str) -> bool:
        return table in self.words

    def plain(self, table: str) -> PlainTable:
        """A table as arrays."""
        words = self.words[table]
        columns = {
            name: self._column(column) for name, column in words["columns"].items() if column
        }
        points = words["shapes"].get("points")
        if points is None:
            nowhere = np.full(words["rows"], np.nan)
            return PlainTable(columns, nowhere, nowhere)
        lon, lat = self.arrays[points]
        return PlainTable(columns, lon, lat)

    def frame(self, table: str) -> gpd.GeoDataFrame | None:
        """A table as the frame that was kept."""
        words = self.words[table]
        if words is None:
            return None
        import geopandas as gpd
        import pandas as pd

        shapes = gpd.GeoSeries(self._shapes(words["shapes"]), crs=words["crs"])
        columns: dict[str, Any] = {}
        for name, column in words["columns"].items():
            if not column:
                columns[name] = shapes
            else:
                columns[name] = pd.Series(self._column(column), dtype=column.get("dtype"))
        return gpd.GeoDataFrame(columns, geometry=words["geometry"])

    def _column(self, column: dict[str, Any]) -> NDArray[Any]:
        if "array" in column:
            # A copy, as whoever gets a table may change it.
            return np.array(self.arrays[column["array"]])
        cells: NDArray[Any] = np.array([*column["values"], None], dtype=object)[:-1]
        return cells

    def _shapes(self, shapes: dict[str, Any]) -> NDArray[np.object_]:
        import shapely

        if "points" in shapes:
            return np.asarray(shapely.points(*self.arrays[shapes["points"]]))
        ends, packed = self.arrays[shapes["ends"]], self.arrays[shapes["bytes"]].tobytes()
        pieces = [packed[start:end] for start, end in pairwise(ends.tolist())]
        whole = np.array([piece or None for piece in pieces], dtype=object)
        return np.asarray(shapely.from_wkb(whole), dtype=object)


def words_of_spans(spans: Spans, written: Written) -> dict[str, Any]:
    """Say what spans are; their numbers go to ``written``."""
    numbers = (spans.start, spans.end, spans.km, spans.node_lon, spans.node_lat, spans.row)
    lines = (spans.lines.positions, spans.lines.first)
    return {
        "ids": spans.ids if spans.ids != spans.row_ids else None,
        "row_ids": spans.row_ids,
        "node_ids": spans.node_ids,
        "arrays": [written.number(array) for array in (*numbers, *lines)],
    }


def spans_of(words: dict[str, Any], arrays: list[NDArray[Any]]) -> Spans:
    """Make the spans that `words_of_spans` wrote."""
    start, end, km, node_lon, node_lat, row, *lines = (arrays[n] for n in words["arrays"])
    row_ids = tuple(words["row_ids"])
    return Spans(
        ids=row_ids if words["ids"] is None else tuple(words["ids"]),
        start=start,
        end=end,
        km=km,
        node_ids=tuple(words["node_ids"]),
        node_lon=node_lon,
        node_lat=node_lat,
        row=row,
        row_ids=row_ids,
        lines=Lines(*lines),
    )


def words_of(frame: gpd.GeoDataFrame | None, written: Written) -> dict[str, Any] | None:
    """Say what a frame holds; its numbers go to ``written``.

    Raises
    ------
    CannotKeepError
        When it would not come back as it is.
    """
    if frame is None:
        return None
    if [*frame.index] != [*range(len(frame))]:
        raise CannotKeepError("rows are not numbered one after another")
    geometry = frame.geometry.name
    columns = {
        name: {} if name == geometry else _words_of_column(frame[name], written.number)
        for name in frame.columns
    }
    crs = None if frame.crs is None else frame.crs.to_wkt()
    return {
        "rows": len(frame),
        "columns": columns,
        "geometry": geometry,
        "crs": crs,
        "shapes": _words_of_shapes(frame, written),
    }


def _words_of_column(values: Any, number: Callable[[NDArray[Any]], int]) -> dict[str, Any]:
    dtype = str(values.dtype)
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "biuf":
        return {"array": number(values.to_numpy())}
    if dtype not in ("object", "str"):
        raise CannotKeepError(f"a column is of type {dtype}")
    cells = values.to_numpy(dtype=object, copy=True)
    if dtype == "str":
        cells[values.isna().to_numpy()] = None
    strange = {type(cell).__name__ for cell in cells if type(cell) not in PLAIN_VALUES}
    if strange or any(type(cell) is float and math.isnan(cell) for cell in cells):
        raise CannotKeepError(f"a column holds {sorted(strange) or 'NaN among objects'}")
    return {"values": cells.tolist(), "dtype": dtype}


def _words_of_shapes(frame: gpd.GeoDataFrame, written: Written) -> dict[str, Any]:
    import shapely

    shapes = frame.geometry.to_numpy()
    if shapely.has_z(shapes).any():
        raise CannotKeepError("shapes have heights")
    if (shapely.get_type_id(shapes) == shapely.GeometryType.POINT).all():
        there = np.array([shapely.get_x(shapes), shapely.get_y(shapes)])
        if not np.isnan(there).any():
            return {"points": written.number(there)}
    pieces = [piece or b"" for piece in shapely.to_wkb(shapes)]
    ends = np.cumsum([0, *map(len, pieces)], dtype=np.int64)
    packed = np.frombuffer(b"".join(pieces), np.uint8)
    return {"ends": written.number(ends), "bytes": written.number(packed)}
