"""One claim of the report, on all devices, as blocks: source, rule, plots, numbers, and where they come from."""

import json

import charts
from entries import NAMES, number
from page import table

MOST_ROWS, MOST_LINES = 16, 8  # of a plot


def plot_of_ratios(entry, title, unit):
    """Over depth; of many the contenders that are furthest from where the claim holds."""
    rows = entry["rows"]
    bound, above = rows[0]["bound"], rows[0]["above"]
    names = list(dict.fromkeys(row["name"] for row in sorted(rows, key=lambda row: row["mean"], reverse=not above)))
    some = f" The {MOST_LINES} of {len(names)} contenders that are furthest from it." if len(names) > MOST_LINES else ""
    points = [{**row, "value": row["mean"]} for row in rows if row["name"] in names[:MOST_LINES]]
    return title, "Green: where the claim holds." + some, charts.svg(charts.lines(points, "L, modules", unit, bound=(bound, above)))


def plot_of_contrasts(entry, title, unit):
    """Of many those that are nearest to refuting: the table has all."""
    rows = entry["rows"]
    shown = sorted(rows, key=lambda row: 1 if row["against"] is None else row["against"])[:MOST_ROWS] if len(rows) > MOST_ROWS else rows
    shown = [{**row, "label": f"{row['label']}:  {row['ours']}"} for row in shown]
    pale = "; pale: by too little to matter. An interval wholly short of the full green refutes."
    legend = "Circle: one run. Diamond and line: mean and 95 % interval. Green: where the claim holds"
    runs = [{"label": row["label"], "value": value} for row in shown for value in row["values"]]
    return title, legend + (pale if any(row["refuted"] for row in rows) else "."), charts.svg(charts.intervals(shown, unit, runs))


def setting_name(row, rows):
    """What sets it apart from the others."""
    settings = row["settings"]
    varying = [field for field in settings if len({str(other["settings"].get(field)) for other in rows}) > 1]
    return ", ".join(str(settings[field]) if field in ("learner", "dataset") else f"{field} {settings[field]}" for field in varying) or "sid"


def settings_read(entry):
    """Of the experiment's settings those that the contrasts read."""
    rule = entry["claim"]["rule"]
    filters = [{**rule.get("where", {}), **term} for c in rule.get("contrasts", []) for _, term in c["sum"]]
    fits = lambda settings: any(all(settings.get(key, value) == value for key, value in f.items()) for f in filters)  # noqa: E731
    own = [e for e in entry["report"]["experiments"] if e["name"] == entry["claim"]["experiment"]]
    return [row for e in own for row in e["accuracies"] if row["values"] and fits(row["settings"])]


def second_plots(entry, name):
    """Of the settings that the contrasts read: d_i by layer for claims about descent, learning curves for those about accuracy."""
    quantity, read = entry["claim"]["rule"].get("quantity"), settings_read(entry)
    for dataset in dict.fromkeys(row["settings"].get("dataset") for row in read if quantity != "staleness"):
        rows = [row for row in read if row["settings"].get("dataset") == dataset][:MOST_LINES]
        named = [(setting_name(row, rows), row) for row in rows]
        if quantity == "accuracy":
            on = f", {NAMES.get(dataset, dataset)}" if dataset else ""
            points = [{"name": of, "x": k + 1, "value": 100 * v} for of, row in named for k, v in enumerate(row["validation_accuracy"])]
            if not points:  # trained on all images: there are none to validate by
                continue
            legend = "Validation accuracy of the last belief by epoch, mean over seeds."
            yield f"{name}-curves{on[2:].lower()}", f"Learning curves{on}", legend, charts.svg(charts.lines(points, "epoch", "%", log=False))
        else:
            points = [{"name": of, "x": k, "value": d} for of, row in named for k, d in enumerate(row["divergence"]) if k > 0]
            start = f"it starts at d_0 = {rows[0]['divergence'][0]:.3f} nats."
            legend = f"Mean divergence after module i on the test images, mean over seeds; {start}"
            yield f"{name}-layers", "d_i by layer", legend, charts.svg(charts.lines(points, "i, module", "nats"))


def numbers_of(row):
    return {
        "what": row["label"],
        "holds if": row["holds"],
        "refuted if surely": row["refuted"] or "-",
        "mean [95 %]": row["ours"],
        "seeds": len(row["values"]) or "-",
        "degrees": row.get("degrees") or "-",
        "p": number(row.get("p")),
        "p against, Holm": number(row.get("holm")),
    }


def evidence(entry, name):
    rows, claim = entry["rows"], entry["claim"]
    if not rows:
        return
    first = plot_of_ratios if claim["ratios"] else plot_of_contrasts
    plots = [(name, *first(entry, f"{claim['id']}, {entry['device']}", claim["quantity"][0]))] if len(rows) > 1 or claim["comparisons"] else []
    yield "plots", [*plots, *second_plots(entry, name)]
    yield "fold", "Numbers", "", [table([numbers_of(row) for row in rows], "fine numbers")]


def provenance(report, claim):
    told = {
        "Chosen on validation data": claim["chosen"],
        "Made by": claim["origins"],
        "All of its experiment took": [f"{claim['seconds'] / 60:.1f} min"] * bool(claim["seconds"]),
    }
    yield from [("text", f"~{name}: {'; '.join(values)}.~") for name, values in told.items() if values]
    links = " · ".join(f"[{run}]({report['path']}runs/{run})" for run in claim["runs"])
    if links:
        text = f"~[Experiment](#{report['name']}-{claim['experiment']}): {links}~"
        yield "screen", [("fold", f"{len(claim['runs'])} run files", "", [("text", text)])]
    yield "code", claim["command"]


def rule_of(claim):
    """What passes, from how much evidence, and the rule itself."""
    needs = claim["rule"].get("needs")
    which = "all contrasts, paired by seed," if needs else "at least one" if claim["rule"].get("some") else "all"
    least = ""
    if needs:
        images, rates = "all training images" if needs["all_images"] else "any number of images", needs["learning_rates"]
        least = f" The least that decides: {', '.join(needs['datasets'])}; {needs['epochs']} epochs, {images}, learning rates to choose from: {rates}, {claim['seeds_needed']} seeds."
    told = f"PASS: {claim['quantity'][0]}, {which} on the claim's side of the bound. **Tolerance:** {claim['tolerance']}."
    yield "text", f"**Rule, fixed before the run:** {told}{least}"
    where = f"The rule in reproducibility/claims/claims.json, hash {claim['rule_sha256'][:16]}"
    yield "screen", [("fold", where, "", [("code", json.dumps(claim["rule"], indent=1))])]


def one_claim(entries):
    claim = entries[0]["claim"]
    blocks = [("text", f"**Source:** {claim['source']}. **Paper's figure:** {claim['figure']}.")]
    blocks += rule_of(claim) if claim["rule"] else []
    for k, entry in enumerate(entries):
        blocks.append(("text", f"{entry['mark']} {'on **' + entry['device'] + '**' if entry['device'] else ''}: {entry['reason']}."))
        if not claim["rule"]:
            continue
        blocks += evidence(entry, claim["id"].lower() + (f"-{k + 1}" if k else ""))
        if entry["report"] not in [later["report"] for later in entries[k + 1 :]]:
            blocks += provenance(entry["report"], entry["claim"])
    marks = " ".join(dict.fromkeys(entry["mark"] for entry in entries))
    return "fold", f"{marks}  {claim['id']}  {claim['statement']}", claim["id"].lower(), blocks
