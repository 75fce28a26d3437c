"""Numbers with a unit, as one says them: ``5GW`` is 5000 where a key is in MW."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from pydantic.fields import FieldInfo

_QUANTITY = re.compile(r"\s*([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\s\d].*?)\s*")

_THOUSANDS = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def _sizes(unit: str, letters: str) -> dict[str, Fraction]:
    """A unit with and without the letters for thousands, and how many of the plain one each is."""
    return {f"{p}{unit}": Fraction(10) ** _THOUSANDS[p] for p in ("", *letters)}


# What units measure, and the size of each.
_MEASURES: dict[str, dict[str, Fraction]] = {
    "power": _sizes("W", "kMGT"),
    "energy": _sizes("Wh", "kMGT"),
    "voltage": _sizes("V", "kM"),
    "length": _sizes("m", "k"),
    "time": {
        "ms": Fraction(1, 1000),
        **dict.fromkeys(("s", "sec", "second", "seconds"), Fraction(1)),
        **dict.fromkeys(("min", "minute", "minutes"), Fraction(60)),
        **dict.fromkeys(("h", "hour", "hours", "hr", "hrs"), Fraction(3600)),
        **dict.fromkeys(("d", "day", "days"), Fraction(86400)),
    },
    "years": dict.fromkeys(("years", "year", "yr", "yrs"), Fraction(1)),
    "money": {
        **_sizes("USD", "kM"),
        "BUSD": Fraction(10**9),
        "$": Fraction(1),
        **dict.fromkeys(("cents", "cent", "ct", "\u00a2"), Fraction(1, 100)),
    },
    "data": _sizes("bit", "kMGT"),
    "operations": _sizes("FLOP", "GTPE"),
    "tokens": {"tokens": Fraction(1)},
    "share": {
        **dict.fromkeys(("%", "percent"), Fraction(1, 100)),
        **dict.fromkeys(("0-1", "1"), Fraction(1)),
    },
}
_UNITS = {name: (what, size) for what, units in _MEASURES.items() for name, size in units.items()}
# Whatever its case, but for M, which is no metre.
_FOLDED = {name.casefold(): unit for name, unit in reversed(_UNITS.items()) if name != "m"}
# Written together, without a stroke.
_SHORT = {"bps": "bit/s", "FLOPS": "FLOP/s"}


# Whole numbers with something between thousands, and numbers with a comma before decimals.
_APART = re.compile(r"[+-]?\d{1,3}(?:([,' \u00a0\u2009\u202f\u2019])\d{3})(?:\1\d{3})*(?:\.\d+)?")
_COMMA = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:[. ]\d{3})+),\d+")
_BEHIND = re.compile(r"\s*([+-]?\d(?:[\d.,' \u00a0\u2009\u202f\u2019]*\d)?)\s*([^\d].*)?")


class Written(float):
    """A number in the unit of its key that was written with another one, or in percent."""

    text: str

    def __new__(cls, value: float, text: str) -> Self:
        """Keep how it was written."""
        made = super().__new__(cls, value)
        made.text = text
        return made

    def __reduce__(self) -> tuple[type[Written], tuple[float, str]]:
        """Copies keep it, too."""
        return Written, (float(self), self.text)


@dataclass(frozen=True)
class Quantity:
    """A number with its unit, as written."""

    value: Fraction
    unit: str


def unit_of(field: FieldInfo) -> str:
    """Unit of a key, as its description ends with it in brackets; empty for none."""
    match = re.search(r"\[([^\]]*)\]$", field.description or "")
    return match[1] if match else ""


def read_quantity(text: str) -> Quantity | None:
    """Read a number with a unit behind it; None where the text is something else.

    >>> read_quantity("5 GW")
    Quantity(value=Fraction(5, 1), unit='GW')
    """
    match = _QUANTITY.fullmatch(text)
    if match is None or len(match[1]) > 40:
        return None
    mantissa, _, exponent = match[1].replace("_", "").lower().partition("e")
    if exponent and abs(int(exponent)) > 300:
        return None
    return Quantity(Fraction(mantissa) * Fraction(10) ** int(exponent or 0), match[2])


def in_unit(quantity: Quantity, unit: str) -> float | None:
    """A quantity in the unit of a key; None where it measures something else.

    >>> in_unit(Quantity(Fraction(65), "USD/kWh"), "USD/MWh")
    65000.0
    """
    given, wanted = _measure(quantity.unit), _measure(unit)
    if given is None or wanted is None or given[0] != wanted[0]:
        return None
    return float(quantity.value * given[1] / wanted[1])


def with_units_read(value: object, field: FieldInfo | None) -> object:
    """A value for a key: text of a number with a fitting unit as a number in the key's unit."""
    if field is None or not isinstance(value, str) or not unit_of(field):
        return value
    quantity = read_quantity(value)
    number = None if quantity is None else in_unit(quantity, unit_of(field))
    return value if number is None else Written(number, value.strip())


def mended(text: str, unit: str) -> list[float]:
    """What a number that cannot be read as it is written may be, in the unit of a key.

    >>> mended("5,000 MW", "MW"), mended("1,5GW", "MW"), mended("5 G W", "MW"), mended("low", "MW")
    ([5000.0, 5.0], [1500.0], [5000.0], [])
    """
    match = _BEHIND.fullmatch(text)
    if match is None:
        return []
    written, behind = match[1], "".join((match[2] or "").split())
    numbers = []
    if _APART.fullmatch(written):
        numbers.append(re.sub(r"[^-+.0-9]", "", written))
    if _COMMA.fullmatch(written):
        numbers.append(re.sub(r"[. ]", "", written).replace(",", "."))
    if not numbers and re.fullmatch(r"[+-]?\d+(?:\.\d+)?", written):
        numbers.append(written)
    read = (in_unit(Quantity(Fraction(n), behind or unit), unit) for n in numbers)
    return [value for value in read if value is not None]


def amount_in(text: str, unit: str) -> float:
    """A number in a unit, from text with that unit, with another one, or with none.

    Raises
    ------
    ValueError
        If it is neither; says which units it may have.
    """
    quantity = read_quantity(text)
    value = None if quantity is None else in_unit(quantity, unit)
    if value is not None:
        return value
    try:
        return float(text)
    except ValueError:
        units = ", ".join(fitting_units(unit))
        said = f"'{text}' is no number, plain or with one of {units}"
        maybe = " or ".join(f"{value:.10g}" for value in mended(text, unit))
        raise ValueError(f"{said}; write {maybe}" if maybe else said) from None


def fitting_units(unit: str) -> list[str]:
    """Units that a key in this unit may be given in, smallest first."""
    if unit not in _UNITS:
        return [unit] if _measure(unit) else []
    by_size: dict[Fraction, str] = {}
    for name, size in _MEASURES[_UNITS[unit][0]].items():
        by_size.setdefault(size, name)
    return [by_size[size] for size in sorted(by_size) if by_size[size] != "0-1"]


def measured_by(unit: str) -> str | None:
    """What a unit measures, in words: ``power``, ``money over energy``; None if it is none."""
    found = _measure(unit)
    return None if found is None else " over ".join(filter(None, found[0]))


def _measure(unit: str) -> tuple[tuple[str, str], Fraction] | None:
    """What a unit measures above and below its stroke, and its size."""
    for short, whole in _SHORT.items():
        if unit.casefold().endswith(short.casefold()):
            unit = f"{unit[: -len(short)]}{whole}"
    above, _, below = unit.partition("/")
    top, bottom = _atom(above), _atom(below) if below else ("", Fraction(1))
    if top is None or bottom is None:
        return None
    return (top[0], bottom[0]), top[1] / bottom[1]


def _atom(name: str) -> tuple[str, Fraction] | None:
    """One unit: as it is written, else whatever its case, as nobody means a milliwatt."""
    return _UNITS.get(name.strip()) or _FOLDED.get(name.strip().casefold())
