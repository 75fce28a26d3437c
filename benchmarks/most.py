"""The most clusters of several sizes on the bundled world; writes ``docs/most.md``.

    python benchmarks/most.py [--limit SECONDS]

Counting alone. About twenty minutes on a quiet machine with two cores.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import siting
from benchmarks.growth import machine, table
from siting.case import Case, build_case
from siting.distances import reach_of
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.count.solve import find_most
from siting.program.relaxations.region_milp import first_groups, most_clusters, of_any_cluster

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "most.md"
TEMPLATE = Path(__file__).parent / "most.md"

MODEL = "us_5gw"
TARGETS_GW = (10, 8, 7, 5)
GAP = 0.001


@dataclass(frozen=True)
class Counted:
    """Clusters found, bounds on their number, and the time of counting [s]."""

    headroom: int
    fleets: int
    at_most: int
    found: int
    count_s: float


def main() -> None:
    """Count clusters of every size and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--limit", type=float, default=2400.0, help="time limit of a count [s]")
    parser.add_argument("--out", type=Path, default=PAGE)
    options = parser.parse_args()
    model = siting.read_model(MODEL, set={"cluster.count": "most"})
    world = siting.read_world(model)
    case = build_case(model, world, reach_of(model, world))
    counted: dict[int, Counted] = {}
    for target_gw in TARGETS_GW:
        cluster = case.cluster.model_copy(update={"target_mw": 1000.0 * target_gw})
        counted[target_gw] = count(replace(case, cluster=cluster), options.limit)
        print(f"{target_gw} GW: {counted[target_gw]}", file=sys.stderr, flush=True)
    rows = (
        (f"{gw} GW", c.headroom, c.fleets, c.at_most, c.found, f"{c.count_s:.0f} s")
        for gw, c in counted.items()
    )
    text = TEMPLATE.read_text(encoding="utf-8").format(
        machine=machine(),
        sites=f"{len(world.sites):,}",
        limit_s=f"{options.limit:,g}",
        targets=table(
            ("target", "headroom", "fleets", "cluster types", "found", "time"),
            (tuple(str(cell) for cell in row) for row in rows),
        ),
        proven=sum(c.found == c.at_most for c in counted.values()),
        count=len(counted),
    )
    options.out.write_text(text, encoding="utf-8", newline="\n")


def count(case: Case, limit_s: float) -> Counted:
    """Count the clusters of one size."""
    any_cluster, _ = of_any_cluster(case)
    fleets = most_clusters(any_cluster, first_groups(any_cluster), Deadline(limit_s))
    top = case.parent < 0
    headroom = int(case.headroom_mw[top].sum() // (case.target or 1.0))
    start_s = time.perf_counter()
    most = find_most(case, Solver("highs", GAP, 0), Deadline(limit_s))
    count_s = time.perf_counter() - start_s
    return Counted(headroom, fleets, most.at_most, most.found, count_s)


if __name__ == "__main__":
    main()
