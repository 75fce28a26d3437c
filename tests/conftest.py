"""What all tests share: goldens, texts that a test compares with and one command remakes."""

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
