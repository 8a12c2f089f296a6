#!/usr/bin/env python3
"""Draws the charts of a results.json of //:bench as SVGs.

Usage: ./tools/bazel run //bench:plot -- RESULTS.json FOLDER

Vega-Lite describes the charts, vl-convert renders them; neither needs a browser or a network.
"""

import json
import os
import pathlib
import sys

HERE = pathlib.Path(os.path.abspath(sys.argv[0]))
for wheels in (HERE.parents[2] / "wheels/python", HERE.parents[3] / "wheels/python"):
    sys.path.insert(0, str(wheels))
sys.path.insert(0, f"{HERE}.runfiles/wheels/python")
import vl_convert  # noqa: E402

SCHEMA = 1

# Okabe and Ito's colours, told apart without colour vision and seen on white and on black.
COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#7F7F7F"]
# Stand-ins, which the report's page replaces by the reader's own colours, light or dark, and a file by greys that are seen on both.
TEXT, GRID = "#010203", "#040506"
CONFIG = {
    "background": None,
    "font": "sans-serif",
    "range": {"category": COLOURS},
    "view": {"stroke": None},
    "axis": {"labelColor": TEXT, "titleColor": TEXT, "domainColor": TEXT, "tickColor": TEXT, "gridColor": GRID, "labelFontSize": 12, "titleFontSize": 12},
    "legend": {"labelColor": TEXT, "titleColor": TEXT, "labelLimit": 420, "labelFontSize": 12, "orient": "bottom", "columns": 2, "columnPadding": 40},
    "header": {"labelColor": TEXT, "titleColor": TEXT, "labelFontSize": 12},
    "point": {"filled": True, "size": 60},
}
DEPTH = {"field": "depth", "type": "quantitative", "title": "L, modules", "scale": {"type": "log", "base": 2, "padding": 12, "nice": False}}

def spec(data, width=560, height=300, **parts):
    return {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "config": CONFIG, "data": {"values": data}, "width": width, "height": height, **parts}


def lines(data, series, title, value, zero=True):
    """Value over depth, a line for each series, with the interval where there is one."""
    depth = {**DEPTH, "axis": {"values": sorted({row["depth"] for row in data}), "grid": False}}
    # One legend for colour and shape needs one list of names.
    colour = {"field": series, "type": "nominal", "title": None, "scale": {"domain": list(dict.fromkeys(row[series] for row in data))}}
    y = {"field": "value", "type": "quantitative", "title": value, "scale": {"zero": zero}}
    low = {"field": "low", "type": "quantitative", "title": value}
    layers = [
        {"mark": {"type": "line", "point": True}, "encoding": {"y": y, "color": colour, "shape": colour}},
        {"mark": {"type": "rule", "strokeWidth": 2}, "transform": [{"filter": "isValid(datum.low)"}], "encoding": {"y": low, "y2": {"field": "high"}, "color": colour}},
    ]
    return title, spec(data, encoding={"x": depth}, layer=layers)


def interval(summary, scale):
    return {"value": scale * summary["median"], "low": scale * summary["low"], "high": scale * summary["high"]}


def name(contender, several_batches):
    return contender["name"] + (f" B={contender['batch']}" if several_batches else "")


def charts(results):
    """(file, title, Vega-Lite specification) of each chart that the results have data for."""
    contenders = results["contenders"]
    several = len({contender["batch"] for contender in contenders}) > 1
    named = {contender["label"]: name(contender, several) for contender in contenders}
    depth_of = {contender["label"]: contender["depth"] for contender in contenders}

    steps = [{"depth": c["depth"], "name": named[c["label"]], **interval(c["step_seconds"], 1e3)} for c in contenders]
    yield "steps", *lines(steps, "name", "Time of a step, median and 95 % interval", "milliseconds")

    phases = [
        {"depth": c["depth"], "name": named[c["label"]], "phase": p["phase"], "value": 1e3 * p["seconds"]["median"], "order": order}
        for c in contenders
        for order, p in enumerate(c["phases"])
        if p["module"] < 0 and p["phase"] != "step"
    ]
    if phases:
        bars = {"mark": "bar", "encoding": {
            "x": {"field": "depth", "type": "ordinal", "title": "L, modules", "axis": {"labelAngle": 0}},
            "y": {"field": "value", "type": "quantitative", "title": "milliseconds", "stack": True},
            "color": {"field": "phase", "type": "nominal", "title": None, "sort": None},
            "order": {"field": "order"}}}
        names = list(dict.fromkeys(named.values()))
        facet = {"facet": {"field": "name", "type": "nominal", "title": None, "sort": names}, "columns": 3, "spec": {"width": 150 if len(names) > 1 else 400, "height": 220, **bars}}
        chart = spec(phases, **facet)
        del chart["width"], chart["height"]
        yield "phases", "Phases of a step, medians", chart

    memory = [{"depth": c["depth"], "name": named[c["label"]], "value": c["above_bytes"] / 2**20} for c in contenders if c["above_bytes"] >= 0]
    yield "memory", *lines(memory, "name", "Peak memory above parameters and optimizer state", "MiB")

    modelled = results["modelled_speedups"]
    theoretical = [{"depth": m["depth"], "name": named[m["label"]], "value": m["theoretical"]} for m in modelled]
    if theoretical:
        yield "theoretical", *lines(theoretical, "name", "Theoretical speedup: sum over modules / slowest module, nothing else counted", "times")
    critical = [
        {"depth": m["depth"], "name": f"{named[m['label']]}, {'L' if point is m['critical_path'][-1] else point['devices']} devices", "value": point["speedup"]}
        for m in modelled
        for point in m["critical_path"]
        if point["devices"] in (2, 4) or point is m["critical_path"][-1]
    ]
    if critical:
        yield "critical_path", *lines(critical, "name", "Critical path: a whole step on several devices, modelled", "times as fast as on one")
    measured = [
        {"depth": depth_of[m["of"]], "name": f"{named[m['of']]} over {named[m['over']]}", **interval(m["ratio"], 1)}
        for m in results["measured_speedups"]
    ]
    if measured:
        yield "measured", *lines(measured, "name", "Measured speedup: wall clock against wall clock, pairs, 95 % interval", "times as fast", zero=False)


def refuse(message):
    """One line, and the exit code of all commands here for bad input."""
    print(f"plot: {message}", file=sys.stderr)
    sys.exit(2)


def read(path):
    try:
        results = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        schema = results["schema"]
    except OSError as error:
        refuse(f"cannot open {path}: {error.strerror}")
    except (ValueError, KeyError, TypeError):
        refuse(f"{path} is no result of //:bench: it is not whole, or not its JSON")
    if schema != SCHEMA:
        refuse(f"{path} has schema {schema}, and this program reads schema {SCHEMA}: measure again")
    return results


def main():
    if len(sys.argv) != 3:
        refuse("expected RESULTS.json FOLDER")
    caller = pathlib.Path(os.environ.get("SID_CALLERS_FOLDER") or os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    results, folder = read(caller / sys.argv[1]), caller / sys.argv[2]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, _, chart in charts(results):
            svg = vl_convert.vegalite_to_svg(chart)
            (folder / f"{file}.svg").write_text(svg.replace(TEXT, "#777777").replace(GRID, "#bbbbbb"), encoding="utf-8")
    except OSError as error:
        refuse(f"cannot write to {folder}: {error.strerror}")
    except (KeyError, TypeError) as error:
        refuse(f"{sys.argv[1]} is damaged: {error!r}")


if __name__ == "__main__":
    main()
