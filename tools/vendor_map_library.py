"""Refresh the mapping library that travels inside every map.html.

The npm client fetches the package by its name and version; its archive must have the fingerprint
that is pinned here. To take another version, change both pins and run `make map-library`.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "leaflet"
VERSION = "1.9.4"
ARCHIVE_SHA256 = "84c65a256e50657896f54c33bd857b6849ebe94c817803be818bf32a3dde0b77"
FILES = {
    "package/dist/leaflet.js": "leaflet.js",
    "package/dist/leaflet.css": "leaflet.css",
    "package/LICENSE": "LICENSE",
}
"""Files of the archive, and their names in the checkout."""

FOLDER = Path(__file__).parent.parent / "siting" / "report" / "map_page" / "leaflet"


def fetch(folder: Path) -> Path:
    """Fetch the pinned archive into a folder with the npm client."""
    command = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--json", "--pack-destination", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"npm cannot fetch {PACKAGE} {VERSION}:\n{done.stderr}")
    archive = next(folder.glob("*.tgz"))
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != ARCHIVE_SHA256:
        sys.exit(f"{archive.name} has sha256 {found}, but {ARCHIVE_SHA256} is pinned; not taken")
    return archive


def unpack(archive: Path, folder: Path) -> None:
    """Write the files that are needed, with LF at line ends, and what they are."""
    folder.mkdir(parents=True, exist_ok=True)
    fingerprints = {}
    with tarfile.open(archive) as package:
        for member, name in FILES.items():
            stream = package.extractfile(member)
            assert stream is not None, member
            content = stream.read().replace(b"\r\n", b"\n")
            (folder / name).write_bytes(content)
            fingerprints[name] = hashlib.sha256(content).hexdigest()
    about = {
        "package": PACKAGE,
        "version": VERSION,
        "licence": "BSD-2-Clause",
        "archive_sha256": ARCHIVE_SHA256,
        "sha256": fingerprints,
    }
    (folder / "vendored.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Refresh the folder."""
    with tempfile.TemporaryDirectory() as folder:
        unpack(fetch(Path(folder)), FOLDER)
    print(f"{PACKAGE} {VERSION} is in {FOLDER.relative_to(FOLDER.parents[3])}")


if __name__ == "__main__":
    main()
