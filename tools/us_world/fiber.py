"""Fiber: a synthetic backbone, ground wires of the corridors, and joins between the two."""

from __future__ import annotations

import json
import re
import unicodedata

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from us_world.geometry import Floats, great_circle_km
from us_world.network import TRANSMISSION_KV, Network
from us_world.packages import Archives
from us_world.sites import site_id

BACKBONE = "topohub/data/backbone/north_america_nosc.json"
BACKBONE_FACTOR = 1.3
CORRIDOR_FACTOR = 1.15
JOIN_FACTOR = 1.3
JOIN_KM = 50.0


def build_fiber(archives: Archives, network: Network, sites: pd.DataFrame) -> gpd.GeoDataFrame:
    """Links with ``id``, ``kind``, ``km``, ``from``, ``to``.

    - ``backbone``: the links of topohub's North American backbone without submarine cables;
      ``km = dist * 1.3``, straight lines between cities and landing points.
    - ``corridor``: one for each pair of sites with lines of at least 230 kV, and
      ``low_corridor`` where all lines of a pair are below; ``km = great circle * 1.15``.
    - ``join``: from a backbone node to the nearest site, if within 50 km;
      ``km = great circle * 1.3``.

    ``km`` is rounded up to 2 decimals and never less than the great circle of its ends.
    """
    nodes, links = read_backbone(archives)
    places = sites.set_index("id")[["lon", "lat"]]
    where = pd.concat([places, nodes])
    node_of = nodes_of_sites(network, sites)
    joins = _joins(nodes, places)
    joins["to"] = joins["to"].map(node_of)
    parts = [
        links.assign(kind="backbone"),
        _corridors(network, where, node_of),
        joins.assign(kind="join"),
    ]
    fiber = pd.concat(parts, ignore_index=True)
    straight = _length(where, fiber["from"], fiber["to"])
    fiber["km"] = ceil_2(np.maximum(fiber["km"].to_numpy(), straight))
    letter = fiber["kind"].str[0]
    number = fiber.groupby("kind").cumcount() + 1
    digits = max(4, len(str(number.max())))
    fiber.insert(0, "id", letter + number.map(f"{{:0{digits}d}}".format))
    ends = np.stack([where.loc[fiber[end]].to_numpy() for end in ("from", "to")], axis=1)
    return gpd.GeoDataFrame(fiber, geometry=shapely.linestrings(ends), crs=4326)


def nodes_of_sites(network: Network, sites: pd.DataFrame) -> pd.Series:
    """Id of the fiber node of each site, by the site's id.

    It is the site's own id; but sites at one place that lines join are one node, with the lowest
    of their ids: a line from a place to itself is no line.
    """
    ids = sites["id"].to_numpy()
    position = pd.Series(np.arange(len(sites)), sites.index)
    a, b = (position[network.lines[end]].to_numpy() for end in ("a", "b"))
    place = sites[["lon", "lat"]].to_numpy()
    same = (place[a] == place[b]).all(axis=1)
    joined = coo_array((np.ones(same.sum()), (a[same], b[same])), shape=(len(ids), len(ids)))
    _, group = connected_components(joined, directed=False)
    return pd.Series(ids, ids).groupby(group).transform("min")


def read_backbone(archives: Archives) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Nodes (``lon``, ``lat`` by id ``b_city``) and links (``from``, ``to``, ``km``)."""
    graph = json.load(archives.open("topohub", BACKBONE))
    names = pd.Series({n["id"]: slug(n["name"]) for n in graph["nodes"]})
    twice = names.duplicated(keep=False)
    names[twice] = [f"{name}_{key}" for key, name in names[twice].items()]
    ids = "b_" + names
    nodes = pd.DataFrame([n["pos"] for n in graph["nodes"]], columns=["lon", "lat"], index=ids)
    links = pd.DataFrame(
        {
            "from": [ids[e["source"]] for e in graph["edges"]],
            "to": [ids[e["target"]] for e in graph["edges"]],
            "km": [e["dist"] * BACKBONE_FACTOR for e in graph["edges"]],
        }
    )
    return nodes.sort_index(), links.sort_values(["from", "to"], ignore_index=True)


def slug(name: str) -> str:
    """Plain lower-case letters of a place's name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def _corridors(network: Network, where: pd.DataFrame, node_of: pd.Series) -> pd.DataFrame:
    ends = pd.DataFrame({end: network.lines[end].map(site_id).map(node_of) for end in ("a", "b")})
    ends = pd.DataFrame({"from": ends.min(axis=1), "to": ends.max(axis=1)})
    lines = ends.assign(kv=network.lines["kv"])[ends["from"] != ends["to"]]
    links = lines.groupby(["from", "to"], as_index=False)["kv"].max()
    km = CORRIDOR_FACTOR * _length(where, links["from"], links["to"])
    kind = np.where(links.pop("kv") >= TRANSMISSION_KV, "corridor", "low_corridor")
    return pd.DataFrame(links.assign(km=km, kind=kind))


def _joins(nodes: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    lon, lat = (places[c].to_numpy()[None, :] for c in ("lon", "lat"))
    gap = great_circle_km(
        nodes["lon"].to_numpy()[:, None], nodes["lat"].to_numpy()[:, None], lon, lat
    )
    near, km = gap.argmin(axis=1), gap.min(axis=1)
    links = pd.DataFrame({"from": nodes.index, "to": places.index[near], "km": km * JOIN_FACTOR})
    return pd.DataFrame(links[km <= JOIN_KM])


def _length(where: pd.DataFrame, start: pd.Series, end: pd.Series) -> Floats:
    a, b = where.loc[start], where.loc[end]
    return great_circle_km(
        a["lon"].to_numpy(), a["lat"].to_numpy(), b["lon"].to_numpy(), b["lat"].to_numpy()
    )


def ceil_2(km: Floats) -> Floats:
    """Round up to 2 decimals."""
    return np.asarray(np.ceil(np.round(km * 100, 6)) / 100, dtype=np.float64)
