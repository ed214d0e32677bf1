# SPDX-License-Identifier: GPL-2.0-only
"""HTML in a real browser: it opens, filters, shows a finding, and talks to no one."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kscan.model import Report
from kscan.report import render

from . import samples
from .hostile import PAYLOADS, poisoned

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
wait = pytest.importorskip("selenium.webdriver.support.wait")
keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium (apt-get install chromium)"),
    pytest.mark.skipif(DRIVER is None, reason="no chromedriver (apt-get install chromium-driver)"),
]

FINDING = "details.finding[data-rule='late-global']"


class Browser:
    """Chromium on one page, with what it logs and asks for."""

    def __init__(self, driver: Any, folder: Path) -> None:
        self.driver = driver
        self.folder = folder

    def open(self, document: Any, *, width: int = 1200, dark: bool = False, script: bool = True):
        page = self.folder / "report.html"
        page.write_text(render("html", document), "utf-8")
        command = self.driver.execute_cdp_cmd
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        command("Emulation.setEmulatedMedia", {"features": [scheme]})
        command("Emulation.setScriptExecutionDisabled", {"value": not script})
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        command("Emulation.setDeviceMetricsOverride", metrics)
        self.logged()
        self.asked()
        self.driver.get(page.as_uri())
        return self

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> Any:
        """The first element that matches, waited for: evidence unfolds after a click."""
        return wait.WebDriverWait(self.driver, 5).until(
            lambda driver: driver.find_element("css selector", selector)
        )

    def shown(self) -> list[str]:
        rows = self.driver.find_elements("css selector", "details.finding")
        return [row.get_attribute("data-rule") for row in rows if row.is_displayed()]

    def choose(self, name: str, value: str) -> None:
        self.run(
            "const f = document.getElementById('filters'); f.elements[arguments[0]].value ="
            " arguments[1]; f.dispatchEvent(new Event('input', {bubbles: true}));",
            name,
            value,
        )

    def logged(self) -> list[Any]:
        """What the console said since the last call."""
        entries: list[Any] = self.driver.get_log("browser")
        return entries

    def asked(self) -> list[str]:
        """The addresses requested since the last call."""
        messages = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        return [
            m["params"]["request"]["url"]
            for m in messages
            if m["method"] == "Network.requestWillBeSent"
        ]


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    started.set_page_load_timeout(60)
    started.set_script_timeout(30)
    yield started
    started.quit()


@pytest.fixture
def browser(driver: Any, tmp_path: Path) -> Browser:
    return Browser(driver, tmp_path)


@pytest.mark.parametrize("make", [samples.audit, samples.change, samples.clean_audit])
def test_page_opens_without_an_error_or_a_request(browser, make):
    browser.open(make())
    browser.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    time.sleep(0.2)
    assert browser.logged() == []
    assert [url.partition(":")[0] for url in browser.asked() if not url.startswith("data:")] == [
        "file"
    ]


def test_filters_by_rule_severity_driver_board_and_text(browser):
    browser.open(samples.audit())
    everything = ["unguarded-driver", "late-global", "late-state", "late-state"]
    assert browser.shown() == everything
    for name, value, kept in (
        ("rule", "late-global", ["late-global"]),
        ("severity", "warning", ["late-state", "late-state"]),
        ("driver", "drivers/base/qux", ["unguarded-driver"]),
        ("board", "Vendor Foo Board 3", ["late-global"]),
        ("state", "suppressed", ["late-state"]),
        ("text", "HW_LIST foo-pgtable", ["late-state"]),
        ("text", "iommu_init_device", ["late-global"]),
    ):
        browser.choose(name, value)
        assert browser.shown() == kept, name
        assert browser.find("output[name=shown]").text == str(len(kept))
        browser.choose(name, "")
    browser.choose("text", "no such thing")
    assert browser.find("#none").is_displayed()
    browser.find("#filters button[type=reset]").click()
    time.sleep(0.1)
    assert browser.shown() == everything
    assert browser.logged() == []


def test_finding_opens_with_its_two_columns_and_its_graph(browser):
    browser.open(samples.audit())
    browser.find(f"{FINDING} > summary").click()
    time.sleep(0.1)
    left, right = browser.find(f"{FINDING} h3.p0"), browser.find(f"{FINDING} h3.p1")
    assert left.location["x"] < right.location["x"]
    assert left.location["y"] == right.location["y"]
    read, write = (browser.find(f"{FINDING} .step.{kind}") for kind in ("read", "write"))
    assert read.location["y"] < write.location["y"]
    assert read.location["x"] > write.location["x"]
    assert browser.find(f"{FINDING} .step.read mark").text == "dma_dev"
    labels = [
        e.text for e in browser.driver.find_elements("css selector", f"{FINDING} .arrow text")
    ]
    assert "iommu_ops.of_xlate" in labels
    assert browser.logged() == []


def test_keyboard_walks_and_opens(browser):
    browser.open(samples.audit())
    body = browser.find("body")
    body.send_keys("/")
    assert browser.run("return document.activeElement.name") == "text"
    browser.run("document.activeElement.blur()")
    body.send_keys("j")
    browser.driver.switch_to.active_element.send_keys("j")
    browser.driver.switch_to.active_element.send_keys(keys.ENTER)
    assert browser.find(FINDING).get_attribute("open") is not None
    browser.driver.switch_to.active_element.send_keys(keys.TAB)
    assert browser.run("return document.activeElement.closest('details.finding').dataset.rule") == (
        "late-global"
    )


def test_graph_zooms_and_pans(browser):
    browser.open(samples.audit())
    browser.find(f"{FINDING} > summary").click()
    svg = browser.find(f"{FINDING} .graph svg")
    whole = svg.get_dom_attribute("viewBox")
    browser.find(f"{FINDING} .zoom button[aria-label='Zoom in']").click()
    near = svg.get_dom_attribute("viewBox")
    assert float(near.split()[2]) < float(whole.split()[2])
    svg.send_keys(keys.ARROW_RIGHT)
    assert float(svg.get_dom_attribute("viewBox").split()[0]) > float(near.split()[0])
    panned = svg.get_dom_attribute("viewBox")
    chain = webdriver.ActionChains(browser.driver)
    chain.drag_and_drop_by_offset(svg, 80, 0).perform()
    assert float(svg.get_dom_attribute("viewBox").split()[0]) < float(panned.split()[0])
    svg.send_keys("0")
    assert [float(n) for n in svg.get_dom_attribute("viewBox").split()] == [
        float(n) for n in whole.split()
    ]
    assert browser.logged() == []


def test_anchor_opens_its_finding(browser):
    browser.open(samples.audit())
    browser.run("location.hash = arguments[0]", browser.find(FINDING).get_attribute("id"))
    time.sleep(0.2)
    assert browser.find(f"{FINDING} .litmus").is_displayed()


def test_without_javascript_all_of_it_can_be_read(browser):
    browser.open(samples.audit(), script=False)
    assert not browser.find("#filters").is_displayed()
    browser.find(f"{FINDING} > summary").click()
    assert "devm_kzalloc(dma_dev" in browser.find(f"{FINDING} .litmus").text
    assert browser.find(f"{FINDING} .graph svg").is_displayed()


@pytest.mark.parametrize("make", [samples.audit, samples.change])
def test_phone_needs_no_sideways_scrolling(browser, make):
    browser.open(make(), width=390)
    browser.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    time.sleep(0.2)
    assert browser.run("return document.documentElement.scrollWidth") <= 390


def test_phone_shows_the_graph_whole_and_scrolls_it(browser):
    browser.open(samples.audit(), width=390)
    browser.find(f"{FINDING} > summary").click()
    svg = browser.find(f"{FINDING} .graph svg")
    whole = [float(n) for n in svg.get_dom_attribute("viewBox").split()]
    assert whole[:2] == [0, 0]
    assert [svg.size["width"], svg.size["height"]] == whole[2:]
    frame = browser.find(f"{FINDING} .graph .scroll")
    assert frame.size["height"] >= svg.size["height"]


def test_print_shows_the_evidence_and_folds_it_again(browser):
    browser.open(samples.audit())
    is_open = "return [...document.querySelectorAll('details.finding')].map((f) => f.open)"
    seen = (
        "addEventListener('beforeprint', () => { window.printed ="
        " [...document.querySelectorAll('details.finding')]"
        ".every((f) => f.open && f.querySelector('.evidence')); })"
    )
    browser.run(seen)
    browser.driver.execute_cdp_cmd("Page.printToPDF", {})
    assert browser.run("return window.printed")
    assert not any(browser.run(is_open))
    assert browser.logged() == []


def test_an_arrow_of_c_is_not_broken(browser):
    browser.open(samples.audit(), width=390)
    browser.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    browser.find(".to")
    lines = "return Math.max(...[...document.querySelectorAll('.to')].map("
    assert browser.run(f"{lines}(e) => e.getClientRects().length))") == 1


def test_dark_scheme_is_dark(browser):
    def brightness(dark: bool) -> int:
        browser.open(samples.audit(), dark=dark)
        colour = browser.find("body").value_of_css_property("background-color")
        return sum(int(n) for n in colour.strip("rgba()").split(",")[:3])

    assert brightness(dark=True) < 150
    assert brightness(dark=False) > 700


def many(number: int) -> Report:
    one = samples.late_global()
    findings = tuple(
        replace(
            one,
            primary=replace(one.primary, line=n + 1),
            driver=f"drivers/iommu/foo{n % 97}",
            fingerprint=f"kscan/v1:{n:016x}",
        )
        for n in range(number)
    )
    return replace(samples.audit(), findings=findings)


def test_two_thousand_findings_stay_quick(browser):
    browser.open(many(2000))
    ready = browser.run("return performance.getEntriesByType('navigation')[0].loadEventEnd")
    script = (
        "const f = document.getElementById('filters'); f.elements.driver.value = arguments[0];"
        "const t = performance.now(); f.dispatchEvent(new Event('input'));"
        "document.body.offsetHeight; return performance.now() - t;"
    )
    filtered = browser.run(script, "drivers/iommu/foo7")
    assert browser.find("output[name=shown]").text == "21"
    cleared = browser.run(script, "")
    opened = browser.run(
        "const d = document.querySelectorAll('details.finding')[1500];"
        "const t = performance.now(); d.scrollIntoView(); d.querySelector('summary').click();"
        "document.body.offsetHeight; return performance.now() - t;"
    )
    assert ready < 5000
    assert max(filtered, cleared, opened) < 1000


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_does_nothing(browser, payload):
    document = poisoned(samples.change(), lambda kept: f"{kept} {payload}")
    browser.open(document)
    browser.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert browser.run("return document.querySelectorAll('script, img, iframe, a').length") == 2
    assert browser.logged() == []
    assert [url for url in browser.asked() if not url.startswith(("file:", "data:"))] == []
