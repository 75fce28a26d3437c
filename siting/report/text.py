"""A plan as text that a planner can read: aligned tables, and a unit at every number."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from siting.world.columns import HEADROOM_CURTAILMENT

if TYPE_CHECKING:
    from siting.model import Model
    from siting.plan import AuditReport, Cluster, Plan
    from siting.report.check import CheckReport
    from siting.report.summary import WorldSummary

OBJECTIVES = {
    "minimise_cost": ("cost", "MUSD/year", "no plan costs less than"),
    "maximise_mw": ("draw", "MW", "no plan draws more than"),
    "minimise_fiber_km": ("fiber", "km", "no network is shorter than"),
}
"""For each sense: what the objective measures, its unit, and what its bound says."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, and the unit of its numbers; ``None`` for text.

    The unit of a count is empty.
    """

    heading: str
    unit: str | None = None


def describe_plan(plan: Plan, *, model: Model | None = None, caveat: str | None = None) -> str:
    """Describe a plan and its proof.

    Parameters
    ----------
    plan
        The plan.
    model
        The model that asked: its title, gap and year of money are shown beside the answer.
    caveat
        What the world must not be used for, printed once.

    Returns
    -------
    str
        Lines without a newline at the end.
    """
    blocks = [_headline(plan, model.title if model else "")]
    blocks += [_describe_cluster(cluster) for cluster in plan.clusters]
    blocks.append(_describe_zones(plan))
    blocks.append(_describe_proof(plan, model))
    if caveat:
        blocks.append(printable(caveat))
    return "\n\n".join(blocks)


def describe_files(folder: Path) -> str:
    """Say where the files of a plan are."""
    names = sorted(entry.name for entry in folder.iterdir())
    return f"Written to {printable(str(folder))}: {', '.join(names)}"


def describe_check(report: CheckReport) -> str:
    """Describe what a model and its world hold."""
    model = report.model
    tables = ", ".join(f"{rows:,} {table}" for table, rows in report.rows.items())
    blocks = [
        (
            f"Model {_named(model.name, model.title)}\n"
            f"World {_named(report.world_name, report.world_title)}"
        ),
        "\n".join(
            [
                f"Rows kept: {tables}",
                *(
                    f"Removed by {printable(key)}: {counted(sites, 'site', 'sites')}"
                    for key, sites in report.removed
                ),
            ]
        ),
        _describe_regions(report),
        _describe_reach(report),
    ]
    if report.contractable_mwh:
        blocks.append(
            f"Clean energy that can be contracted: {report.contractable_mwh / 1e6:,.2f} TWh/year"
        )
    blocks.append(f"Valid; nothing was solved ({report.seconds:,.1f} s)")
    if report.caveat:
        blocks.append(printable(report.caveat))
    return "\n\n".join(blocks)


def _describe_regions(report: CheckReport) -> str:
    columns = [
        Column("region"),
        Column("sites", ""),
        Column("usable", ""),
        Column("capacity", "MW"),
        Column("headroom", "MW"),
        Column("drawable", "MW"),
    ]
    rows = [
        (
            check.region if check.region is not None else "(none)",
            f"{check.sites:,}",
            f"{check.usable_sites:,}",
            f"{check.capacity_mw:,.0f}",
            f"{check.headroom_mw:,.0f}",
            f"{check.drawable_mw:,.0f}",
        )
        for check in report.regions
    ]
    total = (
        "all",
        f"{report.sites:,}",
        f"{report.usable_sites:,}",
        f"{sum(check.capacity_mw for check in report.regions):,.0f}",
        f"{sum(check.headroom_mw for check in report.regions):,.0f}",
        f"{sum(check.drawable_mw for check in report.regions):,.0f}",
    )
    least_mw = report.model.campus.min_mw
    note = (
        f"Usable: a campus of {least_mw:,.0f} MW fits. Capacity: the largest campus of each usable "
        "site, summed. Headroom: of\nthe zones that have sites, at "
        f"{percent(report.model.power.curtailment, 2)} curtailment. Drawable: by all usable sites "
        "together, under that headroom."
    )
    return "\n".join([*table(columns, [*rows, total]), note])


def _describe_reach(report: CheckReport) -> str:
    limit_km = report.model.cluster.max_fiber_km
    share = report.pairs / report.possible_pairs if report.possible_pairs else 0.0
    lines = [
        (
            f"Pairs of sites within {limit_km:,.0f} km of fiber: {report.pairs:,} of "
            f"{report.possible_pairs:,} ({percent(share, 2)})"
        ),
        f"Fiber: {report.fiber_km:,.0f} km, {_describe_components(report.component_sites)}",
    ]
    if report.alone:
        shown = ", ".join(printable(site) for site in report.alone[:10])
        more = f" and {len(report.alone) - 10:,} more" if len(report.alone) > 10 else ""
        lines.append(
            f"Sites that no other site is within reach of: {len(report.alone):,} ({shown}{more})"
        )
    return "\n".join(lines)


def _describe_components(sites: Sequence[int]) -> str:
    if len(sites) == 1:
        return "one network joins all sites"
    largest, *others = sites
    return (
        f"{len(sites):,} separate networks: one joins {counted(largest, 'site', 'sites')}, the "
        f"others {', '.join(f'{count:,}' for count in others)}; no cluster spans two"
    )


def describe_world(summary: WorldSummary) -> str:
    """Describe what a world holds, and where it comes from."""
    tables = ", ".join(f"{rows:,} {table}" for table, rows in summary.rows.items())
    kinds = ", ".join(
        f"{km:,.0f} km {printable(kind)}" for kind, km in sorted(summary.fiber_km.items())
    )
    blocks = [
        f"World {_named(summary.name, summary.title)}\nRows: {tables}",
        _describe_world_regions(summary),
        f"Fiber: {kinds}; {counted(summary.nodes, 'node', 'nodes')}",
    ]
    if summary.sources:
        blocks.append("\n".join(["Sources and licences", *_describe_sources(summary)]))
    blocks.append(f"Content: sha256 {summary.sha256}")
    if summary.caveat:
        blocks.append(printable(summary.caveat))
    return "\n\n".join(blocks)


def _describe_world_regions(summary: WorldSummary) -> str:
    headrooms = list(summary.regions[0].headroom_mw) if summary.regions else []
    columns = [
        Column("region"),
        Column("zones", ""),
        Column("sites", ""),
        Column("capacity", "GW"),
        Column("existing", "GW"),
        *(Column(_headroom_heading(column), "GW") for column in headrooms),
        Column("plants", ""),
        Column("supply", "GW"),
        Column("clean", "GW"),
    ]
    numbers = [
        (
            region.zones,
            region.sites,
            region.site_mw / 1000,
            region.existing_mw / 1000,
            *(region.headroom_mw[column] / 1000 for column in headrooms),
            region.plants,
            region.supply_mw / 1000,
            region.clean_mw / 1000,
        )
        for region in summary.regions
    ]
    names = [region.region or "(none)" for region in summary.regions] + ["all"]
    numbers.append(tuple(sum(column) for column in zip(*numbers, strict=True)))
    rows = [
        (name, *(f"{value:,}" if isinstance(value, int) else f"{value:,.1f}" for value in row))
        for name, row in zip(names, numbers, strict=True)
    ]
    note = (
        "Capacity: what the sites' interconnections carry. Existing: datacenters there. Headroom: "
        "what the zones can give\ntogether, where a percentage is given at so much curtailment."
    )
    return "\n".join([*table(columns, rows), note])


def _headroom_heading(column: str) -> str:
    curtailment = HEADROOM_CURTAILMENT.get(column)
    return "headroom" if curtailment is None else f"headroom {100 * curtailment:g} %"


def _describe_sources(summary: WorldSummary) -> list[str]:
    lines = []
    for source in summary.sources:
        version = f" {printable(source.version)}" if source.version else ""
        lines.append(f"  {printable(source.name)}{version}: {printable(source.licence)}")
        lines += [
            f"    {printable(text)}"
            for text in (source.attribution, source.package, f"for {source.used_for}")
            if text not in ("", "for ")
        ]
    return lines


def describe_audit(report: AuditReport) -> str:
    """Describe what an audit rechecked."""
    return "\n".join(
        [
            f"The plan holds: {counted(len(report.checks), 'check', 'checks')} passed",
            *(f"  {check}" for check in report.checks),
        ]
    )


def describe_models(models: Sequence[tuple[str, str]]) -> str:
    """List models by name and title."""
    return "\n".join(table([Column("model"), Column("title")], models))


def describe_copy(name: str, folder: Path) -> str:
    """Say where a copied model is and what to do with it."""
    place = printable(str(folder))
    return f"Copied {name} to {place}\nEdit {place}/model.toml, then: siting solve {place}"


def _headline(plan: Plan, title: str) -> str:
    _, unit, bounded = OBJECTIVES[plan.sense]
    verdict = {
        "optimal": "Proven optimal within the gap asked",
        "feasible": "Feasible, not proven optimal within the gap asked: a limit stopped the search",
    }[plan.status]
    return (
        f"{_named(plan.model_name, title)}\n{verdict}: {plan.objective:,.2f} {unit}, "
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
            Column("draw", "MW"),
            Column("IT load", "MW"),
            Column("zone"),
            Column("utility"),
            Column("region"),
            Column("price", "USD/MWh"),
            Column("contracts", "GWh/year"),
            Column("clean", "%"),
            Column("cost", "MUSD/year"),
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
                Column("fiber", "km"),
                Column("round trip", "ms"),
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
                    Column("headroom", "MW"),
                    Column("used", "MW"),
                    Column("left", "MW"),
                ],
                rows,
            ),
        ]
    )


def _describe_proof(plan: Plan, model: Model | None) -> str:
    measure, unit, _ = OBJECTIVES[plan.sense]
    seconds = plan.seconds
    asked = f" ({percent(model.solver.gap, 4)} asked)" if model else ""
    solver = f"{printable(plan.solver_name)} {printable(plan.solver_version)}".rstrip()
    proof = (
        f"Proof: {measure} {plan.objective:,.4f} {unit}, bound {plan.bound:,.4f} {unit}, "
        f"gap {percent(plan.gap, 4)}{asked}: {plan.status}; solver {solver}"
    )
    lines = [
        proof,
        (
            f"Time: {seconds.total:,.1f} s (load {seconds.load:,.1f} s, "
            f"distances {seconds.distances:,.1f} s, solve {seconds.solve:,.1f} s)"
        ),
        f"Audit: {counted(len(plan.audit.checks), 'check', 'checks')} passed",
    ]
    if model:
        lines.append(f"Money: US dollars of {model.cost.money_year}; 1 MUSD is 1,000,000 USD")
    return "\n".join(lines)


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of an aligned table under its headings: text to the left, numbers to the right."""
    cells = [[column.heading for column in columns]]
    if any(column.unit for column in columns):
        cells.append([f"[{column.unit}]" if column.unit else "" for column in columns])
    cells += [[printable(cell) for cell in row] for row in rows]
    widths = [max(_width(row[k]) for row in cells) for k in range(len(columns))]
    lines = []
    for row in cells:
        parts = []
        for cell, width, column in zip(row, widths, columns, strict=True):
            space = " " * (width - _width(cell))
            parts.append(cell + space if column.unit is None else space + cell)
        lines.append(("  " + "  ".join(parts)).rstrip())
    return lines


def _named(name: str, title: str) -> str:
    return printable(f"{name}: {title}" if title else name)


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
