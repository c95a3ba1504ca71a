"""A real browser for tests of HTML pages: headless Chromium, driven by its DevTools protocol.

Tests take the fixture ``browser`` (see conftest.py), which skips where there is no Chromium:

    page = browser.open(path, width=390, dark=True)
    assert page.faults() == []
    assert page.evaluate("document.title") == "…"
    page.screenshot(tmp_path / "phone.png")
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", "--remote-debugging-port=0"),
)

START_S, ANSWER_S = 20.0, 20.0
"""Longest waits for the browser to start, and for it to answer [s]."""

PHONE_PX = 390

CONTRAST = 4.5
"""Least contrast of text (WCAG 2.2, 1.4.3, level AA)."""


def find_chromium() -> str | None:
    """Path of a Chromium, None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def running(executable: str) -> Iterator[Browser]:
    """A browser that ends with the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        log = Path(profile) / "log.txt"
        command = [executable, *FLAGS, f"--user-data-dir={profile}/profile", "about:blank"]
        with log.open("wb") as file:
            process = subprocess.Popen(command, stdout=file, stderr=file)
        try:
            with connect(_address(log, process), max_size=None, compression=None) as socket:
                yield Browser(socket)
        finally:
            process.terminate()
            process.wait(10)


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        found = re.search(r"DevTools listening on (ws://\S+)", log.read_text(errors="replace"))
        if found:
            return found[1]
        time.sleep(0.05)
    raise RuntimeError(f"Chromium did not start:\n{log.read_text(errors='replace')}")


class Browser:
    """A browser; ``open`` gives a page of its own for every call."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._count = 0
        self.pages: dict[str, Page] = {}

    def open(
        self, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False, media: str = "screen"
    ) -> Page:
        """Load a local file and wait until it is laid out.

        Args:
            path: of an HTML file.
            width, height: of the window [px]; below 600 a phone is imitated.
            dark: whether the reader prefers a dark scheme.
            media: ``screen`` or ``print``.
        """
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        attached = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})
        page = Page(self, attached["sessionId"], target)
        self.pages[attached["sessionId"]] = page
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.call(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        page.call("Emulation.setDeviceMetricsOverride", size)
        page.emulate(dark=dark, media=media)
        page.load(path)
        return page

    def call(
        self, method: str, parameters: dict[str, Any] | None = None, session: str | None = None
    ) -> dict[str, Any]:
        """Send a command and wait for its answer; events that come before it go to their pages."""
        self._count += 1
        number = self._count
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters or {}}
        if session is not None:
            message["sessionId"] = session
        self._socket.send(json.dumps(message))
        while True:
            answer = self.receive()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return dict(answer["result"])

    def receive(self) -> dict[str, Any]:
        """The next message; an event is noted by its page first."""
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=ANSWER_S))
        page = self.pages.get(message.get("sessionId", ""))
        if page is not None and "method" in message:
            page.note(message["method"], message["params"])
        return message


class Page:
    """One open page.

    Attributes:
        console: what it wrote to the console as error or warning, and what the browser had to say of it.
        errors: exceptions that nothing caught.
        requests: addresses that it asked for, besides its own file and ``data:``.
    """

    def __init__(self, browser: Browser, session: str, target: str) -> None:
        self._browser = browser
        self._session = session
        self._target = target
        self._own = ""
        self._loaded = False
        self.console: list[str] = []
        self.errors: list[str] = []
        self.requests: list[str] = []

    def call(self, method: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        """A command of the DevTools protocol for this page."""
        return self._browser.call(method, parameters, self._session)

    def load(self, path: Path) -> None:
        """Go to a local file and wait until it is laid out."""
        self._own = path.resolve().as_uri()
        self._loaded = False
        answer = self.call("Page.navigate", {"url": self._own})
        if "errorText" in answer:
            raise RuntimeError(f"{path}: {answer['errorText']}")
        while not self._loaded:
            self._browser.receive()
        self.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")

    def emulate(self, *, dark: bool = False, media: str = "screen") -> None:
        """Change the reader's colour scheme and medium."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", {"media": media, "features": [scheme]})

    def evaluate(self, expression: str) -> Any:
        """Value of a JavaScript expression, awaited where it is a promise."""
        request = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        answer = self.call("Runtime.evaluate", request)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression[:80]}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """Click the first element that the selector finds."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def screenshot(self, path: Path, *, whole: bool = True) -> Path:
        """Write a PNG of the whole page, or of the window."""
        answer = self.call("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole})
        path.write_bytes(base64.b64decode(answer["data"]))
        return path

    def pdf(self, path: Path) -> Path:
        """Write what a printer would get, on A4."""
        size = {"paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": True}
        answer = self.call("Page.printToPDF", {"printBackground": False, **size})
        path.write_bytes(base64.b64decode(answer["data"]))
        return path

    def close(self) -> None:
        """Close it."""
        self._browser.call("Target.closeTarget", {"targetId": self._target})
        self._browser.pages.pop(self._session, None)

    def note(self, method: str, event: dict[str, Any]) -> None:
        """Keep what an event tells."""
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Runtime.consoleAPICalled" and event["type"] in ("error", "warning", "assert"):
            self.console.append(" ".join(str(part.get("value", part)) for part in event["args"]))
        elif method == "Log.entryAdded" and event["entry"]["level"] in ("error", "warning"):
            self.console.append(event["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(event["exceptionDetails"]))
        elif method == "Network.requestWillBeSent":
            url = event["request"]["url"]
            if url.split("#")[0] != self._own and not url.startswith("data:"):
                self.requests.append(url)

    def faults(self) -> list[str]:
        """All that is wrong with the page as it is shown now, in words; [] for a sound page.

        Errors on the console, requests to anywhere, text of too little contrast, pictures without
        alternative text, a page wider than its window, and the structure that screen readers need.
        """
        told = [f"console: {text}" for text in self.console] + [f"error: {text}" for text in self.errors]
        told += [f"request: {url}" for url in self.requests]
        low = [
            f"contrast {one['ratio']:.2f} of {one['text']!r}: {one['ink']} on {one['paper']}"
            for one in self.evaluate(_CONTRASTS)
            if one["ratio"] < CONTRAST - 0.005
        ]
        return told + low + list(self.evaluate(_STRUCTURE))


_CONTRASTS = """(() => {
  const canvas = document.createElement('canvas'); canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', {willReadFrequently: true});
  const rgba = text => {
    context.clearRect(0, 0, 1, 1); context.fillStyle = text; context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
  };
  const over = (top, under) => top.slice(0, 3).map((x, i) => x * top[3] + under[i] * (1 - top[3])).concat(1);
  const light = colour => colour.slice(0, 3).map(x => x / 255)
    .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
    .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
  const paperUnder = element => {
    const sheets = [];
    for (let at = element; at; at = at.parentElement) sheets.push(rgba(getComputedStyle(at).backgroundColor));
    return sheets.reverse().reduce((under, sheet) => over(sheet, under), rgba(
      matchMedia('screen and (prefers-color-scheme: dark)').matches ? '#121212' : '#ffffff'));
  };
  const found = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    if (['TITLE', 'DESC', 'STYLE', 'SCRIPT', 'title', 'desc', 'style'].includes(element.tagName)) continue;
    const style = getComputedStyle(element), paper = paperUnder(element);
    const own = rgba(element instanceof SVGElement ? style.fill : style.color);
    const ink = over([own[0], own[1], own[2], own[3] * Number(style.opacity)], paper);
    const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05), key = ink + '/' + paper;
    if (!found.has(key)) found.set(key, {text: text.slice(0, 40), ratio,
      ink: ink.map(Math.round).join(' '), paper: paper.map(Math.round).join(' ')});
  }
  return [...found.values()];
})()"""

_STRUCTURE = """(() => {
  const told = [], name = element => element.outerHTML.slice(0, 100);
  if (!document.documentElement.lang) told.push('no language');
  if (!document.title) told.push('no title');
  if (document.querySelectorAll('h1').length !== 1) told.push('not one h1');
  if (!document.querySelector('main')) told.push('no main');
  let level = 0;
  for (const heading of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) told.push('heading skips a level: ' + name(heading));
    level = own;
  }
  const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
  for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) told.push('id twice: ' + id);
  for (const link of document.querySelectorAll('a[href^="#"]'))
    if (!document.getElementById(decodeURIComponent(link.hash.slice(1))))
      told.push('dead link: ' + name(link));
  for (const image of document.querySelectorAll('img'))
    if (!image.alt.trim()) told.push('no alternative text: ' + name(image));
  for (const image of document.querySelectorAll('svg:not([aria-hidden="true"])')) {
    const title = image.querySelector(':scope > title'), text = image.querySelector(':scope > desc');
    if (image.getAttribute('role') !== 'img' || !title?.textContent.trim() || !text?.textContent.trim())
      told.push('no alternative text: ' + name(image));
    for (const id of (image.getAttribute('aria-labelledby') ?? '').split(' ').filter(Boolean))
      if (!document.getElementById(id)) told.push('label missing: ' + id);
  }
  for (const cell of document.querySelectorAll('th'))
    if (!cell.scope || !cell.textContent.trim()) told.push('th without scope or text: ' + name(cell));
  for (const element of document.querySelectorAll('button, input, select, summary'))
    if (!(element.textContent.trim() || element.labels?.length || element.getAttribute('aria-label')))
      told.push('no label: ' + name(element));
  const wide = document.documentElement;
  if (wide.scrollWidth > wide.clientWidth) {
    const beyond = [...document.querySelectorAll('body *')].filter(element =>
      !element.closest('.scroll') && element.getBoundingClientRect().right > wide.clientWidth + 1);
    const first = beyond.slice(0, 3).map(name).join(' ');
    told.push('wider than the window: ' + wide.scrollWidth + ' px, ' + first);
  }
  for (const text of document.querySelectorAll('svg text')) {
    const size = parseFloat(getComputedStyle(text).fontSize) * (text.getScreenCTM()?.a ?? 1);
    if (size < 10 && matchMedia('screen').matches)
      told.push('text of ' + size.toFixed(1) + ' px: ' + text.textContent);
  }
  return told;
})()"""
