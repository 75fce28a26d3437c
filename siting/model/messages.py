"""What is wrong with a model, in words that say where, what, why and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, get_args

from pydantic_core import ErrorDetails

from siting.model.bounds import why_bounded
from siting.model.files import write_value
from siting.model.quantities import fitting_units, in_unit, read_quantity, unit_of
from siting.model.sections import SECTIONS, TOP_KEYS
from siting.wording import did_you_mean, listing, number, shown


def explain(errors: Iterable[ErrorDetails]) -> tuple[list[str], frozenset[str]]:
    """Say each of pydantic's errors in our words.

    Returns
    -------
    The problems, and the keys that are wrong or that were meant by a misspelt one.
    """
    said: list[str] = []
    wrong: set[str] = set()
    for error in errors:
        if error["type"] == "rules":
            said += error["ctx"]["rules"]
            continue
        # A value of several kinds has the kind behind its table and key.
        names = [part for part in error["loc"] if isinstance(part, str)][:2]
        key: str | None = ".".join(names)
        if error["type"] == "extra_forbidden":
            text, key = _say_unknown(names, error["input"])
        else:
            text = _say_wrong(error, names)
        said.append(text)
        if key:
            wrong.add(key)
    return said, frozenset(wrong)


def _say_wrong(error: ErrorDetails, names: list[str]) -> str:
    """A key that is missing or whose value cannot be."""
    key = ".".join(names)
    if error["type"] == "missing":
        example = "schema = 1" if key == "schema" else f'{key} = "..."'
        return f"{key} is missing, and a model cannot do without; write {example}"
    if error["type"] == "model_type":
        return (
            f"{key} is {shown(error['input'])}, but it must be one table; write [{key}] on a line "
            "of its own and its keys below"
        )
    items = [part + 1 for part in error["loc"] if isinstance(part, int)]
    unit = "" if items else _unit(names)
    given = shown(error["input"])
    if error["type"] == "string_type" and isinstance(error["input"], int):
        given = str(error["input"])  # what was perhaps meant as text, such as a year
    must, todo = _demand(error, names, unit)
    subject = f"item {items[0]} of {key}" if items else key
    with_unit = f" {unit}" if unit and (given[0].isdigit() or given[0] == "-") else ""
    return f"{subject} is {given}{with_unit}, but it must be {must}{todo}"


def _demand(error: ErrorDetails, names: list[str], unit: str) -> tuple[str, str]:
    """What a value must be, and what to do."""
    kind, given = error["type"], error["input"]
    context = error.get("ctx", {})
    of_unit = f" {unit}" if unit else ""
    simple = {
        "float_type": (
            f"a number{f' [{unit}]' if unit else ''}",
            _number_hint(names, given) if isinstance(given, str) else "",
        ),
        "finite_number": (f"a finite number{f' [{unit}]' if unit else ''}", ""),
        "int_type": ("a whole number", ""),
        "bool_type": ("true or false", "; write it without quotes" if given in _BOOLS else ""),
        "string_type": ("text", "; write it in quotes"),
        "tuple_type": ("a list", f"; write [{shown(given)}]" if isinstance(given, str) else ""),
        "string_too_short": (
            "one letter or more",
            "; leave the key out if there is none" if names[0] == "world" else "",
        ),
    }
    if kind in simple:
        must, todo = simple[kind]
        return f"{must}{_or_word(names)}", todo
    if kind in _BOUNDS:
        argument, words = _BOUNDS[kind]
        least = f"{words} {number(context[argument])}{of_unit}{_or_word(names)}"
        return least, _percent_hint(names, given) or _why(names, given, argument)
    if kind == "zero_or":
        return f"0, or at least {number(context['least'])}{of_unit}", _why(names, given, "ge")
    if kind == "literal_error":
        return _say_choice(names, given)
    return f"valid ({error['msg']})", ""


_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_COMMA = re.compile(r"\d,\d")

LIKELY_PERCENT = 2.0
"""From here on a fraction above 1 is taken for percent, below perhaps for more than all [1]."""

_BOOLS = ("true", "false", "True", "False", "yes", "no", "on", "off")


def _number_hint(names: list[str], given: str) -> str:
    """How a number is written that was given as text, perhaps with a unit."""
    plain = "; write it without quotes and without a unit"
    if _COMMA.search(given):
        return "; a comma is not read: write a point before decimals, and thousands together"
    field, quantity = _field(names), read_quantity(given)
    unit = unit_of(field) if field else ""
    if quantity is None or not unit:
        return plain
    value = in_unit(quantity, unit)
    if value is not None:
        return f"; write {write_value(value)}"
    fitting = fitting_units(unit)
    if not fitting:
        return plain
    units = " or ".join([", ".join(fitting[:-1]), fitting[-1]] if fitting[1:] else fitting)
    return f"; {shown(quantity.unit)} is no unit of it: on the command line write {units}"


def _why(names: list[str], given: object, argument: str) -> str:
    """Why a bound is where it is; nothing where a number below 0 needs no words."""
    field = _field(names)
    if field is None:
        return ""
    why = why_bounded(field)
    positive = isinstance(given, int | float) and given > 0
    words = why.low if argument == "ge" and positive else why.high if argument == "le" else ""
    return f": {words}" if words else ""


def _percent_hint(names: list[str], given: object) -> str:
    field = _field(names)
    if field is None or not (field.description or "").endswith("[0-1]"):
        return ""
    if not isinstance(given, int | float) or not 1 < given <= 100:
        return ""
    # 110 % is 1.1, and so may be 1.1 % that was not divided.
    whole = "1 is 100 %, and " if given < LIKELY_PERCENT else ""
    return f"; {whole}{number(given)} % is written {number(given / 100)}"


def _say_choice(names: list[str], given: object) -> tuple[str, str]:
    if names == ["schema"]:
        return "1, the version of the contract that this program reads", "; write schema = 1"
    field = _field(names)
    choices = _choices(field.annotation) if field else []
    close = did_you_mean(str(given), choices)
    todo = f'; did you mean "{close}"?' if close else ""
    if len(choices) == 1:
        return f'a whole number or "{choices[0]}"', todo
    quoted = [f'"{choice}"' for choice in choices]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]]), todo


def _or_word(names: list[str]) -> str:
    """The word that may stand in the place of a number."""
    field = _field(names)
    parts = get_args(field.annotation) if field else ()
    words = [word for part in parts for kind in get_args(part)[:1] for word in get_args(kind)]
    return f', or "{words[0]}"' if words and all(isinstance(word, str) for word in words) else ""


def _choices(annotation: Any) -> list[Any]:
    """Values of a literal, optional or not, or of the word that may stand for a number."""
    found = [choice for part in get_args(annotation) for choice in get_args(part) or [part]]
    found = [choice for part in found for choice in get_args(part) or [part]]
    return [choice for choice in found if isinstance(choice, str)]


def _say_unknown(names: list[str], given: object) -> tuple[str, str | None]:
    """An unknown key or table: where it belongs, or what was meant; and the key meant."""
    if len(names) > 1:
        return _say_unknown_in(names[0], names[1])
    name = names[0]
    if isinstance(given, dict | list):
        close = did_you_mean(name, SECTIONS)
        hint = f"did you mean [{close}]?" if close else f"the tables are {listing(SECTIONS)}"
        return f"[{name}] is not a table of a model; {hint}", close
    said = f"{name} is not a key at the top of a model"
    home = _home(name)
    if home:
        return f"{said}; it belongs in [{home}]", f"{home}.{name}"
    close = did_you_mean(name, TOP_KEYS)
    if close:
        return f"{said}; did you mean {close}?", close
    hint, meant = _elsewhere(name)
    tables = f"the keys there are {listing(TOP_KEYS)}, and the tables {listing(SECTIONS)}"
    return f"{said}; {hint or tables}", meant


def _say_unknown_in(table: str, name: str) -> tuple[str, str | None]:
    said = f"{table}.{name} is not a key of [{table}]"
    home = _home(name)
    if home:
        return f"{said}; {name} belongs in [{home}]", f"{home}.{name}"
    if name in TOP_KEYS:
        return f"{said}; {name} belongs at the top, above the first table", name
    close = did_you_mean(name, SECTIONS[table].model_fields)
    if close:
        return f"{said}; did you mean {close}?", f"{table}.{close}"
    hint, meant = _elsewhere(name)
    return f"{said}; {hint or f'its keys are {listing(SECTIONS[table].model_fields)}'}", meant


def _home(name: str) -> str | None:
    """The table that has a key."""
    return next((table for table, s in SECTIONS.items() if name in s.model_fields), None)


def _elsewhere(name: str) -> tuple[str, str | None]:
    """A similar key of any table."""
    homes = {key: table for table, section in SECTIONS.items() for key in section.model_fields}
    close = did_you_mean(name, homes)
    if close is None:
        return "", None
    return f"did you mean {close} of [{homes[close]}]?", f"{homes[close]}.{close}"


def _field(names: list[str]) -> Any:
    if len(names) == 1:
        return None
    return SECTIONS[names[0]].model_fields[names[1]]


def _unit(names: list[str]) -> str:
    """Unit of a key as its description ends with it; none for fractions and ratios."""
    field = _field(names)
    unit = unit_of(field) if field else ""
    return unit if unit not in ("1", "0-1") else ""
