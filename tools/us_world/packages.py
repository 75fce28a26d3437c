"""The registry packages that the world is made of: fetched, verified, read without installing."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """One download, as its registry names it.

    ``arguments`` are what the ordinary client is given beside the requirement.
    """

    name: str
    version: str
    registry: str
    file: str
    sha256: str
    arguments: tuple[str, ...]
    licence: str
    attribution: str
    used_for: str


PACKAGES: tuple[Package, ...] = (
    Package(
        name="powersimdata",
        version="0.5.5",
        registry="PyPI",
        file="powersimdata-0.5.5-py3-none-any.whl",
        sha256="45680a2e320967ca27fec02997e448a2f92def0eda53cd1f264720accca110de",
        arguments=("--only-binary", ":all:"),
        licence="MIT; network data CC BY 4.0",
        attribution=(
            "Breakthrough Energy Sciences, PowerSimData (doi:10.5281/zenodo.4538590); network "
            "derived from the synthetic Texas A&M (TAMU) grids; balancing areas from ReEDS (NREL)"
        ),
        used_for="zones, sites, corridors of fiber, supply",
    ),
    Package(
        name="topohub",
        version="1.5.1",
        registry="PyPI",
        file="topohub-1.5.1-py3-none-any.whl",
        sha256="331dd0dab419ede67d5a680b724795d2320fb7f45bd8f2cf2281f155a117cdbb",
        arguments=("--only-binary", ":all:"),
        licence="MIT",
        attribution="Piotr Jurkiewicz, TopoHub: synthetic backbone north_america_nosc",
        used_for="backbone of fiber",
    ),
    Package(
        name="nlr-reveal",
        version="0.2.2",
        registry="PyPI",
        file="nlr_reveal-0.2.2.tar.gz",
        sha256="cb1010da54330dbd313fba507669efa5ffb4804318b8988808d49f0d834f3b8e",
        # The tables are in the source distribution alone, which asks for a newer Python than we do.
        arguments=("--no-binary", "nlr-reveal", "--ignore-requires-python"),
        licence="BSD-3-Clause",
        attribution="Alliance for Energy Innovation, LLC and Root Geospatial LLC, reVeal",
        used_for="land and existing datacenters of the sites",
    ),
    Package(
        name="codecarbon",
        version="3.3.2",
        registry="PyPI",
        file="codecarbon-3.3.2-py3-none-any.whl",
        sha256="05b31dea9dd26ed1e90947973c9ef20c87d127ea71fc32b4cb55a3ec512b8897",
        arguments=("--only-binary", ":all:"),
        licence="MIT",
        attribution="CodeCarbon contributors; rates from EPA eGRID2023 (public domain)",
        used_for="CO2 of the zones",
    ),
    Package(
        name="us-atlas",
        version="3.0.1",
        registry="npm",
        file="us-atlas-3.0.1.tgz",
        sha256="e6daba1800885868303ad3549da62f85a557b8142bb72629ec15651de62f9c5d",
        arguments=(),
        licence="ISC",
        attribution="Michael Bostock, U.S. Atlas TopoJSON; outlines from the US Census Bureau",
        used_for="states",
    ),
)


class Archives:
    """Files inside the verified downloads, opened by package name and path."""

    def __init__(self, folder: Path) -> None:
        self._path = {package.name: fetch(package, folder) for package in PACKAGES}

    def open(self, package: str, inner: str) -> io.BytesIO:
        """Open one file of a package for reading.

        Parameters
        ----------
        package
            Name of the package.
        inner
            Path inside a wheel, or inside a source archive below its top folder.
        """
        path = self._path[package]
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                return io.BytesIO(wheel.read(inner))
        with tarfile.open(path) as archive:
            top = archive.getnames()[0].split("/")[0]
            member = archive.extractfile(f"{top}/{inner}")
            if member is None:
                raise SystemExit(f"{path.name}: {inner} is not a file")
            return io.BytesIO(member.read())


def fetch(package: Package, folder: Path) -> Path:
    """Download a package into a folder unless it is there already, and verify its sha256.

    Raises
    ------
    SystemExit
        If the client fails, or the bytes are not the ones that the world was made from.
    """
    path = folder / package.file
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        print(f"fetching {package.name} {package.version} from {package.registry}", file=sys.stderr)
        subprocess.run(_client(package, folder), check=True, stdout=subprocess.DEVNULL)
    found = sha256(path)
    if found != package.sha256:
        raise SystemExit(
            f"{path}: sha256 is {found}, expected {package.sha256}; "
            "remove the file to fetch it again"
        )
    return path


def cached(folder: Path) -> bool:
    """Tell whether every download is in a folder, so that a build needs no network."""
    return all((folder / package.file).exists() for package in PACKAGES)


def _client(package: Package, folder: Path) -> list[str]:
    if package.registry == "npm":
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit(f"npm is needed to fetch {package.name}; install Node.js")
        what = f"{package.name}@{package.version}"
        return [npm, "pack", "--silent", what, "--pack-destination", str(folder)]
    return [
        sys.executable,
        *("-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)),
        *package.arguments,
        f"{package.name}=={package.version}",
    ]


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
