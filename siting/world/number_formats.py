"""Formats of numbers in a spreadsheet: what a cell shows is not always what it holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<wide>.)|\*(?P<filler>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>General)|(?P<end>;)|(?P<plain>.)",
    re.IGNORECASE | re.DOTALL,
)
# Characters that a format shows as they are, without quotes.
_SHOWN = frozenset(" $-+():!^&'~{}<>=")
_DIGIT = frozenset("0#?")

# fmt: off
_SCALES: dict[str, tuple[str, float]] = {
    "w": ("power", 1e-6), "kw": ("power", 1e-3), "mw": ("power", 1.0), "gw": ("power", 1e3),
    "kva": ("power", 1e-3), "mva": ("power", 1.0), "gva": ("power", 1e3),
    "v": ("voltage", 1e-3), "kv": ("voltage", 1.0), "volt": ("voltage", 1e-3),
    "volts": ("voltage", 1e-3), "m": ("length", 1e-3), "km": ("length", 1.0),
    "mi": ("length", 1.609344), "mile": ("length", 1.609344), "miles": ("length", 1.609344),
    "ft": ("length", 0.0003048), "feet": ("length", 0.0003048),
    "usd/mwh": ("price", 1.0), "$/mwh": ("price", 1.0), "/mwh": ("price", 1.0),
    "usd/kwh": ("price", 1e3), "$/kwh": ("price", 1e3), "/kwh": ("price", 1e3),
    "ct/kwh": ("price", 10.0), "c/kwh": ("price", 10.0), "\u00a2/kwh": ("price", 10.0),
    "kg/mwh": ("emission", 1.0), "g/kwh": ("emission", 1.0), "t/mwh": ("emission", 1e3),
    "g/mwh": ("emission", 1e-3), "kg/kwh": ("emission", 1e3),
}
# fmt: on
"""Units that a format may show: what they measure, and how many of ours one is."""

_CURRENCIES = ("\u20ac", "eur", "\u00a3", "gbp", "\u00a5", "jpy", "cny", "chf", "cad", "aud", "c$")


@cache
def _sections(code: str) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Parts of a format for numbers above, below and at 0 and for text, as kinds and texts."""
    sections: list[list[tuple[str, str]]] = [[]]
    for match in _TOKEN.finditer(code):
        kind = str(match.lastgroup)
        if kind == "end":
            sections.append([])
        else:
            sections[-1].append((kind, match[kind]))
    return tuple(map(tuple, sections))


def shown_as(value: int, code: str) -> str | None:
    """What a cell with a whole number shows, where its format is text and digits alone.

    >>> shown_as(7, '"SUB-"000'), shown_as(501, "00000"), shown_as(123456789, "00000-0000")
    ('SUB-007', '00501', '12345-6789')
    >>> shown_as(7, "0.0") is None and shown_as(1001, "#,##0") is None
    True
    """
    sections = [section for section in _sections(code) if ("plain", "@") not in section]
    sign = ""
    if value == 0 and len(sections) > 2:
        tokens = sections[2]
    elif value < 0 and len(sections) > 1:
        tokens = sections[1]
    elif sections:
        tokens, sign = sections[0], "-" * (value < 0)
    else:
        return None
    places = sum(kind == "plain" and text in _DIGIT for kind, text in tokens)
    if not places and not any(kind == "general" for kind, _ in tokens):
        return None
    digits = _digits(str(abs(value)), places, tokens)
    held = []
    for kind, text in tokens:
        if kind == "general":
            held.append(str(abs(value)))
        elif kind == "plain" and text in _DIGIT:
            held.append(next(digits))
        else:
            literal = _literal(kind, text)
            if literal is None:
                return None
            held.append(literal)
    shown = "".join(held).strip()
    return f"{sign}{shown}" if any(c.isdigit() for c in shown) else None


def _digits(digits: str, places: int, tokens: tuple[tuple[str, str], ...]) -> Iterator[str]:
    """What each place of a format shows: digits from the right, the first what is left of them."""
    marks = [text for kind, text in tokens if kind == "plain" and text in _DIGIT]
    missing = places - len(digits)
    for index, mark in enumerate(marks):
        if index < missing:
            yield {"0": "0", "?": " ", "#": ""}[mark]
        elif index == 0:
            yield digits[: len(digits) - places + 1]
        else:
            yield digits[index - missing]


def _literal(kind: str, text: str) -> str | None:
    """Text that a format shows beside digits; None where it is no text."""
    if kind in ("quoted", "escaped"):
        return text
    if kind == "wide":
        return " "
    if kind == "filler":
        return ""
    if kind == "bracket":
        if text.startswith("$"):
            return text[1:].split("-", maxsplit=1)[0]
        return "" if re.fullmatch(r"[A-Za-z]+ ?\d*", text) else None  # a colour, or a condition
    return text if text in _SHOWN else None


def text_shown_as(value: str, code: str) -> str | None:
    """What a cell with text shows, where its format puts text around it.

    >>> text_shown_as("007", '"SUB-"@')
    'SUB-007'
    """
    for tokens in _sections(code):
        if ("plain", "@") in tokens:
            held = [value if t == ("plain", "@") else _literal(*t) for t in tokens]
            return None if None in held else "".join(map(str, held)).strip()
    return None


def is_percent(code: str) -> bool:
    """Whether a cell shows a hundred times what it holds."""
    return ("plain", "%") in _sections(code)[0]


def thousands_hidden(code: str) -> int:
    """How many times a cell shows a thousandth of what it holds: commas behind the last digit."""
    count = 0
    for kind, text in reversed(_sections(code)[0]):
        if kind == "plain" and text in _DIGIT:
            return count
        count += kind == "plain" and text == ","
    return 0


def words_of(code: str) -> str:
    """The text that a format shows beside a number, such as its unit, without spaces."""
    held = [
        text[1:].split("-", maxsplit=1)[0] if kind == "bracket" else text
        for kind, text in _sections(code)[0]
        if kind in ("quoted", "escaped") or (kind == "bracket" and text.startswith("$"))
    ]
    return "".join("".join(held).split())


def unit_factor(code: str, unit: str) -> tuple[str, float | None] | None:
    """The unit that a format shows, if it is another one than ours, and how many of ours one is.

    >>> unit_factor('0" kW"', "MW"), unit_factor('0.0" kV"', "kV"), unit_factor("0.0", "kV")
    (('kW', 0.001), None, None)
    """
    words = words_of(code).strip("()[]")
    ours = _SCALES.get("".join(unit.casefold().split()))
    if words.casefold().startswith(_CURRENCIES) and "USD" in unit:
        return words, None
    theirs = _SCALES.get(words.casefold())
    if theirs is None or ours is None:
        return None
    if theirs[0] != ours[0]:
        return words, None
    factor = theirs[1] / ours[1]
    return None if factor == 1 else (words, factor)
