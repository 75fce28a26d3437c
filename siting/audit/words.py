"""Words and comparisons that the checks share."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import TypeVar

from siting.audit.hearing import TOLERANCE_RELATIVE, Hearing, Placed
from siting.plan import Campus, Cluster

_Thing = TypeVar("_Thing", bound=Hashable)


def stated_draws(hearing: Hearing) -> Iterator[tuple[str, float]]:
    """Each campus in words, and its draw [MW]."""
    for cluster in hearing.plan.clusters:
        for campus in cluster.campuses:
            yield said(cluster, campus), campus.draw_mw


def placed_contracts(cluster: Placed) -> Iterator[tuple[int, int, float]]:
    """Each contract: position of the campus in the cluster, of the plant in the case, and MWh."""
    yield from zip(
        cluster.contract_campus.tolist(),
        cluster.contract_supply.tolist(),
        cluster.contract_mwh.tolist(),
        strict=True,
    )


def said(cluster: Cluster, campus: Campus | None = None) -> str:
    """A cluster or a campus in words."""
    place = f"cluster {cluster.id!r}"
    return place if campus is None else f"{place}, campus {campus.site!r}"


def in_mw(value: float) -> str:
    """A power in words, to the kW."""
    return f"{value:,.3f} MW"


def pair_in_words(pair: frozenset[str]) -> str:
    """Two sites in words."""
    return " and ".join(repr(name) for name in sorted(pair))


def same(stated: float, expected: float, slack: float = 0.0) -> bool:
    """Whether two numbers are the same but for rounding; NaN never is."""
    # The least slack is for a value near 0, of which there is no part to speak of.
    slack = max(slack, TOLERANCE_RELATIVE * abs(expected), 1e-9)
    if not math.isfinite(expected):
        return stated == expected
    return bool(abs(stated - expected) <= slack)


def differs(
    where: str, name: str, stated: float, expected: float, slack: float = 0.0
) -> Iterator[str]:
    """Say so if a stated number is not what it is worked out to be."""
    if not same(stated, expected, slack):
        yield f"{where}: {name} {stated:,.6f} is stated, but it is {expected:,.6f}"


def repeated(things: Iterable[_Thing]) -> list[_Thing]:
    """What occurs more than once, each thing once, in order of the second occurrence."""
    seen: set[_Thing] = set()
    again: dict[_Thing, None] = {}
    for thing in things:
        if thing in seen:
            again[thing] = None
        seen.add(thing)
    return list(again)


def numbers_of(where: str, thing: object) -> Iterator[tuple[str, float]]:
    """Every number in a value made of dataclasses and tuples, and where it is."""
    if isinstance(thing, float | int) and not isinstance(thing, bool):
        yield where, thing
    elif isinstance(thing, tuple):
        for n, item in enumerate(thing):
            yield from numbers_of(f"{where}[{n}]", item)
    elif is_dataclass(thing):
        for field in fields(thing):
            yield from numbers_of(f"{where}.{field.name}", getattr(thing, field.name))
