"""Units that names of columns have in them: ``headroom_kw``, ``Length (mi)``, ``price $/kWh``."""

from __future__ import annotations

import re
from dataclasses import dataclass

_POWER = {"w": 1e-6, "kw": 1e-3, "mw": 1.0, "gw": 1e3, "watts": 1e-6, "kilowatts": 1e-3} | {
    "megawatts": 1.0,
    "gigawatts": 1e3,
}
_VOLTAGE = {"v": 1e-3, "volts": 1e-3, "kv": 1.0, "kilovolts": 1.0, "kvolts": 1.0}
_LENGTH = {
    **dict.fromkeys(("km", "kms", "kilometers", "kilometres", "kilometer", "kilometre"), 1.0),
    **dict.fromkeys(("m", "meters", "metres", "meter", "metre"), 1e-3),
    **dict.fromkeys(("mi", "mile", "miles"), 1.609344),
    **dict.fromkeys(("ft", "feet", "foot"), 0.3048e-3),
}
_DEGREES = {"deg": 1.0, "degrees": 1.0, "dd": 1.0}
_SHARE = {"percent": 0.01, "pct": 0.01, "perc": 0.01, "fraction": 1.0, "share": 1.0}
# In USD; an "m" or a "k" before it stands for a million and a thousand.
_MONEY = {
    **dict.fromkeys(("usd", "dollar", "dollars"), 1.0),
    **dict.fromkeys(("cent", "cents", "ct", "cts"), 0.01),
    **dict.fromkeys(("mill", "mills"), 0.001),
    "kusd": 1e3,
    "musd": 1e6,
    "busd": 1e9,
}
_OTHER_MONEY = frozenset(("eur", "gbp", "cad", "aud", "nzd", "jpy", "inr", "cny", "chf", "mxn"))
_MASS_KG = {
    "g": 1e-3,
    **dict.fromkeys(("kg", "kgs"), 1.0),
    **dict.fromkeys(("lb", "lbs", "pound", "pounds"), 0.45359237),
    **dict.fromkeys(("t", "tonne", "tonnes"), 1000.0),
}
_ENERGY_MWH = {"wh": 1e-6, "kwh": 1e-3, "mwh": 1.0, "gwh": 1e3, "twh": 1e6}

_PLAIN = {"MW": _POWER, "kV": _VOLTAGE, "km": _LENGTH, "0-1": _SHARE, "degrees": _DEGREES}
# A unit over another one, and the size of ours in those of the tables above.
_OVER = {
    "USD/MWh": (_MONEY, _ENERGY_MWH, 1.0),
    "MUSD/MW": (_MONEY, _POWER, 1e6),
    "kg/MWh": (_MASS_KG, _ENERGY_MWH, 1.0),
}
_SIGNS = {"$": " usd ", "%": " percent ", "\u00a2": " cents ", "\u20ac": " eur ", "\u00a3": " gbp "}


@dataclass(frozen=True)
class HeaderUnit:
    """The unit that the name of a column has in it.

    Parameters
    ----------
    said
        As the name has it, in small letters: ``mi``, ``usd/kwh``.
    factor
        Numbers in it times this are in the unit of the registry; None where no factor is known,
        as for another currency.
    """

    said: str
    factor: float | None


def unit_of_header(name: str, unit: str) -> HeaderUnit | None:
    """The unit in the name of a column, where it measures what the registry's unit does.

    >>> unit_of_header("headroom_kw", "MW")
    HeaderUnit(said='kw', factor=0.001)
    >>> unit_of_header("Price ($/kWh)", "USD/MWh")
    HeaderUnit(said='usd/kwh', factor=1000.0)
    >>> unit_of_header("owner", "MW") is None
    True
    """
    words = header_words(name)
    if unit in _PLAIN:
        known = _PLAIN[unit]
        # A letter alone is a unit at the end only: the v_nom of PyPSA's buses is in kV.
        found = next(
            (w for w in reversed(words) if w in known and (len(w) > 1 or w == words[-1])), None
        )
        return None if found is None else HeaderUnit(found, known[found])
    if unit == "MUSD":
        return _money_in(words)
    return _ratio_in(words, *_OVER[unit]) if unit in _OVER else None


def header_words(name: str) -> list[str]:
    """The words of a name, in small letters; signs of money and percent are words."""
    for sign, word in _SIGNS.items():
        name = name.replace(sign, word)
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", _unit_apart(name))
    return [word.casefold() for word in re.split(r"[\W_]+", apart) if word]


def _unit_apart(name: str) -> str:
    """A name whose units keep their letters together: ``kWh`` is one word, and so is ``kV``."""
    return re.sub(r"\b[kMGT](?:Wh|W|V)\b|(?<=_)[kMGT](?:Wh|W|V)(?=_|\b)", _small, name)


def _small(match: re.Match[str]) -> str:
    return match[0].casefold()


def _money_in(words: list[str]) -> HeaderUnit | None:
    for word in reversed(words):
        if word in _MONEY:
            return HeaderUnit(word, _MONEY[word] / 1e6)
        if word in _OTHER_MONEY:
            return HeaderUnit(word, None)
    return None


def _ratio_in(
    words: list[str], tops: dict[str, float], bottoms: dict[str, float], size: float
) -> HeaderUnit | None:
    bottom = next((n for n in reversed(range(len(words))) if words[n] in bottoms), None)
    if bottom is None:
        return None
    is_money = tops is _MONEY
    for word in reversed(words[:bottom]):
        said = f"{word}/{words[bottom]}"
        if word in tops:
            return HeaderUnit(said, tops[word] / bottoms[words[bottom]] / size)
        if is_money and word in _OTHER_MONEY:
            return HeaderUnit(said, None)
    return None
