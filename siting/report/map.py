"""A plan as one page that needs no network: its map, its numbers, its proof.

The page carries everything inside: the data as JSON, the mapping library (Leaflet) and the
program that draws. A policy in its head forbids every request and every script but those two, so
the text of a table can neither call home nor run.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from siting.errors import InputError, Problem
from siting.report.folder import MAP_FILE
from siting.report.geojson import to_geojson
from siting.report.layers import Layers, to_geodataframes
from siting.report.map_data import (
    LIMITS,
    Json,
    background_of,
    background_of_files,
    plan_part,
    plants_of,
    tiers,
)
from siting.report.read import read_plan_file

if TYPE_CHECKING:
    from siting.model import Model
    from siting.plan import Plan
    from siting.world import World

LAYERS = ("campuses", "clusters", "links", "zones")
FORMAT = 1
"""Version of the data inside a page: a page of another version is not read back."""

FRAME_HEIGHT_PX = 720
"""Height of the map in a notebook [CSS pixels]."""


@dataclass(frozen=True)
class MapPage:
    """A page that shows itself in a notebook.

    Parameters
    ----------
    html
        The whole file.
    """

    html: str

    def _repr_html_(self) -> str:
        # Scripts may run, but in an origin of their own: the page reaches nothing of the notebook.
        return (
            f'<iframe title="Map of the plan" sandbox="allow-scripts" loading="lazy" '
            f'style="width: 100%; height: {FRAME_HEIGHT_PX}px; border: 0" '
            f'srcdoc="{html.escape(self.html)}"></iframe>'
        )

    def __repr__(self) -> str:
        return f"MapPage({len(self.html):,} characters; save(path) writes it)"

    def save(self, path: str | Path) -> Path:
        """Write the page to a file; returns its absolute path."""
        target = Path(path).expanduser().resolve()
        target.write_text(self.html, encoding="utf-8", newline="\n")
        return target


def draw_map(plan: Plan, world: World, *, model: Model | None = None) -> MapPage:
    """Draw a plan.

    Parameters
    ----------
    plan
        The plan.
    world
        The world that it was made on.
    model
        What was asked; by default what the plan remembers. Without it the page cannot tell the
        headroom of zones that the plan leaves alone, nor what was asked.
    """
    return draw_maps({"": plan}, world, model=model)


def draw_maps(plans: Mapping[str, Plan], world: World, *, model: Model | None = None) -> MapPage:
    """Draw several plans of one question on one page, with a switch.

    Parameters
    ----------
    plans
        Plans by the name that the switch shows, at least one.
    world
        The world that all of them were made on.
    model
        As for `draw_map`.
    """
    parts = [
        (name, plan.to_dict(), layers_of(to_geodataframes(plan, world)))
        for name, plan in plans.items()
    ]
    asked = model or next(iter(plans.values())).asked
    return page_of(parts, background_of(world, asked), plants_of(world))


def layers_of(layers: Layers) -> dict[str, Json]:
    """Layers as what their GeoJSON files hold."""
    return {name: json.loads(to_geojson(getattr(layers, name))) for name in LAYERS}


def page_of(
    plans: Sequence[tuple[str, Json, Mapping[str, Json]]],
    background: Json,
    plants: Mapping[str, Json],
) -> MapPage:
    """Make the page of plans.

    Parameters
    ----------
    plans
        For each plan its name, the content of ``plan.json``, and of its GeoJSON files by layer.
    background
        From `background_of` or `background_of_files`.
    plants
        Plants by id.
    """
    # The package's root lies above this room: its version is read, nothing of it is imported.
    version = str(sys.modules["siting"].__version__)
    content = {
        "format": FORMAT,
        "siting": version,
        **background,
        "tiers": tiers(),
        "limits": list(LIMITS),
        "plans": [
            plan_part(name, plan, layers, background, plants) for name, plan, layers in plans
        ],
    }
    first = plans[0][1]
    asked = background["model"]
    title = (asked and asked["title"]) or first["model"]["name"]
    parts = _parts()
    return MapPage(
        _template().substitute(
            policy=_policy(parts),
            version=html.escape(version),
            title=html.escape(str(title)),
            data=_inert(content),
            **parts,
        )
    )


def redraw_map(
    folder: str | Path, *, world: World | None = None, model: Model | None = None
) -> MapPage:
    """Draw the map of a solved folder again, from its files.

    The background (candidate sites, all zones, outlines) comes from the world if there is one,
    else from the page that is in the folder, else it is what the GeoJSON files hold.

    Parameters
    ----------
    folder
        A folder that ``siting solve --out`` wrote.
    world, model
        What the plan was made on, and what was asked, where they are at hand.

    Raises
    ------
    InputError
        When a file is missing or wrong, or the world is not the plan's.
    """
    place = Path(folder)
    read_plan_file(place)  # a plan of this schema, or every problem of the file
    plan = _read_json(place / "plan.json")
    layers = {name: _read_layer(place / f"{name}.geojson") for name in LAYERS}
    if world is not None:
        _check_same(plan, world, model)
        return page_of([("", plan, layers)], background_of(world, model), plants_of(world))
    earlier = _read_page(place / MAP_FILE)
    if earlier is not None and _is_of(earlier, plan):
        plants = {plant["id"]: plant for part in earlier["plans"] for plant in part["plants"]}
        kept = ("world", "model", "zones", "outlines", "sites", "breaks_mw", "notes")
        return page_of([("", plan, layers)], {name: earlier[name] for name in kept}, plants)
    return page_of([("", plan, layers)], background_of_files(plan, layers), {})


def _check_same(plan: Json, world: World, model: Model | None) -> None:
    """Refuse a world or a model that the plan was not made with."""
    problems = []
    if plan["world"]["sha256"] != world.sha256:
        what = (
            f"the plan was made on another world: '{plan['world']['name']}' with other content "
            f"than '{world.name}' has now; give the model that it was solved with"
        )
        problems.append(Problem("plan.json", what))
    if model is not None and plan["model"]["sha256"] != model.sha256:
        what = (
            f"the plan was made from another model: '{plan['model']['name']}' asked something "
            f"else than '{model.name}' does now; give the same --set as for solve"
        )
        problems.append(Problem("plan.json", what))
    if problems:
        raise InputError(problems)


def _is_of(earlier: Json, plan: Json) -> bool:
    """Whether a page is about the question that a plan answers."""
    asked = earlier["model"] or {}
    there = (earlier["world"]["sha256"], asked.get("sha256"))
    return there == (plan["world"]["sha256"], plan["model"]["sha256"])


def _read_json(path: Path) -> Json:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        what = f"cannot be read: {error.strerror}; give a folder that siting solve --out wrote"
    except ValueError as error:
        what = f"is not JSON: {error}; give a folder that siting solve --out wrote"
    else:
        if isinstance(content, dict):
            return content
        what = "holds no JSON object; give a folder that siting solve --out wrote"
    raise InputError([Problem(str(path), what)]) from None


def _read_layer(path: Path) -> Json:
    layer = _read_json(path)
    features = layer.get("features")
    whole = isinstance(features, list) and all(
        isinstance(feature, dict) and {"properties", "geometry"} <= feature.keys()
        for feature in features
    )
    if not whole:
        what = "is no GeoJSON FeatureCollection; give a folder that siting solve --out wrote"
        raise InputError([Problem(str(path), what)])
    return layer


def _read_page(path: Path) -> Json | None:
    """The data inside an earlier page; None where there is none that this version knows."""
    try:
        text = path.read_text(encoding="utf-8")
        found = re.search(r'<script type="application/json" id="siting-data">(.*?)</script>', text)
        content = json.loads(found[1]) if found else None
    except (OSError, ValueError):
        return None
    known = isinstance(content, dict) and content.get("format") == FORMAT
    return content if known else None


def _inert(content: Json) -> str:
    """JSON that no HTML parser can mistake for the end of the script, or for markup."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


@cache
def _template() -> Template:
    return Template(_asset("page.html"))


@cache
def _parts() -> dict[str, str]:
    """The style and the scripts of every page."""
    licence = _asset("leaflet", "LICENSE").strip()
    library = _asset("leaflet", "leaflet.js")
    # A source map would be a request, and the library's own credit line, which this page does not
    # show, an address; both are taken out.
    library = re.sub(r"\n//# sourceMappingURL=\S+\s*$", "", library)
    library = re.sub(r' href="https://leafletjs\.com"', "", library)
    looks = re.sub(r"[\w-]+:\s*url\([^)]*\);?", "", _asset("leaflet", "leaflet.css"))
    return {
        "style": f"{looks}\n{_asset('page.css')}",
        "library": f"/*\n{licence}\n*/\n{library}",
        "script": _asset("page.js"),
    }


def _asset(*path: str) -> str:
    place = resources.files("siting.report").joinpath("map_page", *path)
    return place.read_text(encoding="utf-8")


def _policy(parts: Mapping[str, str]) -> str:
    """The page's content security policy: its own style and scripts, and not a single request."""
    allowed = {
        name: "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
        for name, text in parts.items()
    }
    return (
        f"default-src 'none'; script-src {allowed['library']} {allowed['script']}; "
        f"style-src {allowed['style']}; img-src data:; base-uri 'none'; form-action 'none'"
    )
