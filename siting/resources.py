"""Where the bundled worlds and models are: inside an installed package, or in a checkout."""

from __future__ import annotations

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


def _folder(in_wheel: str, in_checkout: str) -> Path:
    # A wheel carries both folders inside the package; a checkout and an editable install, whose
    # package is the checkout's own, keep them beside it.
    packed = _PACKAGE / in_wheel
    return packed if packed.is_dir() else _PACKAGE.parent / in_checkout


def _names(folder: Path, marker: str) -> tuple[str, ...]:
    return tuple(sorted(path.parent.name for path in folder.glob(f"*/{marker}")))
