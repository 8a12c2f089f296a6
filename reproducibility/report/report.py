#!/usr/bin/env python3
"""Writes report.md and report.html, with every plot in it, beside a report.json of //:reproduce.

Usage: ./tools/bazel run //reproducibility/report:report_pages -- FOLDER
       ./tools/bazel run //reproducibility/report:report_pages -- FOLDER PLOT FILE.svg

With a plot's name, as experiment-depth, it draws that one into a file, in greys that are seen on white and on black.
"""

import json
import os
import pathlib
import sys

HERE = pathlib.Path(os.path.abspath(sys.argv[0]))
for root in (HERE.parents[2], pathlib.Path(f"{HERE}.runfiles/sid")):
    sys.path[:0] = [str(root / "bench/plot"), str(root / "reproducibility/report")]
import blocks  # noqa: E402
import content  # noqa: E402

SCHEMA = 1
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>SID: reproducibility report</title>
<link rel="icon" href="data:,">
<style>{style}</style></head><body>
{body}
</body></html>
"""


def read_json(path):
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        schema = found["schema"]
    except OSError as error:
        sys.exit(f"report: cannot open {path}: {error.strerror}")
    except (ValueError, KeyError, TypeError):
        sys.exit(f"report: {path} is no report of //:reproduce: it is not whole, or another file")
    if schema != SCHEMA:
        sys.exit(f"report: {path} has schema {schema}, and this program reads schema {SCHEMA}: run //:reproduce again")
    return found


def write(path, text):
    """Beside and renamed: a full disk leaves the old file."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        sys.exit(f"report: cannot write {path}: {error.strerror}")


def one_plot(document, name):
    plots = {block[1]: block[3] for block in document if block[0] == "plot"}
    if name not in plots:
        sys.exit(f"report: there is no plot {name}; there are {', '.join(plots)}")
    return plots[name].replace("currentColor", "#777777").replace("var(--grid)", "#bbbbbb")


def main():
    if len(sys.argv) not in (2, 4):
        sys.exit("report: expected the folder of report.json, or that, a plot's name and a file for it")
    caller = pathlib.Path(os.environ.get("SID_CALLERS_FOLDER") or os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    folder = caller / sys.argv[1]
    report = read_json(folder / "report.json")
    try:
        bench = read_json(folder / report["benches"][0]) if report["benches"] else None
        document = list(content.document(report, bench))
    except (KeyError, TypeError, IndexError) as error:
        sys.exit(f"report: {folder / 'report.json'} is damaged: {error!r}")
    if len(sys.argv) == 4:
        write(caller / sys.argv[3], one_plot(document, sys.argv[2]))
        return
    write(folder / "report.md", "\n\n".join(blocks.to_markdown(document)) + "\n")
    write(folder / "report.html", PAGE.format(style=blocks.STYLE, body="\n".join(blocks.to_html(document))))


if __name__ == "__main__":
    main()
