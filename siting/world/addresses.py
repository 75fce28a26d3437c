"""Tables named by an address: fetched only where the model asks for it, and never by a reader."""

from __future__ import annotations

import atexit
import hashlib
import re
import shutil
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

import pyogrio

from siting.world.archives import MOST_BYTES
from siting.world.raw import UnreadableError

FETCHED = ("https", "http", "ftp")
"""Kinds of addresses that are fetched."""

LONGEST_S = 60.0
"""A server that says nothing for so long has no table [s]."""

# Readers open such names by themselves, and fetch what they name.
_ADDRESS = re.compile(r"\s*([\w+.-]{2,}:/{1,2}|/vsi\w+[/?])", re.IGNORECASE)

# GDAL (3.12) has no word for "no network". Files of /vsicurl/ and its like are as good as absent,
# but for one of this name; all else goes through a proxy that is not there.
_OFFLINE = {
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
    "GDAL_HTTP_PROXY": "127.0.0.1:1",
    "GDAL_HTTPS_PROXY": "127.0.0.1:1",
}

_fetched: dict[str, Path] = {}


def is_address(name: str) -> bool:
    """Whether a name is that of a file elsewhere, by any of the ways that readers know."""
    return _ADDRESS.match(name) is not None


@contextmanager
def offline() -> Iterator[None]:
    """Keep GDAL from fetching what a file names."""
    before = {key: pyogrio.get_gdal_config_option(key) for key in _OFFLINE}
    pyogrio.set_gdal_config_options(_OFFLINE)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def fetch(address: str) -> Path:
    """Fetch a file, once for each address and process.

    Returns
    -------
    A copy of it that is there until the process ends.

    Raises
    ------
    UnreadableError
        If it cannot be had.
    """
    address = address.strip()
    if address not in _fetched:
        _fetched[address] = _fetch(address)
    return _fetched[address]


def say_fetched(path: Path) -> str:
    """What was fetched, so that somebody else can tell whether it is the same."""
    content = path.read_bytes()
    return (
        f"is fetched from its address, {len(content):,} bytes with the SHA-256 "
        f"{hashlib.sha256(content).hexdigest()}; another day there may be another table: "
        "download it to keep it"
    )


def _fetch(address: str) -> Path:
    parts = urllib.parse.urlsplit(address)
    if parts.scheme.lower() not in FETCHED or not parts.netloc:
        raise UnreadableError(
            f"is an address of a kind that is not fetched, which are {', '.join(FETCHED)}; "
            "download it, and name the file"
        )
    name = PurePosixPath(urllib.parse.unquote(parts.path)).name
    if not PurePosixPath(name).suffix:
        raise UnreadableError(
            "is an address that does not end in the name of a file, such as sites.csv, so that it "
            "does not say what it is; download it, and name the file"
        )
    folder = Path(tempfile.mkdtemp(prefix="siting-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    target = folder / name
    try:
        # Redirections lead to addresses of the same kinds alone, as urllib sees to.
        with (
            urllib.request.urlopen(address, timeout=LONGEST_S) as answer,  # noqa: S310 -- checked above
            target.open("wb") as file,
        ):
            _copy(answer, file)
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        code = f"{error.code} " if isinstance(error, urllib.error.HTTPError) else ""
        raise UnreadableError(
            f"cannot be fetched: {code}{why}; download it, and name the file"
        ) from None
    return target


def _copy(answer: IO[bytes], file: IO[bytes]) -> None:
    written = 0
    while block := answer.read(2**20):
        written += len(block)
        if written > MOST_BYTES:
            raise UnreadableError(
                f"is larger than {MOST_BYTES // 2**30} GB, more than a table has; download what "
                "is needed of it"
            )
        file.write(block)
