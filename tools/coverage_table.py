#!/usr/bin/env python3
"""Line coverage by folder from an lcov report, and the files below 90 %. Tests and headers for tests do not count.

Usage: coverage_table.py REPORT.dat [ROOT]

A source that no test links is not in the report; with ROOT, the tree that all tests were run on, it counts as one whose every
line was missed, so that leaving a test out cannot raise the figure. Exit code 1 when a folder is below 90 %.
"""

import collections
import pathlib
import re
import sys

FOLDERS = ("base", "data", "sid", "baselines", "train", "bench", "reproducibility")
LEAST = 0.9
NOT_COUNTED = re.compile(r"_test\.cc$|_for_tests\.(cc|h)$|/fuzz/|^base/fuzzing/|/faulty_system_calls\.cc$")


def read(path):
    """{source: (lines hit, lines)}"""
    files, source, hits = {}, None, []
    for row in path.read_text().splitlines():
        if row.startswith("SF:"):
            source, hits = row[3:], []
        elif row.startswith("DA:"):
            hits.append(int(row[3:].split(",")[1]) > 0)
        elif row == "end_of_record" and hits:
            files[source] = (sum(hits), len(hits))
    return files


def lines_of_code(path):
    """About what lcov would count: lines that are neither empty nor comment, include, brace or namespace."""
    rows = (row.strip() for row in path.read_text().splitlines())
    return sum(1 for row in rows if row and not re.match(r"//|#|namespace\b|using\b|[{}()\];,]+\s*(//.*)?$", row))


def counted(source):
    return source.split("/")[0] in FOLDERS and not NOT_COUNTED.search(source)


def add_unlinked(files, root):
    """Sources (.cc, as a header alone has often no code) that are in no test's report."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.cc")):
            source = path.relative_to(root).as_posix()
            if source not in files and counted(source):
                files[source] = (0, lines_of_code(path))


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    path = pathlib.Path(sys.argv[1])
    if not path.exists():
        sys.exit("coverage: there is no %s: did the tests run?" % path)
    files = read(path)
    if len(sys.argv) == 3:
        add_unlinked(files, pathlib.Path(sys.argv[2]))
    folders = collections.defaultdict(lambda: [0, 0])
    low = []
    for source, (hit, lines) in sorted(files.items()):
        if not counted(source):
            continue
        folders[source.split("/")[0]][0] += hit
        folders[source.split("/")[0]][1] += lines
        if hit < LEAST * lines:
            low.append((hit / lines, lines, source))
    poor = [folder for folder, (hit, lines) in folders.items() if hit < LEAST * lines]
    for folder in FOLDERS:
        if folder in folders:
            hit, lines = folders[folder]
            print("%-16s %5.1f %% of %5d lines%s" % (folder, 100 * hit / lines, lines, "  BELOW" * (folder in poor)))
    if low:
        print("\nbelow %d %%:" % (100 * LEAST))
    for share, lines, source in sorted(low):
        print("  %5.1f %% of %4d  %s" % (100 * share, lines, source))
    if poor:
        sys.exit("coverage: below %d %%: %s" % (100 * LEAST, ", ".join(poor)))


if __name__ == "__main__":
    main()
