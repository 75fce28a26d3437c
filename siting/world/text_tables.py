"""Tables of text: fields apart by commas, tabs, semicolons or bars."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from siting.wording import listing, shown
from siting.world.columns import POSITION
from siting.world.grids import HEADER_WITHIN, Grid, Laid, find_header, known_names, lay_out, score
from siting.world.positions import LAT_NAMES, LON_NAMES
from siting.world.raw import Source, UnreadableError, fold, suffix_of
from siting.world.stray_rows import take_out_strays

_WORDS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_DECIMAL_COMMA = re.compile(r"-?\d{1,3}(\.\d{3})+,\d+|-?\d+,\d+")
_CUT_DIGITS = re.compile(r"[1-9](\.\d+)?[Ee]\+\d{2}")
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_SPOILT = re.compile(rf"[Ee]\+|-{_MONTH}|{_MONTH}-", re.IGNORECASE)
_MADE_A_DATE = re.compile(rf"\d{{1,2}}-{_MONTH}|{_MONTH}-\d{{2}}", re.IGNORECASE)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_text(source: Source, path: Path, tell: Callable[[str], object]) -> Laid:
    """Read a table of text.

    Raises
    ------
    UnreadableError
        If it is none.
    """
    text = _decode(path, tell)
    mark, text = _find_mark(source, path, text, tell)
    grid = _split(text, mark)
    if grid.rows:
        take_out_strays(grid, find_header(grid, source), source, tell)
    laid = lay_out(grid, source, tell)
    _check_ids(source, laid, tell)
    if mark != ",":
        _check_decimals(source, laid)
        _tell_thousands(source, laid, tell)
    return laid


def _decode(path: Path, tell: Callable[[str], object]) -> str:
    content = path.read_bytes()
    if content.startswith(_UTF_16):
        tell("is text of UTF-16, as spreadsheets write it, and read as that")
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            raise UnreadableError("is not UTF-16, though it begins so; save it as UTF-8") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        raise UnreadableError(
            f"line {line}: byte 0x{byte:02x} is not UTF-8, so the file is perhaps Latin-1 or "
            "Windows-1252; save it as CSV UTF-8"
        ) from None


def _find_mark(
    source: Source, path: Path, text: str, tell: Callable[[str], object]
) -> tuple[str, str]:
    """What sets the fields apart: what gives most known names, and among equals the most fields."""
    usual = "\t" if suffix_of(path) == ".tsv" else ","
    named = re.match(r"sep=([,;|\t])\r?\n", text)
    if named is not None:
        # Excel's own line; blanked, so that lines keep their numbers.
        mark, text = named[1], "\n" + text[named.end() :]
    else:
        mark = _likeliest(source, text, usual)
    if mark != usual:
        tell(f"fields are apart by {_WORDS[mark]}, and read so")
    return mark, text


def _likeliest(source: Source, text: str, usual: str) -> str:
    start = text[: 2**16]
    known = known_names(source) | LON_NAMES | LAT_NAMES
    found = {}
    for mark in (usual, *(mark for mark in _WORDS if mark != usual)):
        try:
            rows = _split(start, mark, max(HEADER_WITHIN, source.header_row or 0)).rows
        except UnreadableError:
            continue
        scores = [score(cells, known) if len(cells) > 1 else 0 for cells in rows]
        names = max(scores, default=0)
        if mark == usual and names >= 2 and not _holds_marks(rows[scores.index(names)]):
            return usual
        found[mark] = (names, len(rows[0]) > 1 if rows else False)
    if not found:
        return usual
    best = max(found.values())
    marks = [mark for mark, value in found.items() if value == best]
    if len(marks) > 1 and usual not in marks and best[1]:
        apart = listing([_WORDS[mark] for mark in marks])
        raise UnreadableError(
            f"the names of the columns are apart by {apart}: which of them sets fields apart "
            "cannot be told; save it with commas"
        )
    return marks[0]


def _holds_marks(cells: Sequence[object]) -> bool:
    return any(mark in str(cell) for cell in cells for mark in _WORDS)


def _split(text: str, mark: str, most: int | None = None) -> Grid:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    grid = Grid([], [], "line")
    before = 0
    try:
        for row in reader:
            # The first field is looked at by itself, as nearly every row has one.
            if row and ((row[0] and not row[0].isspace()) or "".join(row).strip()):
                grid.rows.append(row)
                grid.numbers.append(before + 1)
            elif len(row) > 1:
                grid.blank.append(before + 1)
            before = reader.line_num
            if most is not None and len(grid.rows) >= most:
                break
    except csv.Error as error:
        raise UnreadableError(
            f"line {reader.line_num}: is not CSV: {error}; check the quotes"
        ) from None
    return grid


def _check_ids(source: Source, laid: Laid, tell: Callable[[str], object]) -> None:
    """Look for ids that a spreadsheet spoilt before it wrote the text: cut digits, and dates."""
    columns = [
        c.name for c in source.table.columns if c.kind in ("id", "text") and c.name != "name"
    ]
    folded = {fold(name) for ours in columns for name in (ours, *source.read_from(ours))}
    for name, values in laid.columns.items():
        if source.bundled or fold(name) not in folded:
            continue
        if not _SPOILT.search("\n".join(value for value in values if isinstance(value, str))):
            continue  # nearly every column: looked at all at once, for speed
        held = [(line, v) for line, v in zip(laid.numbers, values, strict=True) if v is not None]
        cut = [(line, v) for line, v in held if _CUT_DIGITS.fullmatch(str(v).strip())]
        if cut:
            line, value = cut[0]
            more = f", and {len(cut) - 1:,} more like it" if len(cut) > 1 else ""
            raise UnreadableError(
                f"line {line}: {name} is {shown(value)}{more}: a spreadsheet wrote a number of "
                "many digits so, of which the last are lost; give the column the format of text "
                "there, and export it again"
            )
        days = [(line, v) for line, v in held if _MADE_A_DATE.fullmatch(str(v).strip())]
        if days and len(days) < len(held):
            line, value = days[0]
            more = f", and a date in {len(days) - 1:,} more" if len(days) > 1 else ""
            tell(
                f"{name} is {shown(value)} in line {line}{more}, and read so; "
                "spreadsheets make dates of what looks like one, such as 3-1: look whether it was "
                "an id"
            )


def _names_of_numbers(source: Source) -> set[str]:
    """Folded names of the columns of numbers that are read."""
    numbers = {
        c.name for c in (*source.table.columns, *POSITION) if c.kind in ("number", "integer")
    }
    folded = {fold(name) for ours in numbers for name in (ours, *source.read_from(ours))}
    return folded | LON_NAMES | LAT_NAMES


def _tell_thousands(source: Source, laid: Laid, tell: Callable[[str], object]) -> None:
    """Tell where points may part thousands: where none of the file surely stands for decimals.

    Fields apart by semicolons are what programs write where decimals have a comma.
    """
    folded = _names_of_numbers(source)
    pointed: dict[str, list[tuple[int, str]]] = {}
    for name, values in laid.columns.items():
        if fold(name) not in folded:
            continue
        for line, value in zip(laid.numbers, values, strict=True):
            text = value.strip() if isinstance(value, str) else ""
            if "." in text:
                if not _THOUSANDS.fullmatch(text):
                    return
                pointed.setdefault(name, []).append((line, text))
    for name, held in pointed.items():
        line, text = held[0]
        lines = f"in all {len(held):,} lines with a point has" if len(held) > 1 else "has"
        tell(
            f"{name} is {text} in line {line}, and {lines} three digits behind it: it is read as "
            f"decimals, and not as {text.replace('.', '')}; write it without the point if it parts "
            "thousands"
        )


def _check_decimals(source: Source, laid: Laid) -> None:
    folded = _names_of_numbers(source)
    found: list[tuple[int, int, str, str]] = []
    for index, (name, values) in enumerate(laid.columns.items()):
        if fold(name) in folded:
            found += [
                (line, index, name, value)
                for line, value in zip(laid.numbers, values, strict=True)
                if isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value.strip())
            ]
    if found:
        line, _, name, value = min(found)
        more = len(found) - 1
        others = f", and {more:,} more like it" if more else ""
        raise UnreadableError(
            f"line {line}: {name} is {shown(value)}{others}: decimals are written with a comma, "
            "but are read with a point; save the numbers with points"
        )
