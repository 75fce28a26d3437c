"""Where the tables of a world are: a bundled world, a folder, or files that the model names."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any

from siting import resources
from siting.errors import Problems
from siting.model import Model
from siting.wording import did_you_mean, listing, printable
from siting.world.addresses import fetch, is_address
from siting.world.columns import TABLES
from siting.world.raw import DRAWN, SUFFIXES, Source, UnreadableError
from siting.world.world import DataSource

WORLD_FILE = "world.toml"
"""Name of the file that says what a folder of tables is; a folder can do without."""

OUTLINES = "states"
"""Name of the table of outlines in a folder; it is drawn on maps and read for nothing else."""

DEFAULT_BASE = "us"


@dataclass
class Places:
    """The files of a world, and what its folder says about itself."""

    sources: dict[str, Source] = field(default_factory=dict)
    added: dict[str, Source] = field(default_factory=dict)
    outlines: Path | None = None
    name: str = ""
    title: str = ""
    caveat: str | None = None
    data_sources: tuple[DataSource, ...] = ()

    def all(self) -> tuple[Source, ...]:
        """The files of all tables."""
        return (*self.sources.values(), *self.added.values())

    def of_table(self, name: str) -> list[Source]:
        """The files of a table: the one that holds it, then the one that stands beside it."""
        return [files[name] for files in (self.sources, self.added) if name in files]


def find_tables(model: Model, problems: Problems) -> Places:
    """Find the file of every table that the model's world has."""
    asked = model.world
    start = model.folder or Path()
    named = {name: path for name in TABLES if (path := getattr(asked, name)) is not None}
    added = {
        name: path for name in TABLES if (path := getattr(asked, f"add_{name}", None)) is not None
    }
    _check_added(model, named, added, problems)
    places = Places(name=model.name)
    base = asked.base if asked.base is not None or named else DEFAULT_BASE
    if base is not None:
        folder = _find_folder(base, start, problems)
        if folder is None:
            return places
        _look_through(folder, base, frozenset(named), places, problems)
    for name, path in named.items():
        places.sources[name] = _source(model, name, path, problems)
    for name, path in added.items():
        places.added[name] = _source(model, name, path, problems)
    for name, table in TABLES.items():
        if table.required and not places.of_table(name) and base is None:
            problems.add(
                f"model '{model.name}'",
                f"world.{name} is missing, but world.{next(iter(named))} is given without "
                f'world.base; name the file of {name}, or a base = "{DEFAULT_BASE}" that has them',
            )
    return places


def _check_added(
    model: Model, named: dict[str, str], added: dict[str, str], problems: Problems
) -> None:
    """A table is added to another: that of the base, or one that the model names."""
    if model.world.base is not None or not named:
        return
    for name in added:
        if name not in named:
            problems.add(
                f"model '{model.name}'",
                f"world.add_{name} stands beside {name} that are there, but there is neither a "
                f"world.base nor world.{name}; call it world.{name}, or name a base",
            )


def _source(model: Model, name: str, path: str, problems: Problems) -> Source:
    """A table that the model names: of those alone it says how the file is read."""
    where = printable(path)
    file = (model.folder or Path()) / path
    fetched = False
    if model.world.fetch_addresses and is_address(path):
        try:
            file, fetched = fetch(path), True
        except UnreadableError as error:
            problems.add(where, str(error))
    return Source(
        TABLES[name],
        file,
        where,
        own=True,
        fetched=fetched,
        layers=getattr(model.layers, name),
        header_row=getattr(model.header_rows, name),
        columns=getattr(model.columns, name),
    )


def _find_folder(base: str, start: Path, problems: Problems) -> Path | None:
    bundled = resources.bundled_worlds()
    if base in bundled:
        return resources.data_folder() / base
    if base in resources.built_worlds():
        return resources.built_worlds_folder() / base
    folder = start / base
    try:
        if folder.is_dir():
            return folder
        is_file = folder.is_file()
    except (OSError, ValueError):
        is_file = False
    if is_file:
        what = "is a file, but world.base is a folder with tables; name the folder that it is in"
    elif base in resources.BUILDABLE_WORLDS:
        what = (
            "is a world that is too large to be bundled, and it is not built here; run make world "
            "in a checkout of siting, which builds it once, or set SITING_WORLDS to the folder "
            "that holds it"
        )
    else:
        around = folder.parent
        near = (
            [entry.name for entry in around.iterdir() if entry.is_dir()] if around.is_dir() else []
        )
        close = did_you_mean(base, bundled) or did_you_mean(folder.name, sorted(near))
        hint = f"did you mean {close}?" if close else f"the bundled worlds are {listing(bundled)}"
        what = f"is neither a bundled world nor a folder; {hint}"
    problems.add(f"world.base = '{base}'", what)
    return None


def _look_through(
    folder: Path, base: str, replaced: frozenset[str], places: Places, problems: Problems
) -> None:
    """Find the tables of a folder, but those that the model replaces."""
    about = _read_about(folder, base, problems)
    files = about.get("tables", {})
    for name, table in TABLES.items():
        if name in replaced:
            continue
        told = files.get(name, {}).get("file")
        found = [folder / told] if isinstance(told, str) else _candidates(folder, name)
        if len(found) > 1:
            problems.add(
                f"world.base = '{base}'",
                f"has {len(found)} files of {name}: {listing(path.name for path in found)}; keep "
                f"one, or say which in world.{name}",
            )
        elif found:
            places.sources[name] = Source(
                table,
                found[0],
                (PurePosixPath(base) / found[0].name).as_posix(),
                bundled=base in (*resources.bundled_worlds(), *resources.built_worlds()),
            )
        elif table.required:
            there = sorted(path.name for path in folder.iterdir() if path.suffix in SUFFIXES)
            close = did_you_mean(f"{name}.geojson", there)
            hint = f"did you mean {close}? rename it" if close else f"give it in world.{name}"
            problems.add(
                f"world.base = '{base}'",
                f"has no file of {name}, such as {name}.geojson, and there is no world without; "
                f"{hint}",
            )
    told = files.get(OUTLINES, {}).get("file")
    outlines = [folder / told] if isinstance(told, str) else _candidates(folder, OUTLINES, DRAWN)
    places.outlines = next(iter(outlines), None)
    places.name = about.get("name", folder.resolve().name)
    places.title = about.get("title", "")
    places.caveat = about.get("caveat")
    known = {f.name for f in fields(DataSource)}
    places.data_sources = tuple(
        DataSource(**{key: str(value) for key, value in source.items() if key in known})
        for source in about.get("source", [])
    )


def _candidates(folder: Path, name: str, suffixes: tuple[str, ...] = SUFFIXES) -> list[Path]:
    found = (folder / f"{name}{suffix}" for suffix in suffixes)
    return [path for path in found if path.exists()]


def _read_about(folder: Path, base: str, problems: Problems) -> dict[str, Any]:
    file = folder / WORLD_FILE
    where = (PurePosixPath(base) / WORLD_FILE).as_posix()
    if not file.is_file():
        return {}
    try:
        about = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        problems.add(where, f"is not TOML: {error}")
        return {}
    wrong = _wrong_about(about)
    for what in wrong:
        problems.add(where, what)
    return {} if wrong else about


def _wrong_about(about: dict[str, Any]) -> list[str]:
    wrong = []
    if about.get("schema") != 1:
        wrong.append("schema is not 1, the only one that this program reads; write schema = 1")
    wrong += [
        f"{key} is not text; write it in quotes"
        for key in ("name", "title", "caveat")
        if not isinstance(about.get(key, ""), str)
    ]
    tables = about.get("tables", {})
    if not (isinstance(tables, dict) and all(isinstance(told, dict) for told in tables.values())):
        wrong.append('tables is not made of tables; write [tables.sites] with file = "sites.csv"')
    sources = about.get("source", [])
    if not (
        isinstance(sources, list)
        and all(isinstance(source, dict) and "name" in source for source in sources)
    ):
        wrong.append("source is not a list of tables with a name; write [[source]] and its name")
    return wrong
