#!/usr/bin/python3
"""The table of made-up reports on a made-up tree."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TABLE = pathlib.Path(__file__).with_name("coverage_table.py")


def record(source, hit, missed):
    rows = ["DA:%d,%d" % (line, line <= hit) for line in range(1, hit + missed + 1)]
    return "\n".join(["SF:" + source, *rows, "end_of_record", ""])


class CoverageTable(unittest.TestCase):
    def run_on(self, report, sources):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {"report.dat": report, **sources}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            command = [sys.executable, str(TABLE), str(root / "report.dat"), folder]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            return done.returncode, done.stdout

    def test_a_well_covered_tree_passes(self):
        code, text = self.run_on(record("sid/a.cc", 19, 1) + record("data/b.cc", 9, 1), {"sid/a.cc": "", "data/b.cc": ""})
        self.assertEqual(code, 0, text)
        self.assertIn("sid               95.0 % of    20 lines\n", text)
        self.assertNotIn("below", text)

    def test_a_folder_below_fails_and_its_files_are_named(self):
        code, text = self.run_on(record("sid/a.cc", 10, 0) + record("sid/b.cc", 1, 9), {})
        self.assertEqual(code, 1)
        self.assertIn("55.0 % of    20 lines  BELOW", text)
        self.assertIn("  10.0 % of   10  sid/b.cc", text)
        self.assertNotIn("sid/a.cc", text)

    def test_a_source_that_no_test_links_counts_as_missed(self):
        code, text = self.run_on(
            record("sid/a.cc", 10, 0), {"sid/a.cc": "", "sid/b_main.cc": "// why\n#include <a>\n\nint main() {\n  return 0;\n}\n"}
        )
        self.assertEqual(code, 1)
        self.assertIn("83.3 % of    12 lines", text)
        self.assertIn("   0.0 % of    2  sid/b_main.cc", text)

    def test_tests_and_fuzz_targets_do_not_count(self):
        code, text = self.run_on(
            record("sid/a.cc", 10, 0) + record("sid/a_test.cc", 0, 9),
            {name: "int x;\n" * 99 for name in ("sid/a_test.cc", "sid/fuzz/a.cc", "sid/a_for_tests.cc", "tools/b.cc")},
        )
        self.assertEqual(code, 0, text)
        self.assertIn("100.0 % of    10 lines", text)

    def test_no_report_is_one_line(self):
        done = subprocess.run([sys.executable, str(TABLE), "none.dat"], stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1))


if __name__ == "__main__":
    unittest.main()
