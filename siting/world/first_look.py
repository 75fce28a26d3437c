"""A file at first sight: missing, a folder, a pipe, empty, or not what its name says."""

from __future__ import annotations

import itertools
import json
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from siting.wording import did_you_mean
from siting.world.addresses import is_address
from siting.world.raw import JSON, PARQUET, SIDECARS, SPREADSHEETS, TEXT, Source, suffix_of

_WEB_PAGE = "a web page"
_POINTER = "a pointer of git-lfs"
_VIRTUAL = "a virtual file, which only says where other files are,"
_ZIP = "a ZIP file"
_DATABASE = "a GeoPackage or SQLite file"
_SIGNATURES = {
    _DATABASE: (b"SQLite format 3\x00",),
    "a Parquet file": (b"PAR1",),
    "a Shapefile": (b"\x00\x00\x27\x0a",),
    _ZIP: (b"PK\x03\x04", b"PK\x05\x06"),
    "a gzip file": (b"\x1f\x8b",),
    "a FlatGeobuf file": (b"fgb\x03",),
    "an old Excel file or another Office document": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
    "a PDF": (b"%PDF",),
    _WEB_PAGE: (b"<!doctype html", b"<html"),
    _POINTER: (b"version https://git-lfs",),
    _VIRTUAL: (b"<ogrvrtdatasource", b"<vrtdataset", b"<ogrwfsdatasource", b"<owscontext"),
    "JSON": (b"{",),
}
_SIGNATURE_OF = {
    ".gpkg": _DATABASE,
    ".sqlite": _DATABASE,
    **dict.fromkeys(PARQUET, "a Parquet file"),
    ".shp": "a Shapefile",
    **dict.fromkeys((".zip", ".kmz", *SPREADSHEETS), _ZIP),
    ".gz": "a gzip file",
    ".fgb": "a FlatGeobuf file",
    **dict.fromkeys((".geojson", ".json", ".topojson"), "JSON"),
}

# GDAL (3.12, driver OGR_VRT) knows a virtual file by its first tag, whatever is before it.
_VIRTUAL_MARKS = re.compile(b"|".join(_SIGNATURES[_VIRTUAL]), re.IGNORECASE)

_OTHER_SPREADSHEETS = (".xls", ".xlsb", ".ods", ".fods", ".numbers")
_BEGINNING = 64 * 1024
"""Wherever readers look for what a file is, it is in the first of its bytes."""

_CRS = re.compile(rb'"crs"\s*:\s*\{')
_MOST_CRS = 100
"""So many of its members that are called crs are looked at; features may have some, too."""

_PIPELINE = re.compile(rb'"type"\s*:\s*"gdal_streamed_alg"')
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def look_at(source: Source) -> str | None:
    """What is wrong with a file at first sight."""
    if is_address(source.where) and not source.fetched:
        return (
            "is not a file of this computer, and nothing is fetched from elsewhere; download "
            "it, and name the file, or say world.fetch_addresses = true"
        )
    return look_at_file(source.path, source.table.name)


def look_at_file(path: Path, table: str) -> str | None:
    """What is wrong with a file of a table at first sight, wherever its name comes from."""
    suffix = suffix_of(path)
    try:
        if path.is_dir():
            return _say_parts(path.iterdir()) if suffix == ".gdb" else _say_folder(table)
        if not path.exists():
            return _say_missing(path)
        what = _no_file(path)
        if what is not None:
            return f"is no file but {what}; save {table} in a file, and name that"
        if suffix in SIDECARS:
            beside = (other for other in path.parent.iterdir() if other.stem == path.stem)
            wrong = _say_parts(beside)
            if wrong is not None:
                return wrong
        with path.open("rb") as file:
            wrong = _say_wrong_start(file.read(_BEGINNING), suffix, table)
        return _say_linked(path) if wrong is None and suffix in JSON else wrong
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"


def _say_linked(path: Path) -> str | None:
    """What is wrong with a GeoJSON whose coordinate system is somewhere else.

    GeoJSON of 2008 may link to it; GDAL (3.12, driver GeoJSON) fetches what the link names, and
    takes WGS 84 where it cannot.
    """
    held = path.read_bytes()
    for found in itertools.islice(_CRS.finditer(held), _MOST_CRS):
        text = held[found.end() - 1 : found.end() + 4096].decode("utf-8", "replace")
        try:
            crs, _ = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(crs, dict) and str(crs.get("type")).lower() in ("link", "url"):
            return (
                "its coordinate system (crs) is a link to somewhere else, and nothing is fetched "
                "from there; save it in WGS 84 degrees, or as GeoPackage"
            )
    return None


def _no_file(path: Path) -> str | None:
    """What something is that is no file: to open a pipe would wait for whoever fills it."""
    kind = stat.S_IFMT(path.stat().st_mode)
    return None if kind == stat.S_IFREG else _KINDS.get(kind, "something else")


def _say_parts(parts: Iterable[Path]) -> str | None:
    """What is wrong with the files that a table consists of."""
    for part in sorted(parts):
        what = _no_file(part) if part.exists() and not part.is_dir() else None
        if what is not None:
            return f"{part.name}, which belongs to it, is no file but {what}; save the table again"
    return None


def _say_wrong_start(start: bytes, suffix: str, table: str) -> str | None:
    if not start:
        return "the file is empty (0 bytes); write the table again"
    if suffix in _OTHER_SPREADSHEETS:
        return f"is a spreadsheet of a kind that is not read ({suffix}); save it as .xlsx or CSV"
    return _say_disguised(start, suffix, table)


def _say_folder(table: str) -> str:
    return (
        f"is a folder, but {table} is one file; name the file, or use the folder as "
        "world.base to read all its tables"
    )


def _say_missing(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no such file, nor a folder '{path.parent.name}'; check the path"
    near = sorted(entry.name for entry in path.parent.iterdir())
    same_stem = [name for name in near if Path(name).stem == path.stem]
    close = same_stem[0] if same_stem else did_you_mean(path.name, near)
    return f"there is no such file; {f'did you mean {close}?' if close else 'check the path'}"


def _say_disguised(start: bytes, suffix: str, table: str) -> str | None:
    found = _kind_of(start)
    expected = _SIGNATURE_OF.get(suffix)
    of_text = suffix in TEXT
    if expected is None and not of_text and _VIRTUAL_MARKS.search(start):
        found = _VIRTUAL
    if found in (_WEB_PAGE, _POINTER, _VIRTUAL):
        again = {
            _WEB_PAGE: "download it again",
            _POINTER: "fetch it with git lfs pull",
            _VIRTUAL: "name the file itself, or save what it shows as GeoPackage",
        }[found]
        return f"is {found} instead of {table}; {again}"
    if found == expected or (expected is None and not of_text):
        return None
    if found is not None:
        return (
            f"the name ends in {suffix}, but the file is {found}; give it the suffix of what it "
            f"is, or save {table} again"
        )
    if of_text:
        return None
    first = start.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    is_text = first.isprintable() and "\ufffd" not in first
    held = f"begins with '{first[:40]}'" if is_text else "holds other bytes"
    return (
        f"the name ends in {suffix}, but the file is not {expected}: it {held}; give it the "
        f"suffix of what it is, or save {table} again"
    )


def _kind_of(start: bytes) -> str | None:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if _PIPELINE.search(text):
        return _VIRTUAL
    head = re.sub(rb"^(<\?xml[^>]*>|\s|<!--.*?-->)*", b"", text)
    return next(
        (
            kind
            for kind, marks in _SIGNATURES.items()
            if any(text.startswith(m) or start.startswith(m) or head.startswith(m) for m in marks)
        ),
        None,
    )
