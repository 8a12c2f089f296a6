#!/usr/bin/env python3
"""Line coverage by folder from an lcov report, and the files below 90 %. Tests and headers for tests do not count."""

import collections
import pathlib
import re
import sys

FOLDERS = ("base", "data", "sid", "baselines", "train", "bench", "reproducibility")
LEAST = 0.9


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


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: coverage_table.py REPORT.dat")
    path = pathlib.Path(sys.argv[1])
    if not path.exists():
        sys.exit("coverage: there is no %s: did the tests run?" % path)
    folders = collections.defaultdict(lambda: [0, 0])
    low = []
    for source, (hit, lines) in sorted(read(path).items()):
        folder = source.split("/")[0]
        if folder not in FOLDERS or re.search(r"_test\.cc$|_for_tests\.h$|/fuzz/", source):
            continue
        folders[folder][0] += hit
        folders[folder][1] += lines
        if hit < LEAST * lines:
            low.append((hit / lines, lines, source))
    for folder in FOLDERS:
        if folder in folders:
            hit, lines = folders[folder]
            print("%-16s %5.1f %% of %5d lines" % (folder, 100 * hit / lines, lines))
    if low:
        print("\nbelow %d %%:" % (100 * LEAST))
    for share, lines, source in sorted(low):
        print("  %5.1f %% of %4d  %s" % (100 * share, lines, source))


if __name__ == "__main__":
    main()
