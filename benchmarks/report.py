"""Write the page from results: tables, plots, machine and versions, solving nothing.

    python -m benchmarks.report full|quick [--page FILE] [--results FILE]

Stops with an error where two answers cannot both be true.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import plots
from benchmarks.agree import count_compared, disagreements
from benchmarks.clusters import table as clusters_table
from benchmarks.instances import MAX_CAMPUSES, PRICE_USD_PER_MWH, TARGET_MW
from benchmarks.rivals.registry import OURS, RIVALS, Rival
from benchmarks.run import MEMORY_MB, RESULTS, Record, finished
from benchmarks.suites import SUITES, Family, Suite

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"

FROM_SITES = 150
"""Smaller instances are over before time grows with anything; growth is fitted from here on."""

INTRO = """# Performance
<!-- Written by `make bench` or `make bench-quick` from what they measured: do not edit. -->

The same instances through `siting` and through what one would use instead: the straightforward
program, with a row for each pair of sites beyond reach, in PuLP (with CBC, HiGHS and SCIP), linopy
(HiGHS) and OR-tools CP-SAT; our own program without the decomposition, which has one row a site
instead; and a heuristic that takes the cheapest cell and grows it, in the manner of
[CERF](https://doi.org/10.21105/joss.03601), once from the first start that works and once from
every start.
"""

READ = """## How to read the tables
- **Time** is that of one run from the numbers of the question to the answer, the writing of the
  program included, reading and routing excluded. Where there are several seeds it is the median.
  In brackets: how many times that of `siting` on the same instances.
- **limit** means that no proof came within the time for building and solving that is named above
  the table; what was there then is named: the gap of the worst seed, a plan without a bound, a
  bound without a plan, or nothing. **overran** means that it was still at it well after the limit,
  in writing its program or in a solver that does not look at the clock, and was ended without an
  answer. **memory** means that {memory_gb:g} GB were not enough, **failed** that the solver ended
  with an error of its own.
- **2 of 5** says how many seeds were proven.
- **·** means not run: its results with fewer sites leave nothing to learn. Seeds of a size end
  where they took a minute or a fifth of the limit together, and a time says of how many it is if
  not of all; who did not prove all of them gets one seed of the next size; who did not prove two
  sizes, or returned no plan at one, gets no larger ones.
- A heuristic proves nothing: its cost above that of the plan of `siting` is given, the worst seed.
  A negative one is possible, for `siting` stops at the gap asked or at the limit.
- **no plan exists** is a proof too.
"""


THREADS = (
    "Every solver may use all cores that it has; SCIP uses one, CP-SAT runs at least eight "
    "searches on them. Gap asked: 0.1 %.\n"
)

FASTER = (
    "The largest size at which any other program proved every seed that it was given, and the "
    "fastest there:\n"
)

MEMORY = (
    "Largest of any run, {family}, by number of sites [MB]. Python and its imports are in it; of "
    "a solver that runs as a process of its own (CBC) and the process that wrote the program, the "
    "larger one counts.\n"
)

GROWTH = (
    "Time as a power of the number of sites, fitted to the sizes at which all runs ended by proof. "
    "The others are missing, so the exponent of a program that meets its limit is too low.\n"
)

WHOLE = (
    "Here every run reads the tables, and routes while it solves. From the start of its process "
    "to the end, `siting` took {median_s} s as a median, {longest_s} s at the most, and "
    "{peak_mb:,.0f} MB.\n"
)

CLUSTERS = (
    "The gap that is left with smooth prices, and who misses what is wanted. From a run of its "
    "own (`make bench-clusters`) on {cores} of {cores_in_all} cores; load of the machine before "
    "it: {load_before:g}.\n"
)


def main() -> None:
    """Read results and write the page and its plots."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("suite", choices=sorted(SUITES))
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--results", type=Path, help="file instead of the suite's own")
    options = parser.parse_args()
    suite = SUITES[options.suite]
    results = options.results or RESULTS / f"{suite.name}.json"
    held = json.loads(results.read_text(encoding="utf-8"))
    apart = RESULTS / "clusters.json"
    clusters = json.loads(apart.read_text(encoding="utf-8")) if apart.exists() else None

    images = options.page.parent / "images"
    images.mkdir(parents=True, exist_ok=True)
    time_plot, gap_plot = images / "time_against_sites.svg", images / "gap_against_time.svg"
    plots.draw_time(held["runs"], suite, time_plot)
    plots.draw_gap(held["runs"], gap_plot)
    text = write_page(suite, held, clusters)
    options.page.write_text(text, encoding="utf-8")
    print(f"wrote {options.page}, {time_plot.name} and {gap_plot.name}")
    wrong = disagreements(held["runs"])
    if wrong:
        sys.exit("\n".join(["answers that cannot all be true:", *wrong]))


def write_page(suite: Suite, held: dict[str, Any], clusters: dict[str, Any] | None) -> str:
    """The page, in Markdown."""
    machine, runs = held["machine"], held["runs"]
    parts = [INTRO]
    if suite.name == "quick":
        parts.append(
            f"**A quick run**: few instances, one seed, {suite.families[0].limit_s:g} s each. It "
            "shows that everything runs and roughly how things lie; `make bench` is the one to "
            "conclude from.\n"
        )
    parts += [
        *machine_lines(machine),
        "## Instances\n",
        instances_text(),
        READ.format(memory_gb=MEMORY_MB / 1000),
        agreement(runs),
        "## Time against sites\n\n![Time against sites](images/time_against_sites.svg)\n",
        *faster(suite, runs),
    ]
    for family in suite.families:
        parts += family_tables(family, runs)
    parts.append("## Gap against time\n\n![Gap against time](images/gap_against_time.svg)\n")
    parts.append(plots.gap_caption(runs) + "\n")
    parts += [*memory_lines(suite, runs), *growth_lines(suite, runs)]
    if clusters is not None:
        limit_s = clusters["runs"][0]["limit_s"] if clusters["runs"] else 0
        parts += [
            f"## Several clusters on all sites, {limit_s:g} s each\n",
            CLUSTERS.format(**clusters["machine"]),
            "\n".join(clusters_table(clusters["runs"])) + "\n",
        ]
    return "\n".join(filled(part) for part in parts).rstrip() + "\n"


def filled(part: str) -> str:
    """A part of the page; one that is a paragraph alone is broken into lines."""
    if "\n" in part.rstrip("\n") or part.startswith(("#", "|", "- ", "!")):
        return part
    lines = textwrap.fill(part.rstrip("\n"), 100, break_long_words=False, break_on_hyphens=False)
    return lines + "\n"


def machine_lines(machine: dict[str, Any]) -> list[str]:
    """What it ran on, and a warning where that was busy."""
    versions = ", ".join(
        f"{name} {version}" for name, version in machine["versions"].items() if version
    )
    absent = [name for name, version in machine["versions"].items() if not version]
    in_all = machine["cores_in_all"]
    kept = machine["cores"] < in_all
    lines = [
        "## Machine\n",
        f"{machine['processor']}, {in_all} cores, {machine['memory_gb']:g} GB, "
        f"{machine['system']}, Python {machine['python']}; {versions}. "
        + (f"Every run was kept to {machine['cores']} of the cores. " if kept else "")
        + THREADS,
    ]
    if absent:
        lines.append(f"Not installed, so left out: {', '.join(absent)}.\n")
    # What others do on cores that the runs do not have is no matter.
    if machine["load_before"] > in_all - machine["cores"] + 0.3 * machine["cores"]:
        lines.append(
            f"**The machine was busy**: its load was {machine['load_before']:g} before the run "
            "began, so times are too long and ratios uncertain.\n"
        )
    return lines


def instances_text() -> str:
    """How instances are made."""
    targets = " or ".join(
        f"{mw:,.0f} MW of campuses of at most {cap:,.0f} MW" for cap, mw in TARGET_MW.items()
    )
    least, largest = PRICE_USD_PER_MWH
    return (
        "Sites of the bundled world, drawn at random; its headroom, fiber and accesses; prices of "
        f"energy between {least:g} and {largest:g} USD/MWh from a seed, smooth over the map or "
        f"independent. A cluster is {targets}, {MAX_CAMPUSES} campuses at the most, at the least "
        "cost, 500 km by fiber unless another reach is named.\n"
    )


def agreement(runs: list[Record]) -> str:
    """Whether all answers can be true."""
    wrong = disagreements(runs)
    if wrong:
        return "## Answers that cannot all be true\n\n" + "\n".join(f"- {w}" for w in wrong) + "\n"
    instances, number = count_compared(runs)
    return (
        f"All answers agree: {number} proofs of {instances} instances that more than one finished "
        "have the same optimum within the gap asked, no bound is above any plan, and every plan "
        "was checked against the question.\n"
    )


def of_size(runs: list[Record], family: Family, rival: str, sites: int) -> list[Record]:
    """Runs of a rival on the instances of one size of a family."""
    names = {family.instance(sites, seed).name for seed in family.seeds}
    return [run for run in runs if run["rival"] == rival and run["name"] in names]


def median_s(runs: list[Record]) -> float:
    """Median of the times [s]."""
    return float(statistics.median(run["seconds"] for run in runs))


def ratio(runs: list[Record], ours: list[Record]) -> float | None:
    """How many times as long as ours, as a median over the same instances [1]."""
    our_s = {run["name"]: run["seconds"] for run in ours if finished(run)}
    ratios = [run["seconds"] / our_s[run["name"]] for run in runs if run["name"] in our_s]
    return statistics.median(ratios) if ratios else None


def cell(rival: Rival, runs: list[Record], ours: list[Record]) -> str:
    """What a table says about a rival at one size."""
    if not runs:
        return "·"
    if not rival.exact:
        return heuristic_cell(runs, ours)
    done = [run for run in runs if finished(run)]
    if len(done) == len(runs):
        times = ratio(runs, ours)
        brackets = "" if rival.name == OURS or times is None else f" ({rounded(times)} times)"
        none = " no plan exists" if all(r["status"] == "infeasible" for r in runs) else ""
        seeds = f", {seeds_in_words(len(runs))}" if len(runs) < len(ours) else ""
        return f"{rounded(median_s(runs))} s{brackets}{none}{seeds}"
    count = f"{len(done)} of {len(runs)}, " if len(runs) > 1 else ""
    return count + what_is_left([run for run in runs if not finished(run)])


def what_is_left(runs: list[Record]) -> str:
    """What runs that did not finish came back with, in a few words."""
    statuses = {run["status"] for run in runs}
    for status in ("failed", "memory", "overran"):
        if status in statuses:
            return status
    gaps = [run["gap"] for run in runs]
    if all(gap is not None for gap in gaps):
        return f"limit: gap {rounded(100 * max(gaps))} %"
    if all(run.get("objective") is not None for run in runs):
        return "limit: plan, no bound"
    if any(run.get("objective") is not None for run in runs):
        return "limit: some plans"
    if any(run.get("bound") is not None for run in runs):
        return "limit: bound, no plan"
    return "limit: nothing"


def heuristic_cell(runs: list[Record], ours: list[Record]) -> str:
    """Cost above ours, the worst seed, and time."""
    our_cost = {run["name"]: run["objective"] for run in ours if run.get("objective") is not None}
    found = [run for run in runs if run.get("objective") is not None]
    both = [run for run in found if run["name"] in our_cost]
    missed = sum(1 for run in runs if run.get("objective") is None and run["name"] in our_cost)
    words = []
    if both:
        worst = max(run["objective"] / our_cost[run["name"]] - 1 for run in both)
        # Adding 0.0 takes the sign from a zero.
        words.append(f"{round(100 * worst, 1) + 0.0:+.1f} %")
    elif not found:
        words.append("no plan")
    if missed and both:
        words.append(f"no plan {missed} of {len(runs)}")
    return ", ".join([*words, f"{rounded(median_s(runs))} s"])


def seeds_in_words(number: int) -> str:
    """How many seeds."""
    return f"{number} seed{'' if number == 1 else 's'}"


def rounded(value: float) -> str:
    """Two digits, thousands apart."""
    if value >= 99.5:
        digits = 10 ** (math.floor(math.log10(value)) - 1)
        return f"{round(value / digits) * digits:,.0f}"
    return f"{value:.2g}" if value >= 0.01 else "0.01"


def present(runs: list[Record]) -> list[Rival]:
    """Rivals that took part."""
    names = {run["rival"] for run in runs}
    return [rival for rival in RIVALS.values() if rival.name in names]


def matrix(rows: list[str], columns: list[str], cells: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    lines += [f"| {row} | " + " | ".join(c) + " |" for row, c in zip(rows, cells, strict=True)]
    return "\n".join(lines) + "\n"


def headline(family: Family) -> str:
    """The title of a family as that of a section."""
    return family.title[0].upper() + family.title[1:]


def family_tables(family: Family, runs: list[Record]) -> list[str]:
    """Time of a family: a row for each rival, a column for each size."""
    names = {family.instance(n, s).name for n in family.sizes for s in family.seeds}
    here = [run for run in runs if run["name"] in names]
    if not here:
        return [f"### {headline(family)}\n", "Not run.\n"]
    sizes = [n for n in family.sizes if of_size(here, family, OURS, n)] or list(family.sizes)
    rivals = present(here)
    cells = [
        [
            cell(rival, of_size(here, family, rival.name, n), of_size(here, family, OURS, n))
            for n in sizes
        ]
        for rival in rivals
    ]
    seeds = seeds_in_words(len(family.seeds))
    return [
        f"### {headline(family)}\n",
        f"By number of sites; {seeds}; {family.limit_s:g} s at the most.\n",
        matrix([rival.title for rival in rivals], [f"{n:,}" for n in sizes], cells),
        *whole_lines(family, here),
    ]


def whole_lines(family: Family, runs: list[Record]) -> list[str]:
    """What a process takes in all, where it reads its world and routes by itself."""
    ours = [run for run in runs if run["rival"] == OURS and run.get("load_s") is not None]
    if family.like.world == "us" or not ours:
        return []
    whole_s = [run["wall_s"] for run in ours]
    whole = WHOLE.format(
        median_s=rounded(statistics.median(whole_s)),
        longest_s=rounded(max(whole_s)),
        peak_mb=max(run["peak_mb"] for run in ours),
    )
    return [whole]


def faster(suite: Suite, runs: list[Record]) -> list[str]:
    """For every family the largest size that any other program proved, and the ratio there."""
    lines = []
    for family in suite.families:
        for sites in reversed(family.sizes):
            proved = [
                (median_s(theirs), rival, theirs)
                for rival in present(runs)
                if rival.exact
                and rival.name != OURS
                and (theirs := of_size(runs, family, rival.name, sites))
                and all(map(finished, theirs))
            ]
            if not proved:
                continue
            seconds, rival, theirs = min(proved, key=lambda found: found[0])
            ours = of_size(runs, family, OURS, sites)
            times = ratio(theirs, ours)
            compared = (
                f"`siting` {cell(RIVALS[OURS], ours, ours)}"
                if times is None
                else f"{rounded(times)} times as long as `siting`"
            )
            lines.append(
                f"- {family.title}: {sites:,} sites, {rival.title} in {rounded(seconds)} s; "
                + compared
            )
            break
    return [FASTER, "\n".join(lines) + "\n"] if lines else []


def memory_lines(suite: Suite, runs: list[Record]) -> list[str]:
    """Peak memory of the first family."""
    family = suite.families[0]
    rivals = present(runs)
    cells = []
    for rival in rivals:
        row = []
        for sites in family.sizes:
            here = of_size(runs, family, rival.name, sites)
            row.append(f"{max(r['peak_mb'] for r in here):,.0f}" if here else "·")
        cells.append(row)
    return [
        "## Memory\n",
        MEMORY.format(family=family.title),
        matrix([r.title for r in rivals], [f"{n:,}" for n in family.sizes], cells),
    ]


def growth_lines(suite: Suite, runs: list[Record]) -> list[str]:
    """Exponents of time over sites, fitted on runs that ended by proof."""
    lines = []
    for family in suite.families:
        for rival in present(runs):
            by_size = [
                of_size(runs, family, rival.name, n) for n in family.sizes if n >= FROM_SITES
            ]
            points = [
                (run["sites"], run["seconds"])
                for here in by_size
                if all(map(finished, here))
                for run in here
            ]
            sizes = {sites for sites, _ in points}
            if not rival.exact or len(sizes) < 3:
                continue
            log = np.log(np.array(points))
            slope = float(np.polyfit(log[:, 0], log[:, 1], 1)[0])
            lines.append(
                f"| {family.title} | {rival.title} | {min(sizes):,} ... {max(sizes):,} | "
                f"{slope:.1f} |"
            )
    if not lines:
        return []
    return [
        "## Growth\n",
        GROWTH,
        "\n".join(["| family | | sites | exponent |", "|---|---|---|---:|", *lines]) + "\n",
    ]


if __name__ == "__main__":
    main()
