#!/usr/bin/env python3
"""The pages of the committed report: self-contained, all plots there, and every number of the tables in both of them."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

PROGRAM = "reproducibility/report/report_pages"
REPORT = pathlib.Path("reproducibility/results/two_cores/report.json")


def pages(report):
    """Exit code, standard error, Markdown and HTML."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as folder:
        (pathlib.Path(folder) / "report.json").write_text(report, encoding="utf-8")
        shutil.copy(REPORT.with_name("bench.json"), folder)
        done = subprocess.run([PROGRAM, folder], capture_output=True, text=True, check=False)
        texts = [path.read_text(encoding="utf-8") if path.exists() else "" for path in (pathlib.Path(folder) / "report.md", pathlib.Path(folder) / "report.html")]
        return done.returncode, done.stderr, *texts


class PagesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.report = json.loads(REPORT.read_text(encoding="utf-8"))
        code, error, cls.markdown, cls.html = pages(json.dumps(cls.report))
        assert code == 0, error

    def test_no_request_leaves_the_page(self):
        without_names = re.sub(r'xmlns(:\w+)?="[^"]*"', "", self.html)
        for sign in ("<script", "<img", "<iframe", "@import", "url(http", 'src="', 'href="http', 'href="//', "xlink:href"):
            self.assertNotIn(sign, without_names)
        for link in re.findall(r'href="([^"]*)"', without_names):
            self.assertTrue(link.startswith("#") or link == "data:,", link)

    def test_links_lead_somewhere(self):
        for link in set(re.findall(r'href="#([^"]*)"', self.html)):
            self.assertIn(f'id="{link}"', self.html)

    def test_every_plot_is_there_and_whole(self):
        wanted = [c["id"].lower() for c in self.report["claims"] if c["comparisons"] or c["ratios"]]
        wanted += ["experiment-" + e["name"] for e in self.report["experiments"] if e["runs"]]
        self.assertGreater(len(wanted), 8)
        for name in wanted:
            found = re.search(rf'<figure id="plot-{name}">.*?(<svg.*?</svg>)</figure>', self.html, re.DOTALL)
            self.assertIsNotNone(found, name)
            ElementTree.fromstring(found[1])
            self.assertGreater(found[1].count("<path"), 3, name)
            self.assertNotIn("NaN", found[1], name)

    def test_ready_for_dark_print_and_phone(self):
        for rule in ("prefers-color-scheme: dark", "@media print", "max-width: 40rem", 'name="viewport"'):
            self.assertIn(rule, self.html)
        # No colour of text of its own: it would vanish on one of the two grounds.
        self.assertNotIn("#010203", self.html)

    def test_every_claim_has_a_verdict_in_words_on_both_pages(self):
        for claim in self.report["claims"]:
            mark = "see " if claim["answered_by"] else claim["verdict"]
            for page in (self.markdown, self.html):
                self.assertRegex(page, rf"{claim['id']}  \S* ?{mark}")

    def test_numbers_are_those_of_the_report(self):
        for claim in self.report["claims"]:
            for comparison in claim["comparisons"]:
                scale = 100 if claim["rule"]["quantity"] == "accuracy" else 1
                mean = f"{scale * comparison['mean']:.4g}"
                self.assertRegex(self.markdown, rf"\| {re.escape(comparison['label'])} \| [<>] \S+ \| [<>] \S+ \| \d+ \| {re.escape(mean)} \|")

    def test_the_committed_pages_are_these(self):
        self.assertEqual(REPORT.with_name("report.md").read_text(encoding="utf-8"), self.markdown)

    # Where the labels' font differs between machines, so do the drawing's sizes; what it shows does not.
    def test_the_committed_picture_is_this_one(self):
        with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as folder:
            (pathlib.Path(folder) / "report.json").write_text(json.dumps(self.report), encoding="utf-8")
            shutil.copy(REPORT.with_name("bench.json"), folder)
            drawn = pathlib.Path(folder) / "depth.svg"
            subprocess.run([PROGRAM, folder, "experiment-depth", str(drawn)], check=True)
            shown = [re.findall(r'aria-label="([^"]*)"', path.read_text(encoding="utf-8")) for path in (drawn, pathlib.Path("docs/accuracy_by_depth.svg"))]
            self.assertGreater(len(shown[0]), 15)
            self.assertEqual(*shown)
            wrong = subprocess.run([PROGRAM, folder, "nothing", str(drawn)], capture_output=True, text=True, check=False)
            self.assertIn("there is no plot nothing", wrong.stderr)

    # Half a megabyte of SVG that anyone can draw again is not kept.
    def test_the_page_without_plots_says_how_to_draw_them(self):
        self.assertIn("run //reproducibility/report:report_pages -- OUT", self.markdown)

    def test_bad_input_is_one_line(self):
        for text, part in (('{"schema": 9}', "has schema 9"), ("{", "is no report"), ('{"schema": 1}', "is damaged")):
            code, error, _, _ = pages(text)
            self.assertNotEqual(code, 0)
            self.assertIn(part, error)
            self.assertEqual(error.count("\n"), 1, error)


if __name__ == "__main__":
    assert shutil.which("python3")
    unittest.main()
