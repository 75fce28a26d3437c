"""The gap of 2, 4 and 8 clusters on all sites, smooth prices, five seeds, 300 s each.

    python -m benchmarks.clusters [--cap-mw 800] [--seed N]... [--clusters N]... [--limit-s S]

Can be stopped and taken up again; prints what is there in the end.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.instances import TARGET_MW, Instance
from benchmarks.rivals.registry import OURS, RIVALS
from benchmarks.run import RESULTS, Record, Results, Runner
from benchmarks.suites import FIVE

WANTED_GAP = {2: 0.003, 4: 0.005, 8: 0.01}
"""What is hoped for, by the number of clusters [1]."""

SITES = 4062


def main() -> None:
    """Solve and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cap-mw", type=float, default=2000.0, choices=sorted(TARGET_MW))
    parser.add_argument("--seed", type=int, action="append", default=[])
    parser.add_argument("--clusters", type=int, action="append", default=[])
    parser.add_argument("--limit-s", type=float, default=300.0)
    parser.add_argument("--results", type=Path, default=RESULTS / "clusters.json")
    parser.add_argument("--fresh", action="store_true", help="forget earlier runs")
    options = parser.parse_args()
    results = Results.open(options.results, fresh=options.fresh)
    runner = Runner(results)
    records = [
        runner.run(
            RIVALS[OURS],
            Instance(SITES, seed=seed, cap_mw=options.cap_mw, clusters=clusters),
            options.limit_s,
        )
        for clusters in options.clusters or sorted(WANTED_GAP)
        for seed in options.seed or FIVE
    ]
    print()
    print("\n".join(table(records)))


def table(records: list[Record]) -> list[str]:
    """Lines of a table in Markdown: the gap of every seed, and who misses what is wanted."""
    seeds = sorted({record["seed"] for record in records})
    kinds = sorted({(record["cap_mw"], record["clusters"]) for record in records})
    lines = [
        "| campus at most | clusters | wanted |"
        + "".join(f" seed {seed} |" for seed in seeds)
        + " misses |",
        "|---|---|---|" + "---|" * (len(seeds) + 1),
    ]
    for cap_mw, clusters in kinds:
        wanted = WANTED_GAP.get(clusters)
        cells, misses = [], []
        for seed in seeds:
            run = next(
                (
                    r
                    for r in records
                    if (r["cap_mw"], r["clusters"], r["seed"]) == (cap_mw, clusters, seed)
                ),
                None,
            )
            if run is None:
                cells.append("not run")
                continue
            gap = run["gap"]
            cells.append(
                f"{run['status']}, {run['seconds']:.0f} s"
                if gap is None
                else f"{gap:.2%}, {run['seconds']:.0f} s"
            )
            if wanted is not None and (gap is None or gap > wanted):
                over = "no gap" if gap is None else f"by {gap - wanted:.2%}"
                misses.append(f"seed {seed} {over}")
        hoped = "" if wanted is None else f"{wanted:.1%}"
        lines.append(
            f"| {cap_mw:,.0f} MW | {clusters} | {hoped} | "
            + " | ".join(cells)
            + f" | {'; '.join(misses) or 'none'} |"
        )
    return lines


if __name__ == "__main__":
    main()
