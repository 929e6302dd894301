"""The page as people see it: in Chromium, where Selenium finds one."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from gancli.reporting import Silence
from gancli.workflows.report import report
from tests.imaging.test_charts import contrast
from tests.reports.recorded import measured, recorded

selenium = pytest.importorskip("selenium.webdriver", reason="Selenium is not installed")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
TEXTS = "h1, h2, h3, p, th, td, figcaption, pre, a, label, strong, b"


@pytest.fixture(scope="module")
def browser():
    """Start Chromium without a window; skip where there is none."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if not found or not driver:
        pytest.skip("no Chromium with chromedriver on the PATH; on Debian: apt-get install chromium chromium-driver")
    options = selenium.ChromeOptions()
    options.binary_location = found
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = selenium.ChromeService(driver)
    with selenium.Chrome(options=options, service=service) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(digits_run, tmp_path_factory) -> dict[str, Path]:
    """Write a page on one run, and one on two."""
    folder = tmp_path_factory.mktemp("pages")
    lines = [measured(20, 3.0), measured(30, 2.0), measured(40, 2.5)]
    runs = [recorded(digits_run, folder / name, lines).run.folder for name in ("one", "another")]
    return {
        "one": report([digits_run], folder / "one.html", Silence()),
        "two": report(runs, folder / "two.html", Silence()),
    }


def show(browser: Any, page: Path, *, width: int = 1100, dark: bool = False, scripts: bool = True) -> None:
    browser.get_log("browser")
    browser.get_log("performance")
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page.as_uri())


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_page_opens_without_an_error_and_without_a_request(browser, pages, name):
    show(browser, pages[name])
    assert browser.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = {e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"}
    assert pages[name].as_uri() in asked
    assert {url.split(":")[0] for url in asked - {pages[name].as_uri()}} <= {"data"}


def test_pictures_are_there(browser, pages):
    show(browser, pages["one"])
    sizes = browser.execute_script(
        "return [...document.images].map(one => [one.complete, one.naturalWidth, one.naturalHeight])"
    )
    assert len(sizes) == 5
    assert all(whole and width > 400 and height > 400 for whole, width, height in sizes)
    shades = browser.execute_script("""
        const canvas = document.createElement("canvas"), drawn = canvas.getContext("2d"), image = document.images[4];
        canvas.width = image.naturalWidth; canvas.height = image.naturalHeight; drawn.drawImage(image, 0, 0);
        return new Set(drawn.getImageData(0, 0, canvas.width, canvas.height).data).size;
    """)
    assert shades > 10


def test_curves_are_as_wide_as_their_place(browser, pages):
    for width in (400, 1100):
        show(browser, pages["one"], width=width)
        boxes = browser.execute_script(
            "return [...document.querySelectorAll('svg')].map(one => "
            "[one.getBoundingClientRect().width, one.parentElement.getBoundingClientRect().width])"
        )
        assert len(boxes) >= 4
        assert all(own == pytest.approx(place) and own > 300 for own, place in boxes)


def test_the_slider_moves_through_the_steps(browser, pages):
    show(browser, pages["one"])
    state = "return [...document.querySelectorAll('.steps figure')].map(one => one.offsetHeight > 0)"
    slider = browser.find_element("css selector", ".slider input")
    shown = browser.find_element("css selector", ".slider output")
    assert (browser.execute_script(state), shown.text) == ([False, False, False, True], "step 40")
    slider.send_keys("\ue012")  # arrow to the left
    assert (browser.execute_script(state), shown.text) == ([False, False, True, False], "step 20")
    slider.send_keys("\ue011")  # home
    assert (browser.execute_script(state), shown.text) == ([True, False, False, False], "step 0")
    assert slider.get_attribute("aria-valuetext") == "step 0"


@pytest.mark.parametrize("name", ["one", "two"])
@pytest.mark.parametrize("width", [320, 400, 800, 1600])
def test_nothing_is_wider_than_the_screen(browser, pages, name, width):
    show(browser, pages[name], width=width)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("dark", [False, True])
def test_texts_stand_out_from_their_backgrounds(browser, pages, dark):
    show(browser, pages["two"], dark=dark)
    found = browser.execute_script(
        """
        const digits = part => (+part).toString(16).padStart(2, "0");
        const hex = color => "#" + color.match(/[\\d.]+/g).slice(0, 3).map(digits).join("");
        const behind = one => {
            for (; one; one = one.parentElement) {
                const color = getComputedStyle(one).backgroundColor;
                if (!color.endsWith(", 0)")) return hex(color);
            }
        };
        return [...document.querySelectorAll(arguments[0])].filter(one => one.textContent.trim())
            .map(one => [hex(getComputedStyle(one).color), behind(one)]);
        """,
        TEXTS,
    )
    pairs = {tuple(pair) for pair in found}
    assert len(pairs) >= 4
    assert min(contrast(*pair) for pair in pairs) >= 4.5  # WCAG 2.1, 1.4.3
    background = next(iter(pairs))[1]
    assert (int(background[1:3], 16) < 128) == dark


def test_it_reads_without_scripts_and_styles(browser, pages):
    show(browser, pages["one"], scripts=False)
    try:
        figures = browser.find_elements("css selector", ".steps figure")
        assert [one.is_displayed() for one in figures] == [True] * 4
        assert not browser.find_element("css selector", ".slider").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    browser.execute_script("document.querySelectorAll('style').forEach(one => one.remove())")
    text = browser.find_element("css selector", "body").text
    order = ["no verdict", "steps", "step 0", "step 40", "Curves", "Settings that differ", "gancli train digits", "jax"]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
