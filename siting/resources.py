"""Where worlds and models are: bundled in an installed package or a checkout, or built."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_folder() -> Path:
    """Folder of the bundled worlds, one folder each."""
    return _folder("_data", "data")


def models_folder() -> Path:
    """Folder of the bundled models, one folder each."""
    return _folder("_models", "models")


def bundled_worlds() -> tuple[str, ...]:
    """Names of the bundled worlds, sorted."""
    return _names(data_folder(), "world.toml")


def bundled_models() -> tuple[str, ...]:
    """Names of the bundled models, sorted."""
    return _names(models_folder(), "model.toml")


BUILDABLE_WORLDS = ("us_all",)
"""Worlds that are too large to be bundled; ``make world`` builds them."""


def built_worlds_folder() -> Path:
    """Folder of the worlds that were built on this computer, one folder each.

    ``SITING_WORLDS`` if it is set, else ``siting/worlds`` in the platform's folder for a user's
    data: ``XDG_DATA_HOME`` or ``~/.local/share`` on Linux, ``~/Library/Application Support`` on
    macOS, ``LOCALAPPDATA`` on Windows.
    """
    if own := os.environ.get("SITING_WORLDS"):
        return Path(own)
    try:
        home = Path.home()
    except RuntimeError:  # an account without a home
        home = Path()
    if sys.platform == "win32":
        data = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        data = home / "Library" / "Application Support"
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return data / "siting" / "worlds"


def built_worlds() -> tuple[str, ...]:
    """Names of the buildable worlds that are built, sorted."""
    built = _names(built_worlds_folder(), "world.toml")
    return tuple(name for name in built if name in BUILDABLE_WORLDS)


def _folder(in_wheel: str, in_checkout: str) -> Path:
    # A wheel carries both folders inside the package; a checkout and an editable install, whose
    # package is the checkout's own, keep them beside it.
    packed = _PACKAGE / in_wheel
    return packed if packed.is_dir() else _PACKAGE.parent / in_checkout


def _names(folder: Path, marker: str) -> tuple[str, ...]:
    return tuple(sorted(path.parent.name for path in folder.glob(f"*/{marker}")))
