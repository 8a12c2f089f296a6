#!/usr/bin/env python3
"""Draws the pages: of report.json files of //:reproduce, report.md and report.html; of a results.json of //:bench, its charts.

./tools/bazel run //:pages -- FOLDER...                  of one folder, beside its report.json; of several, into --out
./tools/bazel run //:pages -- FOLDER --plot=NAME --out=FILE.svg
./tools/bazel run //:pages -- RESULTS.json --out=FOLDER
./tools/bazel run //:pages -- bench --pipelines --out=bench/e5          the charts of docs/pipelines.md
"""

import argparse
import json
import os
import pathlib
import re
import sys

HERE = pathlib.Path(os.path.abspath(sys.argv[0]))
ROOT = next(root for root in (pathlib.Path(f"{HERE}.runfiles/sid"), HERE.parents[2]) if (root / "train/output/style.css").exists())
sys.path[:0] = [str(ROOT / "reproducibility/report"), str(ROOT.parent / "wheels/python")]
import bench  # noqa: E402
import charts  # noqa: E402
import page  # noqa: E402
import pipelines  # noqa: E402
import report  # noqa: E402

SCHEMA = 1
CALLER = pathlib.Path(os.environ.get("SID_CALLERS_FOLDER") or os.environ.get("BUILD_WORKING_DIRECTORY", "."))
ON_BOTH = "#777777", "#bbbbbb"  # text and grid that are seen on white and on black


def refuse(message):
    """One line, and the exit code of all commands here for bad input."""
    print(f"pages: {message}", file=sys.stderr)
    sys.exit(2)


def read_json(path, program):
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        schema = found["schema"]
    except (ValueError, KeyError, TypeError):
        refuse(f"{path} is no result of //:{program}: it is not whole, or another file")
    if schema != SCHEMA:
        refuse(f"{path} has schema {schema}, and this program reads schema {SCHEMA}: run //:{program} again")
    return found


def write(path, text):
    """Beside and renamed: a full disk leaves the old file."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def draw_charts(specifications, out):
    for name, chart in specifications:
        write(out / f"{name}.svg", charts.svg(chart, *ON_BOTH))


def draw(inputs, out, plot):
    if inputs[0].suffix == ".json":
        draw_charts(bench.specifications(read_json(inputs[0], "bench")), out)
        return
    reports = []
    for folder in inputs:
        told = read_json(folder / "report.json", "reproduce")
        measured = [read_json(folder / name, "bench") for name in told["benches"]]
        reports.append({**told, "measured": measured, "name": folder.resolve().name, "path": os.path.relpath(folder, out) + "/"})
    blocks = list(report.document(reports))
    style = (ROOT / "train/output/style.css").read_text(encoding="utf-8")
    drawn = page.PAGE.format(style=style, body=page.to_html(blocks))
    if plot:
        plots = dict(re.findall(r'<figure id="plot-([^"]*)">.*?(<svg.*?</svg>)', drawn, re.DOTALL))
        if plot not in plots:
            refuse(f"there is no plot {plot}; there are {', '.join(plots)}")
        write(out, plots[plot].replace("currentColor", ON_BOTH[0]).replace("var(--grid)", ON_BOTH[1]))
        return
    write(out / "report.md", page.to_markdown(blocks) + "\n")
    write(out / "report.html", drawn)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", nargs="+", metavar="FOLDER or RESULTS.json")
    parser.add_argument("--out", help="where the pages go, or with --plot the file")
    parser.add_argument("--plot", help="draw this plot alone, in greys that are seen on white and on black")
    parser.add_argument("--pipelines", action="store_true", help="draw what pipelines gain, from the measurements in a folder")
    flags = parser.parse_args()
    inputs = [CALLER / given for given in flags.inputs]
    if not flags.out and (len(inputs) > 1 or flags.plot or flags.pipelines or inputs[0].suffix == ".json"):
        refuse("--out is missing: with several folders, with --plot or --pipelines and of a results.json it says where to draw to")
    out = CALLER / flags.out if flags.out else inputs[0]
    try:
        if flags.pipelines:
            draw_charts(pipelines.specifications(inputs[0]), out)
        else:
            draw(inputs, out, flags.plot)
    except OSError as error:
        refuse(f"{error.filename}: {error.strerror}")
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        refuse(f"{inputs[0]} is damaged: {error!r}")


if __name__ == "__main__":
    main()
