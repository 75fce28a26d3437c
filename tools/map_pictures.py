"""Take the pictures of the documentation: the map of every bundled model that has a plan.

That of one model is taken wide and narrow, light and dark. `make pictures` runs it. It needs
Chromium and its driver (Debian: chromium, chromium-driver).
"""

from __future__ import annotations

import argparse
import base64
import io
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import siting

FOLDER = Path(__file__).parent.parent / "docs" / "images"
MODELS = FOLDER.parent.parent / "models"
WIDE, NARROW, SMALL = (1440, 900), (390, 844), (1280, 760)
PICTURES = {
    "map_wide_light.png": (WIDE, "light"),
    "map_wide_dark.png": (WIDE, "dark"),
    "map_narrow_light.png": (NARROW, "light"),
    "map_narrow_dark.png": (NARROW, "dark"),
}
MOST_BYTES = 400_000
MOST_BYTES_OF_A_MODEL = 120_000


def find_chromium() -> tuple[str, str] | None:
    """Places of the browser and its driver, if both are there."""
    names = ("chromium", "chromium-browser", "google-chrome")
    browser = next((place for name in names if (place := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


@contextmanager
def open_browser(size: tuple[int, int], theme: str = "light") -> Iterator[webdriver.Chrome]:
    """A headless browser of some size [CSS pixels] that reaches no network.

    Its console and its requests are logged.
    """
    places = find_chromium()
    if places is None:
        sys.exit("needs Chromium and its driver; on Debian: apt install chromium chromium-driver")
    width, height = size
    with tempfile.TemporaryDirectory() as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = places[0]
        for argument in (
            "--headless=new",
            "--no-sandbox",  # a container has no user namespaces; the page is our own
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-quic",
            "--hide-scrollbars",
            "--force-color-profile=srgb",
            "--proxy-server=127.0.0.1:9",  # the discard port: whatever is asked for is refused
            "--proxy-bypass-list=<-loopback>",
            f"--user-data-dir={profile}",
            f"--window-size={width},{height}",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        browser = webdriver.Chrome(options=options, service=Service(places[1]))
        try:
            shape = {"width": width, "height": height, "deviceScaleFactor": 1}
            browser.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride", {**shape, "mobile": width < 600}
            )
            scheme = {"name": "prefers-color-scheme", "value": theme}
            calm = {"name": "prefers-reduced-motion", "value": "reduce"}
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme, calm]})
            yield browser
        finally:
            browser.quit()


def open_page(browser: webdriver.Chrome, page: Path) -> None:
    """Open a map from its file, as a double-click does, and wait until it is drawn."""
    browser.get(page.resolve().as_uri())
    deadline_s = time.monotonic() + 30
    while browser.execute_script("return document.documentElement.dataset.ready") != "yes":
        if time.monotonic() > deadline_s:
            sys.exit(f"{page} was not drawn within 30 s: {browser.get_log('browser')}")
        time.sleep(0.05)


def take_picture(browser: webdriver.Chrome, *, colours: int = 0) -> bytes:
    """What the browser shows, as a small PNG; of so many colours, if a number is given."""
    time.sleep(0.5)  # two frames of the page, and the fade of what opened
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    picture = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
    if colours:
        # Median cut would lose the colours of small marks, such as those of the legend.
        method = Image.Quantize.MAXCOVERAGE
        picture = picture.quantize(colours, method=method, dither=Image.Dither.NONE)
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def picture_of(model: str) -> Path:
    """Where the picture of a model is kept."""
    return FOLDER / "models" / f"{model}.png"


def models_with_plans() -> list[str]:
    """Bundled models that give a plan, as they say of themselves."""
    return [
        path.parent.name
        for path in sorted(MODELS.glob("*/expected.toml"))
        if tomllib.loads(path.read_text(encoding="utf-8"))["exit_code"] == 0
    ]


def keep(place: Path, content: bytes, most_bytes: int) -> None:
    """Write a picture, if it is small enough."""
    if len(content) > most_bytes:
        sys.exit(f"{place.name} takes {len(content):,} bytes, more than {most_bytes:,}")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    print(f"{place.relative_to(FOLDER.parent.parent)}: {len(content):,} bytes", flush=True)


def main() -> None:
    """Solve, draw, look, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="us_5gw", help="the model in four pictures")
    chosen = parser.parse_args().model
    with tempfile.TemporaryDirectory() as folder:
        page = siting.solve(siting.read_model(chosen)).map().save(Path(folder) / "map.html")
        for name, (size, theme) in PICTURES.items():
            with open_browser(size, theme) as browser:
                open_page(browser, page)
                if size == WIDE and theme == "dark":
                    browser.execute_script("document.querySelector('[data-go]').click()")
                keep(FOLDER / name, take_picture(browser), MOST_BYTES)
        with open_browser(SMALL) as browser:
            for name in models_with_plans():
                try:
                    plan = siting.solve(siting.read_model(name))
                except siting.InputError as error:
                    # A world that is not bundled is built with `make world`.
                    print(f"{name} is left as it is: {error}", file=sys.stderr)
                    continue
                open_page(browser, plan.map().save(Path(folder) / f"{name}.html"))
                content = take_picture(browser, colours=128)
                keep(picture_of(name), content, MOST_BYTES_OF_A_MODEL)


if __name__ == "__main__":
    main()
