"""Names that look alike and count as several: a utility in capitals is another utility."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping

from siting.wording import listing
from siting.world.sheet import LISTED, Sheet

_SPACE = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\u00ad]+")
_DASH = re.compile(r"[\u2010-\u2015\u2212]")
_QUOTE = re.compile(r"[\u2018\u2019\u02bc\u00b4`]")

COMPARED: dict[str, tuple[tuple[str, str], ...]] = {
    "utility": (("zones", "utility"), ("sites", "utility")),
    "region": (("zones", "region"),),
    "interconnect": (("zones", "interconnect"),),
    "state": (("zones", "state"),),
    "zone": (("zones", "id"),),
    "kind": (("supply", "kind"),),
    "node": (("nodes", "id"), ("fiber", "from"), ("fiber", "to")),
}
"""Names that decide about a plan, each with the columns that hold them."""


def seen(name: str) -> str:
    """What a reader sees of a name: without case, spaces, and the form of its letters."""
    if name.isascii():
        return "".join(name.split()).casefold()
    plain = unicodedata.normalize("NFKC", name)
    plain = _QUOTE.sub("'", _DASH.sub("-", plain))
    return unicodedata.normalize("NFC", _SPACE.sub("", plain).casefold())


def compare_names(sheets: Mapping[str, Sheet]) -> None:
    """Tell of names that differ by what one hardly sees, and count as several."""
    for what, columns in COMPARED.items():
        rows: Counter[str] = Counter()
        homes: dict[str, Sheet] = {}
        for table, column in columns:
            sheet = sheets.get(table)
            if sheet is None:
                continue
            held = Counter(sheet.text(column).tolist())
            held.pop(None, None)
            rows.update(held)
            homes.update(dict.fromkeys(held, sheet))
        alike: dict[str, list[str]] = {}
        for name in sorted(rows, key=lambda name: (-rows[name], name)):
            alike.setdefault(seen(name), []).append(name)
        groups = [names for names in alike.values() if len(names) > 1]
        if groups:
            homes[groups[0][-1]].tell(_say_alike(what, groups, rows))


def _say_alike(what: str, groups: list[list[str]], rows: Counter[str]) -> str:
    said = [listing(f"'{name}' ({_count(rows[name])})" for name in names) for names in groups]
    shown = "; ".join(said[:LISTED])
    more = f"; and {len(said) - LISTED:,} more" if len(said) > LISTED else ""
    count = "two" if len(groups) == 1 and len(groups[0]) == 2 else "several"
    return (
        f"{what} {shown}{more}: they differ by case, spaces or the form of letters alone, and "
        f"count as {count}; write them alike if they are one"
    )


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"
