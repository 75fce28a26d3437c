"""A plan as text that a planner can read: aligned tables, and a unit at every number."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from siting.training.facts import LEVELS, PAPERS, accelerators, recipes
from siting.wording import number, printable
from siting.world.columns import HEADROOM_CURTAILMENT, TABLES

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from siting.model import Model
    from siting.notices import LeftOut, Notice
    from siting.plan import AuditReport, Cluster, Plan
    from siting.report.check import CheckReport
    from siting.report.summary import WorldSummary
    from siting.report.train import TrainReport
    from siting.training import ClusterTraining, Comparison, Training
    from siting.world import World

OBJECTIVES = {
    "minimise_cost": ("cost", "MUSD/year", "no plan costs less than"),
    "maximise_mw": ("draw", "MW", "no plan draws more than"),
    "minimise_fiber_km": ("fiber", "km", "no network is shorter than"),
}
"""For each sense: what the objective measures, its unit, and what its bound says."""

SHARED_SHOWN = 6
"""Groups of shared spans that are printed for a cluster."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, and the unit of its numbers; ``None`` for text.

    The unit of a count is empty.
    """

    heading: str
    unit: str | None = None


ROW_WORDS = {
    "sites": ("site", "sites"),
    "zones": ("zone", "zones"),
    "fiber": ("fiber span", "fiber spans"),
    "supply": ("plant", "plants"),
    "nodes": ("fiber node", "fiber nodes"),
}
"""What one row of a table is called, and what several are."""


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
    blocks = [_headline(plan, model.headline if model else "")]
    if plan.training is not None:
        blocks.append("\n".join(_describe_what_is_trained(plan.training)))
    blocks += [_describe_cluster(cluster) for cluster in plan.clusters]
    blocks.append(_describe_zones(plan))
    blocks.append(_describe_proof(plan, model))
    as_read = describe_reading(plan.left_out, plan.notices)
    if as_read:
        blocks.append("\n".join(as_read))
    if caveat:
        blocks.append(printable(caveat))
    return "\n\n".join(blocks)


def describe_reading(left_out: Sequence[LeftOut], notices: Sequence[Notice]) -> list[str]:
    """What takes no part, and what was done to the files: a line for each."""
    lines = [
        f"Left out{_by_what(rows.by)}: {_describe_rows(rows)}, {rows.mw:,.0f} MW"
        for rows in left_out
    ]
    return lines + [f"{printable(notice.where)}: {printable(notice.what)}" for notice in notices]


TABLE_ROWS = 10
"""So many rows of a table are shown as they were understood."""


_OF_ZONES = ("region", "interconnect")
"""Columns of sites and plants that their zones give, and not their file."""


def describe_table(name: str, world: World) -> str:
    """Show the first rows of a table as they were understood, blanks filled in.

    Parameters
    ----------
    name
        Of which table.
    world
        The world as the model keeps it.
    """
    rows: GeoDataFrame = getattr(world, name)
    stray = world.stray_plants if name == "supply" else 0
    shapes = rows.geometry
    places = shapes.representative_point() if len(rows) else shapes
    parts = {"lon [degrees]": places.x, "lat [degrees]": places.y}
    shown = [column for column in TABLES[name].columns if column.name in rows]
    known = {column.name for column in shown} | {str(shapes.name), *_OF_ZONES}
    others = [str(column) for column in rows.columns if str(column) not in known]
    headings = [Column(column.name, column.unit or None) for column in shown]
    headings += [Column("lon", "degrees"), Column("lat", "degrees")]
    first = rows.head(TABLE_ROWS)
    lines = table(
        headings,
        [
            [
                *(_cell(first[column.name].iloc[k]) for column in shown),
                *(f"{values.iloc[k]:.5f}" for values in parts.values()),
            ]
            for k in range(len(first))
        ],
    )
    more = len(rows) - len(first)
    file = world.files.get(name, name)
    head = f"{printable(file)}: {_describe_count(name, len(rows) - stray)} kept"
    head += f", and {stray:,} in no zone" if stray else ""
    notes = [f"  and {more:,} more"] if more else []
    if others:
        notes.append(f"  passed through to the outputs, not read: {printable(', '.join(others))}")
    left_out = [entry for entry in world.left_out if entry.table == name]
    about = [notice for notice in world.notices if notice.where == file]
    return "\n".join([head, *lines, *notes, *describe_reading(left_out, about)])


def _cell(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN differs from itself
        return "-"
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return number(float(value)) if isinstance(value, float | np.floating) else str(value)


def _by_what(by: str) -> str:
    """What leaves rows out, as a sentence goes on after "left out"."""
    return f"{' by' if by.startswith('world.') else ','} {printable(by)}"


def _describe_rows(rows: LeftOut) -> str:
    return _describe_count(rows.table, rows.rows)


def _describe_count(table: str, rows: int) -> str:
    one, many = ROW_WORDS[table]
    return counted(rows, one, many)


def describe_files(folder: Path) -> str:
    """Say where the files of a plan are."""
    names = sorted(entry.name for entry in folder.iterdir())
    return f"Written to {printable(str(folder))}: {', '.join(names)}"


def describe_map(file: Path) -> str:
    """Say where a map is."""
    return f"Drawn: {printable(str(file))}, {file.stat().st_size / 1e6:,.1f} MB"


def describe_check(report: CheckReport) -> str:
    """Describe what a model and its world hold."""
    model = report.model
    tables = ", ".join(f"{rows:,} {table}" for table, rows in report.rows.items())
    blocks = [
        (
            f"Model {_named(model.name, model.headline)}\n"
            f"World {_named(report.world_name, report.world_title)}"
        ),
        "\n".join([f"Rows kept: {tables}", *describe_reading(report.left_out, report.notices)]),
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
    share = report.pairs / report.possible_pairs if report.possible_pairs else 0.0
    lines = [
        (
            f"Pairs of sites within {report.reach_km:,.0f} km of fiber: {report.pairs:,} of "
            f"{report.possible_pairs:,} ({percent(share, 2)})"
        ),
        f"Fiber: {report.fiber_km:,.0f} km, {_describe_components(report.component_sites)}",
    ]
    lines += [f"  Nearest: {gap}" for gap in report.pieces.gaps[:3]]
    if report.between_ends:
        sites = counted(report.between_ends, "site joins", "sites join")
        lines.append(f"{sites} the fiber between two ends of a span")
    if report.in_time:
        lengths = ", ".join(f"{km:,.0f} km for {n} campuses" for n, km in report.in_time)
        measure = "tour" if report.model.cluster.network == "ring" else "link"
        lines.append(f"Longest {measure} that synchronises in time: {lengths}")
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
    head = _named(plan.model_name, title)
    if plan.most_clusters is not None:
        # What is not proven may be the number alone.
        verdict = verdict if plan.status == "optimal" else "Best plan found of so many"
        head += f"\n{plan.describe_number()}"
        bounded = f"and of as many clusters {bounded}"
    return (
        f"{head}\n{verdict}: {plan.objective:,.2f} {unit}, "
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
        facts.append(
            f"{_describe_network(cluster)}, longest link {cluster.max_fiber_km:,.1f} km, "
            f"{rtt_ms:.2f} ms round trip"
        )
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
        lines += ["", *_describe_links(cluster)]
    if cluster.shared_spans:
        lines += ["", *_describe_shared_spans(cluster)]
    if cluster.training is not None:
        lines += ["", *_describe_training(cluster.training)]
    return "\n".join(lines)


def describe_train(report: TrainReport) -> str:
    """Describe how the clusters of a plan train."""
    blocks = [f"{printable(report.model_name)} on {printable(report.world_name)}"]
    blocks.append("\n".join(_describe_what_is_trained(report.training)))
    for cluster in report.clusters:
        measure = "tour" if cluster.network == "ring" else "longest link"
        head = (
            f"Cluster {printable(cluster.id)}: {cluster.network} of "
            f"{counted(cluster.campuses, 'campus', 'campuses')}, {measure} {cluster.km:,.1f} km"
        )
        blocks.append("\n".join([head, *_describe_training(cluster.training)]))
    return "\n\n".join(blocks)


def describe_comparisons(comparisons: Sequence[Comparison]) -> str:
    """Published tables of bandwidths, each beside ours."""
    blocks = [_describe_comparison(comparison) for comparison in comparisons]
    note = (
        "The published numbers are simulated, too. b, the bits exchanged for each parameter, is "
        "fitted to them, one\nfor each model. The grid is logspace(-1, 3, 50) Gbit/s; a number in "
        "brackets: ours is so many points above."
    )
    return "\n\n".join([*blocks, note])


def _describe_comparison(comparison: Comparison) -> str:
    rows = []
    for row in comparison.rows:
        method = f"H={row.row.inner_steps}" if row.row.inner_steps > 1 else "data-parallel"
        if row.row.fragment_layers:
            method += ", streamed"
        if row.row.overlapped_steps:
            method += ", overlapped"
        cells = [
            f"{_gbps(theirs)} / {_gbps(ours)}{'' if apart == 0 else f' ({apart:+d})'}"
            for theirs, ours, apart in zip(
                row.row.gbps, row.ours_gbps, row.steps_apart, strict=True
            )
        ]
        rows.append((row.row.model, method, f"{row.row.bits_per_parameter:g}", *cells))
    columns = [Column("model"), Column("training"), Column("b", "bit")]
    columns += [Column(f"{100 * level:.0f} %", "Gbit/s") for level in LEVELS]
    _, citation = PAPERS[comparison.paper]
    agree = (
        f"  {comparison.within(0)} of {comparison.cells} cells are the same point of the searched "
        f"grid, {comparison.within(1)} within one point of it"
    )
    return "\n".join(
        [
            f"Bandwidth for a compute utilisation, published / ours: {citation}",
            *table(columns, rows),
            agree,
        ]
    )


def _gbps(value: float) -> str:
    return ">1000" if value == float("inf") else f"{value:.1f}"


def _describe_what_is_trained(training: Training) -> list[str]:
    recipe = f"{printable(training.recipe)}, " if training.recipe else ""
    step = (
        f"steps of {training.step_s:g} s"
        if training.step_s is not None
        else f"batches of {training.tokens_per_batch:,.10g} tokens"
    )
    failures = (
        "failures not counted"
        if training.failure_hours_per_100k is None
        else f"a failure of 100,000 accelerators each {training.failure_hours_per_100k:g} h"
    )
    facts = accelerators()[training.accelerator]
    assumed = list(recipes()[training.recipe].assumed) if training.recipe in recipes() else []
    if training.watts_per_accelerator == facts.watts and not facts.watts_verified:
        assumed.append(f"watts of {facts.name}")
    note = [f"  Assumed, as no source gives them: {', '.join(assumed)}"] if assumed else []
    return [
        (
            f"Training {recipe}{training.parameters:,.4g} parameters of "
            f"{training.bits_per_parameter:g} bit, {training.layers} layers, {step}"
        ),
        (
            f"  {training.collective} exchange every "
            f"{counted(training.inner_steps, 'step', 'steps')} over "
            f"{training.bandwidth_gbps:,.10g} Gbit/s"
        ),
        (
            f"  {training.accelerator}: {training.watts_per_accelerator:,.10g} W and "
            f"{training.flop_per_s_per_accelerator:.4g} FLOP/s each, MFU "
            f"{percent(training.mfu, 1)}, {failures}"
        ),
        *note,
    ]


def _describe_training(training: ClusterTraining) -> list[str]:
    """What a cluster's synchronisation costs, and what a utilisation needs."""
    lines = [
        (
            f"  synchronises in {_time(training.sync_s)} ({_time(training.exchange_s)} on the "
            f"wire, {_time(training.latency_s)} of light), waits {_time(training.exposed_s)}"
        ),
        (
            f"  compute utilisation {percent(training.compute_utilisation, 2)}, goodput "
            f"{percent(training.goodput, 2)}"
        ),
        (
            f"  trains at {training.effective_flop_per_s:.3e} of {training.peak_flop_per_s:.3e} "
            f"FLOP/s peak, on {training.accelerators:,.0f} accelerators"
        ),
        (
            f"  one campus of the same IT load: {training.one_campus_flop_per_s:.3e} FLOP/s; the "
            f"cluster gives {percent(training.one_campus_fraction, 2)} of it"
        ),
        (
            f"  curtailment, not counted above: up to {percent(training.stall_fraction, 2)} of the "
            f"time, {percent(training.asynchronous_stall_fraction, 2)} if campuses did not wait"
        ),
        "",
    ]
    rows = [
        (
            f"{100 * need.compute_utilisation:.0f}",
            "none enough" if need.bandwidth_gbps is None else f"{need.bandwidth_gbps:,.1f}",
            "-" if need.fiber_pairs is None else f"{need.fiber_pairs:,}",
        )
        for need in training.needs
    ]
    columns = [Column("utilisation", "%"), Column("bandwidth", "Gbit/s"), Column("pairs", "")]
    return lines + table(columns, rows)


def _time(seconds: float) -> str:
    return f"{1000 * seconds:,.4g} ms" if seconds < 9.9995 else f"{seconds:,.1f} s"


def _describe_network(cluster: Cluster) -> str:
    of = f" around {printable(cluster.hub)}" if cluster.hub is not None else ""
    return f"{cluster.network}{of} of {cluster.fiber_km:,.1f} km"


def _describe_links(cluster: Cluster) -> list[str]:
    columns = [
        Column("link from"),
        Column("to"),
        Column("fiber", "km"),
        Column("round trip", "ms"),
        Column("tier"),
        Column("amplifiers", ""),
    ]
    rows: list[tuple[str, ...]] = [
        (
            link.from_site,
            link.to_site,
            f"{link.km:,.1f}",
            f"{link.rtt_ms:.2f}",
            link.tier,
            f"{link.amplifier_sites:,}",
        )
        for link in cluster.links
    ]
    if any(link.pairs for link in cluster.links):
        columns.append(Column("pairs", ""))
        rows = [(*row, f"{link.pairs:,}") for row, link in zip(rows, cluster.links, strict=True)]
    if any(link.pairs_musd for link in cluster.links):
        columns.append(Column("new pairs", "MUSD"))
        rows = [
            (*row, f"{link.pairs_musd:,.2f}") for row, link in zip(rows, cluster.links, strict=True)
        ]
    return table(columns, rows)


def _describe_shared_spans(cluster: Cluster) -> list[str]:
    """Spans that carry several links; of many only those that carry most."""
    shared = cluster.shared_spans
    fatal = sum(len(group.spans) for group in shared if group.disconnects)
    rows = [
        (
            group.spans[0]
            + (f" and {len(group.spans) - 1:,} more" if len(group.spans) > 1 else ""),
            f"{group.km:,.1f}",
            f"{len(group.links):,} of {len(cluster.links):,}",
            "yes" if group.disconnects else "no",
        )
        for group in shared[:SHARED_SHOWN]
    ]
    lines = table(
        [Column("shared spans"), Column("fiber", "km"), Column("links cut", ""), Column("splits")],
        rows,
    )
    if len(shared) > SHARED_SHOWN:
        lines.append(f"  and {len(shared) - SHARED_SHOWN:,} more in plan.json")
    lines.append(
        f"  The loss of one span splits the cluster for "
        f"{counted(fatal, 'span', 'spans') if fatal else 'no span'} that several links share"
    )
    return lines


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
