"""A real headless Chromium, driven through the W3C WebDriver protocol of Debian's chromedriver.

The two come from the machine, or (as root) from Debian's packages. The protocol is JSON over HTTP;
what we need of it is on this page.
"""

import base64
import http.client
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

ADVICE = "install Debian's chromium and chromium-driver, or run as root so that the tests can"
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the name that the protocol gives it
_OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--force-device-scale-factor=1",
)  # fmt: skip
_START_S, _ANSWER_S = 30, 90


def programs():
    """Return where chromium and chromedriver are; install them when they are not and we may."""
    names = ("chromium", "chromedriver")
    if not all(shutil.which(name) for name in names) and os.geteuid() == 0:
        for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium",
                                     "chromium-driver"]):  # fmt: skip
            subprocess.run(["/usr/bin/apt-get", "-qq", *command], check=False, capture_output=True)
    found = [shutil.which(name) for name in names]
    if not all(found):
        pytest.fail(f"no Chromium found; {ADVICE}", pytrace=False)
    return found


class Browser:
    """One window. Elements are named by CSS selectors."""

    def __init__(self, folder: Path, *, width=1280, height=900):
        chromium, driver = programs()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        with (folder / "chromedriver.log").open("wb") as log:
            self._driver = subprocess.Popen(
                [driver, f"--port={self._port}"], stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        arguments = [
            *_OPTIONS,
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={width},{height}",
        ]
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": {"binary": chromium, "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
            "unhandledPromptBehavior": "ignore",  # so that a dialog can be seen
        }
        try:
            self._wait_for_driver()
            made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        except BaseException:
            self._driver.kill()
            raise
        self._session = f"/session/{made['sessionId']}"

    def _wait_for_driver(self):
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            try:
                if self._call("GET", "/status")["ready"]:
                    return
            except OSError:
                time.sleep(0.1)
        pytest.fail("chromedriver does not start", pytrace=False)

    def _call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_ANSWER_S)
        sent = None if body is None else json.dumps(body)
        try:
            connection.request(method, path, sent, {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(answer, dict) and "error" in answer:
            raise LookupError(f"{answer['error']}: {answer['message'].splitlines()[0]}")
        return answer

    def _do(self, method, path, body=None):
        return self._call(method, self._session + path, body)

    def close(self):
        try:
            self._do("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.wait(20)

    def open(self, url):
        self._do("POST", "/url", {"url": url})

    @property
    def url(self):
        return self._do("GET", "/url")

    def find(self, selector, *, wait_s=20.0):
        """Return the first element of a selector; wait until there is one."""
        until = time.monotonic() + wait_s
        while True:
            try:
                wanted = {"using": "css selector", "value": selector}
                return self._do("POST", "/element", wanted)[_ELEMENT]
            except LookupError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def click(self, selector, *, wait_s=20.0):
        self._do("POST", f"/element/{self.find(selector, wait_s=wait_s)}/click", {})

    def type(self, selector, text):
        element = self.find(selector)
        self._do("POST", f"/element/{element}/clear", {})
        self._do("POST", f"/element/{element}/value", {"text": text})

    def text(self, selector="body", *, wait_s=20.0):
        return self._do("GET", f"/element/{self.find(selector, wait_s=wait_s)}/text")

    def count(self, selector):
        return self.script(f"return document.querySelectorAll({json.dumps(selector)}).length")

    def enter_frame(self, selector="iframe"):
        self._do("POST", "/frame", {"id": {_ELEMENT: self.find(selector, wait_s=60)}})

    def leave_frame(self):
        self._do("POST", "/frame", {"id": None})

    def script(self, code):
        return self._do("POST", "/execute/sync", {"script": code, "args": []})

    def answer(self, code):
        """Return what a script gives to its last argument, once it is ready."""
        return self._do("POST", "/execute/async", {"script": code, "args": []})

    def press(self, *keys):
        """Press keys one after the other, wherever the focus is."""
        actions = [
            {"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")
        ]  # fmt: skip
        self._do("POST", "/actions", {"actions": [{"type": "key", "id": "keys",
                                                   "actions": actions}]})  # fmt: skip

    def drag(self, selector, start, end):
        """Drag the mouse over an element, from one share of its width to another."""
        box = self.script(f"return document.querySelector({json.dumps(selector)})"
                          ".getBoundingClientRect().toJSON()")  # fmt: skip
        y = round(box["y"] + box["height"] / 2)
        steps = [start, (start + end) / 2, end]
        moves = [{"type": "pointerMove", "x": round(box["x"] + share * box["width"]), "y": y,
                  "duration": 50} for share in steps]  # fmt: skip
        down, up = ({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp"))
        actions = [moves[0], down, *moves[1:], up]
        self._do("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse",
                                                   "actions": actions}]})  # fmt: skip

    def resize(self, width, height):
        self._do("POST", "/window/rect", {"width": width, "height": height})

    def prefer(self, scheme):
        """Ask pages for their light or dark form."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        command = {"cmd": "Emulation.setEmulatedMedia", "params": {"features": [feature]}}
        self._do("POST", "/goog/cdp/execute", command)

    def has_dialog(self):
        try:
            self._do("GET", "/alert/text")
        except LookupError:
            return False
        return True

    def complaints(self):
        """Return what the browser logged: refused by a policy, not found, script errors."""
        return [line["message"] for line in self._do("POST", "/se/log", {"type": "browser"})]

    def screenshot(self, file: Path):
        file.write_bytes(base64.b64decode(self._do("GET", "/screenshot")))


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = Browser(tmp_path_factory.mktemp("browser"))
    yield opened
    opened.close()
