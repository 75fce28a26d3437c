"""A plan as text that a planner can read: aligned tables, and a unit at every number."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siting.plan import Cluster, Plan

OBJECTIVES = {
    "minimise_cost": ("cost", "MUSD/year", "no plan costs less than"),
    "maximise_mw": ("draw", "MW", "no plan draws more than"),
    "minimise_fiber_km": ("fiber", "km", "no network is shorter than"),
}
"""For each sense: what the objective measures, its unit, and what its bound says."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading with the unit, and whether it holds numbers."""

    heading: str
    numeric: bool = False


def describe_plan(
    plan: Plan, *, title: str = "", caveat: str | None = None, money_year: int | None = None
) -> str:
    """Describe a plan and its proof.

    Parameters
    ----------
    plan
        The plan.
    title
        The model's title.
    caveat
        What the world must not be used for, printed once.
    money_year
        The year of the dollars.

    Returns
    -------
    str
        Lines without a newline at the end.
    """
    blocks = [_headline(plan, title)]
    blocks += [_describe_cluster(cluster) for cluster in plan.clusters]
    blocks.append(_describe_zones(plan))
    blocks.append(_describe_proof(plan, money_year))
    if caveat:
        blocks.append(printable(caveat))
    return "\n\n".join(blocks)


def describe_files(folder: Path, names: Iterable[str]) -> str:
    """Say where the files of a plan are."""
    return f"Written to {printable(str(folder))}: {', '.join(sorted(names))}"


def _headline(plan: Plan, title: str) -> str:
    name = printable(plan.model_name) + (f": {printable(title)}" if title else "")
    _, unit, bounded = OBJECTIVES[plan.sense]
    verdict = {
        "optimal": "Proven optimal within the gap asked",
        "feasible": "Feasible, not proven optimal within the gap asked: a limit stopped the search",
    }[plan.status]
    return (
        f"{name}\n{verdict}: {plan.objective:,.2f} {unit}, "
        f"{bounded} {plan.bound:,.2f} {unit} (gap {percent(plan.gap, 3)})"
    )


def _describe_cluster(cluster: Cluster) -> str:
    contracts = [contract for campus in cluster.campuses for contract in campus.contracts]
    facts = [
        f"{cluster.draw_mw:,.1f} MW draw, {cluster.it_mw:,.1f} MW IT load",
        (
            f"{counted(len(cluster.campuses), 'campus', 'campuses')} on "
            f"{counted(len(cluster.utilities), 'utility', 'utilities')}"
        ),
        f"{cluster.cost_musd_per_year:,.2f} MUSD/year, {percent(cluster.clean_fraction, 1)} clean",
    ]
    if cluster.links:
        rtt_ms = max(link.rtt_ms for link in cluster.links)
        facts.append(f"longest link {cluster.max_fiber_km:,.1f} km, {rtt_ms:.2f} ms round trip")
    if contracts:
        plants = len({contract.supply for contract in contracts})
        gwh = sum(contract.mwh for contract in contracts) / 1000
        facts.append(
            f"clean contracts with {counted(plants, 'plant', 'plants')}, {gwh:,.1f} GWh/year"
        )
    lines = [f"Cluster {printable(cluster.id)}", *(f"  {fact}" for fact in facts), ""]
    lines += table(
        [
            Column("campus"),
            Column("draw [MW]", numeric=True),
            Column("IT load [MW]", numeric=True),
            Column("zone"),
            Column("utility"),
            Column("region"),
            Column("price [USD/MWh]", numeric=True),
            Column("contracts [GWh/year]", numeric=True),
            Column("clean [%]", numeric=True),
            Column("cost [MUSD/year]", numeric=True),
        ],
        [
            (
                campus.site,
                f"{campus.draw_mw:,.1f}",
                f"{campus.it_mw:,.1f}",
                campus.zone,
                campus.utility,
                campus.region or "-",
                f"{campus.price_usd_per_mwh:,.2f}",
                f"{sum(contract.mwh for contract in campus.contracts) / 1000:,.1f}",
                f"{100 * campus.clean_fraction:.1f}",
                f"{campus.cost_musd_per_year:,.2f}",
            )
            for campus in cluster.campuses
        ],
    )
    if cluster.links:
        lines.append("")
        lines += table(
            [
                Column("link from"),
                Column("to"),
                Column("fiber [km]", numeric=True),
                Column("round trip [ms]", numeric=True),
                Column("tier"),
            ],
            [
                (
                    link.from_site,
                    link.to_site,
                    f"{link.km:,.1f}",
                    f"{link.rtt_ms:.2f}",
                    link.tier,
                )
                for link in cluster.links
            ],
        )
    return "\n".join(lines)


def _describe_zones(plan: Plan) -> str:
    rows = [
        (
            zone.id,
            zone.utility,
            f"{zone.headroom_mw:,.1f}",
            f"{zone.used_mw:,.1f}",
            # A zone that is used up may be so but for rounding: never show "-0.0".
            f"{max(zone.headroom_mw - zone.used_mw, 0.0):,.1f}",
        )
        for zone in plan.zones
    ]
    return "\n".join(
        [
            "Zones used, over all clusters",
            *table(
                [
                    Column("zone"),
                    Column("utility"),
                    Column("headroom [MW]", numeric=True),
                    Column("used [MW]", numeric=True),
                    Column("left [MW]", numeric=True),
                ],
                rows,
            ),
        ]
    )


def _describe_proof(plan: Plan, money_year: int | None) -> str:
    measure, unit, _ = OBJECTIVES[plan.sense]
    seconds = plan.seconds
    proof = (
        f"Proof: {measure} {plan.objective:,.4f} {unit}, bound {plan.bound:,.4f} {unit}, "
        f"gap {percent(plan.gap, 4)}, {plan.status}; "
        f"{printable(plan.solver_name)} {printable(plan.solver_version)}"
    )
    lines = [
        proof.rstrip(),
        (
            f"Time: {seconds.total:,.1f} s (load {seconds.load:,.1f} s, "
            f"distances {seconds.distances:,.1f} s, solve {seconds.solve:,.1f} s)"
        ),
        f"Audit: {counted(len(plan.audit.checks), 'check', 'checks')} passed",
    ]
    if money_year is not None:
        lines.append(f"Money: US dollars of {money_year}, 1 MUSD = 1,000,000 USD")
    return "\n".join(lines)


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of an aligned table under its headings: text to the left, numbers to the right."""
    cells = [[column.heading for column in columns]]
    cells += [[printable(cell) for cell in row] for row in rows]
    widths = [max(_width(row[k]) for row in cells) for k in range(len(columns))]
    lines = []
    for row in cells:
        parts = []
        for cell, width, column in zip(row, widths, columns, strict=True):
            space = " " * (width - _width(cell))
            parts.append(space + cell if column.numeric else cell + space)
        lines.append(("  " + "  ".join(parts)).rstrip())
    return lines


def printable(text: str) -> str:
    """The text on one line, with control characters (line breaks, escapes) made visible."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def percent(fraction: float, decimals: int) -> str:
    """A fraction [0-1] as a percentage with its sign."""
    return f"{100 * fraction:,.{decimals}f} %"


def counted(number: int, one: str, many: str) -> str:
    """A count and what is counted, as ``1 campus`` or ``2 campuses``."""
    return f"{number:,} {one if number == 1 else many}"


def _width(text: str) -> int:
    """Columns of a terminal that the text takes."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "FW" else 1
        for char in text
    )
