"""All pages' charts, as Vega-Lite specifications that vl-convert draws: no browser, no network.

They are narrow, so that a phone shows them whole; told apart by shape as well as by Okabe and Ito's colours, seen on white and on black.
"""

import vl_convert

COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#7F7F7F"]
# Stand-ins for the reader's own colours, light or dark; a file gets greys that are seen on both.
TEXT, GRID = "#010203", "#040506"
GOOD, BAD = COLOURS[2], COLOURS[4]
FAR = 3  # times the middle row's distance from its bound
KNOWN = [{"filter": "isValid(datum.low) && isValid(datum.high)"}]
CONFIG = {
    "background": None,
    "font": "sans-serif",
    "range": {"category": COLOURS},
    "view": {"stroke": None},
    "point": {"filled": True, "size": 45},
    "axis": {
        "labelColor": TEXT,
        "titleColor": TEXT,
        "domainColor": TEXT,
        "tickColor": TEXT,
        "gridColor": GRID,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
    "legend": {"labelColor": TEXT, "labelLimit": 400, "labelFontSize": 12, "orient": "bottom", "columns": 2, "title": None},
    "header": {"labelColor": TEXT, "labelFontSize": 12, "title": None},
    "text": {"color": TEXT, "fontSize": 12},
}


def spec(data, width=410, height=220, **parts):
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "config": CONFIG,
        "data": {"values": data},
        "width": width,
        "height": height,
        **parts,
    }


def svg(chart, text="currentColor", grid="var(--grid)"):
    return vl_convert.vegalite_to_svg(chart).replace(TEXT, text).replace(GRID, grid)


def intervals(rows, title, seeds=(), small=False):
    """Means with intervals, a row each, over a ground that is green where the claim holds, pale where by too little to matter.

    `rows`: label, mean, low, high, bound, above, fail (or None); `seeds`: label, value. `small`: one row of a table's cell, bare.
    """
    ends = [row[k] for row in rows for k in ("mean", "low", "high", "bound", "fail") if row[k] is not None] + [seed["value"] for seed in seeds]
    # A row that lies far away leaves the others their room; its label has its number.
    away = sorted(max(abs(row[k] - row["bound"]) for k in ("mean", "low", "high", "fail") if row[k] is not None) for row in rows)
    reach, bounds = FAR * away[len(away) // 2], [row["bound"] for row in rows]
    ends = [min(max(end, min(bounds) - reach), max(bounds) + reach) for end in ends]
    domain = [end + sign * 0.06 * (max(ends) - min(ends) or 1) for end, sign in ((min(ends), -1), (max(ends), 1))]
    rows = [{**row, "edge": domain[bool(row["above"])], "matters": row["bound"] if row["fail"] is None else row["fail"]} for row in rows]
    x = {
        "type": "quantitative",
        "title": title,
        "scale": {"domain": domain, "nice": False},
        "axis": None if small else {"grid": False, "tickCount": 5},
    }
    down, size = (0, {"width": 110, "height": 16, "padding": 0}) if small else (7, {"height": {"step": 40}})
    y = {"field": "label", "type": "nominal", "sort": None, "axis": None, "scale": {"padding": 0.04}}
    layers = [
        {"mark": {"type": "rect", "color": GOOD, "opacity": 0.14}, "encoding": {"x": {"field": "bound", **x}, "x2": {"field": "edge"}}},
        {"mark": {"type": "rect", "color": GOOD, "opacity": 0.24}, "encoding": {"x": {"field": "matters", **x}, "x2": {"field": "edge"}}},
        {"mark": {"type": "tick", "color": GOOD, "thickness": 2, "bandSize": 15 if small else 38}, "encoding": {"x": {"field": "bound", **x}}},
        {
            "mark": {"type": "tick", "color": BAD, "thickness": 2, "size": 12, "yOffset": down},
            "transform": [{"filter": "isValid(datum.fail)"}],
            "encoding": {"x": {"field": "fail", **x}},
        },
        {
            "mark": {"type": "rule", "clip": True, "strokeWidth": 2, "color": TEXT, "yOffset": down},
            "transform": KNOWN,
            "encoding": {"x": {"field": "low", **x}, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "clip": True, "shape": "diamond", "filled": True, "size": 70 if small else 90, "color": TEXT, "yOffset": down},
            "encoding": {"x": {"field": "mean", **x}},
        },
    ]
    if not small:
        layers += [
            {
                "data": {"values": list(seeds)},
                "mark": {"type": "point", "clip": True, "filled": False, "size": 40, "color": COLOURS[0], "yOffset": down},
                "encoding": {"x": {"field": "value", **x}},
            },
            {"mark": {"type": "text", "align": "left", "yOffset": -9}, "encoding": {"x": {"value": 2}, "text": {"field": "label"}}},
        ]
    return spec(rows, encoding={"y": y}, layer=layers, **size)


def lines(rows, x_title, y_title, log=True, zero=False, bound=None):
    """Values over a number, a line a name; `rows`: name, x, value, and low and high where there are some; `bound`: value, above."""
    names = list(dict.fromkeys(row["name"] for row in rows))
    numbers = sorted({row["x"] for row in rows})
    # Side by side, for their intervals to be told apart.
    beside = lambda row: names.index(row["name"]) - (len(names) - 1) / 2 if row.get("low") is not None else 0  # noqa: E731
    rows = [
        {**row, "beside": row["x"] * 2 ** (0.06 * beside(row)) if log else row["x"] + 0.01 * (numbers[-1] - numbers[0]) * beside(row)} for row in rows
    ]
    ticks = {"values": numbers if len(numbers) < 9 else [n for n in numbers if n & (n - 1) == 0]} if log or len(numbers) < 9 else {}
    scale = {"type": "log", "base": 2} if log else {"zero": False}
    x = {
        "field": "beside",
        "type": "quantitative",
        "title": x_title,
        "scale": {**scale, "padding": 10, "nice": False},
        "axis": {**ticks, "grid": False, "labelOverlap": True},
    }
    ends = (
        [row[k] for row in rows for k in ("value", "low", "high") if row.get(k) is not None] + ([bound[0]] if bound else []) + ([0] if zero else [])
    )
    domain = [end + sign * 0.05 * (max(ends) - min(ends) or 1) for end, sign in ((min(ends), -(not zero)), (max(ends), 1))]
    y = {"type": "quantitative", "title": y_title, "scale": {"domain": domain, "nice": False}, "axis": {"tickCount": 6}}
    # One legend for colour and shape needs one list of names.
    name = {
        "field": "name",
        "type": "nominal",
        "scale": {"domain": names},
        "legend": None if len(names) == 1 else {"columns": 1 if max(map(len, names)) > 24 else 2},
    }
    layers = [
        {"mark": {"type": "line", "point": len(numbers) < 30}, "encoding": {"x": x, "y": {"field": "value", **y}, "shape": name, "color": name}},
        {
            "mark": {"type": "rule", "strokeWidth": 2},
            "transform": KNOWN,
            "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}, "color": name},
        },
    ]
    if bound:
        ground = [{"bound": bound[0], "edge": domain[bound[1]]}]
        layers.insert(
            0,
            {
                "data": {"values": ground},
                "mark": {"type": "rect", "color": GOOD, "opacity": 0.22},
                "encoding": {"x": {"value": 0}, "x2": {"value": "width"}, "y": {"field": "bound", **y}, "y2": {"field": "edge"}},
            },
        )
    return spec(rows, layer=layers)
