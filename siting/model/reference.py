"""The reference of the model file, written from the code that reads it.

``python -m siting.model.reference`` prints ``docs/model.md``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import cleandoc
from typing import get_args, get_origin

from pydantic.fields import FieldInfo

from siting.model import Model
from siting.model.bounds import ZeroOr, parts_of
from siting.model.files import write_value
from siting.model.sections import SECTIONS
from siting.wording import number

_INTRODUCTION = """\
# The model file
Made from the code by `python -m siting.model.reference > docs/model.md`; a test holds it equal.

A model is a TOML file, `model.toml`, in a folder or alone. Paths in it are relative to it. A key or
table that does not exist is an error that names the nearest one. Every key has a default, except
`schema`, `name` and, unless draw is maximised, `cluster.target_mw` or `cluster.target_it_mw`.

    siting solve us_5gw --set cluster.target_mw=8000 --set 'world.regions=["PJM"]'

changes keys for one run: a value is read as TOML writes it, else as text, and an empty one takes
the key out of the file. There a number may have a unit that fits the key's, as in
`cluster.target_mw=8GW`, `clean.min_fraction=95%` or `solver.time_limit_s=10min`; in a file it is
plain. Beside the title, answers and maps tell what was changed."""

_SIGNS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


@dataclass(frozen=True)
class Key:
    """A key of the model file.

    Parameters
    ----------
    path
        Its table and name, such as ``cluster.target_mw``.
    meaning, unit
        What it says; the unit of a number, empty for none.
    bounds
        What values it may have, in words.
    default
        Its default as TOML writes it; empty where there is none.
    """

    path: str
    meaning: str
    unit: str
    bounds: str
    default: str


def keys() -> Iterator[Key]:
    """Every key of a model, in the order of the file."""
    for name, field in Model.model_fields.items():
        if name not in SECTIONS:
            yield _key(field.alias or name, field)
            continue
        for inner, its_field in SECTIONS[name].model_fields.items():
            yield _key(f"{name}.{inner}", its_field)


def _key(path: str, field: FieldInfo) -> Key:
    text = field.description or ""
    match = re.fullmatch(r"(.*) \[([^\]]*)\]", text)
    meaning, unit = (f"{match[1]}.", match[2]) if match else (text, "")
    default = "" if field.is_required() or field.default is None else write_value(field.default)
    return Key(path, meaning, "" if unit == "1" else unit, _bounds(field), default)


def _bounds(field: FieldInfo) -> str:
    choices = get_args(field.annotation)
    if choices and get_origin(choices[0]) is tuple:
        return "a table of names"
    if choices and all(isinstance(choice, str) for choice in choices):
        return ", ".join(f'`"{choice}"`' for choice in choices)
    said = list(_limits(field))
    words_instead = [
        f'`"{word}"`'
        for choice in choices
        for kind in get_args(choice)[:1]
        for word in get_args(kind)
    ]
    return ", ".join([*said, *words_instead])


def _limits(field: FieldInfo) -> Iterator[str]:
    """The bounds of a number, in words."""
    for bound in parts_of(field):
        if isinstance(bound, ZeroOr):
            yield f"0 or at least {bound.least:g}"
    instead = any(isinstance(bound, ZeroOr) for bound in parts_of(field))
    for bound in parts_of(field):
        for sign, words in _SIGNS.items():
            limit = getattr(bound, sign, None)
            if limit is not None and not (instead and sign == "ge"):
                yield f"{words} {_limit(limit)}"


def _limit(limit: float) -> str:
    """A bound for people; a year has no thousands apart."""
    return f"{limit:g}" if limit < 10_000 else number(limit)


def describe_model() -> str:
    """Write the reference as Markdown: the text of ``docs/model.md``."""
    lines = [_INTRODUCTION]
    table = None
    for key in keys():
        *of, name = key.path.split(".")
        if of != table:
            table = of
            title = f"[{of[0]}]" if of else "Above the first table"
            meaning = cleandoc(SECTIONS[of[0]].__doc__ or "") if of else "What the model is called."
            lines += ["", f"## {title}", meaning.replace("``", "`"), ""]
            lines += ["| key | default | unit | values | meaning |", "|---|---|---|---|---|"]
        default = f"`{key.default}`" if key.default else ""
        lines.append(f"| `{name}` | {default} | {key.unit} | {key.bounds} | {key.meaning} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(describe_model())
