"""Words that messages share: numbers, lists, and what a misspelt name was meant to be."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like a name, if any is like it."""
    by_folded = {key.casefold(): key for key in known}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.7)
    return by_folded[close[0]] if close else None


def listing(names: Iterable[str]) -> str:
    """Names as a sentence lists them: ``a, b and c``."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def named(thing: str, names: Sequence[str]) -> str:
    """One or several things by name, up to the verb: ``site 'a' is``, ``sites 'a' and 'b' are``."""
    quoted = [f"'{name}'" for name in names]
    return f"{thing} {quoted[0]} is" if len(names) == 1 else f"{thing}s {listing(quoted)} are"


def number(value: float) -> str:
    """A number for people: thousands apart, no tail of zeros; a year is not a number."""
    if isinstance(value, int) and abs(value) >= 10**21:
        return "a whole number of more than 21 digits"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.10g}"


def share_hint(given: float) -> str:
    """How a share is written that is above 1, and was perhaps meant in percent.

    >>> share_hint(95), share_hint(1.1), share_hint(150)
    ('; 95 % is written 0.95', '; 1.1 % is written 0.011, and 110 % is more than the whole', '')
    """
    if not 1 < given <= 100:
        return ""
    said = f"; {number(given)} % is written {number(given / 100)}"
    above = f", and {number(given * 100)} % is more than the whole" if given < 2 else ""
    return said + above


def printable(text: str) -> str:
    """Text on one line, in which characters that a terminal would obey or hide are made visible."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown(value: object) -> str:
    """A value of a file for people: text in quotes, what is no value by its kind."""
    match value:
        case bool():
            text = "true" if value else "false"
        case int() | float():
            text = number(value)
        case str():
            short = value if len(value) <= 60 else f"{value[:57]}..."
            text = json.dumps(short, ensure_ascii=False)
        case Mapping():
            text = "a table"
        case list() | tuple():
            of_tables = value and isinstance(value[0], Mapping)
            text = "a list of tables" if of_tables else "a list"
        case None:
            text = "nothing"
        case _:
            text = f"a {type(value).__name__}"
    return text
