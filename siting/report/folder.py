"""A folder of files that is complete or untouched, whenever the writing stops."""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from siting.errors import InputError, Problem
from siting.report.hidden import WAITING, hidden_beside

MAP_FILE = "map.html"
PLAN_FILE = "plan.json"
LAYER_FILES = ("campuses.geojson", "clusters.geojson", "links.geojson", "zones.geojson")
FILES = tuple(sorted((MAP_FILE, PLAN_FILE, *LAYER_FILES)))
"""Names of the files of a plan's folder."""

PLAN_KEYS = frozenset({"schema", "model", "clusters", "audit"})
"""Keys by which ``plan.json`` is told from another file."""


def place_folder(
    target: Path, texts: Mapping[str, str], check: Callable[[str | Path], Path]
) -> Path:
    """Write files into a folder that is complete or untouched.

    Parameters
    ----------
    target
        The folder, which was checked.
    texts
        Names of the files and what they hold.
    check
        Checks the folder once more, right before it is replaced.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with hidden_beside(target) as hidden:
        fresh = hidden / target.name
        fresh.mkdir()
        for name, text in texts.items():
            (fresh / name).write_text(text, encoding="utf-8", newline="\n")
        check(target)
        _take_place(fresh, target, hidden)
    return target


def check_folder(folder: str | Path) -> Path:
    """Refuse a folder whose replacement would lose what a user put there.

    Parameters
    ----------
    folder
        Where a plan is to be written.

    Returns
    -------
    Path
        The folder, as an absolute path, links followed.

    Raises
    ------
    InputError
        When it is a file, or holds anything but an earlier plan.
    """
    return check_folder_of(folder, FILES.__contains__, PLAN_FILE, PLAN_KEYS)


def check_folder_of(
    folder: str | Path, ours: Callable[[str], bool], main_file: str, keys: AbstractSet[str]
) -> Path:
    """Refuse a folder that holds anything but what this program wrote there earlier.

    Parameters
    ----------
    folder
        Where files are to be written.
    ours
        Whether a file of this name may be one of them.
    main_file, keys
        The JSON file that tells, and keys that it has.
    """
    target = Path(folder).expanduser().resolve()
    what = _objection(target, ours, main_file, keys)
    if what:
        raise InputError([Problem(f"output folder {folder}", what)])
    return target


def _objection(
    target: Path, ours: Callable[[str], bool], main_file: str, keys: AbstractSet[str]
) -> str | None:
    """Why a plan cannot be written here, if so."""
    present = next(place for place in (target, *target.parents) if place.exists())
    if not present.is_dir():
        return f"{present} is a file, but a plan is a folder of files; name another folder"
    above = target.parent if present == target else present
    if above == target:
        return "the root of the file system cannot be replaced; name another folder"
    if not os.access(above, os.W_OK | os.X_OK):
        return f"{above} cannot be written to; change its permissions or name another folder"
    return _loss(target, ours, main_file, keys) if present == target else None


def _loss(
    target: Path, ours: Callable[[str], bool], main_file: str, keys: AbstractSet[str]
) -> str | None:
    """What replacing a folder would delete that is no earlier plan, if anything."""
    names = sorted(entry.name for entry in target.iterdir())
    strangers = [name for name in names if not ours(name)]
    if strangers:
        shown = ", ".join(strangers[:5]) + (", ..." if len(strangers) > 5 else "")
        held = f"holds {shown}"
    elif names and not _has_keys(target / main_file, keys):
        held = f"holds {', '.join(names)}, but no {main_file} that siting wrote"
    else:
        return None
    return (
        f"{held}, which a plan would replace; only an empty folder or an earlier plan is replaced; "
        "name another folder"
    )


def _has_keys(path: Path, keys: AbstractSet[str]) -> bool:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and keys <= content.keys()


def _take_place(fresh: Path, target: Path, hidden: Path) -> None:
    """Put the fresh folder in the target's place, in one step where the system has one."""
    if not target.exists():
        fresh.rename(target)
    elif not _exchange(fresh, target):
        # Without an exchange there is a moment in which the old folder waits, whole, in the
        # hidden one; it comes back if the fresh one cannot take its place.
        waiting = hidden / f"{target.name}{WAITING}"
        target.rename(waiting)
        try:
            fresh.rename(target)
        except BaseException:
            waiting.rename(target)
            raise


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system cannot."""
    # Python offers no such call: Linux has renameat2(2), macOS renamex_np(2).
    try:
        library = ctypes.CDLL(None, use_errno=True)
        here, there = os.fsencode(one), os.fsencode(other)
        if sys.platform == "linux":
            at_working_folder, exchange = -100, 2
            failed = library.renameat2(at_working_folder, here, at_working_folder, there, exchange)
        elif sys.platform == "darwin":
            swap = 2
            failed = library.renamex_np(here, there, swap)
        else:
            return False
    except (AttributeError, OSError, TypeError):
        return False
    return bool(failed == 0)
