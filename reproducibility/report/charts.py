"""All pages' charts, as Vega-Lite specifications that vl-convert draws: no browser, no network.

They are narrow, so that a phone shows them whole; told apart by shape as well as by Okabe and Ito's colours, seen on white and on black.
"""

import vl_convert

COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#7F7F7F"]
# Stand-ins for the reader's own colours, light or dark; a file gets greys that are seen on both.
TEXT, GRID = "#010203", "#040506"
GOOD, BAD = COLOURS[2], COLOURS[4]
FAR = 3  # times the middle row's distance from its bound
KNOWN = "isValid(datum.low) && isValid(datum.high)"
CONFIG = {
    "background": None,
    "font": "sans-serif",
    "range": {"category": COLOURS},
    "view": {"stroke": None},
    "point": {"filled": True, "size": 45},
    "axis": {
        **dict.fromkeys(("labelColor", "titleColor", "domainColor", "tickColor"), TEXT),
        "gridColor": GRID,
        **dict.fromkeys(("labelFontSize", "titleFontSize"), 12),
        "titleFontWeight": "normal",
    },
    "legend": {"labelColor": TEXT, "labelLimit": 400, "labelFontSize": 12, "orient": "bottom", "columns": 2, "title": None},
    "header": {"labelColor": TEXT, "labelFontSize": 12, "title": None},
    "text": {"color": TEXT, "fontSize": 12},
}
SPEC = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "config": CONFIG, "width": 410, "height": 220}


def svg(chart, text="currentColor", grid="var(--grid)"):
    return vl_convert.vegalite_to_svg(chart).replace(TEXT, text).replace(GRID, grid)


def layer(mark, encoding, only=None, data=None, **style):
    """A mark with its style; `only`: which rows it is drawn of; `data`: rows of its own."""
    of = {**({"transform": [{"filter": only}]} if only else {}), **({"data": {"values": data}} if data is not None else {})}
    return {"mark": {"type": mark, **style}, "encoding": encoding, **of}


def domain_of(ends, below, above):
    """From the least to the greatest, with so much of their distance as a margin."""
    reach = max(ends) - min(ends) or 1
    return [min(ends) - below * reach, max(ends) + above * reach]


def intervals(rows, title, seeds=(), small=False):
    """Means with intervals, a row each, over a ground that is green where the claim holds, pale where by too little to matter.

    `rows`: label, mean, low, high, bound, above, fail (or None); `seeds`: label, value. `small`: one row of a table's cell, bare.
    """
    ends = [row[k] for row in rows for k in ("mean", "low", "high", "bound", "fail") if row[k] is not None] + [seed["value"] for seed in seeds]
    # A row that lies far away leaves the others their room; its label has its number.
    away = sorted(max(abs(row[k] - row["bound"]) for k in ("mean", "low", "high", "fail") if row[k] is not None) for row in rows)
    reach, bounds = FAR * away[len(away) // 2], [row["bound"] for row in rows]
    ends = [min(max(end, min(bounds) - reach), max(bounds) + reach) for end in ends]
    domain = domain_of(ends, 0.06, 0.06)
    rows = [{**row, "edge": domain[bool(row["above"])], "matters": row["bound"] if row["fail"] is None else row["fail"]} for row in rows]
    scale = {"type": "quantitative", "title": title, "scale": {"domain": domain, "nice": False}}
    x = {**scale, "axis": None if small else {"grid": False, "tickCount": 5}}
    down, size = (0, {"width": 110, "height": 16, "padding": 0}) if small else (7, {"height": {"step": 40}})
    y = {"field": "label", "type": "nominal", "sort": None, "axis": None, "scale": {"padding": 0.04}}
    at = lambda field, **to: {"x": {"field": field, **x}, **to}  # noqa: E731
    edge = {"x2": {"field": "edge"}}
    dot = {"clip": True, "yOffset": down}
    layers = [
        layer("rect", at("bound", **edge), color=GOOD, opacity=0.14),
        layer("rect", at("matters", **edge), color=GOOD, opacity=0.24),
        layer("tick", at("bound"), color=GOOD, thickness=2, bandSize=15 if small else 38),
        layer("tick", at("fail"), only="isValid(datum.fail)", color=BAD, thickness=2, size=12, yOffset=down),
        layer("rule", at("low", x2={"field": "high"}), only=KNOWN, strokeWidth=2, color=TEXT, **dot),
        layer("point", at("mean"), shape="diamond", filled=True, size=70 if small else 90, color=TEXT, **dot),
    ]
    if not small:
        layers += [
            layer("point", at("value"), data=list(seeds), filled=False, size=40, color=COLOURS[0], **dot),
            layer("text", {"x": {"value": 2}, "text": {"field": "label"}}, align="left", yOffset=-9),
        ]
    return {**SPEC, **size, "data": {"values": rows}, "encoding": {"y": y}, "layer": layers}


def lines(rows, x_title, y_title, log=True, zero=False, bound=None):
    """Values over a number, a line a name; `rows`: name, x, value, and low and high where there are some; `bound`: value, above."""
    names = list(dict.fromkeys(row["name"] for row in rows))
    numbers = sorted({row["x"] for row in rows})
    step = 0.06 if log else 0.01 * (numbers[-1] - numbers[0])

    def beside(row):
        """Side by side, for their intervals to be told apart."""
        place = names.index(row["name"]) - (len(names) - 1) / 2 if row.get("low") is not None else 0
        return row["x"] * 2 ** (step * place) if log else row["x"] + step * place

    rows = [{**row, "beside": beside(row)} for row in rows]
    ticks = {"values": numbers if len(numbers) < 9 else [n for n in numbers if n & (n - 1) == 0]} if log or len(numbers) < 9 else {}
    scale = {**({"type": "log", "base": 2} if log else {"zero": False}), "padding": 10, "nice": False}
    axis = {**ticks, "grid": False, "labelOverlap": True}
    x = {"field": "beside", "type": "quantitative", "title": x_title, "scale": scale, "axis": axis}
    ends = [row[k] for row in rows for k in ("value", "low", "high") if row.get(k) is not None] + ([bound[0]] if bound else []) + [0] * zero
    domain = domain_of(ends, 0 if zero else 0.05, 0.05)
    y = {"type": "quantitative", "title": y_title, "scale": {"domain": domain, "nice": False}, "axis": {"tickCount": 6}}
    # One legend for colour and shape needs one list of names.
    legend = None if len(names) == 1 else {"columns": 1 if max(map(len, names)) > 24 else 2}
    name = {"field": "name", "type": "nominal", "scale": {"domain": names}, "legend": legend}
    at = lambda field, **more: {"x": x, "y": {"field": field, **y}, "color": name, **more}  # noqa: E731
    layers = [
        layer("line", at("value", shape=name), point=len(numbers) < 30),
        layer("rule", at("low", y2={"field": "high"}), only=KNOWN, strokeWidth=2),
    ]
    if bound:
        ground = {"x": {"value": 0}, "x2": {"value": "width"}, "y": {"field": "bound", **y}, "y2": {"field": "edge"}}
        layers.insert(0, layer("rect", ground, data=[{"bound": bound[0], "edge": domain[bound[1]]}], color=GOOD, opacity=0.22))
    return {**SPEC, "data": {"values": rows}, "layer": layers}
