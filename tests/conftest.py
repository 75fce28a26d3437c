"""What all tests share: goldens, texts that a test compares with and one command remakes."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--remake-goldens",
        action="store_true",
        help="write what tests found over the texts that they compare with",
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str | Path, str], None]:
    """Compare a text with a file: ``golden("rules/size_campus.lp", text)``.

    Names are relative to ``tests/golden``. ``make goldens`` writes the files anew; read the diff
    before you commit it.
    """
    remake = request.config.getoption("--remake-goldens")

    def compare(name: str | Path, text: str) -> None:
        path = GOLDEN / name
        if remake:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        assert path.exists(), f"{path} is missing; `make goldens` writes it"
        assert text == path.read_text(encoding="utf-8"), "`make goldens` remakes it, if it is meant"

    return compare


@pytest.fixture
def shared() -> Path:
    """Real public files: a folder beside the checkout, or one that the environment names."""
    told = os.environ.get("SITING_SHARED_DATA")
    places = [Path(told)] if told else [up / "shared" / "data" for up in GOLDEN.parents]
    folder = next((place for place in places if place.is_dir()), None)
    if folder is None:
        pytest.skip("needs real public files, in the folder that SITING_SHARED_DATA names")
    return folder
