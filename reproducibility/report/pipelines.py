"""What pipelines gain, over batch size, the number of modules and the bandwidth of a link, from the committed measurements (docs/pipelines.md)."""

import json

import charts

METHODS = {"sid": "SID's pipeline", "bp": "data-parallel backpropagation", "gpipe": "GPipe"}
NETWORKS = {"resnet18_even4": "ResNet-18, K = 4", "resnet18_even8": "ResNet-18, K = 8", "vit_tiny_even4": "ViT-Tiny, K = 4"}


def read(folder, name):
    return json.loads((folder / name).read_text(encoding="utf-8"))


def find(results, **wanted):
    return [one for one in results["contenders"] if all(one[key] == value for key, value in wanted.items())]


def against(results, of, over):
    """Times as fast, with its interval, of a pair that the results hold."""
    (ratio,) = [one["ratio"] for one in results["measured_speedups"] if one["of"] == of["label"] and one["over"] == over["label"]]
    return {"value": ratio["median"], "low": ratio["low"], "high": ratio["high"]}


def modelled(over, serial):
    """As fast as the slowest of the serial contender's stages alone would be; none where it has no times of stages."""
    stages = [phase["seconds"]["median"] for phase in serial["phases"] if phase["phase"] == "stage" and phase["module"] >= 0]
    return [{"value": over["step_seconds"]["median"] / max(stages)}] if stages else []


def batches(folder):
    for file, network in NETWORKS.items():
        results = read(folder, f"h200/{file}.json")
        for bp in find(results, learner="bp"):
            (pipeline,) = find(results, schedule="pipeline", batch=bp["batch"])
            (serial,) = find(results, learner="sid", schedule="serial", batch=bp["batch"])
            yield {"name": network + ", measured", "x": bp["batch"], **against(results, pipeline, bp)}
            for value in modelled(bp, serial):
                yield {"name": network + ", model: a GPU a module", "x": bp["batch"], **value}


def modules(folder):
    alone, measured = read(folder, "e5/stages.json"), read(folder, "e5/two_cores.json")
    (bp,) = find(measured, learner="bp", schedule="serial", threads=1)
    for one in find(alone, learner="sid"):
        for value in modelled(bp, one):
            yield {"name": "model: a core a module", "x": one["depth"], **value}
    for schedule, name in (("pipeline", "measured, two threads"), ("ranks", "measured, two processes")):
        (one,) = find(measured, learner="sid", schedule=schedule)
        yield {"name": name, "x": one["depth"], **against(measured, one, bp)}


def links(folder):
    rows = read(folder, "e5/slow_links.json")["rows"]
    alone = {row["width"]: row["step_seconds"] for row in rows if row["method"] == "one-bp"}
    for row in rows:
        if row["method"] in METHODS and "step_seconds" in row:
            name = f"{METHODS[row['method']]}, width {row['width']}"
            yield {"name": name, "x": row["mbit_per_second"], "value": alone[row["width"]] / row["step_seconds"]}


def specifications(folder):
    """(file, Vega-Lite specification) of each chart; `folder` is bench/."""
    yield "batches", charts.lines(list(batches(folder)), "B, examples a step", "times as fast as backpropagation")
    yield "modules", charts.lines(list(modules(folder)), "K, modules", "times as fast as backpropagation on one core", log=False)
    yield "links", charts.lines(list(links(folder)), "the link, Mbit/s", "times as fast as backpropagation in one process", zero=True, bound=(1, True))
