"""Worlds that come with siting, kept as they were read: only the first run reads their files.

An entry is keyed by all that a world is read from: what its files hold, what the model asks of
them, the program that reads them and the libraries that it reads with. Tables of the user's own
are read anew each time, and nothing of them is kept.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from siting.cache import Shelf, cache_folder
from siting.errors import Problems
from siting.model import Model
from siting.notices import LeftOut, Notice
from siting.world.fingerprint import fingerprint
from siting.world.joining import Joins
from siting.world.kept import (
    CannotKeepError,
    KeptTables,
    Written,
    spans_of,
    words_and_arrays,
    words_of,
    words_of_spans,
)
from siting.world.places import Places, find_tables
from siting.world.question import check_question
from siting.world.world import DataSource, World

SHELF = Shelf("world", b"siting world 1\n")
"""Where worlds are kept."""

TABLES = ("sites", "zones", "fiber", "supply", "outlines")

OWN_FORM = ("sources", "left_out", "notices", "asked", "nodes")
"""Of a world, what is not a table and not plain."""

ABOUT = tuple(f.name for f in fields(World) if f.name not in (*TABLES, *OWN_FORM))

LIBRARIES = ("geopandas", "pandas", "pyogrio", "pyproj", "scipy", "shapely", "numpy")
"""What worlds are read with: another version may read otherwise."""

PROGRAM = ("*.py", "model/*.py", "world/*.py")
"""The files of the package that say how a world is read."""


@dataclass(frozen=True)
class Identity:
    """All that a world is read from.

    Parameters
    ----------
    key
        Its hash.
    sha256
        Fingerprint of what the tables hold.
    bundled
        Whether all tables are of worlds that come with siting.
    """

    key: str
    sha256: str
    bundled: bool


def identity_of(model: Model) -> Identity | None:
    """What the world of a model is read from; None where it cannot be read."""
    problems = Problems()
    places = find_tables(model, problems)
    if problems.found:
        return None
    sources = places.all()
    try:
        sha256 = fingerprint(sources)
        outlines = places.outlines
        drawn = outlines.read_bytes() if outlines is not None and outlines.is_file() else b""
    except OSError:
        return None
    digest = hashlib.sha256(f"{sha256}\n{_about(places)}\n{_asked(model)}\n".encode())
    digest.update(drawn)
    return Identity(digest.hexdigest(), sha256, all(source.bundled for source in sources))


def _about(places: Places) -> str:
    files = [(source.table.name, source.where, str(source.path)) for source in places.all()]
    about = (places.name, places.title, places.caveat, places.data_sources)
    return repr((files, about))


def _asked(model: Model) -> str:
    reading = (model.world, model.columns, model.layers, model.header_rows)
    asked = (*reading, model.power, model.clean)
    return "\n".join(section.model_dump_json() for section in asked)


def read_world(model: Model) -> World:
    """Read the world of a model.

    Parameters
    ----------
    model
        What is asked: which tables, and which part of them is kept.

    Returns
    -------
    The tables, checked against the column registry and each other, as far as the model keeps
    them.

    Raises
    ------
    InputError
        With every problem of every table, or of what the model asks of them.
    """
    places = find_tables(model, Problems())
    bundled = all(source.bundled for source in places.all())
    return cached_world(model, identity_of(model) if bundled else None)


def cached_world(model: Model, identity: Identity | None) -> World:
    """Read the world of a model, or take it from the cache, where its `identity_of` is known."""
    folder = cache_folder()
    if identity is None or not identity.bundled or folder is None:
        return _read_files(model)
    key = hashlib.sha256(f"{identity.key}\n{_reader()}".encode()).hexdigest()
    body = SHELF.read(folder, key)
    if body is None:
        world = _read_files(model)
        keep(world, folder, key)
        return world
    world = _from_bytes(body, model)
    check_question(model, world)
    return world


def _read_files(model: Model) -> World:
    # The reading needs pandas and GDAL, which take longer to import than a kept world to read.
    from siting.world.read import read_files

    return read_files(model)


def _reader() -> str:
    """The program that reads worlds, and the libraries that it reads with."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for pattern in PROGRAM:
        for path in sorted(package.glob(pattern)):
            digest.update(path.read_bytes())
    versions = [importlib.metadata.version(library) for library in LIBRARIES]
    return f"{digest.hexdigest()} {versions}"


def keep(world: World, folder: Path, key: str) -> None:
    """Keep a world, if it comes back from bytes as it is."""
    if world.nodes is not None:
        return  # no world that comes with siting has them
    written = Written()
    spans, joins = world.spans(), world.joins()
    try:
        tables = {name: words_of(getattr(world, name), written) for name in TABLES}
    except CannotKeepError:
        return
    words = {
        "tables": tables,
        "about": {name: _plain(getattr(world, name)) for name in ABOUT},
        "sources": [asdict(source) for source in world.sources],
        "left_out": [asdict(row) for row in world.left_out],
        "notices": [asdict(notice) for notice in world.notices],
        "spans": words_of_spans(spans, written),
        "joins": asdict(joins),
    }
    SHELF.write(folder, key, written.to_bytes(words))


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else value


def _from_bytes(body: memoryview, model: Model) -> World:
    words, arrays = words_and_arrays(body)
    tables = KeptTables(words["tables"], arrays)
    return World.of_kept(
        tables,
        (spans_of(words["spans"], arrays), Joins(**words["joins"])),
        **words["about"],
        sources=tuple(DataSource(**source) for source in words["sources"]),
        left_out=tuple(LeftOut(**row) for row in words["left_out"]),
        notices=tuple(Notice(**notice) for notice in words["notices"]),
        asked=model.world,
    )
