#!/usr/bin/env python3
"""The committed report's page in a real browser: light, dark, on a phone and printed, each without a request or an error.

Skipped where there is no Chromium (`apt-get install chromium`). Screenshots are this test's undeclared outputs.
"""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

PROGRAM = "reproducibility/report/pages"
REPORT = pathlib.Path("reproducibility/results/two_cores/report.json")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Where the table of claims begins; then, all unfolded, what each figure measures and how far the page is wider than its window.
MEASURE = """JSON.stringify({
  table: document.getElementById('table').getBoundingClientRect().top,
  opened: [...document.querySelectorAll('details')].map(d => d.open = true).length,
  wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  text: getComputedStyle(document.body).color, ground: getComputedStyle(document.body).backgroundColor,
  figures: [...document.querySelectorAll('figure')].map(f => {
    const svg = f.querySelector('svg').getBoundingClientRect();
    return {id: f.id, width: svg.width, height: svg.height, marks: f.querySelectorAll('svg path, svg line, svg text').length}; })})"""


class Browser:
    """Chromium's DevTools protocol over a pair of pipes: messages in JSON, each ended by a zero byte."""

    def __init__(self, folder):
        commands, self.to_browser = os.pipe()
        self.from_browser, answers = os.pipe()
        # The browser reads descriptor 3 and writes descriptor 4.
        self.process = subprocess.Popen(
            [
                "bash",
                "-c",
                f'exec "$@" 3<&{commands} 4>&{answers}',
                "-",
                CHROMIUM,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--remote-debugging-pipe",
                f"--user-data-dir={folder}/profile",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--no-first-run",
            ],
            pass_fds=(commands, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": folder},
        )
        os.close(commands)
        os.close(answers)
        self.rest, self.number, self.events, self.session = b"", 0, [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(domain + ".enable")

    def read(self):
        while b"\0" not in self.rest:
            part = os.read(self.from_browser, 1 << 16)
            assert part, "the browser is gone"
            self.rest += part
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters, **({"sessionId": self.session} if self.session else {})}
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def open(self, url):
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.read())

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.to_browser)
        os.close(self.from_browser)


@unittest.skipUnless(CHROMIUM, "no Chromium: apt-get install chromium")
class PageInABrowserTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        for path in REPORT.parent.glob("*.json"):
            shutil.copy(path, cls.folder)
        subprocess.run([PROGRAM, cls.folder], check=True)
        cls.report = json.loads(REPORT.read_text(encoding="utf-8"))
        cls.shots = pathlib.Path(os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR", cls.folder))
        cls.browser = Browser(cls.folder)

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()

    def look(self, name, width, scheme, media="screen"):
        """The page as it measures itself; what it asks of the network or complains of fails the test."""
        browser = self.browser
        browser.call("Emulation.setDeviceMetricsOverride", width=width, height=1000, deviceScaleFactor=1, mobile=width < 600)
        browser.call("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])
        url = f"file://{self.folder}/report.html"
        browser.open(url)
        measured = json.loads(browser.call("Runtime.evaluate", expression=MEASURE)["result"]["value"])
        shot = browser.call(
            "Page.captureScreenshot", format="png", captureBeyondViewport=True, clip={"x": 0, "y": 0, "width": width, "height": 6000, "scale": 1}
        )
        (self.shots / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))
        asked = [e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"]
        self.assertEqual([other for other in asked if other != url and not other.startswith("data:")], [])
        complaints = [e for e in browser.events if e.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")]
        self.assertEqual(complaints, [])
        return measured

    def check_figures(self, measured):
        ids = {f["id"] for f in measured["figures"]}
        for claim in self.report["claims"]:
            if claim["comparisons"] or claim["ratios"]:
                self.assertIn("plot-" + claim["id"].lower(), ids)
        for figure in measured["figures"]:
            self.assertGreater(min(figure["width"], figure["height"]), 40, figure)
            self.assertGreater(figure["marks"], 8, figure)

    def test_light(self):
        measured = self.look("light", 1440, "light")
        self.check_figures(measured)
        self.assertLess(measured["table"], 900, "the first screen has the banner, five answers and the table's beginning")
        self.assertEqual((measured["text"], measured["ground"]), ("rgb(29, 29, 31)", "rgb(255, 255, 255)"))

    def test_dark(self):
        measured = self.look("dark", 1440, "dark")
        self.check_figures(measured)
        self.assertEqual((measured["text"], measured["ground"]), ("rgb(228, 228, 231)", "rgb(22, 22, 23)"))

    def test_a_phone_scrolls_one_way(self):
        measured = self.look("phone", 390, "light")
        self.check_figures(measured)
        self.assertLessEqual(measured["wider"], 0)

    def test_print(self):
        measured = self.look("print", 800, "dark", media="print")
        self.check_figures(measured)
        self.assertEqual((measured["text"], measured["ground"]), ("rgb(0, 0, 0)", "rgb(255, 255, 255)"))
        pdf = base64.b64decode(self.browser.call("Page.printToPDF", printBackground=False)["data"])
        (self.shots / "print.pdf").write_bytes(pdf)
        self.assertTrue(pdf.startswith(b"%PDF"))


if __name__ == "__main__":
    unittest.main()
