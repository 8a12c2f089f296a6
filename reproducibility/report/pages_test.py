#!/usr/bin/env python3
"""The pages without a browser: what a reviewer looks for is there, for every claim, and nothing is asked of a network."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

PROGRAM = "reproducibility/report/pages"
RESULTS = pathlib.Path("reproducibility/results")
FOLDERS = [RESULTS / name for name in ("two_cores", "two_cores_authors", "two_cores_blocks", "two_cores_float32", "two_cores_peers", "h200")]
REPORTS = {folder: json.loads((folder / "report.json").read_text(encoding="utf-8")) for folder in FOLDERS}
CLAIMS = {claim["id"]: claim for report in REPORTS.values() for claim in report["claims"]}
NEWER = {(claim["id"], report["machine"]["device"]) for report in REPORTS.values() for claim in report["claims"] if not claim["changed_rules"]}
# But what a device has shown again, by runs under the claim's rule of today.
SHOWN = [
    (folder, claim)
    for folder, report in REPORTS.items()
    for claim in report["claims"]
    if not claim["changed_rules"] or (claim["id"], report["machine"]["device"]) not in NEWER
]


def draw(*arguments):
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def new_folder():
    return pathlib.Path(tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR")))


def text_of(part):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", part))


class ReportTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.out = new_folder() / "results"
        for folder in FOLDERS:
            shutil.copytree(folder, cls.out / folder.name)
        code, error = draw(*(cls.out / folder.name for folder in FOLDERS), f"--out={cls.out}")
        assert code == 0, error
        cls.markdown, cls.html = ((cls.out / f"report.{kind}").read_text(encoding="utf-8") for kind in ("md", "html"))

    def part(self, anchor, until):
        return self.html.split(f'id="{anchor}"')[1].split(f'id="{until}"')[0]

    def test_the_banner_says_how_large_the_evidence_is_and_what_it_cannot_show(self):
        first = text_of(self.part("top", "answers"))
        runs = len({run["file"] for e in REPORTS[FOLDERS[0]]["experiments"] for run in e["runs"]})
        self.assertIn(f"2 CPU cores: {runs} runs on CIFAR-10 and CIFAR-100, 5,000 training images, 6 epochs, 3 seeds", first)
        self.assertIn("5 runs on CIFAR-100, all training images, 50 epochs, 5 seeds", first)
        self.assertIn("What it cannot show", first)
        self.assertIn("epochs: 6 of 50", first)

    def test_five_answers_each_with_numbers_and_verdicts(self):
        rows = re.findall(r"<tr>(.*?)</tr>", self.part("answers", "table"), re.DOTALL)
        self.assertEqual([text_of(re.search(r"<td.*?</td>", row)[0]) for row in rows], ["Accuracy", "Depth", "Label noise", "Speed", "Memory"])
        for row in rows:
            self.assertRegex(text_of(row), r"\d+\.\d\d? ?(%|times|MiB)")
            self.assertRegex(row, r'href="#c\d.*?class="badge')
        depth = next(e for e in REPORTS[FOLDERS[0]]["experiments"] if e["name"] == "depth")
        deep = next(row for row in depth["accuracies"] if row["settings"] == {"learner": "sid", "depth": 64})
        self.assertIn(f"L = 64: sid {100 * deep['mean']:.2f} %", text_of(rows[1]))

    def test_no_claim_is_lost(self):
        table, sections = self.part("table", "claims"), self.part("claims", "speedups")
        self.assertGreater(len(CLAIMS), 30)
        for name, claim in CLAIMS.items():
            self.assertIn(claim["statement"].replace(">", "&gt;").replace("<", "&lt;"), table, name)
            if claim["answered_by"]:
                continue
            devices = sum(len(c["devices"]) or 1 for _, c in SHOWN if c["id"] == name)
            self.assertEqual(table.count(f'<a href="#{name.lower()}">{name}</a> {claim["statement"][:5]}'), devices, name)
            self.assertIn(f"<div id={name.lower()}>", sections)

    def test_groups_stand_in_the_order_of_weight_and_verdicts_have_symbol_and_word(self):
        groups = [text_of(group) for group in re.findall(r'<tr class="group">(.*?)</tr>', self.part("table", "claims"))]
        order = ["✗ FAIL", "✓ PASS", "? leans to FAIL", "? leans to PASS", "? INCONCLUSIVE", "= BY CONSTRUCTION", "– NOT RUN"]
        self.assertEqual([re.sub(r" +\d+$", "", group) for group in groups], [mark for mark in order if mark in "".join(groups)])
        for _, claim in SHOWN:
            verdicts = [told for told in (claim["devices"].values() or [claim]) if not claim["answered_by"]]
            for told in verdicts:
                word = f"leans to {told['leans']}" if told["leans"] else told["verdict"]
                self.assertRegex(text_of(self.section(claim["id"])), rf"[✗✓?=–] {word}")

    def section(self, name):
        """Its summary and what it folds."""
        before, after = self.html.split(f"<div id={name.lower()}>")
        return before[before.rindex("<summary>") :] + re.split(r"<div id=[a-z]+\d+b?>|<h2", after)[0]

    def test_every_claim_with_a_rule_has_it_its_command_and_its_files(self):
        for folder, claim in SHOWN:
            if not claim["rule"]:
                continue
            section = self.section(claim["id"])
            self.assertIn(f"<pre>{claim['command']}</pre>", section)
            self.assertIn(f"--claims={claim['id']} ", claim["command"])
            self.assertIn(claim["rule_sha256"][:16], section)
            self.assertIn("Paper's figure:", text_of(section))
            for run in claim["runs"]:
                self.assertIn(f'href="{folder.name}/runs/{run}"', section)
            self.assertEqual(len(claim["runs"]) > 0, len(claim["comparisons"]) > 0, claim["id"])

    def test_runs_under_an_older_rule_stay_beside_newer_ones_only_as_an_experiment(self):
        superseded = [(f, c) for f, report in REPORTS.items() for c in report["claims"] if (f, c) not in SHOWN]
        self.assertGreater(len(superseded), 0)
        for folder, claim in superseded:
            for run in claim["runs"]:
                self.assertNotIn(f'href="{folder.name}/runs/{run}"', self.section(claim["id"]))
                self.assertIn(f'href="{folder.name}/runs/{run}"', self.html)

    def test_numbers_are_those_of_the_report(self):
        for _, claim in SHOWN:
            scale, digits = {
                "accuracy": (100, ".2f"),
                "rise": (100, ".2f"),
                "rise_in_training": (100, ".2f"),
                "contraction": (1, ".3f"),
                "staleness": (1, ".2g"),
            }.get((claim["rule"] or {}).get("quantity"), (1, ".2f"))
            for c in claim["comparisons"]:
                mean, low, high = (f"{scale * value:{digits}}" for value in (c["mean"], *c["t_interval"]))
                self.assertRegex(
                    self.markdown, rf"\| {re.escape(c['label'])} \| [<>] \S+ \| [^|]* \| {mean}[^|]*\[{low}, {high}\] \| {len(c['values'])} \|"
                )

    def test_links_lead_somewhere_and_ask_no_network(self):
        without_names = re.sub(r'xmlns(:\w+)?="[^"]*"', "", self.html)
        for sign in ("<script", "<img", "<iframe", "@import", "url(http", 'src="', "://", "xlink:href"):
            self.assertNotIn(sign, without_names)
        for target in set(re.findall(r'href="([^"]*)"', without_names)) - {"data:,"}:
            self.assertTrue(re.search(f'id="?{target[1:]}[">]', self.html) if target.startswith("#") else (self.out / target).is_file(), target)

    def test_every_plot_is_whole_and_marks_the_good_side(self):
        figures = dict(re.findall(r'<figure id="plot-([^"]*)">(.*?)</figure>', self.html, re.DOTALL))
        wanted = [claim["id"].lower() for claim in CLAIMS.values() if claim["comparisons"] or claim["ratios"]]
        self.assertGreater(len(wanted), 20)
        for name in wanted:
            self.assertIn("Green: where the claim holds", figures[name])
        for name, drawn in figures.items():
            svg = re.search(r"<svg.*</svg>", drawn, re.DOTALL)[0]
            ElementTree.fromstring(svg)
            self.assertGreater(svg.count("<path"), 3, name)
            self.assertNotIn("NaN", svg, name)
        for name in ("c7-layers", "r7-layers", "c8b-layers", "c6-curves", "c1-curvescifar-100"):
            self.assertIn(name, figures)

    def test_ready_for_dark_print_and_phone(self):
        for rule in ("prefers-color-scheme: dark", "@media print", "max-width: 45rem", 'name="viewport"'):
            self.assertIn(rule, self.html)
        # No colour of text of its own: it would vanish on one of the two grounds.
        self.assertNotIn("#010203", self.html)

    def test_no_json_and_no_list_of_python_in_prose(self):
        for page in (
            text_of(re.sub(r"<pre>.*?</pre>|<style>.*?</style>", "", self.html, flags=re.DOTALL)),
            re.sub(r"^    .*$", "", self.markdown, flags=re.MULTILINE),
        ):
            self.assertIsNone(re.search(r"\{[\"']|\[['\"]|\bNone\b", page))

    def test_the_committed_page_is_this_one(self):
        self.assertEqual((RESULTS / "report.md").read_text(encoding="utf-8"), self.markdown)

    def test_the_same_report_gives_the_same_bytes(self):
        again = new_folder()
        for folder in FOLDERS:
            shutil.copytree(folder, again / folder.name)
        self.assertEqual(draw(*(again / folder.name for folder in FOLDERS), f"--out={again}")[0], 0)
        self.assertEqual((again / "report.html").read_text(encoding="utf-8"), self.html)

    def test_a_folder_alone_gets_its_page_beside_its_report(self):
        self.assertEqual(draw(self.out / "h200"), (0, ""))
        page = (self.out / "h200/report.html").read_text(encoding="utf-8")
        self.assertIn("Not asked here.", page)
        self.assertIn("<div id=c7>", page)

    def test_a_gpu_goes_by_its_name_where_the_runs_tell_it(self):
        folder = new_folder() / "of_a_gpu"
        shutil.copytree(FOLDERS[-1], folder)
        told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        told["machine"]["gpu"] = {"name": "NVIDIA H200"}
        (folder / "report.json").write_text(json.dumps(told), encoding="utf-8")
        self.assertEqual(draw(folder), (0, ""))
        page = (folder / "report.md").read_text(encoding="utf-8")
        self.assertIn("- **NVIDIA H200:** 5 runs", page)
        self.assertNotIn("of_a_gpu:**", page)

    def test_runs_without_a_validation_set_have_no_learning_curve(self):
        folder = new_folder() / "all_images"
        shutil.copytree(FOLDERS[1], folder)
        told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        for row in (row for e in told["experiments"] for row in e["accuracies"]):
            row["validation_accuracy"] = []
        (folder / "report.json").write_text(json.dumps(told), encoding="utf-8")
        self.assertEqual(draw(folder), (0, ""))

    # Where the labels' font differs between machines, so do the drawing's sizes; what it shows does not.
    def test_the_committed_picture_is_this_one(self):
        drawn = self.out / "depth.svg"
        self.assertEqual(draw(self.out / "two_cores", "--plot=experiment-depth", f"--out={drawn}"), (0, ""))
        shown = [
            re.findall(r'aria-label="([^"]*)"', path.read_text(encoding="utf-8")) for path in (drawn, pathlib.Path("docs/accuracy_by_depth.svg"))
        ]
        self.assertGreater(len(shown[0]), 15)
        self.assertEqual(*shown)
        self.assertIn("there is no plot nothing; there are ", draw(self.out / "two_cores", "--plot=nothing", f"--out={drawn}")[1])


class OthersTest(unittest.TestCase):
    def test_the_benchmarks_charts(self):
        out = new_folder()
        self.assertEqual(draw(FOLDERS[0] / "bench.json", f"--out={out}"), (0, ""))
        for name in ("steps", "phases", "memory", "theoretical", "critical_path", "measured"):
            ElementTree.fromstring((out / f"{name}.svg").read_text(encoding="utf-8"))

    def test_the_committed_charts_of_pipelines_are_these(self):
        out = new_folder()
        self.assertEqual(draw("bench", "--pipelines", f"--out={out}"), (0, ""))
        for name in ("batches.svg", "links.svg", "modules.svg"):
            shown = [re.findall(r'aria-label="([^"]*)"', (folder / name).read_text(encoding="utf-8")) for folder in (out, pathlib.Path("bench/e5"))]
            self.assertGreater(len(shown[0]), 10)
            self.assertEqual(*shown)

    def test_bad_input_is_one_line(self):
        for text, part in (('{"schema": 9}', "has schema 9"), ("{", "is no result"), ('{"schema": 1}', "is damaged"), ("[]", "is no result")):
            for name, arguments in (
                ("report.json", lambda folder: [folder]),
                ("results.json", lambda folder: [folder / "results.json", f"--out={folder}"]),
            ):
                folder = new_folder()
                (folder / name).write_text(text, encoding="utf-8")
                code, error = draw(*arguments(folder))
                self.assertEqual(code, 2)
                self.assertIn(part, error)
                self.assertEqual(error.count("\n"), 1, error)
        for arguments in (["no-such-folder"], ["no-such.json", "--out=x"], ["a", "b"]):
            code, error = draw(*arguments)
            self.assertEqual((code, error.count("\n")), (2, 1), error)


if __name__ == "__main__":
    unittest.main()
