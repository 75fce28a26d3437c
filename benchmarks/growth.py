"""How time and memory grow with sites, reach, options and clusters; writes ``docs/growth.md``.

    python benchmarks/growth.py [--quick]

Every measurement is a process of its own, so that its peak memory is its own, and all are made in
one run on one machine. Sites are drawn at random from the world ``us_all``, which ``make world``
builds; the fiber stays whole. A quarter of an hour on a quiet machine with two cores.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import pickle
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import siting
from benchmarks.memory import peak_mb
from benchmarks.run import cores, processor
from siting.case import build_case
from siting.distances import reach_of
from siting.errors import InfeasibleError, LimitError
from siting.program import solve
from siting.world import World

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "growth.md"
TEMPLATE = Path(__file__).parent / "growth.md"

ALL_SITES = 41_083
SIZES = (500, 1_000, 2_000, 4_000, 8_000, 16_000, ALL_SITES)
REACHES_KM = (100, 500, 1_000)
OPTIONS: dict[str, dict[str, object]] = {
    "none": {},
    "80 % clean": {"clean.min_fraction": 0.8},
    "two utilities": {"cluster.min_utilities": 2},
    "80 % left after a campus": {"cluster.keep_after_campus_loss": 0.8},
    "modules of 50 MW": {"campus.module_mw": 50},
    "no span's loss splits it": {"cluster.keep_after_span_loss": True},
    "half from one utility at the most": {"cluster.max_utility_fraction": 0.5},
    "hub": {"cluster.network": "hub"},
    "ring of 1,000 km or less": {"cluster.network": "ring", "cluster.max_ring_km": 1000},
    "the most draw": {"objective.sense": "maximise_mw"},
    "the least fiber": {"objective.sense": "minimise_fiber_km"},
}
CLUSTERS = {4_000: (1, 2, 4, 8), ALL_SITES: (1, 2, 4)}
"""Numbers of clusters, by the number of sites."""

OPTIONS_SITES = 8_000
FIT_FROM = 4_000
"""Exponents are fitted from this number of sites on: below, constants are most of the time."""

MODEL: dict[str, Any] = {
    "schema": 1,
    "name": "growth",
    "world": {"base": "us_all", "min_kv": 0},
    "cluster": {"target_mw": 2000, "max_campuses": 8, "max_fiber_km": 500},
    "solver": {"gap": 0.001, "time_limit_s": 120},
}


@dataclass(frozen=True)
class Ask:
    """One measurement: how many sites, drawn by which seed, and what changes in the model."""

    sites: int
    seed: int = 0
    changes: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True)
class Found:
    """What a measurement gave; nothing was solved where there is no gap."""

    distances_s: float
    solve_s: float
    peak_mb: float
    gap: float | None
    status: str

    @property
    def seconds(self) -> float:
        """Distances and solving [s]."""
        return self.distances_s + self.solve_s


def main() -> None:
    """Measure everything and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one seed, three sizes, short limits")
    parser.add_argument("--out", type=Path, default=PAGE)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--world", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.world, json.loads(options.child)).__dict__))
        return
    with tempfile.TemporaryDirectory() as folder:
        pickled = Path(folder) / "world.pickle"
        start_s = time.perf_counter()
        world = siting.read_world(siting.model.make_model(MODEL, where="growth"))
        read_s = time.perf_counter() - start_s
        pickled.write_bytes(pickle.dumps(world))
        nodes = len(world.spans().node_ids)
        del world
        text = page(Bench(pickled, quick=options.quick), read_s, nodes)
    options.out.write_text(text, encoding="utf-8", newline="\n")


class Bench:
    """Runs measurements, each in a process of its own.

    Parameters
    ----------
    world
        The pickled world.
    quick
        Whether one seed, few sizes and a short limit are enough.
    """

    def __init__(self, world: Path, *, quick: bool) -> None:
        self._world = world
        self._known: dict[Ask, Found] = {}
        self.quick = quick
        self.seeds = (0,) if quick else (0, 1, 2)
        self.sizes = (500, 4_000, ALL_SITES) if quick else SIZES

    def run(self, sites: int, **changes: object) -> Found:
        """The median over the seeds of sites, by time; all sites are drawn but once."""
        limits = {"solver.time_limit_s": 30} if self.quick else {}
        asked = {**limits, **{key.replace("__", "."): value for key, value in changes.items()}}
        seeds = self.seeds if sites < ALL_SITES else self.seeds[:1]
        found = [self._one(Ask(sites, seed, tuple(asked.items()))) for seed in seeds]
        return sorted(found, key=lambda f: f.seconds)[len(found) // 2]

    def baseline(self) -> Found:
        """A process that reads the world and asks nothing."""
        return self._one(Ask(0))

    def _one(self, ask: Ask) -> Found:
        """What is asked in several tables is measured once."""
        if ask not in self._known:
            self._known[ask] = self._measured(ask)
        return self._known[ask]

    def _measured(self, ask: Ask) -> Found:
        command = [sys.executable, __file__, "--world", str(self._world), "--child"]
        question = json.dumps(ask.__dict__)
        # A cache of distances would make the second run of an instance quicker than the first.
        quiet = {**os.environ, "SITING_CACHE": ""}
        done = subprocess.run(
            [*command, question], check=True, capture_output=True, text=True, env=quiet
        )
        found = Found(**json.loads(done.stdout.splitlines()[-1]))
        print(question, found, file=sys.stderr, flush=True)
        return found


def measure(pickled: Path, asked: dict[str, Any]) -> Found:
    """Solve one instance in this process."""
    # Our own bytes, written a moment ago.
    world: World = pickle.loads(pickled.read_bytes())  # noqa: S301
    if not asked["sites"]:
        return Found(0.0, 0.0, peak_mb("self"), None, "")
    model = siting.model.make_model(MODEL, where="growth").replace(dict(asked["changes"]))
    order = np.random.default_rng(asked["seed"]).permutation(len(world.sites))
    kept = np.sort(order[: asked["sites"]])
    world = replace(world, sites=world.sites.iloc[kept].reset_index(drop=True))
    start_s = time.perf_counter()
    distances = reach_of(model, world)
    measured_s = time.perf_counter()
    case = build_case(model, world, distances)
    gap, status = None, ""
    try:
        solution = solve(case, solver=model.solver)
        missing = abs(solution.objective - solution.bound)
        gap = missing / abs(solution.objective) if missing else 0.0
        status = solution.status
    except InfeasibleError:
        status = "no plan"
    except LimitError:
        status = "nothing found"
    solved_s = time.perf_counter()
    return Found(measured_s - start_s, solved_s - measured_s, peak_mb("self"), gap, status)


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Exponent ``p`` of the best ``value = c * size ** p``, by least squares of logarithms."""
    x, y = np.log(sizes), np.log(np.maximum(values, 1e-9))
    return float(np.polyfit(x, y, 1)[0])


def page(bench: Bench, read_s: float, nodes: int) -> str:
    """Measure, and fill the figures into the page's template."""
    base = bench.baseline()
    by_size = {n: bench.run(n) for n in bench.sizes}
    by_reach = {
        (n, km): by_size[n] if km == 500 else bench.run(n, cluster__max_fiber_km=km)
        for n in (bench.sizes[-2], ALL_SITES)
        for km in REACHES_KM
    }
    few = 4_000 if bench.quick else OPTIONS_SITES
    by_option = {
        (n, name): bench.run(
            n, **{key.replace(".", "__"): OPTIONS[name][key] for key in OPTIONS[name]}
        )
        for n in (few, ALL_SITES)
        for name in OPTIONS
    }
    by_count = {
        (n, count): bench.run(
            n, **({"cluster__count": count, "solver__gap": 0.01} if count > 1 else {})
        )
        for n, counts in CLUSTERS.items()
        for count in counts
    }
    fitted = [n for n in bench.sizes if n >= FIT_FROM]
    solve_s = [by_size[n].solve_s for n in fitted]
    own_mb = [max(by_size[n].peak_mb - base.peak_mb, 1.0) for n in fitted]
    values = {
        "machine": machine(),
        "load": f"{os.getloadavg()[0]:.1f}",
        "read_s": f"{read_s:.1f}",
        "base_mb": f"{base.peak_mb:,.0f}",
        "gap": "0.1 %",
        "sizes": table(
            ("sites", "distances [s]", "solve [s]", "peak [MB]", "gap", "time, of the first"),
            (
                (
                    f"{n:,}",
                    f"{found.distances_s:.2f}",
                    f"{found.solve_s:.2f}",
                    f"{found.peak_mb:,.0f}",
                    gap_of(found),
                    f"{found.seconds / by_size[bench.sizes[0]].seconds:.1f}",
                )
                for n, found in by_size.items()
            ),
        ),
        "exponents": f"n^{exponent(fitted, solve_s):.1f}",
        "fit_from": f"{FIT_FROM:,}",
        "memory_exponent": f"n^{exponent(fitted, own_mb):.1f}",
        "nodes": f"{nodes:,}",
        "reaches": table(
            ("sites", "reach [km]", "time [s]", "peak [MB]", "gap", "time, of 500 km"),
            (
                (
                    f"{n:,}",
                    f"{km:,}",
                    f"{found.seconds:.2f}",
                    f"{found.peak_mb:,.0f}",
                    gap_of(found),
                    f"{found.seconds / by_reach[n, 500].seconds:.1f}",
                )
                for (n, km), found in by_reach.items()
            ),
        ),
        "options": table(
            ("sites", "asked", "time [s]", "peak [MB]", "gap", "time, of none"),
            (
                (
                    f"{n:,}",
                    name,
                    f"{found.seconds:.2f}",
                    f"{found.peak_mb:,.0f}",
                    gap_of(found),
                    f"{found.seconds / by_option[n, 'none'].seconds:.1f}",
                )
                for (n, name), found in by_option.items()
            ),
        ),
        "clusters": table(
            ("sites", "clusters", "time [s]", "peak [MB]", "gap", "time, of one"),
            (
                (
                    f"{n:,}",
                    str(count),
                    f"{found.seconds:.2f}",
                    f"{found.peak_mb:,.0f}",
                    gap_of(found),
                    f"{found.seconds / by_count[n, 1].seconds:.1f}",
                )
                for (n, count), found in by_count.items()
            ),
        ),
        "limit_s": "30" if bench.quick else str(MODEL["solver"]["time_limit_s"]),
        "seeds": "one seed" if len(bench.seeds) == 1 else f"{len(bench.seeds)} seeds",
    }
    return TEMPLATE.read_text(encoding="utf-8").format(**values)


def machine() -> str:
    """What it is measured on."""
    kept, in_all = cores(), os.cpu_count()
    return (
        f"{processor()}, {in_all if kept == in_all else f'{kept} of {in_all}'} cores, "
        f"{platform.system()}, Python {platform.python_version()}, siting {siting.__version__}"
    )


def gap_of(found: Found) -> str:
    """The gap that is proven, or what there is instead."""
    if found.gap is None or not math.isfinite(found.gap):
        return found.status
    return f"{100 * found.gap:.2f} %"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
