"""A world of four sites, small enough to know where every line of a plan's map must run.

a ~~~ n1 ---- n2 ---- n3 ~~~ c        fiber, with a bend in each span
               b, d
"""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import shapely
from oracle import best_plan, solution_of

from siting.audit import audit
from siting.case import Case, build_case
from siting.distances import reach_of
from siting.model import Model, make_model
from siting.plan import Plan, Seconds, plan_from_solution
from siting.world import World

CAVEAT = "Made up: for tests, not for interconnection."
BENDS = {"s1": [(0.0, 0.0), (0.5, -0.2), (1.0, 0.0)], "s2": [(2.0, 0.0), (1.5, -0.2), (1.0, 0.0)]}
SITES = {"a": (-0.1, 0.1), "b": (1.0, 0.1), "c": (2.1, -0.1), "d": (1.0, 0.1)}


def tiny_world() -> World:
    """The world; its spans run in either direction, and its zones' rings in the wrong one."""
    west = shapely.Polygon(
        [(-1, -1), (-1, 1), (0.5, 1), (0.5, -1)], [[(-0.5, -0.5), (-0.4, -0.5), (-0.4, -0.4)]]
    )
    east = shapely.box(0.5, -1.0, 3.0, 1.0, ccw=False)
    whole = shapely.MultiPolygon([shapely.box(-1, -1, 3, 1, ccw=False), shapely.box(5, 5, 6, 6)])
    sites = gpd.GeoDataFrame(
        {
            "id": list(SITES),
            "max_mw": [300.0, 300.0, 200.0, 50.0],
            "zone": ["west", "east", "east", "east"],
            "kv": [345, 500, 230, 230],
            "utility": ["Western", "Éastern", "Éastern", "Éastern"],
            "region": ["R1", "R2", "R2", "R2"],
            "cluster": ["Ä", None, "x\ny", "z"],
            "geometry": [shapely.Point(place) for place in SITES.values()],
        },
        crs=4326,
    )
    zones = gpd.GeoDataFrame(
        {
            "id": ["east", "west", "whole"],
            "utility": ["Éastern", "Western", "Both"],
            "headroom_mw": [450.0, 250.0, 600.0],
            "region": ["R2", "R1", None],
            "parent": ["whole", "whole", None],
            "price_usd_per_mwh": [50.0, np.nan, np.nan],
            "grid_clean_fraction": [0.25, 0.5, np.nan],
        },
        geometry=[east, west, whole],
        crs=4326,
    )
    fiber = gpd.GeoDataFrame(
        {"id": list(BENDS), "km": [120.0, 130.0]},
        geometry=[shapely.LineString(bends) for bends in BENDS.values()],
        crs=4326,
    )
    supply = gpd.GeoDataFrame(
        {
            "id": ["sun", "wind"],
            "mw": [400.0, 900.0],
            "capacity_factor": [0.25, 0.4],
            "premium_usd_per_mwh": [3.0, 4.0],
            "zone": ["west", "east"],
            "clean": [True, True],
        },
        geometry=[shapely.Point(0, 0.5), shapely.Point(2, 0.5)],
        crs=4326,
    )
    return World(
        name="tiny",
        title="Four sites",
        caveat=CAVEAT,
        sha256="0" * 64,
        sources=(),
        sites=sites,
        zones=zones,
        fiber=fiber,
        supply=supply,
        outlines=None,
        route_factor=1.3,
    )


def tiny_model(**changes: object) -> Model:
    """450 MW, of which 60 % are to be clean, at most 500 km apart."""
    values = {
        "schema": 1,
        "name": "tiny",
        "title": "A tiny cluster",
        "campus": {"min_mw": 50},
        "cluster": {"target_mw": 450, "min_campuses": 1, "max_campuses": 3},
        "clean": {"min_fraction": 0.6, "deliver_within": "anywhere"},
    }
    return make_model(values).replace(changes)


def tiny_case(model: Model) -> Case:
    """The question on the tiny world as numbers."""
    world = tiny_world()
    return build_case(model, world, reach_of(model, world))


def tiny_plan(**changes: object) -> Plan:
    """The best plan, found by trying all, and audited."""
    model = tiny_model(**changes)
    case = tiny_case(model)
    answer = best_plan(case)
    assert answer is not None
    plan = plan_from_solution(
        case,
        solution_of(case, answer),
        model_name=model.name,
        model_sha256=model.sha256,
        world_name="tiny",
        world_sha256="0" * 64,
        seconds=Seconds(load=0.1, distances=0.2, solve=1.25, total=1.55),
    )
    return replace(plan, audit=audit(case, plan))
