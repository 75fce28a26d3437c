"""A hidden folder beside what is written, and the end of those that killed runs left."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

ALIVE = ".alive"
"""End of the name of the file that a run holds locked for as long as it writes."""

WAITING = ".old"
"""End of the name of an earlier folder that waits for a fresh one to take its place."""

UNLOCKED_S = 24 * 3600.0
"""A folder without such a file is nobody's any more after so long: to write takes seconds [s]."""


@contextmanager
def hidden_beside(target: Path) -> Iterator[Path]:
    """Give a hidden folder beside a target, and take away those that killed runs left there.

    Parameters
    ----------
    target
        What is written; it need not be there, the folder that it is in has to.
    """
    remove_left(target)
    # The hidden folder's inside has the permissions that any new folder has here.
    hidden = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
    lock = None
    try:
        lock = os.open(hidden / f"{target.name}{ALIVE}", os.O_CREAT | os.O_RDWR, 0o600)
        _is_locked(lock)
        yield hidden
    finally:
        _remove(hidden, target)
        if lock is not None:
            os.close(lock)


def remove_left(target: Path) -> None:
    """Take away hidden folders beside a target whose runs are dead.

    A system gives the locks of a dead process back, whatever ended it, so that a lock tells better
    than the number of a process, which another one may have by now. An earlier folder that waited
    when its run was killed comes back first, if nothing took its place.
    """
    name = re.compile(re.escape(_prefix(target)) + r"[a-z0-9_]{8}")
    with contextlib.suppress(OSError):
        for folder in sorted(target.parent.iterdir()):
            if name.fullmatch(folder.name) and _is_left(folder, target):
                waiting = folder / f"{target.name}{WAITING}"
                if waiting.is_dir() and not target.exists():
                    waiting.rename(target)
                _remove(folder, target)


def _remove(folder: Path, target: Path) -> None:
    """Take a folder away, the file that tells whose it is last: this, too, may be killed."""
    for held in f"{target.name}{WAITING}", target.name:
        place = folder / held
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _prefix(target: Path) -> str:
    return f".{target.name}.siting-"


def _is_left(folder: Path, target: Path) -> bool:
    """Whether a folder is ours and its run is dead."""
    try:
        about = folder.lstat()
        if folder.is_symlink() or not folder.is_dir():
            return False
        if hasattr(os, "getuid") and about.st_uid != os.getuid():
            return False
        ours = {f"{target.name}{end}" for end in ("", ALIVE, WAITING)}
        if any(held.name not in ours for held in folder.iterdir()):
            return False
        file = folder / f"{target.name}{ALIVE}"
        if not file.exists():
            return time.time() - about.st_mtime > UNLOCKED_S
        lock = os.open(file, os.O_RDWR)
    except OSError:
        return False
    try:
        return sys.platform != "win32" and not _is_locked(lock)
    finally:
        os.close(lock)


def _is_locked(lock: int) -> bool:
    """Whether another run holds a lock; else this one has it now, where the system has locks."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
