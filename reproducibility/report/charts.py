"""The report's charts, as Vega-Lite specifications in the style of bench/plot."""

import plot  # bench/plot/plot.py

# Told apart by shape, so that no colour is needed: seeds are hollow circles, means filled diamonds, bounds dashes.
INK, BOUND = plot.TEXT, plot.COLOURS[4]
LABELS = {"field": "label", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 330, "grid": True, "ticks": False}}


def intervals(rows, seeds, quantity, height=34):
    """Means with intervals over bounds, a row each; `rows`: label, mean, low, high, bound; `seeds`: label, value."""
    value = {"type": "quantitative", "title": quantity, "scale": {"zero": False}}
    layers = [
        {"mark": {"type": "tick", "color": BOUND, "thickness": 3, "size": 0.7 * height}, "encoding": {"x": {"field": "bound", **value}}},
        {"mark": {"type": "rule", "strokeWidth": 2, "color": INK}, "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}], "encoding": {"x": {"field": "low", **value}, "x2": {"field": "high"}}},
        {"mark": {"type": "point", "shape": "diamond", "filled": True, "size": 110, "color": INK}, "encoding": {"x": {"field": "mean", **value}}},
        {"data": {"values": seeds}, "mark": {"type": "point", "filled": False, "size": 45, "color": plot.TEXT, "yOffset": 9}, "encoding": {"x": {"field": "value", **value}}},
    ]
    # The page's font may be wider than the one that the renderer measures the labels with.
    padding = {"left": 5 + 2 * max(len(row["label"]) for row in rows), "right": 15, "top": 5, "bottom": 5}
    return plot.spec(rows, width=400, height={"step": height}, padding=padding, encoding={"y": LABELS}, layer=layers)


def over_a_number(rows, field, title, log):
    """Accuracy over a setting that is a number, a line a learner; side by side, for their intervals to be told apart."""
    learners = list(dict.fromkeys(row["learner"] for row in rows))
    values = sorted({row[field] for row in rows})

    def beside(row):
        aside = learners.index(row["learner"]) - (len(learners) - 1) / 2
        return row[field] * 2 ** (0.07 * aside) if log else row[field] + 0.012 * aside * (values[-1] - values[0])

    scale = {"type": "log", "base": 2, "padding": 12, "nice": False} if log else {"padding": 12, "nice": False}
    x = {"field": "beside", "type": "quantitative", "title": title, "scale": scale, "axis": {"values": values, "grid": False}}
    y = {"type": "quantitative", "title": "test accuracy, %", "scale": {"zero": False}}
    # The same for colour and shape, with its domain, which each layer would else work out anew: then they share a legend.
    learner = {"field": "learner", "type": "nominal", "title": None, "scale": {"domain": learners}}
    layers = [
        {"mark": {"type": "line", "point": True}, "encoding": {"y": {"field": "mean", **y}, "shape": learner}},
        {"mark": {"type": "rule", "strokeWidth": 2}, "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}], "encoding": {"y": {"field": "low", **y}, "y2": {"field": "high"}}},
    ]
    return plot.spec([{**row, "beside": beside(row)} for row in rows], width=480, encoding={"x": x, "color": learner}, layer=layers)


def of_names(rows, seeds):
    """Accuracy of settings that have names, a row each."""
    chart = intervals(rows, seeds, "test accuracy, %", height=28)
    del chart["layer"][0]  # no bound
    return chart


def svg(chart):
    """Drawn; its greys are the page's own, light or dark."""
    return plot.vl_convert.vegalite_to_svg(chart).replace(plot.TEXT, "currentColor").replace(plot.GRID, "var(--grid)")
