"""Fingerprints of files: whether tables are still the ones that were read."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterable
from pathlib import Path

from siting.world.raw import SIDECARS, Source, suffix_of


def fingerprint(sources: Iterable[Source]) -> str:
    """SHA-256 of what the files hold and how they are read, whatever they are called.

    Raises
    ------
    OSError
        If one of them cannot be read.
    """
    digest = hashlib.sha256(b"siting world 1")
    for source in sorted(sources, key=lambda source: source.table.name):
        for path in _files_of(source.path):
            if not path.is_file():
                # To open a pipe would wait for whoever fills it, and a device may never end.
                raise OSError(errno.EINVAL, "is no file", str(path))
            content = path.read_bytes()
            suffix = path.suffix.lower()
            digest.update(f"\n{source.table.name}{suffix} {len(content)}\n".encode())
            digest.update(content)
        told = (source.layers, source.header_row, source.columns)
        if any(told):
            digest.update(f"\n{source.table.name} {told!r}\n".encode())
    return digest.hexdigest()


def _files_of(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    belong = SIDECARS.get(suffix_of(path), ())
    beside = [
        file
        for file in (sorted(path.parent.iterdir()) if belong else [])
        if file.stem == path.stem and suffix_of(file) in belong and file.is_file()
    ]
    return [path, *sorted(beside, key=lambda file: belong.index(suffix_of(file)))]
