"""The plots of the page."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from benchmarks.answers import gap_of
from benchmarks.rivals.registry import OURS, RIVALS
from benchmarks.suites import Suite

Record = dict[str, Any]

LEAST_GAP = 1e-5
"""Smaller gaps are drawn here: a logarithm knows no zero."""

# The same results give the same file, byte by byte.
mpl.rcParams.update({"svg.hashsalt": "siting", "svg.fonttype": "none", "font.size": 9})
WITHOUT_DATE = {"Date": None}

COLOURS = {
    "siting": "#d62728",
    "star-highs": "#8c564b",
    "star-cbc": "#bcbd22",
    "pulp-highs": "#1f77b4",
    "pulp-cbc": "#17becf",
    "pulp-scip": "#2ca02c",
    "linopy-highs": "#9467bd",
    "cp-sat": "#ff7f0e",
    "greedy": "#7f7f7f",
    "greedy-starts": "#c7c7c7",
}


def draw_time(runs: list[Record], suite: Suite, path: Path) -> None:
    """Time against sites of the first family: filled where proven, hollow where not."""
    figure, axes = plt.subplots(figsize=(8.5, 4.6), layout="constrained")
    family = suite.families[0]
    names = {family.instance(n, s).name for n in family.sizes for s in family.seeds}
    for rival in RIVALS.values():
        here = [r for r in runs if r["rival"] == rival.name and r["name"] in names]
        if not here or rival.name == "greedy-starts":
            continue
        colour = COLOURS[rival.name]
        proven = [r for r in here if r["status"] in ("proven", "infeasible") or not rival.exact]
        others = [r for r in here if r not in proven]
        sizes = sorted({r["sites"] for r in here})
        middle = [sorted(r["seconds"] for r in here if r["sites"] == n) for n in sizes]
        axes.plot(sizes, [m[len(m) // 2] for m in middle], color=colour, label=rival.title)
        axes.scatter([r["sites"] for r in proven], [r["seconds"] for r in proven], 14, colour)
        axes.scatter(
            [r["sites"] for r in others],
            [r["seconds"] for r in others],
            30,
            facecolors="white",
            edgecolors=colour,
            zorder=3,
        )
    axes.axhline(family.limit_s, color="black", linestyle=":")
    axes.set(xscale="log", yscale="log", xlabel="sites", ylabel="building and solving [s]")
    axes.set_xticks(family.sizes, [f"{n:,}" for n in family.sizes])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_title(f"{family.title}; filled: proven to 0.1 %, hollow: not; dotted: limit")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", frameon=False)
    figure.savefig(path, metadata=WITHOUT_DATE)
    plt.close(figure)


def gap_instances(runs: list[Record]) -> list[str]:
    """The instance that says most about others, and the largest with several clusters.

    That is the one that fewest finished, among those on which most came back with a plan; and the
    one with most clusters on most sites.
    """
    ours = [r for r in runs if r["rival"] == OURS and len(r.get("curve", [])) > 1]
    if not ours:
        return []

    def worth(name: str) -> tuple[int, int, int]:
        here = [r for r in runs if r["name"] == name and r.get("bound") is not None]
        with_gap = [r for r in here if r["gap"] is not None]
        proven = sum(r["status"] == "proven" for r in here)
        return len(with_gap), -proven, here[0]["sites"] if here else 0

    names = sorted({r["name"] for r in ours if r["sites"] >= 100})
    if not names:
        return []
    first = max(names, key=worth)
    largest = max(ours, key=lambda r: (r["clusters"], r["sites"], -r["seed"]))["name"]
    return list(dict.fromkeys((first, largest)))


def draw_gap(runs: list[Record], path: Path) -> None:
    """Gap against time on two instances: curves where a solver tells, points where it ended."""
    names = gap_instances(runs)
    figure, all_axes = plt.subplots(
        1, max(1, len(names)), figsize=(8.5, 4.2), layout="constrained", squeeze=False, sharey=True
    )
    labels: dict[str, Any] = {}
    for axes, name in zip(all_axes[0], names, strict=False):
        for rival in RIVALS.values():
            here = [r for r in runs if r["name"] == name and r["rival"] == rival.name]
            for run in here:
                drawn = _draw_curve(axes, run, COLOURS[rival.name])
                if drawn is not None:
                    labels[rival.title] = drawn
        axes.set(xscale="log", yscale="log", xlabel="time [s]", title=_words(runs, name))
        axes.axhline(1e-3, color="black", linestyle=":")
        axes.set_ylim(LEAST_GAP / 2, 2.0)
        # Whole decades, so that there is a number at both ends.
        first_s, last_s = axes.get_xlim()
        axes.set_xlim(10 ** math.floor(math.log10(first_s)), 10 ** math.ceil(math.log10(last_s)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("")
        axes.grid(alpha=0.3)
    all_axes[0][0].set_ylabel("gap [1]")
    if labels:
        figure.legend(
            list(labels.values()), list(labels), loc="outside lower center", ncols=4, frameon=False
        )
    figure.savefig(path, metadata=WITHOUT_DATE)
    plt.close(figure)


def _draw_curve(axes: Any, run: Record, colour: str) -> Any:
    """The best gap so far at each time that is known; None where there is none."""
    incumbent, bound = None, None
    at_s, gaps = [], []
    last = {"at_s": run["seconds"], "incumbent": run.get("objective"), "bound": run.get("bound")}
    for point in [*run.get("curve", []), last]:
        if point["incumbent"] is not None:
            incumbent = min(point["incumbent"], incumbent or point["incumbent"])
        if point["bound"] is not None:
            bound = max(point["bound"], bound or point["bound"])
        gap = gap_of(incumbent, bound)
        if gap is not None:
            at_s.append(max(point["at_s"], 1e-3))
            gaps.append(max(gap, LEAST_GAP))
    if not gaps:
        return None
    (line,) = axes.step(at_s, gaps, where="post", color=colour)
    axes.scatter(at_s[-1:], gaps[-1:], 20, colour, zorder=3)
    return line


def _words(runs: list[Record], name: str) -> str:
    run = next(r for r in runs if r["name"] == name)
    clusters = f"{run['clusters']} cluster{'s' if run['clusters'] > 1 else ''}"
    return f"{run['sites']:,} sites, {clusters}, {run['prices']} prices, seed {run['seed']}"


def gap_caption(runs: list[Record]) -> str:
    """What the plot of gaps shows and what not."""
    silent = [
        rival.title
        for rival in RIVALS.values()
        if rival.exact
        and any(r["rival"] == rival.name for r in runs)
        and not any(r.get("curve") for r in runs if r["rival"] == rival.name)
    ]
    text = (
        "Curves are what a solver says while it searches, so far as it says a plan and a bound; a "
        "point is where it ended. Who has no plan or no bound there has no gap, and is missing."
    )
    if silent:
        text += f" Without a curve, by their nature: {', '.join(silent)}."
    return text
