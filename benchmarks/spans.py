"""Time and memory of `siting check` with ever more fiber spans, in three shapes.

    python benchmarks/spans.py [--spans N ...] [--shapes SHAPE ...]

A star has all its spans at one node, a chain is one long line of them, and a grid has nodes of
four. None names its nodes, so all are joined by their places. Each run is a process of its own,
started as a user's is; the seconds are those of all of it.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

SPANS = (1_000, 10_000, 100_000)
LIMIT_S = 1800.0
"""A run that takes longer is ended [s]."""

WEST, SOUTH, WIDE = -101.0, 39.0, 2.0
"""Corner and width of where the fiber lies [degrees]."""

MODEL = """\
schema = 1
name = "spans"
[world]
sites = "sites.csv"
zones = "zones.geojson"
fiber = "fiber.geojson"
[cluster]
target_mw = 500
"""

Place = tuple[float, float]
Ends = tuple[Place, Place]


def star(count: int) -> Iterator[Ends]:
    """Spans from the middle to random places."""
    for x, y in np.random.default_rng(1).random((count, 2)).round(6).tolist():
        yield (WEST + WIDE / 2, SOUTH + WIDE / 2), (WEST + WIDE * x, SOUTH + WIDE * y)


def chain(count: int) -> Iterator[Ends]:
    """Spans one after the other, in rows to and fro."""
    row = math.isqrt(count) + 1
    step = WIDE / row

    def place(k: int) -> Place:
        y, x = divmod(k, row)
        return WEST + step * (x if y % 2 == 0 else row - 1 - x), SOUTH + step * y

    for k in range(count):
        yield place(k), place(k + 1)


def grid(count: int) -> Iterator[Ends]:
    """Spans to the east and to the north of the nodes of a square."""
    row = math.isqrt(count // 2) + 1
    step = WIDE / row
    for k in range(count // 2):
        y, x = divmod(k, row)
        here = WEST + step * x, SOUTH + step * y
        yield here, (WEST + step * (x + 1), here[1])
        yield here, (here[0], SOUTH + step * (y + 1))


SHAPES: dict[str, Callable[[int], Iterator[Ends]]] = {"star": star, "chain": chain, "grid": grid}


def write_world(folder: Path, ends: Iterator[Ends]) -> None:
    """A model with fiber between pairs of places, a zone around it and four sites."""
    corners = [(WEST - 0.1, SOUTH - 0.1), (WEST + WIDE + 0.1, SOUTH + WIDE + 0.1)]
    (west, south), (east, north) = corners
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    zone = _feature({"id": "z", "utility": "u", "headroom_mw": 2000}, "Polygon", [ring])
    spans = [_feature({"id": f"s{k}"}, "LineString", list(pair)) for k, pair in enumerate(ends)]
    for name, features in (("zones", [zone]), ("fiber", spans)):
        collection = {"type": "FeatureCollection", "features": features}
        (folder / f"{name}.geojson").write_text(json.dumps(collection), encoding="utf-8")
    sites = [f"p{k},{WEST + WIDE * (k + 1) / 5},{SOUTH + WIDE / 3},400" for k in range(4)]
    (folder / "sites.csv").write_text("\n".join(["id,lon,lat,max_mw", *sites, ""]), "utf-8")
    (folder / "model.toml").write_text(MODEL, encoding="utf-8")


def _feature(properties: dict[str, object], kind: str, coordinates: list[object]) -> object:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


CHILD = """\
import sys
from benchmarks.memory import peak_mb
from siting.cli import main
code = main(["check", sys.argv[1]])
print(f"peak {peak_mb('self'):.0f} MB, exit {code}", file=sys.stderr)
"""


def run(folder: Path) -> tuple[float, float | None]:
    """Seconds of a check, and its largest memory [MB]; None where it did not end well."""
    start_s = time.perf_counter()
    command = [sys.executable, "-c", CHILD, str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return LIMIT_S, None
    found = re.search(r"peak (\d+) MB, exit 0", done.stderr)
    return time.perf_counter() - start_s, float(found[1]) if found else None


def main() -> None:
    """Run the benchmark and print a line for each shape and size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--spans", type=int, nargs="+", default=SPANS)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    options = parser.parse_args()
    print(f"{'shape':<6} {'spans':>8} {'time [s]':>9} {'per span [ms]':>14} {'peak [MB]':>10}")
    for shape in options.shapes:
        for count in options.spans:
            with tempfile.TemporaryDirectory() as folder:
                write_world(Path(folder), SHAPES[shape](count))
                seconds, peak = run(Path(folder))
            memory = "failed" if peak is None else f"{peak:,.0f}"
            line = f"{shape:<6} {count:>8,} {seconds:>9.2f} {1000 * seconds / count:>14.3f}"
            print(f"{line} {memory:>10}", flush=True)


if __name__ == "__main__":
    main()
