"""What is in an archive: a ZIP, a KMZ or a gzip file, unpacked for the time of reading."""

from __future__ import annotations

import gzip
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from siting.wording import listing, printable
from siting.world.raw import (
    ARCHIVES,
    DRAWN,
    PARQUET,
    SPREADSHEETS,
    TEXT,
    UnreadableError,
    suffix_of,
)

MOST_BYTES = 8 * 2**30
"""So much is unpacked of one archive; a table is smaller, and more is a mistake or worse."""

_DATABASE = ".gdb"
_HELD = frozenset((*DRAWN, *PARQUET, *TEXT, *SPREADSHEETS, *ARCHIVES))
_JUNK = ("__MACOSX", ".DS_Store", "Thumbs.db")
_DEPTH = 3


@dataclass(frozen=True)
class Member:
    """A file that can be read, and what to call it in messages: its path inside the archive."""

    path: Path
    name: str


@contextmanager
def opened(path: Path) -> Iterator[list[Member]]:
    """Give the files to be read: a file itself, or those that an archive holds.

    Raises
    ------
    UnreadableError
        If an archive cannot be unpacked, or holds nothing that can be read.
    """
    if suffix_of(path) == ".gml":
        # GDAL writes what it finds out about a GML file beside it: let that not be the user's
        # folder (GMLAS aside, driver GML of GDAL 3.12, open option WRITE_GFS).
        with tempfile.TemporaryDirectory(prefix="siting-") as folder:
            for file in (path, path.with_suffix(".xsd"), path.with_suffix(".gfs")):
                if file.is_file():
                    shutil.copyfile(file, Path(folder) / file.name)
            yield [Member(Path(folder) / path.name, path.name)]
        return
    if path.is_dir() or suffix_of(path) not in ARCHIVES:
        yield [Member(path, path.name)]
        return
    with tempfile.TemporaryDirectory(prefix="siting-") as folder:
        yield _unpack(path, Path(folder), 1)


def _unpack(path: Path, folder: Path, depth: int) -> list[Member]:
    if depth > _DEPTH:
        raise UnreadableError(f"holds archives in archives, {depth} deep; unpack it")
    try:
        if suffix_of(path) == ".gz":
            return _open_all([_unpack_gzip(path, folder)], folder, depth)
        names = _unpack_zip(path, folder)
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise UnreadableError(
            f"is an archive that is broken or cut short: {error}; download it again"
        ) from None
    except (NotImplementedError, RuntimeError) as error:
        raise UnreadableError(
            f"is an archive that cannot be unpacked here: {error}; unpack it, and name the file"
        ) from None
    except OSError as error:
        raise UnreadableError(f"cannot be unpacked: {error.strerror or error}") from None
    found = _readable(names, folder)
    if not found:
        some = listing(sorted(printable(name) for name in names)[:5]) if names else "nothing"
        raise UnreadableError(
            f"is an archive that holds {some}, but nothing that is read as a table; save the "
            "table as GeoPackage or CSV"
        )
    return _open_all(found, folder, depth)


def _unpack_gzip(path: Path, folder: Path) -> Member:
    name = path.stem
    if not PurePosixPath(name).suffix:
        raise UnreadableError("its name does not say what it holds, such as .csv.gz; rename it")
    target = folder / name
    with gzip.open(path) as packed, target.open("wb") as file:
        written = 0
        while block := packed.read(2**20):
            written += len(block)
            if written > MOST_BYTES:
                raise UnreadableError(_say_too_large())
            file.write(block)
    return Member(target, name)


def _unpack_zip(path: Path, folder: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        for entry in entries:
            # Some programs of Windows write paths with its own bars.
            entry.filename = entry.filename.replace("\\", "/")
        entries = [entry for entry in entries if not _is_junk(entry.filename)]
        if any(entry.flag_bits & 1 for entry in entries):
            raise UnreadableError("is an archive with a password; unpack it, and name the file")
        if sum(entry.file_size for entry in entries) > MOST_BYTES:
            raise UnreadableError(_say_too_large())
        # Paths that lead out of the folder are made harmless by zipfile.
        written = [Path(archive.extract(entry, folder)) for entry in entries]
    return [file.relative_to(folder).as_posix() for file in written]


def _say_too_large() -> str:
    return (
        f"is an archive of more than {MOST_BYTES // 2**30} GB when it is unpacked; unpack it "
        "and name the file, if that is right"
    )


def _is_junk(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part in _JUNK for part in parts) or parts[-1].startswith("._")


def _readable(names: list[str], folder: Path) -> list[Member]:
    found: dict[str, Member] = {}
    tables = sorted(name for name in names if name.lower().endswith(".gdbtable"))
    databases = {PurePosixPath(name).parent for name in tables}
    for database in sorted(databases):
        there = folder / database
        if there.suffix.lower() != _DATABASE:
            # GDAL knows a File Geodatabase by the name of its folder.
            renamed = folder / f"_{len(found)}{_DATABASE}"
            renamed.mkdir()
            for file in [file for file in there.iterdir() if file.is_file()]:
                file.rename(renamed / file.name)
            there = renamed
        found[database.as_posix()] = Member(there, database.as_posix())
    for name in sorted(names):
        inside = PurePosixPath(name)
        suffix = inside.suffix.lower()
        in_database = any(folder_of in databases for folder_of in inside.parents)
        lone_dbf = suffix == ".dbf" and not _has_shapes(inside, names)
        if not in_database and (lone_dbf or (suffix in _HELD and suffix != ".txt")):
            found[name] = Member(folder / name, name)
    if not found:
        found = {n: Member(folder / n, n) for n in names if n.lower().endswith(".txt")}
    return list(found.values())


def _has_shapes(dbf: PurePosixPath, names: list[str]) -> bool:
    of_shapes = {dbf.with_suffix(".shp").as_posix().lower(), dbf.with_suffix(".tab").as_posix()}
    return any(name.lower() in of_shapes for name in names)


def _open_all(members: list[Member], folder: Path, depth: int) -> list[Member]:
    """The files of archives inside of an archive in their place."""
    found = []
    for number, member in enumerate(members):
        if member.path.is_dir() or suffix_of(member.path) not in ARCHIVES:
            found.append(member)
            continue
        inner = folder / f"_{depth}_{number}"
        inner.mkdir()
        found += [
            Member(held.path, f"{member.name}/{held.name}")
            for held in _unpack(member.path, inner, depth + 1)
        ]
    return found
