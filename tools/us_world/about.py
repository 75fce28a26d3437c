"""What the world says about itself: ``world.toml`` and ``README.md``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from us_world.facts import CURTAILMENTS, Facts
from us_world.packages import PACKAGES, sha256

CAVEAT = (
    "Synthetic US grid (TAMU/Breakthrough Energy, CC BY 4.0): "
    "for planning studies, not for interconnection."
)
TITLE = "The United States, lower 48: a synthetic grid on the real footprint"
FACT_SOURCES = (
    (
        "headroom ratios by balancing authority",
        "recomputed from hourly demand of EIA-930, 2016-2024 (Ruggles et al., CC BY 4.0)",
    ),
    (
        "industrial price by state",
        "EIA Electric Power Annual with data for 2023, average revenue per kWh (public domain)",
    ),
    (
        "capacity factor by kind",
        "EIA Electric Power Annual, tables 4.08.A and 4.08.B, mean of 2016-2020 (public domain)",
    ),
    (
        "names of RTO codes",
        "ReEDS inputs/hierarchy.csv, NREL/ReEDS-2.0 (BSD-3-Clause)",
    ),
    (
        "leading utilities and balancing authorities of areas",
        "EIA-861, 2018: sales and service territories by county (public domain)",
    ),
)


@dataclass(frozen=True)
class Built:
    """The tables of a build, before the columns that are not written are dropped."""

    zones: gpd.GeoDataFrame
    sites: pd.DataFrame
    fiber: gpd.GeoDataFrame
    supply: pd.DataFrame
    states: gpd.GeoDataFrame
    offshore_units: int
    unreached: list[str]


def write_world_toml(built: Built, files: dict[str, str], folder: Path) -> None:
    """Write the tables' files, rows and digests, and the sources of the world."""
    lines = [
        "schema = 1",
        'name = "us"',
        f'title = "{TITLE}"',
        f'caveat = "{CAVEAT}"',
    ]
    for name, file in files.items():
        lines += [
            "",
            f"[tables.{name}]",
            f'file = "{file}"',
            f"rows = {len(getattr(built, name))}",
            f'sha256 = "{sha256(folder / file)}"',
        ]
    for package in PACKAGES:
        lines += [
            "",
            "[[source]]",
            f'name = "{package.name}"',
            f'version = "{package.version}"',
            f'package = "{package.registry}: {package.file}"',
            f'licence = "{package.licence}"',
            f'attribution = "{package.attribution}"',
            f'used_for = "{package.used_for}"',
            f'sha256 = "{package.sha256}"',
        ]
    for used_for, source in FACT_SOURCES:
        lines += [
            "",
            "[[source]]",
            f'name = "{source.split(",")[0].split(":")[0]}"',
            'version = ""',
            'package = "typed facts of tools/us_world_facts"',
            'licence = "facts"',
            f'attribution = "{source}"',
            f'used_for = "{used_for}"',
        ]
    (folder / "world.toml").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def write_readme(built: Built, files: dict[str, str], facts: Facts, folder: Path) -> None:
    """Write sources, licences, digests, quirks, and what the world must not claim."""
    zones, sites, fiber, supply = built.zones, built.sites, built.fiber, built.supply
    leaf, parents = zones[zones["parent"].notna()], zones[zones["parent"].isna()]
    outside = sites[sites["outside_km"] > 0]
    kinds = fiber["kind"].value_counts()
    clean = supply[supply["clean"]]
    known = facts.authorities.dropna(subset=["peak_gw"])
    pooled = " / ".join(
        f"{known[f'headroom_gw_{c}'].sum() / known['peak_gw'].sum():.3f}" for c in CURTAILMENTS
    )
    mix = (supply["mw"] * supply["capacity_factor"])[supply["clean"]].sum() / (
        supply["mw"] * supply["capacity_factor"]
    ).sum()
    headroom = {"leaves": leaf, "regions": parents}
    sums = ", ".join(
        f"{rows['headroom_mw_0p5'].sum() / 1000:,.1f} GW over {what}"
        for what, rows in headroom.items()
    )
    sentences = [
        "# The bundled US world",
        "",
        f"**{CAVEAT}**",
        "",
        "Built by `python tools/build_us_world.py --out data/us`; `--check` builds it again and "
        "compares every byte. Do not edit these files by hand.",
        "",
        "## Tables",
        "",
        "| table | rows | sha256 |",
        "|---|---|---|",
        *(
            f"| `{file}` | {len(getattr(built, name)):,} | `{sha256(folder / file)}` |"
            for name, file in files.items()
        ),
        "",
        f"- **zones**: {len(leaf)} balancing areas of ReEDS (ids `p1` ... `p134`) and "
        f"{len(parents)} regions as their parents. Peak load "
        f"{leaf['peak_mw'].sum() / 1000:,.1f} GW. Headroom of a leaf is its peak times the ratio "
        "of its balancing authority (headroom at a mean curtailment of 0.25, 0.5 or 1 % of the "
        f"new load's energy, by peak); the ratio pooled over all authorities, {pooled}, where "
        "its own was not computed. Headroom of a region is the sum over its leaves, or what its "
        "authorities were computed to have together if that is less. At 0.5 %: "
        f"{sums}. `utility` is the leading utility of the area: an approximation, since most "
        "areas have several. `region` is the RTO or, outside RTOs, the leading balancing "
        "authority. `price_usd_per_mwh` is the average industrial price of the state (2023; "
        "energy, delivery and taxes), `co2_kg_per_mwh` the state's CO2-equivalent rate of "
        "generation (eGRID 2023), `grid_clean_fraction` the clean share of the energy of the "
        "region's plants in `supply.csv`.",
        f"- **sites**: {len(sites):,} substations of at least 230 kV. `max_mw` is what a "
        "substation can draw with its largest line out: sum of ratings, less the largest, less "
        f"all flows; median {sites['max_mw'].median():,.0f} MW, at least 1 GW at "
        f"{(sites['max_mw'] >= 1000).sum():,}, at least 2 GW at "
        f"{(sites['max_mw'] >= 2000).sum():,}, 0 at {(sites['max_mw'] == 0).sum():,}. "
        f"`existing_mw` ({sites['existing_mw'].sum() / 1000:,.1f} GW in all) and `land_mw` come "
        "from 46 km cells, divided evenly among a cell's sites; datacenters of a cell without a "
        "site go to the nearest site.",
        f"- **fiber**: {kinds['backbone']:,} links of a synthetic backbone (km = straight line "
        f"x 1.3), {kinds['corridor']:,} corridors of lines of at least 230 kV, as ground-wire "
        f"fiber (km = great circle x 1.15), {kinds['join']:,} joins of a backbone node to the "
        "nearest site within 50 km (km = great circle x 1.3). `from` and `to` are ids of sites, "
        "or `b_...` for backbone nodes, some of them in Canada and Mexico. "
        + (
            f"{len(built.unreached)} sites are not connected to the rest "
            f"({', '.join(built.unreached)})."
            if built.unreached
            else "Every site is connected to every other."
        ),
        f"- **supply**: {len(supply):,} plants in service, one row for each kind at a substation, "
        f"{supply['mw'].sum() / 1000:,.0f} GW, of which clean (nuclear, hydro, wind, solar, "
        f"geothermal) {len(clean):,} with {clean['mw'].sum() / 1000:,.0f} GW. Capacity factors "
        "are national means of a kind, 2016-2020. There is no premium column.",
        f"- **states**: outlines of {len(built.states) - 1} states and the District of Columbia, "
        "for maps.",
        "",
        "## Sources",
        "",
        "| package | version | registry | licence | attribution | used for |",
        "|---|---|---|---|---|---|",
        *(
            f"| {p.name} | {p.version} | {p.registry} | {p.licence} | {p.attribution} "
            f"| {p.used_for} |"
            for p in PACKAGES
        ),
        "",
        "Downloads and their sha256:",
        "",
        *(f"- `{p.file}` `{p.sha256}`" for p in PACKAGES),
        "",
        "Facts typed by hand, each row with its source, in `tools/us_world_facts/`:",
        "",
        *(f"- {used_for}: {source}" for used_for, source in FACT_SOURCES),
        "",
        "The price of Wyoming was not found; it is the mean of its six neighbours and is marked "
        "so in its table.",
        "",
        "## Changes to the sources",
        "",
        "- Polygons of the areas are cut to a common grid of 0.0001 degrees, bays that the source "
        "cuts out are given to a neighbour, and common borders are simplified together. "
        "Area `p32` (Black Hills) has no bus in the network; its land is part of `p23`.",
        f"- {len(outside)} of {len(sites):,} sites lie outside the coarse coast of the areas, by "
        f"at most {outside['outside_km'].max():,.0f} km (median "
        f"{outside['outside_km'].median():,.1f} km): the nearest zone is theirs.",
        "- The network counts three areas of the Dakotas and Montana (`p35`, `p36`, `p38`) to "
        "MISO; they are in SPP now. It counts `p109` to PJM; LG&E and KU, which lead it, are in "
        "no RTO.",
        f"- {built.offshore_units} offshore wind units are in service in the network but stand "
        "for lease areas and projects: left out of `supply.csv`. Their substations at sea are "
        "among the sites.",
        "- Units out of service or without capacity are left out. Names of substations are "
        "synthetic and are left out.",
        "",
        "## Known quirks",
        "",
        "- The load is a non-coincident peak of 2016. West Texas has 1.0 GW here (`p62`), while "
        "the Far West of ERCOT alone passed 8 GW in 2024.",
        "- Ratings of lines between areas add up to several times the real transfer limits; "
        "`max_mw` is a limit of the substation's own lines and of nothing behind them.",
        f"- The fleet is of 2016-2020 and its capacity factors are national: {mix:.0%} of its "
        "energy is clean, less than today, and too low where wind is better than the mean "
        "(the Plains, Texas).",
        "- A region outside RTOs is one balancing authority, often small: its clean share is that "
        "of the plants standing in it, whoever owns their output.",
        "- Borders of areas are coarse (about 20 vertices each) and follow the RTOs of about "
        "2005; some utilities, and the state of sites near a border, are wrong there.",
        "- Delaware has no substation at 230 kV in the network. Some substations share "
        "coordinates.",
        "",
        "## What it must not claim",
        "",
        "Substations, lines, flows, plants' output and fiber are synthetic on a real footprint. "
        "No row says that a site, a line or a fiber exists, that a utility has capacity to sell, "
        "or that land can be bought. It serves to compare plans and to test methods; an "
        "interconnection study needs the utility's own model.",
    ]
    (folder / "README.md").write_text("\n".join(sentences) + "\n", encoding="utf-8", newline="\n")
