"""Finding the file of a model and reading its TOML."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from siting import resources
from siting.errors import InputError, Problem
from siting.wording import did_you_mean, listing, printable

MODEL_FILE = "model.toml"
"""Name of the model file in a model's folder."""


def find_model(path: str | Path) -> tuple[Path, str]:
    """The model file, and what to call it in messages."""
    given = Path(path)
    try:
        if given.is_file():
            return given, str(path)
        inside = given / MODEL_FILE
        if inside.is_file():
            return inside, inside.as_posix()
        is_folder = given.is_dir()
    except (OSError, ValueError) as error:
        raise InputError([Problem(_as_written(path)[:80], f"cannot be read: {error}")]) from None
    bundled = resources.bundled_models()
    if str(path) in bundled:
        return resources.models_folder() / str(path) / MODEL_FILE, f"bundled model '{path}'"
    raise InputError([Problem(_as_written(path), _say_no_model(given, bundled, is_folder))])


def _say_no_model(given: Path, bundled: tuple[str, ...], is_folder: bool) -> str:
    if is_folder:
        others = sorted(file.name for file in given.glob("*.toml"))
        if others:
            return (
                f"the folder has no {MODEL_FILE}, but has {listing(others)}; name the file, or "
                f"call it {MODEL_FILE}"
            )
        return f"the folder has no {MODEL_FILE}; name a folder or a file that holds a model"
    folder = given.parent
    near = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    close = did_you_mean(given.name, [*bundled, *near] if folder == Path() else near)
    hint = f"; did you mean {(folder / close).as_posix()}?" if close else ""
    if given.name == str(given) and not given.suffix:
        models = f"; the bundled models are {listing(bundled)}" if bundled and not close else ""
        return f"is neither a folder, a file nor a bundled model{hint}{models}"
    return f"there is no such file or folder{hint or '; check the path'}"


def _as_written(path: str | Path) -> str:
    return printable(path if isinstance(path, str) else path.as_posix()) or "."


def read_toml(file: Path, where: str) -> dict[str, Any]:
    """Keys and tables of a TOML file; a syntax error is said with its line."""
    text = ""
    try:
        text = file.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        what = f"line {line}: is not UTF-8 text, and TOML must be; save the file as UTF-8"
    except tomllib.TOMLDecodeError as error:
        what = _say_syntax(str(error), text.splitlines())
    except RecursionError:
        what = "arrays or tables are nested too deep to be read; a model needs two levels"
    except ValueError:
        # tomllib leaves this to int(), which refuses thousands of digits.
        what = "a number has too many digits to be read; write it shorter"
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
    raise InputError([Problem(where, what)])


def _say_syntax(message: str, lines: list[str]) -> str:
    match = re.fullmatch(r"(?s)(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)", message)
    if match is None:
        return f"is not TOML: {message}"
    what = match[1][0].lower() + match[1][1:]
    place = f"line {match[2]}, column {match[3]}" if match[2] else "end of the file"
    line = lines[int(match[2]) - 1] if match[2] and int(match[2]) <= len(lines) else ""
    if re.fullmatch(r"\s*[\w.]+\s*=\s*[+-]?[\d._]+\s*[A-Za-z%$/]+\s*(#.*)?", line):
        return (
            f"{place}: is not TOML: {what}; a number stands without its unit, in that of its key: "
            "target_mw = 5000 is 5 GW"
        )
    return f"{place}: is not TOML: {what}; a line reads key = value, and text is in quotes"


def with_changes(
    values: dict[str, Any], changes: Mapping[str, object], where: str
) -> dict[str, Any]:
    """Values with some key paths changed; None takes a key out."""
    wrong = [key for key in changes if not all(key.split("."))]
    if wrong:
        raise InputError(
            Problem(where, f"'{key}' is not the path of a key; write it as cluster.target_mw")
            for key in wrong
        )
    changed = copy.deepcopy(values)
    for key, value in changes.items():
        *tables, last = key.split(".")
        table = changed
        for name in tables:
            inner = table.get(name)
            if not isinstance(inner, dict):
                inner = table[name] = {}
            table = cast("dict[str, Any]", inner)
        if value is None:
            table.pop(last, None)
        else:
            table[last] = copy.deepcopy(value)
    return changed


def write_value(value: object) -> str:
    """A value of a key as a model file may write it."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False)
