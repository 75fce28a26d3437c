"""What can be computed again, kept on disk: a cache that only ever saves time.

The folder is ``SITING_CACHE`` if that is set, else the user's cache folder (`cache_folder`).
Each kind of content has a shelf of its own, a folder in it: to clear the cache delete the shelves.
``SITING_CACHE=`` (set, but empty) turns the cache off.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 2_000_000_000
"""Entries that were used longest ago are dropped beyond this size of a shelf [bytes]."""

ABANDONED_S = 86_400.0
"""Age at which the unfinished file of a process counts as left behind [s]: a day."""


def cache_folder() -> Path | None:
    """Where siting keeps what it can compute again; ``None`` when the cache is turned off.

    ``SITING_CACHE`` if it is set, else ``siting`` in the platform's cache folder:
    ``XDG_CACHE_HOME`` or ``~/.cache`` on Linux, ``~/Library/Caches`` on macOS,
    ``LOCALAPPDATA`` on Windows.
    """
    if (own := os.environ.get("SITING_CACHE")) is not None:
        return Path(own) if own else None
    try:
        home = Path.home()
    except RuntimeError:  # an account without a home
        return None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "siting"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "siting"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "siting"


@dataclass(frozen=True)
class Shelf:
    """Entries of one kind, each a file named by the hash of all that it was computed from.

    A file carries a checksum of all that it holds: one that is cut short, damaged or not ours is
    as good as missing. Several processes may use one folder: an entry appears whole, by renaming,
    and is never changed. A folder that cannot be written, or read, only costs the time to compute.

    Parameters
    ----------
    name
        Name of its folder in the cache, and suffix of its files.
    format
        First line of an entry. Count up when what it holds, or the way it is computed, changes.
    """

    name: str
    format: bytes

    def path(self, folder: Path, key: str) -> Path:
        """Where an entry is."""
        return folder / self.name / f"{key}.{self.name}"

    def read(self, folder: Path, key: str) -> memoryview | None:
        """What an entry holds, or ``None`` where there is none that can be trusted."""
        path = self.path(folder, key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        head = self._head(key)
        body_at = len(head) + len(_checksum(b""))
        if not content.startswith(head):
            return None
        body = memoryview(content)[body_at:]
        if content[len(head) : body_at] != _checksum(body):
            return None
        # From here on the bytes are the ones that `write` wrote.
        with contextlib.suppress(OSError):
            os.utime(path)  # `_prune` goes by when an entry was last used
        return body

    def write(self, folder: Path, key: str, body: bytes | memoryview) -> None:
        """Keep an entry if the folder allows it: whole or not at all, whoever else is writing."""
        path = self.path(folder, key)
        temporary: Path | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                dir=path.parent, prefix=f"{key[:16]}.", suffix=".part", delete=False
            ) as file:
                temporary = Path(file.name)
                file.write(self._head(key) + _checksum(body))
                file.write(body)
            temporary.replace(path)
        except OSError:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    temporary.unlink()
        else:
            with contextlib.suppress(OSError):  # another process may have dropped the whole folder
                _prune(path)

    def _head(self, key: str) -> bytes:
        return self.format + f"{key}\n".encode()


def _prune(newest: Path) -> None:
    """Drop what a killed process left, and the entries used longest ago while all are too large."""
    entries, abandoned = [], []
    excess = -MAX_BYTES
    for path in newest.parent.iterdir():
        with contextlib.suppress(OSError):  # another process may have dropped it
            stat = path.stat()
            if path.suffix == newest.suffix:
                excess += stat.st_size
                if path != newest:
                    entries.append((stat.st_mtime, stat.st_size, path))
            elif path.suffix == ".part" and stat.st_mtime < time.time() - ABANDONED_S:
                abandoned.append(path)
    for _, size, path in sorted(entries):
        if excess > 0:
            abandoned.append(path)
            excess -= size
    for path in abandoned:
        with contextlib.suppress(OSError):
            path.unlink()


def _checksum(body: bytes | memoryview) -> bytes:
    return hashlib.sha256(body).hexdigest().encode() + b"\n"
