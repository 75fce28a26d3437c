"""Finds where a gigawatt-scale AI training cluster can live on the grid, and proves the answer.

>>> import siting
>>> model = siting.read_model("two_utilities")
>>> plan = siting.solve(model)
>>> plan.clusters[0].draw_mw
700.0

Public names are imported when they are first used, so that ``import siting`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from siting.api import (
        alternatives,
        audit_plan,
        check,
        describe_world,
        draw_map,
        draw_maps,
        explain,
        list_models,
        new_model,
        read_model,
        read_world,
        redraw,
        solve,
        to_geodataframes,
        train,
        write,
    )
    from siting.errors import (
        AuditError,
        InfeasibleError,
        InputError,
        LimitError,
        SitingError,
        SolverError,
    )
    from siting.model import Model
    from siting.plan import Plan
    from siting.world import World

_ROOM_OF = {
    "alternatives": "api",
    "audit_plan": "api",
    "check": "api",
    "describe_world": "api",
    "explain": "api",
    "draw_map": "api",
    "draw_maps": "api",
    "list_models": "api",
    "new_model": "api",
    "read_model": "api",
    "read_world": "api",
    "redraw": "api",
    "solve": "api",
    "to_geodataframes": "api",
    "train": "api",
    "write": "api",
    "AuditError": "errors",
    "InfeasibleError": "errors",
    "InputError": "errors",
    "LimitError": "errors",
    "SitingError": "errors",
    "SolverError": "errors",
    "Model": "model",
    "Plan": "plan",
    "World": "world",
}

__all__ = [
    "AuditError",
    "InfeasibleError",
    "InputError",
    "LimitError",
    "Model",
    "Plan",
    "SitingError",
    "SolverError",
    "World",
    "__version__",
    "alternatives",
    "audit_plan",
    "check",
    "describe_world",
    "draw_map",
    "draw_maps",
    "explain",
    "list_models",
    "new_model",
    "read_model",
    "read_world",
    "redraw",
    "solve",
    "to_geodataframes",
    "train",
    "write",
]


def __getattr__(name: str) -> object:
    """Import a public name from its room."""
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'siting' has no attribute '{name}'")
    value = getattr(importlib.import_module(f"siting.{_ROOM_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
