"""What is asked: the model file, read and validated.

A model is TOML. Every key has a default, except ``schema``, ``name`` and, unless draw is
maximised, the target of a cluster. The keys, their units, bounds and meanings are the fields of
the sections; all problems of a file are reported at once.
"""

from __future__ import annotations

import copy
import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationError, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from siting.errors import InputError, Problem
from siting.model.files import MODEL_FILE, find_model, read_toml, with_changes, write_value
from siting.model.messages import explain
from siting.model.quantities import with_units_read
from siting.model.rules import RULES
from siting.model.sections import (
    SECTIONS,
    CampusSection,
    CleanSection,
    ClusterSection,
    ColumnsSection,
    CostSection,
    FiberSection,
    HeaderRowsSection,
    LayersSection,
    Network,
    ObjectiveSection,
    PowerSection,
    Section,
    Sense,
    SolverSection,
    Text,
    TrainingSection,
    WorldSection,
)
from siting.wording import listing

__all__ = [
    "MODEL_FILE",
    "CampusSection",
    "CleanSection",
    "ClusterSection",
    "ColumnsSection",
    "CostSection",
    "FiberSection",
    "HeaderRowsSection",
    "LayersSection",
    "Model",
    "Network",
    "ObjectiveSection",
    "PowerSection",
    "Section",
    "Sense",
    "SolverSection",
    "TrainingSection",
    "WorldSection",
    "make_model",
    "parse_value",
    "read_change",
    "read_model",
]

FILE_KEYS = (
    *("base", "sites", "zones", "fiber", "supply", "nodes"),
    *("add_sites", "add_zones", "add_fiber", "add_supply"),
)
"""Keys of ``[world]`` that name a file or a folder."""

LONGEST_CHANGES = 100
"""Of changes of more letters than this, a headline tells the keys alone."""


class Model(Section):
    """A whole model file; attributes are its keys.

    Made by `read_model`, or by `make_model` from values.
    """

    schema_: Literal[1] = Field(alias="schema", description="Version of this contract: 1.")
    name: Text = Field(description="Short name, used in outputs.")
    title: str = Field(default="", description="One line for people.")
    world: WorldSection = Field(default={}, validate_default=True)
    columns: ColumnsSection = Field(default={}, validate_default=True)
    layers: LayersSection = Field(default={}, validate_default=True)
    header_rows: HeaderRowsSection = Field(default={}, validate_default=True)
    campus: CampusSection = Field(default={}, validate_default=True)
    cluster: ClusterSection = Field(default={}, validate_default=True)
    power: PowerSection = Field(default={}, validate_default=True)
    clean: CleanSection = Field(default={}, validate_default=True)
    fiber: FiberSection = Field(default={}, validate_default=True)
    training: TrainingSection | None = None
    cost: CostSection = Field(default={}, validate_default=True)
    objective: ObjectiveSection = Field(default={}, validate_default=True)
    solver: SolverSection = Field(default={}, validate_default=True)

    _folder: Path | None = PrivateAttr(default=None)
    # What the title was written for, where keys were changed since.
    _titled: dict[str, Any] | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _obey_rules(self, info: ValidationInfo) -> Self:
        # Keys that are themselves wrong are skipped, so that one mistake is not reported twice.
        skip: frozenset[str] = (info.context or {}).get("skip", frozenset())
        broken = [
            text
            for rule in RULES
            if skip.isdisjoint(rule.keys) and (text := rule.broken(self)) is not None
        ]
        if broken:
            raise PydanticCustomError("rules", "the keys contradict each other", {"rules": broken})
        return self

    @property
    def folder(self) -> Path | None:
        """Folder that relative paths start from; None for a model made from values."""
        return self._folder

    @property
    def headline(self) -> str:
        """The title, and where keys were changed since it was written, which.

        Keys of ``[solver]`` leave the question as it was. Empty without a title and changes.
        """
        changes = list(self._changes())
        words = ", ".join(said for _, said in changes)
        if len(words) > LONGEST_CHANGES:
            words = f"{listing(key for key, _ in changes)} changed"
        return f"{self.title or self.name}, with {words}" if words else self.title

    def _changes(self) -> Iterator[tuple[str, str]]:
        """Keys that differ from what the title was written for, and how."""
        titled = self._titled
        if titled is None or self.title != titled.get("title", ""):
            return
        for table, section in SECTIONS.items():
            if table == "solver":
                continue
            now, then = getattr(self, table), titled.get(table)
            given = then if isinstance(then, dict) else {}
            held = {} if now is None else now.model_dump(mode="json")
            default = section.model_construct().model_dump(mode="json")
            for key in section.model_fields:
                value = held.get(key)
                if value == given.get(key, default.get(key)):
                    continue
                name = f"{table}.{key}"
                if value is not None:
                    yield name, f"{name} = {write_value(value)}"
                elif key in given:
                    yield name, f"{name} left out"

    @property
    def sha256(self) -> str:
        """Fingerprint of what is asked: of all keys that differ from their defaults.

        Independent of where the file is and how it is written, and of keys that a later version
        adds. Tables count by the name of their file; what they hold is in the fingerprint of the
        world.
        """
        values = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        asked = {key: value for key, value in values.items() if value != {}}
        for table in FILE_KEYS:
            path = asked.get("world", {}).get(table)
            if path is not None:
                asked["world"][table] = PurePath(path.replace("\\", "/")).name
        text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Every key with the value that is used, defaults too, as a model file could hold them."""
        return self.model_dump(mode="json", by_alias=True)

    def replace(self, changes: Mapping[str, object]) -> Model:
        """The same model with some keys changed, validated again.

        Parameters
        ----------
        changes
            Key paths to values, such as ``{"cluster.target_mw": 8000}``. None takes a key back to
            its default.

        Raises
        ------
        InputError
            With every problem of the changed model.
        """
        where = f"model '{self.name}'"
        values = with_changes(self.model_dump(by_alias=True, exclude_none=True), changes, where)
        model = make_model(values, where=where, folder=self._folder)
        model._titled = self._titled or self.model_dump(mode="json", exclude_none=True)  # noqa: SLF001
        return model


def read_model(path: str | Path, *, set: Mapping[str, object] | None = None) -> Model:  # noqa: A002
    """Read a model.

    Parameters
    ----------
    path
        A folder with ``model.toml``, a file, or the name of a bundled model. A folder or file
        that exists wins over a bundled name.
    set
        Key paths to values that replace the file's own, such as
        ``{"cluster.target_mw": "8000"}``. A string is read as a TOML value, or as a number with a
        unit, such as ``"8GW"`` or ``"95%"``, else taken as it is (see `read_change`); an empty
        string takes the key out of the file.

    Returns
    -------
    The validated model; relative paths in it start from its ``folder``.

    Raises
    ------
    InputError
        With every problem that was found.

    Examples
    --------
    >>> read_model("two_utilities", set={"cluster.max_fiber_km": 80}).cluster.max_fiber_km
    80.0
    """
    file, where = find_model(path)
    values = read_toml(file, where)
    changes = {
        key: read_change(key, value) if isinstance(value, str) else value
        for key, value in (set or {}).items()
    }
    model = make_model(with_changes(values, changes, where), where=where, folder=file.parent)
    if changes:
        model._titled = values  # noqa: SLF001
    return model


def make_model(
    values: Mapping[str, object], *, where: str = "model", folder: Path | None = None
) -> Model:
    """Make a model from values.

    Parameters
    ----------
    values
        As `tomllib` gives them for a model file: keys to values, tables to dicts.
    where
        What to call the model in messages.
    folder
        Where relative paths start; None starts from the current folder.

    Raises
    ------
    InputError
        With every problem of the values.
    """
    values = dict(values)
    try:
        model = Model.model_validate(values)
    except ValidationError as error:
        problems, wrong = explain(error.errors(include_url=False))
        problems += _broken_rules(values, wrong)
        raise InputError(Problem(where, what) for what in problems) from None
    model._folder = folder  # noqa: SLF001
    return model


def parse_value(text: str) -> object:
    """Read a value as TOML writes it; a bare word that is not TOML is text.

    An empty text is None: no value.

    >>> parse_value("8000"), parse_value('["PJM"]'), parse_value("maximise_mw")
    (8000, ['PJM'], 'maximise_mw')
    """
    if not text.strip():
        return None
    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return read["value"] if read.keys() == {"value"} else text


def read_change(key: str, text: str) -> object:
    """Read the value of a key as a command line has it: as TOML, or as a number with a unit.

    >>> read_change("cluster.target_mw", "5GW"), read_change("clean.min_fraction", "95%")
    (5000.0, 0.95)
    """
    table, _, name = key.partition(".")
    section = SECTIONS.get(table)
    field = None if section is None else section.model_fields.get(name)
    return with_units_read(parse_value(text), field)


def _broken_rules(values: dict[str, Any], wrong: frozenset[str]) -> list[str]:
    """Rules that the right part of a wrong model breaks."""
    if not wrong:
        return []
    rest = copy.deepcopy(values)
    for key in wrong:
        *tables, last = key.split(".", 1)
        table = rest.get(tables[0]) if tables else rest
        if isinstance(table, dict):
            table.pop(last, None)
    for key in rest.keys() - Model.model_fields.keys() - {"schema"}:
        del rest[key]
    for name, section in SECTIONS.items():
        table = rest.get(name)
        if isinstance(table, dict):
            rest[name] = {k: v for k, v in table.items() if k in section.model_fields}
    rest |= {"schema": 1, "name": str(rest.get("name") or "?")}
    skip = wrong | {f"{t}.{k}" for t, s in SECTIONS.items() if t in wrong for k in s.model_fields}
    try:
        Model.model_validate(rest, context={"skip": skip})
    except ValidationError as error:
        return explain(error.errors(include_url=False))[0]
    return []
