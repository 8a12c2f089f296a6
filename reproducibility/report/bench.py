"""What a results.json of //:bench says, as blocks; bench/README.md explains its fields."""

import charts

MOST_NAMES = 7  # of lines that are told apart
TITLES = {  # of a chart: title, legend, axis
    "steps": ("Time of a step", "Median and 95 % interval.", "milliseconds"),
    "phases": ("Phases of SID's fastest step", "Medians; of a captured step where the driver times one, else of a plain one.", "milliseconds"),
    "memory": ("Peak memory of a step", "Above parameters and optimizer state.", "MiB"),
    "theoretical": (
        "Theoretical speedup",
        "Sum over modules / slowest module: phase 2 alone, the paper's figure, by construction about L.",
        "times as fast",
    ),
    "critical_path": ("Critical path", "A whole step on several devices, messages included, modelled.", "times as fast as on one"),
    "measured": ("Measured speedup", "Wall clock against wall clock, in pairs, 95 % interval; the fastest of each learner.", "times as fast"),
}


def device(environment):
    if "gpu" in environment:
        return environment["gpu"]["name"]
    return f"{environment.get('cores', '?')} CPU cores" if environment.get("device") == "cpu" else environment.get("device", "unknown device")


def what(results):
    return "whole steps" if results["settings"]["extractor"] else "the cascade alone"


def named(contender, of):
    """A name without what all contenders share."""
    return contender["name"] + (f" B={contender['batch']}" if len({other["batch"] for other in of}) > 1 else "")


def fastest(contenders):
    """By (learner, depth, batch), in the contenders' order."""
    by = lambda of: {(c["learner"], c["depth"], c["batch"]): c for c in of}  # noqa: E731
    return {**by(contenders), **by(sorted(contenders, key=lambda c: -c["step_seconds"]["median"]))}


def pairs(results):
    """(depth, other learner, ratio) of SID's fastest contenders over the other learners', measured side by side."""
    labels = {c["label"]: c for c in fastest(results["contenders"]).values()}
    for m in results["measured_speedups"]:
        of, over = labels.get(m["of"]), labels.get(m["over"])
        if of and over and of["learner"] == "sid" != over["learner"]:
            yield of["depth"], over["learner"], m["ratio"]


def specifications(results):
    """(file, Vega-Lite specification) of each chart that the results have data for."""
    contenders = results["contenders"]
    name = {c["label"]: named(c, contenders) for c in contenders}
    if len(set(name.values())) > MOST_NAMES:  # ... of each learner the fastest, under its name
        contenders = list(fastest(contenders).values())
        name = {**name, **{c["label"]: named({**c, "name": f"{c['learner']}, fastest"}, contenders) for c in contenders}}

    def row(of, depth, summary, scale=1):
        return {"name": of, "x": depth, "value": scale * summary["median"], "low": scale * summary["low"], "high": scale * summary["high"]}

    found = {file: [] for file in TITLES}
    for c in contenders:
        found["steps"].append(row(name[c["label"]], c["depth"], c["step_seconds"], 1e3))
        if c["above_bytes"] >= 0:
            found["memory"].append({"name": name[c["label"]], "x": c["depth"], "value": c["above_bytes"] / 2**20})
    for (learner, _, _), c in fastest(results["contenders"]).items():
        whole = [p for p in c["phases"] if p["module"] < 0 and p["phase"] != "step"] if learner == "sid" else []
        found["phases"] += [{"x": c["depth"], "name": p["phase"], "value": 1e3 * p["seconds"]["median"]} for p in whole]
    for m in results["modelled_speedups"]:
        found["theoretical"].append({"x": m["depth"], "name": name[m["label"]], "value": m["theoretical"]})
        for point in m["critical_path"]:
            most = point is m["critical_path"][-1]
            if most or point["devices"] in (2, 4):
                devices = f"{name[m['label']]}, {'L' if most else point['devices']} devices"
                found["critical_path"].append({"x": m["depth"], "name": devices, "value": point["speedup"]})
    found["measured"] = [row(f"sid over {over}", depth, ratio) for depth, over, ratio in pairs(results)]
    for file, rows in found.items():
        if rows:
            yield file, charts.lines(rows, "L, modules", TITLES[file][2], zero=file != "measured", bound=(1, True) if file == "measured" else None)


def which(results):
    """"resnet9, B = 8: ", where the network is one whose blocks modules own."""
    networks = [f"{c['network']}, B = {c['batch']}: " for c in results["contenders"] if c.get("network", "simple-cnn") != "simple-cnn"]
    return networks[0] if networks else ""


def speed_answer(results):
    """How many times as fast SID's fastest is, over each learner's; empty without pairs, and of the cascade alone."""
    between = lambda low, high: low if low == high else f"{low} to {high}"  # noqa: E731
    found = {}
    for depth, over, ratio in pairs(results):
        found.setdefault(over, {})[depth] = ratio["median"]
    told = "; ".join(
        f"**{between(f'{min(by.values()):.2f}', f'{max(by.values()):.2f}')} times** as fast as `{over}`'s at L = {between(min(by), max(by))}"
        for over, by in found.items()
    )
    return f"{which(results)}SID's fastest step is {told}" if told and results["settings"]["extractor"] else ""


def memory_answer(results):
    """Peak memory at the greatest depth: each learner's fastest contender, and its leanest where that is another."""
    of = [c for c in results["contenders"] if c["above_bytes"] >= 0 and c["depth"] == max(o["depth"] for o in results["contenders"])]
    least = {c["learner"]: c["above_bytes"] for c in sorted(of, key=lambda c: -c["above_bytes"])}
    told = [
        f"`{c['learner']}` **{c['above_bytes'] / 2**20:.1f} MiB**"
        + (f" (leanest {least[c['learner']] / 2**20:.1f})" if least[c["learner"]] < 0.99 * c["above_bytes"] else "")
        for c in fastest(of).values()
    ]
    return f"{which(results)}{what(results)} at L = {of[0]['depth']} need {', '.join(told)}" if told else ""


def plots(results, prefix):
    return "plots", [(prefix + file.replace("_", "-"), *TITLES[file][:2], charts.svg(chart)) for file, chart in specifications(results)]
