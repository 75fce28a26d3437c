"""Build the worlds of the US from packages of public registries, byte for byte.

Usage::

    python tools/build_us_world.py --out data/us
    python tools/build_us_world.py --world us_all
    python tools/build_us_world.py --check

``us`` has the substations of at least 230 kV and is bundled. ``us_all`` has all of them and is too
large for that: it is built into the folder where siting looks for worlds that were built.

The packages are downloaded once, by pip and npm, into a cache (``.cache/world`` beside this
checkout, or ``--cache``), verified by sha256, and read without being installed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from us_world.about import Built, write_readme, write_world_toml
from us_world.facts import Facts, read_facts
from us_world.fiber import build_fiber, nodes_of_sites
from us_world.network import read_network
from us_world.output import write_csv, write_geojson
from us_world.packages import Archives
from us_world.scope import SCOPES, US, Scope
from us_world.sites import build_sites
from us_world.states import build_states
from us_world.supply import NOT_BUILT, build_supply
from us_world.zones import add_clean_fraction, build_zones

from siting.resources import built_worlds_folder

ROOT = Path(__file__).parents[1]
FILES = {
    "zones": "zones.geojson",
    "sites": "sites.csv",
    "fiber": "fiber.geojson",
    "supply": "supply.csv",
    "states": "states.geojson",
}
ZONES = [
    "id",
    "name",
    "utility",
    "region",
    "interconnect",
    "state",
    "parent",
    "peak_mw",
    "headroom_mw_0p25",
    "headroom_mw_0p5",
    "headroom_mw_1p0",
    "price_usd_per_mwh",
    "grid_clean_fraction",
    "co2_kg_per_mwh",
]
SITES = ["id", "lon", "lat", "max_mw", "zone", "state", "region", "kv", "existing_mw", "land_mw"]
FIBER = ["id", "kind", "km", "from", "to"]
SUPPLY = ["id", "lon", "lat", "kind", "mw", "capacity_factor", "zone", "clean"]
STATES = ["fips", "name"]


def build(scope: Scope, cache: Path, facts: Facts) -> Built:
    """Build all tables from the cached downloads and the facts."""
    archives = Archives(cache)
    network = read_network(archives, scope.min_kv)
    zones = build_zones(archives, network, facts)
    supply = build_supply(network, zones, facts)
    add_clean_fraction(zones, supply)
    sites = build_sites(network, zones, archives)
    fiber = build_fiber(archives, network, sites)
    return Built(
        scope=scope,
        zones=zones,
        sites=sites,
        fiber=fiber,
        supply=supply,
        states=build_states(archives),
        offshore_units=int(network.plants["type"].isin(NOT_BUILT).sum()),
        unreached=unreached(nodes_of_sites(network, sites), fiber),
    )


def unreached(node_of: pd.Series, fiber: gpd.GeoDataFrame) -> list[str]:
    """Sites outside the largest connected part of the fiber graph."""
    nodes = pd.Index(pd.unique(pd.concat([node_of, fiber["from"], fiber["to"]])))
    ends = nodes.get_indexer(fiber["from"]), nodes.get_indexer(fiber["to"])
    graph = coo_array((np.ones(len(fiber)), ends), shape=(len(nodes), len(nodes)))
    _, part = connected_components(graph, directed=False)
    largest = np.bincount(part).argmax()
    return [str(i) for i, node in node_of.items() if part[nodes.get_loc(node)] != largest]


def write(built: Built, facts: Facts, folder: Path) -> None:
    """Write the world into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_geojson(built.zones, ZONES, folder / FILES["zones"], decimals=4)
    write_csv(built.sites, SITES, folder / FILES["sites"])
    write_geojson(built.fiber, FIBER, folder / FILES["fiber"], decimals=5)
    write_csv(built.supply, SUPPLY, folder / FILES["supply"])
    write_geojson(built.states, STATES, folder / FILES["states"], decimals=4)
    write_world_toml(built, FILES, folder)
    write_readme(built, FILES, facts, folder)


def differing(new: Path, old: Path) -> list[str]:
    """Names of files that are not the same in two folders, or in one of them only."""
    names = {p.name for folder in (new, old) if folder.exists() for p in folder.iterdir()}

    def content(path: Path) -> bytes | None:
        return path.read_bytes() if path.exists() else None

    return sorted(name for name in names if content(new / name) != content(old / name))


def main() -> int:
    """Run the command; 1 if a check finds a difference."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--world", choices=sorted(SCOPES), default=US.name, help="which world")
    parser.add_argument("--out", type=Path, help="the world's folder")
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache" / "world", help="downloads")
    parser.add_argument("--check", action="store_true", help="compare --out with a fresh build")
    options = parser.parse_args()
    scope, facts = SCOPES[options.world], read_facts()
    out = options.out or (ROOT / "data" if scope == US else built_worlds_folder()) / scope.name
    built = build(scope, options.cache, facts)
    if not options.check:
        write(built, facts, out)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        write(built, facts, Path(folder))
        files = differing(Path(folder), out)
    for file in files:
        print(f"differs: {out / file}")
    return 1 if files else 0


if __name__ == "__main__":
    sys.exit(main())
