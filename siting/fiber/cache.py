"""Reach from a cache on disk, so that only the first run of a world pays for its distances.

An entry is keyed by the content that it was computed from, and its file carries a checksum of
all that it holds: a file that is cut short, damaged or not ours is computed again and replaced.
Whatever goes wrong with the cache, the reach is right; the cache only saves time.

The folder is ``SITING_CACHE`` if that is set, else the user's cache folder (``cache_folder``).
To clear the cache delete the folder ``reach`` in it; nothing else is kept there. ``SITING_CACHE=``
(set, but empty) turns the cache off.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from siting.fiber.distances import reach_of_access
from siting.fiber.graph import Access, FiberGraph
from siting.fiber.reach import Reach

FORMAT = b"siting reach 1\n"
"""First line of an entry. Count up when the file or the way a reach is computed changes."""

MAX_BYTES = 2_000_000_000
"""Entries that were used longest ago are dropped beyond this size of all of them [bytes]."""


ABANDONED_S = 86_400.0
"""Age at which the unfinished file of a process counts as left behind [s]: a day."""


def cached_reach(
    graph: FiberGraph, access: Access, *, limit_km: float, folder: Path | None = None
) -> Reach:
    """Reach as `reach_of_access` computes it, from the cache where it is known.

    Parameters
    ----------
    graph, access, limit_km
        As for `reach_of_access`.
    folder
        Folder of the cache; by default `cache_folder`.

    Notes
    -----
    Several processes may use one folder: an entry appears whole, by renaming, and is never
    changed. A folder that cannot be written, or read, only costs the time to compute.
    """
    folder = cache_folder() if folder is None else folder
    if folder is None:
        return reach_of_access(graph, access, limit_km=limit_km)
    key = reach_key(graph, access, limit_km)
    path = folder / "reach" / f"{key}.reach"
    reach = _read(path, key, limit_km)
    if reach is None:
        reach = reach_of_access(graph, access, limit_km=limit_km)
        _write(path, key, reach)
    return reach


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


def reach_key(graph: FiberGraph, access: Access, limit_km: float) -> str:
    """Hash of everything that a reach depends on: spans, where sites join, over what, the limit.

    The sites' positions and the route factor are in the accesses; ids change no distance.
    """
    digest = hashlib.sha256(FORMAT)
    for numbers in (graph.indptr, graph.indices, graph.km, access.node, access.km):
        digest.update(f"{numbers.dtype.str} {numbers.shape}\n".encode())
        digest.update(np.ascontiguousarray(numbers).tobytes())
    digest.update(float(limit_km).hex().encode())
    return digest.hexdigest()


def _read(path: Path, key: str, limit_km: float) -> Reach | None:
    """The reach of an entry, or ``None`` where there is none that can be trusted."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    head = FORMAT + f"{key}\n".encode()
    body_at = len(head) + len(_checksum(b""))
    if not content.startswith(head):
        return None
    body = memoryview(content)[body_at:]
    if content[len(head) : body_at] != _checksum(body):
        return None
    # From here on the bytes are the ones that `_write` wrote.
    with contextlib.suppress(OSError):
        os.utime(path)  # `_prune` goes by when an entry was last used
    stream = io.BytesIO(body)
    indptr, indices, km = (npy.read_array(stream, allow_pickle=False) for _ in range(3))
    return Reach(limit_km, indptr, indices.astype(np.int64), km)


def _write(path: Path, key: str, reach: Reach) -> None:
    """Keep an entry if the folder allows it: whole or not at all, whoever else is writing."""
    body = io.BytesIO()
    # Positions of sites fit into 32 bits: a third less to write and to check.
    for numbers in (reach.indptr, reach.indices.astype(np.int32), reach.km):
        npy.write_array(body, numbers, allow_pickle=False)
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f"{key[:16]}.", suffix=".part", delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(FORMAT + f"{key}\n".encode() + _checksum(body.getbuffer()))
            file.write(body.getbuffer())
        temporary.replace(path)
    except OSError:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
    else:
        with contextlib.suppress(OSError):  # another process may have dropped the whole folder
            _prune(path)


def _prune(newest: Path) -> None:
    """Drop what a killed process left, and the entries used longest ago while all are too large."""
    entries, abandoned = [], []
    excess = -MAX_BYTES
    for path in newest.parent.iterdir():
        with contextlib.suppress(OSError):  # another process may have dropped it
            stat = path.stat()
            if path.suffix == ".reach":
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
