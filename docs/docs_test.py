#!/usr/bin/env python3
"""README.md is short, its answers are those of the pages that it links, and the commands of all pages work."""

import json
import pathlib
import re
import shlex
import statistics
import subprocess
import unittest

README = pathlib.Path("README.md")
PAGES = [README, pathlib.Path("CONTRIBUTING.md"), *sorted(pathlib.Path("docs").glob("*.md")), pathlib.Path("bench/README.md")]
MOST_WORDS = 900

PROGRAMS = {
    "//:train": "train/train",
    "//:dist": "tools/dist",
    "//:bench": "bench/bench",
    "//:reproduce": "reproducibility/reproduce",
    "//bench:micro": "bench/micro/micro",
    "//data:fetch": "data/fetch/fetch",
    "//:pages": "reproducibility/report/pages",
    "//tools:ranks_test": "tools/ranks_test",
    "//tools:torture": "tools/torture",
}


def links(text):
    """(file or "", heading or "") of each link that stays in the project."""
    for target in re.findall(r"\]\(([^)]*)\)", text):
        if "://" not in target:
            yield tuple((target + "#").split("#")[:2])


def anchor(heading):
    """What GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def headings(text):
    return [anchor(heading) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]


def section(text, wanted):
    """From the heading to the next one of its rank or above."""
    lines = []
    rank = None
    for line in text.splitlines():
        heading = re.match(r"(#+) (.*)", line)
        if rank and heading and len(heading[1]) <= rank:
            break
        if rank is None and heading and anchor(heading[2]) == wanted:
            rank = len(heading[1])
        if rank:
            lines.append(line)
    return lines


def commands(text):
    """(label, arguments) of each `./tools/bazel run`, in a block or in a sentence."""
    blocks = re.sub(r"\\\n +", "", "\n".join(re.findall(r"^    .*$", text, re.MULTILINE))).splitlines()
    sentences = re.findall(r"`([^`]*)`", re.sub(r"^    .*$", "", text, flags=re.MULTILINE))
    for command in blocks + sentences:
        found = re.search(r"\./tools/bazel run (//\S+)(?: -- (.*))?", command, re.DOTALL)
        if found:
            yield found[1], shlex.split(found[2] or "", comments=True)


def run(label, *arguments):
    return subprocess.run([PROGRAMS[label], *arguments], capture_output=True, text=True, check=False)


class PagesTest(unittest.TestCase):
    def test_a_stranger_finishes_the_readme(self):
        self.assertLessEqual(len(README.read_text(encoding="utf-8").split()), MOST_WORDS)

    def test_links_lead_somewhere(self):
        for page in PAGES:
            for file, heading in links(page.read_text(encoding="utf-8")):
                target = page.parent / file if file else page
                self.assertTrue(target.exists(), f"{page}: {file}")
                if heading:
                    self.assertIn(heading, headings(target.read_text(encoding="utf-8")), f"{page}: {file}")

    def test_answers_stand_in_the_tables_that_they_link(self):
        rows = [line for line in section(README.read_text(encoding="utf-8"), "five-answers") if line.startswith("| [")]
        self.assertGreaterEqual(len(rows), 5)
        for row in rows:
            question, answer = row.strip("| ").split(" | ")
            sections = [section(pathlib.Path(file).read_text(encoding="utf-8"), heading) for file, heading in links(question)]
            cells = [cell.strip() for lines in sections for line in lines if line.startswith("|") for cell in line.split("|")]
            numbers = re.findall(r"\d+\.\d+(?: %)?", answer)
            self.assertTrue(numbers, row)
            for number in numbers:
                self.assertIn(number, cells, row)


class CommandsTest(unittest.TestCase):
    def test_programs_know_every_flag(self):
        helps = {}
        for page in PAGES:
            for label, arguments in commands(page.read_text(encoding="utf-8")):
                self.assertIn(label, PROGRAMS, page)
                if label not in helps:
                    helps[label] = run(label, "--help").stdout
                for flag in (re.match(r"--(\w+)", argument) for argument in arguments):
                    known = not flag or flag[1] == "help" or re.search(rf"--(\[no\])?{flag[1]}\b", helps[label])
                    self.assertTrue(known, f"{page}: {label} does not know {flag}")

    def test_the_citation_is_of_this_release(self):
        version = re.search(r"^version: (.*)$", pathlib.Path("CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)[1]
        self.assertTrue(run("//:train", "--version").stdout.startswith(f"train {version}, commit "))

    # A training that gets as far as its data set has taken all its flags' values.
    def test_trainings_want_nothing_but_their_data(self):
        tried = 0
        for page in PAGES:
            for label, arguments in commands(page.read_text(encoding="utf-8")):
                if label == "//:train" and any(argument.startswith("--dataset=") for argument in arguments):
                    done = run(label, *arguments, "--data_dir=no-such-folder", "--device=cpu")
                    self.assertEqual(done.returncode, 2)
                    self.assertRegex(done.stderr, r"there is no folder no-such-folder", arguments)
                    tried += 1
        self.assertGreater(tried, 4)

    def test_the_first_command_shows_what_the_readme_says(self):
        text = README.read_text(encoding="utf-8")
        label, arguments = next(commands(text))
        self.assertEqual((label, arguments), ("//:train", []))
        done = run(label, "--train_images=300", "--threads=1", "--device=cpu")
        self.assertEqual(done.returncode, 0, done.stderr)
        without_numbers = lambda line: re.sub(r"\s+", " ", re.sub(r"\d+", "N", line)).strip()
        shown = {without_numbers(line) for line in (done.stdout + done.stderr).splitlines()}
        said = [line for line in section(text, "five-minutes") if line.startswith("    ") and "./tools" not in line]
        self.assertEqual(len(said), 4)
        for line in said:
            self.assertIn(without_numbers(line), shown)


PEERS, RESULTS = pathlib.Path("docs/peers.md"), pathlib.Path("docs/results.md")
EVIDENCE = pathlib.Path("reproducibility/results/peers")


def table_under(page, evidence):
    """The cells of the table that stands under `<!-- evidence: .. -->`, without its head."""
    text = page.read_text(encoding="utf-8").split(f"<!-- evidence: {evidence} -->\n", 1)[1]
    lines = re.match(r"(?:\|.*\n)+", text)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def percent(fractions):
    return f"{100 * statistics.mean(fractions):.2f} %"


def difference(ours, theirs, images):
    """Of two means of error rates, in points, and two standard errors of it by the number of test images."""
    rates = [statistics.mean(group) for group in (ours, theirs)]
    error = sum(rate * (1 - rate) / images for rate in rates) ** 0.5
    return 100 * (rates[0] - rates[1]), 200 * error


class PeersTest(unittest.TestCase):
    def test_references_are_what_their_runs_say(self):
        rows = []
        for peer in json.loads((EVIDENCE / "references.json").read_text(encoding="utf-8"))["peers"]:
            by, reach = difference(peer["errors"], peer["reference_errors"], 10000)
            verdict = "agrees" if abs(by) <= reach else "fewer errors" if by < 0 else "**more errors**"
            name = " on ".join(f"`{peer[key]}`" for key in ("learner", "network") if key in peer)
            rows.append([name, percent(peer["errors"]), percent(peer["reference_errors"]), f"{by:+.2f} ± {reach:.2f}", verdict])
        self.assertEqual(table_under(PEERS, EVIDENCE / "references.json"), rows)

    def test_head_to_head_is_what_its_runs_say(self):
        for file in (EVIDENCE / "head_to_head.json", EVIDENCE / "head_to_head_cifar10.json"):
            rows = []
            for row in json.loads(file.read_text(encoding="utf-8"))["learners"]:
                best = max(row["tried"], key=row["tried"].get)
                self.assertEqual(best, row["lr"], row["learner"])
                rows.append([f"`{row['learner']}`", row["lr"], percent(row["accuracies"]), f"{100 * statistics.stdev(row['accuracies']):.2f} %"])
            self.assertEqual(table_under(PEERS, file), rows)

    def test_accuracies_are_what_the_reports_say(self):
        for page, name in ((PEERS, "two_cores_peers"), (RESULTS, "two_cores_authors"), (RESULTS, "two_cores_blocks")):
            folder = pathlib.Path("reproducibility/results", name)
            (experiment,) = json.loads((folder / "report.json").read_text(encoding="utf-8"))["experiments"]
            rows = []
            for row in experiment["accuracies"]:
                name = " on ".join(f"`{row['settings'][key]}`" for key in ("learner", "network") if key in row["settings"])
                rows.append([name, percent(row["values"]), f"{100 * statistics.stdev(row['values']):.2f} %"])
            self.assertEqual(table_under(page, folder), rows)

    def test_steps_are_what_the_benchmark_says(self):
        for network in ("simple_cnn*", "revnet18"):
            files = sorted(pathlib.Path("bench/peers").glob(network + ".json"))
            rows = []
            for one in (one for file in files for one in json.loads(file.read_text(encoding="utf-8"))["contenders"]):
                seconds, untrusted = one["step_seconds"], "" if one["trusted"] else " *"
                median, low, high = (f"{1e3 * seconds[key]:.0f}" for key in ("median", "low", "high"))
                rows.append([f"`{one['learner']}`", f"{median} ({low} to {high}){untrusted}", f"{one['above_bytes'] / 2**20:.1f}"])
            self.assertEqual(table_under(PEERS, f"bench/peers/{network}.json"), rows)


if __name__ == "__main__":
    unittest.main()
