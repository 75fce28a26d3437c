"""The published tables of bandwidths beside what the step model gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from siting.training.facts import LEVELS, PublishedRow, published
from siting.training.steps import (
    GRID_GBPS,
    exposed_s,
    first_on_grid_gbps,
    streaming_exposed_s,
    utilisation_of,
)


@dataclass(frozen=True)
class ComparedRow:
    """A published row and ours.

    Parameters
    ----------
    row
        The published row.
    ours_gbps
        For each of the levels the first bandwidth of the grid that reaches it [Gbit/s].
    steps_apart
        For each level, how many points of the grid ours is above the published one.
    """

    row: PublishedRow
    ours_gbps: tuple[float, ...]
    steps_apart: tuple[int, ...]


@dataclass(frozen=True)
class Comparison:
    """A published table and ours, with how many cells agree."""

    paper: str
    rows: tuple[ComparedRow, ...]

    @property
    def cells(self) -> int:
        """Cells of the table."""
        return sum(len(row.steps_apart) for row in self.rows)

    def within(self, steps: int) -> int:
        """Cells that are at most so many points of the grid apart."""
        return sum(abs(apart) <= steps for row in self.rows for apart in row.steps_apart)


def compare(paper: str) -> Comparison:
    """Work out a published table and compare it, cell by cell.

    Parameters
    ----------
    paper
        One of `siting.training.facts.PAPERS`.
    """
    rows = []
    for row in published(paper):
        utilisation = grid_utilisation(row)
        ours = tuple(first_on_grid_gbps(utilisation, level) for level in LEVELS)
        apart = tuple(
            grid_point(our) - grid_point(theirs) for our, theirs in zip(ours, row.gbps, strict=True)
        )
        rows.append(ComparedRow(row, ours, apart))
    return Comparison(paper, tuple(rows))


def grid_utilisation(row: PublishedRow) -> np.ndarray:
    """``(50,)`` compute utilisation of a row at each bandwidth of the published grid [0-1]."""
    if row.fragment_layers:
        exposed = streaming_exposed_s(
            parameters=row.parameters,
            bits_per_parameter=row.bits_per_parameter,
            bandwidth_gbps=GRID_GBPS,
            step_s=row.step_s,
            layers=row.layers,
            fragment_layers=row.fragment_layers,
            overlapped_steps=row.overlapped_steps,
        )
    else:
        exposed = exposed_s(
            parameters=row.parameters,
            bits_per_parameter=row.bits_per_parameter,
            bandwidth_gbps=GRID_GBPS,
            step_s=row.step_s,
            layers=row.layers,
        )
    return np.asarray(utilisation_of(exposed, step_s=row.step_s, inner_steps=row.inner_steps))


def grid_point(gbps: float) -> int:
    """Which point of the grid a bandwidth that is rounded to one decimal stands for.

    ``inf`` is the point after the last.
    """
    if np.isinf(gbps):
        return len(GRID_GBPS)
    return int(np.argmin(np.abs(np.log(GRID_GBPS / gbps))))
