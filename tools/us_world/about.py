"""What the world says about itself: ``world.toml`` and ``README.md``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from us_world.facts import CURTAILMENTS, Facts, headroom_ratio
from us_world.packages import PACKAGES, sha256
from us_world.scope import Scope

CAVEAT = (
    "Synthetic US grid (TAMU/Breakthrough Energy, CC BY 4.0): "
    "for planning studies, not for interconnection."
)


@dataclass(frozen=True)
class FactSource:
    """Where typed facts were looked up."""

    name: str
    version: str
    licence: str
    attribution: str
    used_for: str


FACT_SOURCES: tuple[FactSource, ...] = (
    FactSource(
        name="EIA-930 hourly demand",
        version="2016-2024",
        licence="CC BY 4.0",
        attribution="Ruggles et al., cleaned demand of EIA-930; headroom recomputed from it",
        used_for="headroom ratios by balancing authority",
    ),
    FactSource(
        name="EIA Electric Power Annual, average revenue per kilowatthour",
        version="2023",
        licence="public domain",
        attribution="US Energy Information Administration",
        used_for="industrial price by state",
    ),
    FactSource(
        name="EIA Electric Power Annual, tables 4.08.A and 4.08.B",
        version="mean of 2016-2020",
        licence="public domain",
        attribution="US Energy Information Administration",
        used_for="capacity factor by kind",
    ),
    FactSource(
        name="ReEDS inputs/hierarchy.csv",
        version="repository NREL/ReEDS-2.0",
        licence="BSD-3-Clause",
        attribution="Alliance for Sustainable Energy, LLC",
        used_for="names of the codes of RTOs",
    ),
    FactSource(
        name="EIA-861 sales and service territories",
        version="2018",
        licence="public domain",
        attribution="US Energy Information Administration",
        used_for="leading utilities and balancing authorities of areas",
    ),
)


@dataclass(frozen=True)
class Built:
    """The tables of a build, with the columns that are not written."""

    scope: Scope
    zones: gpd.GeoDataFrame
    sites: pd.DataFrame
    fiber: gpd.GeoDataFrame
    supply: pd.DataFrame
    states: gpd.GeoDataFrame
    offshore_units: int
    unreached: list[str]


def write_world_toml(built: Built, files: dict[str, str], folder: Path) -> None:
    """Write the tables' files, rows and digests, and the sources of the world."""
    scope = built.scope
    text = _toml({"schema": 1, "name": scope.name, "title": scope.title, "caveat": CAVEAT})
    for name, file in files.items():
        rows = len(getattr(built, name))
        text += f"\n[tables.{name}]\n"
        text += _toml({"file": file, "rows": rows, "sha256": sha256(folder / file)})
    for package in PACKAGES:
        text += "\n[[source]]\n" + _toml(
            {
                "name": package.name,
                "version": package.version,
                "package": f"{package.registry}: {package.file}",
                "licence": package.licence,
                "attribution": package.attribution,
                "used_for": package.used_for,
                "sha256": package.sha256,
            }
        )
    for source in FACT_SOURCES:
        text += "\n[[source]]\n" + _toml(
            {
                "name": source.name,
                "version": source.version,
                "package": "typed facts, tools/us_world_facts",
                "licence": source.licence,
                "attribution": source.attribution,
                "used_for": source.used_for,
            }
        )
    (folder / "world.toml").write_text(text, encoding="utf-8", newline="\n")


def _toml(values: dict[str, Any]) -> str:
    """Lines ``key = value`` for plain strings and integers."""
    lines = [f'{k} = "{v}"' if isinstance(v, str) else f"{k} = {v}" for k, v in values.items()]
    return "\n".join(lines) + "\n"


def write_readme(built: Built, files: dict[str, str], facts: Facts, folder: Path) -> None:
    """Fill in ``readme.md`` beside this module: every figure in it is counted here."""
    zones, sites, fiber, supply = built.zones, built.sites, built.fiber, built.supply
    leaf, parents = zones[zones["parent"].notna()], zones[zones["parent"].isna()]
    gap = sites.loc[sites["outside_km"] > 0, "outside_km"]
    kinds = fiber["kind"].value_counts()
    clean, energy = supply["clean"], supply["mw"] * supply["capacity_factor"]
    values = {
        "heading": built.scope.heading,
        "command": built.scope.command,
        "caveat": CAVEAT,
        "tables": "\n".join(
            f"| `{file}` | {len(getattr(built, name)):,} | `{sha256(folder / file)}` |"
            for name, file in files.items()
        ),
        "leaves": len(leaf),
        "regions": len(parents),
        "peak_gw": leaf["peak_mw"].sum() / 1000,
        "pooled": " / ".join(
            f"{headroom_ratio(facts.authorities, '', c):.3f}" for c in CURTAILMENTS
        ),
        "leaf_gw": leaf["headroom_mw_0p5"].sum() / 1000,
        "region_gw": parents["headroom_mw_0p5"].sum() / 1000,
        "sites": len(sites),
        "substations": built.scope.substations,
        "median_mw": sites["max_mw"].median(),
        "sites_1gw": (sites["max_mw"] >= 1000).sum(),
        "sites_2gw": (sites["max_mw"] >= 2000).sum(),
        "sites_0": (sites["max_mw"] == 0).sum(),
        "existing_gw": sites["existing_mw"].sum() / 1000,
        "backbone": kinds["backbone"],
        "corridors": built.scope.corridors.format(
            corridors=kinds["corridor"], low_corridors=kinds.get("low_corridor", 0)
        ),
        "joins": kinds["join"],
        "unreached": ", ".join(f"`{i}`" for i in built.unreached) or "none",
        "quirk": built.scope.quirk,
        "plants": len(supply),
        "supply_gw": supply["mw"].sum() / 1000,
        "clean_plants": clean.sum(),
        "clean_gw": supply.loc[clean, "mw"].sum() / 1000,
        "states": len(built.states) - 1,
        "packages": "\n".join(
            f"| {p.name} | {p.version} | {p.registry} | {p.licence} | {p.attribution} "
            f"| {p.used_for} |"
            for p in PACKAGES
        ),
        "downloads": "\n".join(f"- `{p.file}` `{p.sha256}`" for p in PACKAGES),
        "facts": "\n".join(
            f"| {s.used_for} | {s.name}, {s.version} ({s.attribution}) | {s.licence} |"
            for s in FACT_SOURCES
        ),
        "outside": len(gap),
        "outside_median_km": gap.median(),
        "outside_max_km": gap.max(),
        "far": (gap > 20).sum(),
        "offshore": built.offshore_units,
        "mix": energy[clean].sum() / energy.sum(),
        "vertices": shapely.get_num_coordinates(leaf.geometry.to_numpy()).mean(),
    }
    template = (Path(__file__).parent / "readme.md").read_text(encoding="utf-8")
    (folder / "README.md").write_text(template.format(**values), encoding="utf-8", newline="\n")
