"""What a map shows, as JSON: the background of a question, and the plans in front of it.

Nothing is worked out here but what a zone has left; every other number is the plan's or the
tables' own.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from siting.case import zone_headroom_mw
from siting.fiber.tiers import TIERS
from siting.model.sections import SECTIONS
from siting.report.geojson import to_json_value
from siting.wording import number

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from siting.fiber.reach import FloatArray
    from siting.model import Model
    from siting.world import World

Json = dict[str, Any]

DECIMALS = 4
"""Decimals of a position [degrees] that is only drawn: 1e-4 degrees are about 10 m."""

MOST_POSITIONS = 40_000
"""Positions of outlines that a page may hold; above, outlines are simplified."""

MOST_CHARACTERS = 3_500_000
"""Characters of the sites' columns that a page may hold; above, only what is needed is kept."""

NEEDED = ("id", "lon", "lat", "zone", "max_mw", "price_usd_per_mwh")
"""Columns of sites that every map has."""

ALWAYS_ASKED = (
    "campus.min_mw",
    "campus.max_mw",
    "cluster.count",
    "cluster.target_mw",
    "cluster.target_it_mw",
    "cluster.min_campuses",
    "cluster.max_campuses",
    "cluster.network",
    "cluster.max_fiber_km",
    "cluster.min_utilities",
    "cluster.max_utility_fraction",
    "power.curtailment",
    "clean.min_fraction",
    "clean.deliver_within",
    "cost.money_year",
    "objective.sense",
)
"""Keys of a model that a reader looks for; others are shown where they are not the default."""

LIMITS = (
    (
        "Headroom is what a zone's load leaves at the curtailment asked. There is no power flow, "
        "no queue of other requests and no interconnection study in it."
    ),
    "Clean energy is matched over a year, not hour by hour.",
    "Fiber follows known or modelled corridors; whether strands are free on them is not known.",
    (
        "Cost is building and grid connection, energy from the grid, access to fiber and the "
        "premium of contracts. Servers, land, water, permits and taxes are not in it."
    ),
    "The bound is a proof about this model on these data, not about the world outside.",
)
"""What a plan does not know, for readers of the map."""


def background_of(world: World, model: Model | None) -> Json:
    """What is the same for every plan of a question.

    Parameters
    ----------
    world
        The world that the plans were made on.
    model
        What was asked; without it the headroom of zones that no plan uses is not known.
    """
    headroom_mw = None if model is None else zone_headroom_mw(world, model)
    zones, simplified = _zones(world, headroom_mw)
    sites, dropped = _sites(world, model)
    notes = []
    if simplified:
        notes.append("Outlines are simplified for drawing.")
    if dropped:
        notes.append(
            "The table of sites is too large for one page: " + ", ".join(dropped) + " left out."
        )
    return {
        "world": {
            "name": world.name,
            "title": world.title,
            "caveat": world.caveat,
            "sha256": world.sha256,
            "sources": [
                {
                    "name": source.name,
                    "version": source.version,
                    "licence": source.licence,
                    "attribution": source.attribution,
                }
                for source in world.sources
            ],
        },
        "model": None if model is None else _model(model),
        "zones": zones,
        "outlines": _outlines(world.outlines),
        "sites": sites,
        "breaks_mw": _breaks_of(zones["features"]),
        "notes": notes,
    }


def background_of_files(plan: Json, layers: Mapping[str, Json]) -> Json:
    """The background that a folder's own files give: the zones that the plan draws from.

    Parameters
    ----------
    plan
        The content of ``plan.json``.
    layers
        The content of the GeoJSON files, by name of the layer.
    """
    features: list[Json] = []
    shapes: list[BaseGeometry | None] = []
    for feature in layers["zones"]["features"]:
        drawn = feature["geometry"]
        shape = None if drawn is None else shapely.from_geojson(json.dumps(drawn))
        skip = ("used_mw", "left_mw")
        properties = {k: v for k, v in feature["properties"].items() if k not in skip}
        features.append(_zone_feature(shape, properties))
        shapes.append(shape)
    campuses = layers["campuses"]["features"]
    _mark_groups(features, shapes, {campus["properties"]["zone"] for campus in campuses})
    return {
        "world": {
            "name": plan["world"]["name"],
            "title": "",
            "caveat": None,
            "sha256": plan["world"]["sha256"],
            "sources": [],
        },
        "model": None,
        "zones": {"type": "FeatureCollection", "features": features},
        "outlines": {"lines": [], "names": []},
        "sites": {"count": 0, "columns": {}},
        "breaks_mw": _breaks_of(features),
        "notes": [
            (
                "Drawn from the files of the plan alone: candidate sites, other zones, plants, "
                "state outlines and the caveat of the data are not in them. To have them, redraw "
                "with siting map DIR --model MODEL."
            )
        ],
    }


def plants_of(world: World) -> dict[str, Json]:
    """Every plant of a world by id: where it is, and its other columns."""
    return {plant["id"]: plant for plant in _rows(world.supply)}


def plan_part(
    name: str, plan: Json, layers: Mapping[str, Json], background: Json, plants: Mapping[str, Json]
) -> Json:
    """What a map shows of one plan.

    Parameters
    ----------
    name
        What the plan is called where there are several.
    plan
        The content of ``plan.json``.
    layers
        The content of the GeoJSON files, by name of the layer.
    background
        From `background_of` or `background_of_files`.
    plants
        Plants by id; a plan's contracts with others are told, but have no place.
    """
    sold: dict[str, list[Json]] = {}
    for cluster in plan["clusters"]:
        for campus in cluster["campuses"]:
            for contract in campus["contracts"]:
                sale = {"site": campus["site"], "mwh": contract["mwh"]}
                sold.setdefault(contract["supply"], []).append(sale)
    known = (supply for supply in sorted(sold) if supply in plants)
    return {
        "name": name,
        "plan": plan,
        "campuses": layers["campuses"],
        "links": layers["links"],
        "clusters": layers["clusters"],
        "plants": [plants[supply] | {"contracts": sold[supply]} for supply in known],
        "zones": _use_of_zones(plan, background["zones"]["features"]),
    }


def tiers() -> list[Json]:
    """The tiers of links, shortest first; the last has no longest route."""
    return [
        {
            "name": tier.name,
            "max_km": tier.max_km if math.isfinite(tier.max_km) else None,
            "meaning": tier.meaning,
        }
        for tier in TIERS
    ]


def _use_of_zones(plan: Json, features: Sequence[Json]) -> dict[str, Json]:
    """For every zone its headroom, what a plan draws, and what it leaves [MW].

    ``can_give_mw`` is the least that is left in the zone and in the zones that it lies in.
    """
    used = {zone["id"]: zone for zone in plan["zones"]}
    parent = {f["properties"]["id"]: f["properties"].get("parent") for f in features}
    found: dict[str, Json] = {}
    for feature in features:
        zone = feature["properties"]["id"]
        drawn = used.get(zone)
        headroom_mw = drawn["headroom_mw"] if drawn else feature["properties"].get("headroom_mw")
        used_mw = drawn["used_mw"] if drawn else 0.0
        left_mw = None if headroom_mw is None else max(headroom_mw - used_mw, 0.0)
        found[zone] = {"headroom_mw": headroom_mw, "used_mw": used_mw, "left_mw": left_mw}
    for zone, numbers in found.items():
        least_mw, above = numbers["left_mw"], parent[zone]
        while least_mw is not None and above in found:
            if found[above]["left_mw"] is not None:
                least_mw = min(least_mw, found[above]["left_mw"])
            above = parent[above]
        numbers["can_give_mw"] = least_mw
    return found


def _model(model: Model) -> Json:
    return {
        "name": model.name,
        "title": model.headline,
        "sha256": model.sha256,
        "gap": model.solver.gap,
        "campus_min_mw": model.campus.min_mw,
        "campus_max_mw": model.campus.max_mw,
        "asked": list(_asked(model)),
    }


def _asked(model: Model) -> Iterable[Json]:
    """Keys with their values and units, as the model file names them."""
    for table, section in SECTIONS.items():
        given = getattr(model, table)
        for key, field in section.model_fields.items() if given is not None else ():
            name, value = f"{table}.{key}", getattr(given, key)
            default = field.get_default(call_default_factory=True)
            if value is None or (name not in ALWAYS_ASKED and value == default):
                continue
            described = re.fullmatch(r"(.*?)(?:\s*\[([^\]]*)\])?\.?", field.description or "")
            meaning, unit = described.groups() if described else ("", None)
            yield {"key": name, "value": _worded(value, unit), "meaning": meaning}


def _worded(value: object, unit: str | None) -> str:
    match value:
        case bool():
            words = "yes" if value else "no"
        case int() | float() if unit == "0-1":
            words = f"{100 * value:g} %"
        case int() | float() if unit in (None, "1"):
            words = f"{value:g}"
        case int() | float():
            words = f"{number(value)} {unit}"
        case list() | tuple():
            words = ", ".join(str(entry) for entry in value) or "none"
        case _:
            words = str(value)
    return words


# --- Tables -------------------------------------------------------------------------------------


def _zones(world: World, headroom_mw: FloatArray | None) -> tuple[Json, bool]:
    """Zones as features, and whether they had to be simplified."""
    table = world.zones
    shapes, simplified = _fewer_positions(table.geometry.to_numpy())
    leave_out = ("headroom_mw", "headroom_mw_0p25", "headroom_mw_0p5", "headroom_mw_1p0")
    rows = _rows(table.drop(columns=[name for name in leave_out if name in table]))
    features = []
    for k, (row, shape) in enumerate(zip(rows, shapes, strict=True)):
        given = None if headroom_mw is None else to_json_value(float(headroom_mw[k]))
        properties = {name: value for name, value in row.items() if name not in ("lon", "lat")}
        features.append(_zone_feature(shape, properties | {"headroom_mw": given}))
    _mark_groups(features, list(shapes), set(world.sites["zone"].dropna()))
    return {"type": "FeatureCollection", "features": features}, simplified


def _zone_feature(shape: BaseGeometry | None, properties: Json) -> Json:
    """A zone with a point inside it, where its popup opens from a list."""
    inside = None if shape is None or shape.is_empty else shape.representative_point()
    properties["label_lon"] = None if inside is None else round(inside.x, DECIMALS)
    properties["label_lat"] = None if inside is None else round(inside.y, DECIMALS)
    geometry = None if shape is None or inside is None else _drawn(shape)
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _mark_groups(
    features: Sequence[Json], shapes: Sequence[BaseGeometry | None], with_sites: set[str]
) -> None:
    """Tell zones that hold other zones from leaves, which are shaded.

    Of a zone that holds others and has sites of its own, ``own`` is what lies outside of the
    others: it is shaded, too, and the zone's popup opens there.
    """
    inside: dict[str, list[BaseGeometry]] = {}
    for feature, shape in zip(features, shapes, strict=True):
        parts = inside.setdefault(feature["properties"].get("parent"), [])
        if shape is not None and not shape.is_empty:
            parts.append(shape)
    for feature, shape in zip(features, shapes, strict=True):
        zone = feature["properties"]
        zone["holds_zones"] = zone["id"] in inside
        if zone["holds_zones"] and zone["id"] in with_sites and feature["geometry"] is not None:
            own = shapely.difference(
                shapely.make_valid(shape), shapely.union_all(shapely.make_valid(inside[zone["id"]]))
            )
            drawn = _zone_feature(own, {})
            if drawn["geometry"] is not None and drawn["geometry"]["coordinates"]:
                feature["own"] = drawn["geometry"]
                zone |= drawn["properties"]


def _is_shaded(feature: Json) -> bool:
    return "own" in feature or not feature["properties"]["holds_zones"]


def _outlines(outlines: GeoDataFrame | None) -> Json:
    """Lines of the outlines, and their names where they have some."""
    if outlines is None or not len(outlines):
        return {"lines": [], "names": []}
    shapes, _ = _fewer_positions(outlines.geometry.to_numpy())
    lines: list[Any] = []
    names: list[tuple[float, Json]] = []
    for k, shape in enumerate(shapes):
        if shape is None or shape.is_empty:
            continue
        if shape.geom_type in ("Polygon", "MultiPolygon"):
            if "name" in outlines and not pd.isna(outlines["name"].iloc[k]):
                middle = shapely.maximum_inscribed_circle(shape, tolerance=0.05)
                lon, lat = shapely.get_coordinates(middle)[0].tolist()
                name = str(outlines["name"].iloc[k])
                label = {"name": name, "lon": round(lon, 2), "lat": round(lat, 2)}
                names.append((-shape.area, label))
            shape = shape.boundary  # noqa: PLW2901 -- what is drawn of an area is its edge
        parts = (p for p in shapely.get_parts(shape) if p.geom_type in ("LineString", "LinearRing"))
        lines.extend(_positions(part) for part in parts)
    # Where names would cover each other, the page shows those of the larger areas.
    names.sort(key=lambda sized: (sized[0], sized[1]["name"]))
    return {"lines": lines, "names": [label for _, label in names]}


def _sites(world: World, model: Model | None) -> tuple[Json, list[str]]:
    """Columns of the sites, and the names of those that the page has no room for."""
    table = world.sites
    columns: Json = {
        "id": table["id"].tolist(),
        "lon": [round(x, DECIMALS) for x in table.geometry.x.tolist()],
        "lat": [round(y, DECIMALS) for y in table.geometry.y.tolist()],
    }
    for name in table.columns:
        if name not in (table.geometry.name, "id", "lon", "lat") and not table[name].isna().all():
            columns[str(name)] = _column(table[name])
    price = _prices(world, model)
    if not price.isna().all():
        columns["price_usd_per_mwh"] = _column(price)
    sizes = {name: len(json.dumps(column)) for name, column in columns.items()}
    dropped: list[str] = []
    for name in sorted(set(sizes) - set(NEEDED), key=lambda name: -sizes[name]):
        if sum(sizes.values()) <= MOST_CHARACTERS:
            break
        del columns[name], sizes[name]
        dropped.append(name)
    return {"count": len(table), "columns": columns}, sorted(dropped)


def _prices(world: World, model: Model | None) -> pd.Series[Any]:
    """Energy price of each site [USD/MWh]: its own, else its zone's, else the model's."""
    name = "price_usd_per_mwh"
    price = pd.Series(np.nan, index=world.sites.index, dtype=float)
    if name in world.sites:
        price = world.sites[name].astype(float)
    if name in world.zones:
        of_zone = world.zones.set_index("id")[name].astype(float)
        price = price.fillna(world.sites["zone"].map(of_zone))
    return price if model is None else price.fillna(model.cost.grid_usd_per_mwh)


def _column(values: pd.Series[Any]) -> Json | list[Any]:
    """A column as JSON values; texts that recur are kept once."""
    cells = [_short(to_json_value(value)) for value in values.tolist()]
    if not all(cell is None or isinstance(cell, str) for cell in cells):
        return cells
    texts = sorted({cell for cell in cells if cell is not None})
    if 2 * len(texts) > len(cells):
        return cells
    at = {text: code for code, text in enumerate(texts)}
    return {"texts": texts, "codes": [-1 if cell is None else at[cell] for cell in cells]}


def _short(value: Any) -> Any:
    """The same number, written without a decimal point where it is whole."""
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
    return int(value) if whole else value


def _rows(table: GeoDataFrame) -> list[Json]:
    """Rows as JSON objects, without what is missing; points with their ``lon`` and ``lat``."""
    names = [str(name) for name in table.columns if name != table.geometry.name]
    columns = {name: [to_json_value(value) for value in table[name].tolist()] for name in names}
    points = bool((table.geometry.geom_type == "Point").all()) and len(table) > 0
    rows = []
    for k, shape in enumerate(table.geometry):
        row = {name: column[k] for name, column in columns.items() if column[k] is not None}
        if points:
            row |= {"lon": round(shape.x, DECIMALS), "lat": round(shape.y, DECIMALS)}
        rows.append(row)
    return rows


# --- Shapes and shades ---------------------------------------------------------------------------


def _fewer_positions(shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], bool]:
    """The shapes, simplified as far as it takes for a page to hold them."""
    tolerance_degrees = 0.001
    simple = shapes
    while int(np.sum(shapely.get_num_coordinates(simple))) > MOST_POSITIONS:
        if tolerance_degrees > 1:
            break
        simple = shapely.simplify(shapes, tolerance_degrees, preserve_topology=True)
        tolerance_degrees *= 2
    return simple, simple is not shapes


def _drawn(shape: shapely.Geometry) -> Json:
    """A polygon as GeoJSON with the decimals of what is only drawn."""
    polygons = [
        [_positions(ring) for ring in (part.exterior, *part.interiors)]
        for part in shapely.get_parts(shape)
        if isinstance(part, shapely.Polygon)
    ]
    return {"type": "MultiPolygon", "coordinates": polygons}


def _positions(line: shapely.Geometry) -> list[list[float]]:
    rounded = np.round(shapely.get_coordinates(line), DECIMALS) + 0.0
    positions: list[list[float]] = rounded.tolist()
    return positions


def _breaks_of(features: Iterable[Json]) -> list[float]:
    """Edges between shades [MW] for the zones that are shaded and whose headroom is known."""
    known = (f["properties"].get("headroom_mw") for f in features if _is_shaded(f))
    return _breaks(np.array([mw for mw in known if mw is not None], float))


def _breaks(headroom_mw: FloatArray) -> list[float]:
    """Edges between shades [MW]: round numbers near the sextiles of what zones have."""
    some = headroom_mw[np.isfinite(headroom_mw) & (headroom_mw > 0)]
    if not len(some):
        return []
    return sorted(
        {_round_number(float(q)) for q in np.quantile(some, [k / 6 for k in range(1, 6)])}
    )


def _round_number(value: float) -> float:
    """The nearest of 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    steps = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    return round(min(steps, key=lambda step: abs(step * power - value)) * power, 6)
