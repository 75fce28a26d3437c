"""A plan as a folder of files: its JSON, its layers and its map."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from siting.report.folder import LAYER_FILES, MAP_FILE, PLAN_FILE, check_folder, place_folder
from siting.report.geojson import to_geojson
from siting.report.hidden import hidden_beside
from siting.report.layers import to_geodataframes
from siting.report.map import MapPage, page_of
from siting.report.map_data import background_of, plants_of

if TYPE_CHECKING:
    from siting.plan import Plan
    from siting.world import World


def to_json(plan: Plan) -> str:
    """The plan as the text of ``plan.json``; ``docs/plan.schema.json`` describes it."""
    return json.dumps(plan.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write(plan: Plan, world: World, folder: str | Path) -> Path:
    """Write a plan's files into a folder.

    The files go to a hidden folder beside it, which takes its place when everything is written.
    A folder that holds an earlier plan is replaced; any other that is not empty is refused.

    Parameters
    ----------
    plan
        The plan to write.
    world
        The world that it was made on.
    folder
        Where to write; its parents are made.

    Returns
    -------
    Path
        The folder, as an absolute path.

    Raises
    ------
    InputError
        When the folder holds anything but an earlier plan.
    """
    target = check_folder(folder)
    layers = to_geodataframes(plan, world)
    texts = {PLAN_FILE: to_json(plan)}
    for name in LAYER_FILES:
        texts[name] = to_geojson(getattr(layers, name.removesuffix(".geojson")))
    content = {name.removesuffix(".geojson"): json.loads(texts[name]) for name in LAYER_FILES}
    background = background_of(world, plan.asked)
    page = page_of([("", plan.to_dict(), content)], background, plants_of(world))
    texts[MAP_FILE] = page.html
    return place_folder(target, texts, check_folder)


def write_map(page: MapPage, folder: str | Path) -> Path:
    """Put a map into a plan's folder, in one step: the old one stays until the new one is whole.

    Parameters
    ----------
    page
        The map.
    folder
        The folder of a plan.

    Returns
    -------
    Path
        The file, as an absolute path.
    """
    target = Path(folder).expanduser().resolve() / MAP_FILE
    # Whatever is left of a write that was stopped must not stand in the plan's folder.
    with hidden_beside(target.parent) as hidden:
        # A file of the name of the folder is known as ours, if this is stopped here.
        page.save(hidden / target.parent.name).replace(target)
    return target
