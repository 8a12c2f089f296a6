"""One claim of the report, on all devices, as blocks: source, rule, plots, numbers, and where they come from."""

import json

import charts
from entries import NAMES, number

MOST_ROWS, MOST_LINES = 16, 8  # of a plot


def first_plot(entry, name):
    """Contrasts, or ratios over depth; of many those that are nearest to refuting: the table has all."""
    claim, rows, title, unit = entry["claim"], entry["rows"], f"{entry['claim']['id']}, {entry['device']}", entry["claim"]["quantity"][0]
    if claim["ratios"]:
        names = list(dict.fromkeys(row["name"] for row in sorted(rows, key=lambda row: row["mean"], reverse=not rows[0]["above"])))
        points = [{**row, "value": row["mean"]} for row in rows if row["name"] in names[:MOST_LINES]]
        legend = "Green: where the claim holds." + (
            f" The {MOST_LINES} of {len(names)} contenders that are furthest from it." if len(names) > MOST_LINES else ""
        )
        return name, title, legend, charts.svg(charts.lines(points, "L, modules", unit, bound=(rows[0]["bound"], rows[0]["above"])))
    shown = sorted(rows, key=lambda row: 1 if row["against"] is None else row["against"])[:MOST_ROWS] if len(rows) > MOST_ROWS else rows
    shown = [{**row, "label": f"{row['label']}:  {row['ours']}"} for row in shown]
    legend = "Circle: one run. Diamond and line: mean and 95 % interval. Green: where the claim holds" + (
        "; pale: by too little to matter. An interval wholly short of the full green refutes." if any(row["refuted"] for row in rows) else "."
    )
    return (
        name,
        title,
        legend,
        charts.svg(charts.intervals(shown, unit, [{"label": row["label"], "value": value} for row in shown for value in row["values"]])),
    )


def setting_name(row, rows):
    """What sets it apart from the others."""
    varying = [field for field in row["settings"] if len({str(other["settings"].get(field)) for other in rows}) > 1]
    return (
        ", ".join(str(row["settings"][field]) if field in ("learner", "dataset") else f"{field} {row['settings'][field]}" for field in varying)
        or "sid"
    )


def second_plots(entry, name):
    """Of the settings that the contrasts read: d_i by layer for claims about descent, learning curves for those about accuracy."""
    rule = entry["claim"]["rule"]
    filters = [{**rule.get("where", {}), **term} for c in rule.get("contrasts", []) for _, term in c["sum"]]
    read = [
        row
        for e in entry["report"]["experiments"]
        if e["name"] == entry["claim"]["experiment"]
        for row in e["accuracies"]
        if row["values"] and any(all(row["settings"].get(key, value) == value for key, value in f.items()) for f in filters)
    ]
    curves = rule.get("quantity") == "accuracy"
    for dataset in dict.fromkeys(row["settings"].get("dataset") for row in read if rule["quantity"] != "staleness"):
        rows = [row for row in read if row["settings"].get("dataset") == dataset][:MOST_LINES]
        on, key = f", {NAMES.get(dataset, dataset)}" if dataset else "", "validation_accuracy" if curves else "divergence"
        points = [
            {"name": setting_name(row, rows), "x": k + curves, "value": (100 if curves else 1) * value}
            for row in rows
            for k, value in [*enumerate(row[key])][not curves :]
        ]
        if curves:
            yield f"{name}-curves{on[2:].lower()}", f"Learning curves{on}", "Validation accuracy of the last belief by epoch, mean over seeds.", (
                points,
                "epoch",
                "%",
                False,
            )
        else:
            yield f"{name}-layers", "d_i by layer", f"Mean divergence after module i on the test images, mean over seeds; it starts at d_0 = {rows[0]['divergence'][0]:.3f} nats.", (
                points,
                "i, module",
                "nats",
            )


def evidence(entry, name):
    rows = entry["rows"]
    plots = [first_plot(entry, name)] if len(rows) > 1 or entry["claim"]["comparisons"] else []
    plots += [(*plot, charts.svg(charts.lines(*of))) for *plot, of in second_plots(entry, name)]
    table = [
        [
            row["label"],
            row["holds"],
            row["refuted"] or "-",
            row["ours"],
            len(row["values"]) or "-",
            row.get("degrees") or "-",
            number(row.get("p")),
            number(row.get("holm")),
        ]
        for row in rows
    ]
    if rows:
        yield "plots", plots
        yield "fold", "Numbers", "", [
            ("table", ["what", "holds if", "refuted if surely", "mean [95 %]", "seeds", "degrees", "p", "p against, Holm"], table, "fine numbers")
        ]


def provenance(report, claim):
    told = {
        "Chosen on validation data": claim["chosen"],
        "Made by": claim["origins"],
        "All of its experiment took": [f"{claim['seconds'] / 60:.1f} min"] * bool(claim["seconds"]),
    }
    yield from [("text", f"~{name}: {'; '.join(values)}.~") for name, values in told.items() if values]
    links = " · ".join(f"[{run}]({report['path']}runs/{run})" for run in claim["runs"])
    if links:
        yield "screen", [
            ("fold", f"{len(claim['runs'])} run files", "", [("text", f"~[Experiment](#{report['name']}-{claim['experiment']}): {links}~")])
        ]
    yield "code", claim["command"]


def one_claim(entries):
    claim = entries[0]["claim"]
    blocks = [("text", f"**Source:** {claim['source']}. **Paper's figure:** {claim['figure']}.")]
    if claim["rule"]:
        needs = claim["rule"].get("needs")
        least = (
            f" The least that decides: {', '.join(needs['datasets'])}; {needs['epochs']} epochs, {'all training images' if needs['all_images'] else 'any number of images'}, learning rates to choose from: {needs['learning_rates']}, {claim['seeds_needed']} seeds."
            if needs
            else ""
        )
        which = "all contrasts, paired by seed," if needs else "at least one" if claim["rule"].get("some") else "all"
        blocks += [
            (
                "text",
                f"**Rule, fixed before the run:** PASS: {claim['quantity'][0]}, {which} on the claim's side of the bound. **Tolerance:** {claim['tolerance']}.{least}",
            ),
            (
                "screen",
                [
                    (
                        "fold",
                        f"The rule in reproducibility/claims/claims.json, hash {claim['rule_sha256'][:16]}",
                        "",
                        [("code", json.dumps(claim["rule"], indent=1))],
                    )
                ],
            ),
        ]
    for k, entry in enumerate(entries):
        blocks += [
            ("text", f"{entry['mark']} {'on **' + entry['device'] + '**' if entry['device'] else ''}: {entry['reason']}."),
            *(evidence(entry, claim["id"].lower() + (f"-{k + 1}" if k else "")) if claim["rule"] else []),
        ]
        if claim["rule"] and entry["report"] not in [later["report"] for later in entries[k + 1 :]]:
            blocks += provenance(entry["report"], entry["claim"])
    return "fold", f"{' '.join(dict.fromkeys(entry['mark'] for entry in entries))}  {claim['id']}  {claim['statement']}", claim["id"].lower(), blocks
