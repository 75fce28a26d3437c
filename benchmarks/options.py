"""Every sense with each option on, on all sites of the bundled world; writes ``docs/options.md``.

    python benchmarks/options.py [--limit SECONDS]

One cluster of 5 GW within 500 km. Some minutes on a quiet machine with two cores.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import siting
from benchmarks.growth import machine, table
from siting.case import build_case
from siting.distances import reach_of
from siting.errors import InfeasibleError, LimitError
from siting.model import make_model
from siting.program import solve
from siting.world import World

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "options.md"
TEMPLATE = Path(__file__).parent / "options.md"

SENSES = ("minimise_cost", "maximise_mw", "minimise_fiber_km")
TARGET_MW = 5000
MODEL: dict[str, Any] = {
    "schema": 1,
    "name": "options",
    "world": {"base": "us"},
    "cluster": {"target_mw": TARGET_MW, "max_campuses": 8, "max_fiber_km": 500},
    "solver": {"gap": 0.001},
}
OPTIONS: dict[str, dict[str, object]] = {
    "none": {},
    "80 % clean": {"clean.min_fraction": 0.8},
    "all clean": {"clean.min_fraction": 1.0},
    "80 % clean by contracts alone": {"clean.min_fraction": 0.8, "clean.count_grid_mix": False},
    "two utilities": {"cluster.min_utilities": 2},
    "three utilities": {"cluster.min_utilities": 3},
    "two regions": {"cluster.min_regions": 2},
    "half from one utility at the most": {"cluster.max_utility_fraction": 0.5},
    "80 % left after a campus": {"cluster.keep_after_campus_loss": 0.8},
    "50 % left after a utility": {"cluster.keep_after_utility_loss": 0.5},
    "no span's loss splits it": {"cluster.keep_after_span_loss": True},
    "modules of 100 MW": {"campus.module_mw": 100},
    "campuses of 300 MW or more": {"campus.min_mw": 300},
    "campuses of 800 MW or less": {"campus.max_mw": 800},
    "hub": {"cluster.network": "hub"},
    "ring of 1,000 km or less": {"cluster.network": "ring", "cluster.max_ring_km": 1000},
    "ring of 2,500 km or less": {"cluster.network": "ring", "cluster.max_ring_km": 2500},
    "ring of 5,000 km or less": {"cluster.network": "ring", "cluster.max_ring_km": 5000},
    "80 % clean and two utilities": {"clean.min_fraction": 0.8, "cluster.min_utilities": 2},
}


@dataclass(frozen=True)
class Found:
    """Time of a solve [s], and the gap that it proved; without a plan, why."""

    solve_s: float
    gap: float | None
    why: str = ""

    def __str__(self) -> str:
        if self.gap is None:
            return f"{self.solve_s:.1f} s, {self.why}"
        return f"{self.solve_s:.1f} s, {100 * self.gap:.2f} %"


def main() -> None:
    """Solve everything and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--limit", type=float, default=60.0, help="time limit of a solve [s]")
    parser.add_argument("--out", type=Path, default=PAGE)
    options = parser.parse_args()
    world = siting.read_world(make_model(MODEL, where="options"))
    found: dict[tuple[str, str], Found] = {}
    for option, changes in OPTIONS.items():
        for sense in SENSES:
            asked = {**changes, "objective.sense": sense, "solver.time_limit_s": options.limit}
            found[option, sense] = measure(world, asked)
            print(f"{option}, {sense}: {found[option, sense]}", file=sys.stderr, flush=True)
    text = TEMPLATE.read_text(encoding="utf-8").format(
        machine=machine(),
        load=f"{os.getloadavg()[0]:.1f}",
        sites=f"{len(world.sites):,}",
        limit_s=f"{options.limit:g}",
        options=table(
            ("option", *(f"`{sense}`" for sense in SENSES)),
            ((option, *(str(found[option, sense]) for sense in SENSES)) for option in OPTIONS),
        ),
        longest_s=f"{max(f.solve_s for f in found.values()):.1f}",
        open=sum(f.gap is None or f.gap > 0.00101 for f in found.values()),
        count=len(found),
    )
    options.out.write_text(text, encoding="utf-8", newline="\n")


def measure(world: World, asked: dict[str, object]) -> Found:
    """Solve one question; reading and routes are not in its time."""
    model = make_model(MODEL, where="options").replace(asked)
    case = build_case(model, world, reach_of(model, world))
    start_s = time.perf_counter()
    try:
        solution = solve(case, solver=model.solver)
    except InfeasibleError:
        return Found(time.perf_counter() - start_s, None, "proven: no plan")
    except LimitError:
        return Found(time.perf_counter() - start_s, None, "nothing found")
    solve_s = time.perf_counter() - start_s
    missing = abs(solution.objective - solution.bound)
    return Found(solve_s, missing / abs(solution.objective) if missing else 0.0)


if __name__ == "__main__":
    main()
