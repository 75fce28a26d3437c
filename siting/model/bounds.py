"""Bounds of the numbers of a model: how far they may go, and why no plan needs more.

Numbers beyond them are mistakes of a unit or of a digit, and they lead calculations to infinity,
solvers to numbers that they take for 0, and searches to never end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import Field, GetCoreSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError, core_schema

MOST_KM = 1_000_000
"""Beyond any route [km]; whoever wants no limit gives so much."""


@dataclass(frozen=True)
class Because:
    """Why a number of a key cannot be lower or higher than its bounds."""

    low: str = ""
    high: str = ""


@dataclass(frozen=True)
class ZeroOr:
    """A number that is 0, which switches something off, or at least so much."""

    least: float

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Let pydantic ask after its own bounds."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: float) -> float:
        if 0 < value < self.least:
            raise PydanticCustomError("zero_or", "too near to 0", {"least": self.least})
        return value


def parts_of(field: FieldInfo) -> Iterator[Any]:
    """The bounds of a key, and why they are, wherever they stand in its type."""
    inner = [
        m for choice in get_args(field.annotation) for m in getattr(choice, "__metadata__", ())
    ]
    # A type that is one of several holds another one in itself.
    for part in (*field.metadata, *inner):
        yield from getattr(part, "metadata", [part])


def why_bounded(field: FieldInfo) -> Because:
    """Why the bounds of a key are where they are; with empty words where that needs none."""
    return next((part for part in parts_of(field) if isinstance(part, Because)), Because())


def most_of(field: FieldInfo) -> float:
    """The largest number that a key may have; infinity where it has no bound."""
    return min((float(p.le) for p in parts_of(field) if hasattr(p, "le")), default=float("inf"))


# --- Numbers that several keys have ---------------------------------------------------------

Fraction = Annotated[float, Field(ge=0, le=1)]
Kilometres = Annotated[float, Field(ge=0, le=MOST_KM), Because(high="no route on Earth is so long")]
RouteFactor = Annotated[
    float, Field(ge=1, le=10), Because(high="no cable is so many times as long as its way")
]
CampusPower = Annotated[
    float,
    Field(ge=0.001, le=1e6),
    Because("less than 1 kW is no campus", "the whole US has little more"),
]
ClusterPower = Annotated[
    float,
    Field(ge=0.001, le=1e7),
    Because("less than 1 kW is no cluster", "the whole world draws less"),
]
CampusCount = Annotated[int, Field(ge=1, le=1000), Because(high="no cluster has so many campuses")]
GroupCount = Annotated[
    int, Field(ge=1, le=1000), Because(high="no cluster has so many campuses that they could be in")
]
Seconds = Annotated[
    float,
    Field(ge=1e-9, le=1e9),
    Because("light goes 0.3 m in it", "it is more than 30 years"),
]
SecondsOrNone = Annotated[float, Field(ge=0, le=1e9), Because(high="it is more than 30 years")]
