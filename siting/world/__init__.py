"""What exists: zones, sites, fiber and supply, read and checked.

`read_world` is the way in. Tables are described once, in `siting.world.columns`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siting.world.cache import read_world
    from siting.world.question import check_question
    from siting.world.spans import Spans
    from siting.world.world import DataSource, World

__all__ = ["DataSource", "Spans", "World", "check_question", "read_world"]

_HOMES = {
    "check_question": "siting.world.question",
    "read_world": "siting.world.cache",
    "DataSource": "siting.world.world",
    "Spans": "siting.world.spans",
    "World": "siting.world.world",
}


def __getattr__(name: str) -> Any:
    # Names are imported when they are used: geopandas takes a third of a second, and the column
    # registry is read without it.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
