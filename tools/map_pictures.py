"""Take the pictures of the documentation: a bundled model's map, wide and narrow, light and dark.

`make pictures` runs it. It needs Chromium and its driver (Debian: chromium, chromium-driver).
"""

from __future__ import annotations

import argparse
import base64
import io
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import siting

FOLDER = Path(__file__).parent.parent / "docs" / "images"
WIDE, NARROW = (1440, 900), (390, 844)
PICTURES = {
    "map_wide_light.png": (WIDE, "light"),
    "map_wide_dark.png": (WIDE, "dark"),
    "map_narrow_light.png": (NARROW, "light"),
    "map_narrow_dark.png": (NARROW, "dark"),
}
MOST_BYTES = 400_000


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


def take_picture(browser: webdriver.Chrome) -> bytes:
    """What the browser shows, as a small PNG."""
    time.sleep(0.5)  # two frames of the page, and the fade of what opened
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    picture = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def main() -> None:
    """Solve, draw, look, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="us_5gw", help="a model of `siting models`")
    model = siting.read_model(parser.parse_args().model)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page = siting.solve(model).map().save(Path(folder) / "map.html")
        for name, (size, theme) in PICTURES.items():
            with open_browser(size, theme) as browser:
                open_page(browser, page)
                if size == WIDE and theme == "dark":
                    browser.execute_script("document.querySelector('[data-go]').click()")
                content = take_picture(browser)
            if len(content) > MOST_BYTES:
                sys.exit(f"{name} takes {len(content):,} bytes, more than {MOST_BYTES:,}")
            (FOLDER / name).write_bytes(content)
            print(f"docs/images/{name}: {len(content):,} bytes")


if __name__ == "__main__":
    main()
