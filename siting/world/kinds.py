"""Kinds of supply: words of the program, in which case never counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from siting.wording import did_you_mean, listing
from siting.world.facts import KIND_HINTS, KINDS
from siting.world.matching import folded
from siting.world.sheet import Sheet

BoolArray = NDArray[np.bool_]

LISTED = 50
"""So many kinds that are not known are listed; the others are counted."""


def name_kinds(supply: Sheet, asked: Sequence[tuple[str, str]]) -> None:
    """Give kinds of a file the words of the program, as ``[columns.kinds]`` of the model says.

    Parameters
    ----------
    supply
        The plants.
    asked
        A kind of the file, in which case does not count, and ours.
    """
    kinds = supply.text("kind").copy()
    held = np.array([folded(kind) if kind is not None else "" for kind in kinds])
    before: dict[str, tuple[str, str]] = {}
    for theirs, ours in asked:
        first, of_first = before.setdefault(folded(theirs), (theirs, ours))
        if of_first != ours:
            supply.complain(
                f"columns.kinds has {first} = {json.dumps(of_first)} and {theirs} = "
                f"{json.dumps(ours)}, but case and spaces do not count in kinds; keep one of them"
            )
            continue
        where = f'columns.kinds: {theirs} = "{ours}"'
        rows = np.flatnonzero(held == folded(theirs))
        if ours not in KINDS:
            close = did_you_mean(ours, KINDS)
            hint = f"did you mean '{close}'?" if close else f"the kinds are {listing(KINDS)}"
            supply.complain(f"{where}, but '{ours}' is no kind; {hint}")
        elif not len(rows):
            supply.tell(f"{where}, but no {supply.table.a_row} has that kind")
        else:
            kinds[rows] = ours
            count = "1 row" if len(rows) == 1 else f"{len(rows):,} rows"
            supply.tell(f"kind '{theirs}' is read as '{ours}' in {count}, as columns.kinds says")
    if asked and "kind" in supply.columns:
        supply.columns["kind"] = kinds


def check_kinds(supply: Sheet) -> None:
    """Check that each plant is known to be clean or not, and a clean one its capacity factor.

    Known kinds are written as the program has them, whatever their case.
    """
    kinds = _plain_kinds(supply)
    clean = supply.text("clean")
    unknown = np.array([kind is not None and kind not in KINDS for kind in kinds], dtype=bool)
    blank = np.array([flag is None for flag in clean], dtype=bool)
    no_factor = np.isnan(supply.numbers("capacity_factor"))
    if "capacity_factor" in supply.refused:
        no_factor &= ~supply.refused["capacity_factor"]
    is_clean = np.array([flag is True for flag in clean], dtype=bool)
    by_fact = np.array([kind in KINDS and not KINDS[kind].clean for kind in kinds], dtype=bool)

    _complain_by_kind(supply, unknown & blank, _say_unknown)
    _complain_by_kind(
        supply,
        unknown & is_clean & no_factor,
        lambda _: (
            "is none that brings its own capacity_factor [0-1]; give it in a column, as the plant "
            "is said to be clean"
        ),
    )
    _complain_by_kind(
        supply,
        by_fact & is_clean & no_factor,
        lambda _: (
            "is said to be clean, but no capacity_factor [0-1] is known for it; give it in a column"
        ),
    )


def _plain_kinds(supply: Sheet) -> NDArray[np.object_]:
    kinds = supply.text("kind")
    if "kind" in supply.columns:
        kinds = np.array(
            [kind.casefold() if kind and kind.casefold() in KINDS else kind for kind in kinds],
            dtype=object,
        )
        supply.columns["kind"] = kinds
    return kinds


def _say_unknown(kind: str) -> str:
    hint = KIND_HINTS.get(folded(kind))
    close = hint or did_you_mean(kind, KINDS)
    said = "is not known"
    meant = f"did you mean '{close}'? Say" if close else f"the kinds are {listing(KINDS)}; say"
    key = json.dumps(kind, ensure_ascii=False)
    return (
        f'{said}; {meant} so with [columns.kinds] {key} = "{close or "..."}", or say in a '
        "column `clean` whether it is"
    )


def _complain_by_kind(supply: Sheet, rows: BoolArray, say: Callable[[str], str]) -> None:
    """One line for each kind, with its rows counted, however it is written."""
    places: dict[str, list[int]] = {}
    written: dict[str, str] = {}
    kinds = supply.text("kind")
    for row in np.flatnonzero(rows):
        key = kinds[row].casefold()
        places.setdefault(key, []).append(int(row))
        written.setdefault(key, kinds[row])
    for key in list(places)[:LISTED]:
        held = places[key]
        place = supply.place(held[0])
        where = place if len(held) == 1 else f"{len(held):,} rows, the first {place}"
        supply.complain(f"kind '{written[key]}' ({where}) {say(written[key])}")
    if len(places) > LISTED:
        supply.complain(f"and {len(places) - LISTED:,} more kinds")
