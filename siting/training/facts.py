"""Facts that ship with the package: accelerators, recipes, published tables; each with a source."""

from __future__ import annotations

import csv
import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

LEVELS = (0.50, 0.80, 0.90, 0.95, 0.99)
"""Compute utilisations for which bandwidths are published, and stated here [0-1]."""


@dataclass(frozen=True)
class Accelerator:
    """What computes.

    Parameters
    ----------
    name, title, year
        In model files, for people, and when it was launched.
    bf16_flop_per_s
        Dense peak in bf16 [FLOP/s].
    watts
        At the wall of the rack, with its share of host and switches [W].
    watts_verified
        Whether ``watts`` was read in a public source; else it is an assumption.
    source
        Where the numbers are from.
    """

    name: str
    title: str
    year: int
    bf16_flop_per_s: float
    watts: float
    watts_verified: bool
    source: str


@dataclass(frozen=True)
class Recipe:
    """What is trained.

    Parameters
    ----------
    name, title
        In model files, and for people.
    parameters, active_parameters
        All, which are exchanged, and those that work on a token [1].
    layers
        Layers [1].
    step_s
        A step without communication [s].
    bits_per_parameter
        Bits exchanged for each parameter [bit].
    source
        Where the numbers are from.
    assumed
        Those of them that no source gives.
    """

    name: str
    title: str
    parameters: float
    active_parameters: float
    layers: int
    step_s: float
    bits_per_parameter: float
    source: str
    assumed: tuple[str, ...]


@dataclass(frozen=True)
class PublishedRow:
    """A row of a published table of bandwidths.

    Parameters
    ----------
    model, parameters, layers, step_s
        What is trained.
    bits_per_parameter
        Fitted here to the table, one for each model [bit].
    inner_steps
        Steps between synchronisations; 1 is data-parallel.
    fragment_layers
        Layers of a streamed fragment; 0 for all at once.
    overlapped_steps
        Steps that go on while a fragment travels.
    gbps
        For each of `LEVELS` the published bandwidth [Gbit/s]; ``inf`` beyond the searched grid.
    """

    model: str
    parameters: float
    layers: int
    step_s: float
    bits_per_parameter: float
    inner_steps: int
    fragment_layers: int
    overlapped_steps: int
    gbps: tuple[float, ...]


PAPERS = {
    "charles2025": ("bandwidth_2503_09799.csv", "Charles et al. 2025, arXiv:2503.09799"),
    "douillard2025": ("bandwidth_2501_18512.csv", "Douillard et al. 2025, arXiv:2501.18512"),
}
"""Published tables: file and citation."""


@cache
def accelerators() -> dict[str, Accelerator]:
    """All accelerators by name."""
    return {
        row["name"]: Accelerator(
            name=row["name"],
            title=row["title"],
            year=int(row["year"]),
            bf16_flop_per_s=float(row["bf16_flop_per_s"]),
            watts=float(row["watts"]),
            watts_verified=row["watts_verified"] == "yes",
            source=row["source"],
        )
        for row in _rows("accelerators.csv")
    }


@cache
def recipes() -> dict[str, Recipe]:
    """All recipes by name."""
    tables = tomllib.loads(_text("recipes.toml"))
    return {
        name: Recipe(
            name=name,
            title=table["title"],
            parameters=float(table["parameters"]),
            active_parameters=float(table["active_parameters"]),
            layers=table["layers"],
            step_s=float(table["step_s"]),
            bits_per_parameter=float(table["bits_per_parameter"]),
            source=table["source"],
            assumed=tuple(table["assumed"]),
        )
        for name, table in tables.items()
    }


@cache
def published(paper: str) -> tuple[PublishedRow, ...]:
    """Rows of a published table, one of `PAPERS`, in its order."""
    return tuple(
        PublishedRow(
            model=row["model"],
            parameters=float(row["parameters"]),
            layers=int(row["layers"]),
            step_s=float(row["step_s"]),
            bits_per_parameter=float(row["bits_per_parameter"]),
            inner_steps=int(row["inner_steps"]),
            fragment_layers=int(row.get("fragment_layers", 0)),
            overlapped_steps=int(row.get("overlapped_steps", 0)),
            gbps=tuple(
                math.inf if (cell := row[f"cu{level * 100:.0f}"]) == "inf" else float(cell)
                for level in LEVELS
            ),
        )
        for row in _rows(PAPERS[paper][0])
    )


def _rows(name: str) -> list[dict[str, str]]:
    lines = [line for line in _text(name).splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def _text(name: str) -> str:
    return (files("siting.training") / "data" / name).read_text(encoding="utf-8")
