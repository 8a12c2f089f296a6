"""What the report says: the report.json of one folder, or of several, as blocks. Every number here is one of theirs, only formatted.

An entry is a claim on a device: {report, claim, device, mark, reason, rows}. A row is a contrast or a ratio, in the units of
QUANTITIES: {label, mean, low, high, bound, above, fail, values} and, in words, {ours, holds, refuted}.
"""

import json
import pathlib
import re

import bench
import charts
from page import MARKS

METHOD = pathlib.Path(__file__).with_name("method.md").read_text(encoding="utf-8")
# Of a rule: an axis' title, the scale, the unit and the digits.
QUANTITIES = {
    "accuracy": ("points of test accuracy", 100, " points", ".2f"),
    "rise": ("rise of the mean divergence at a module, % of d_0", 100, " % of d_0", ".2f"),
    "rise_in_training": ("rise at a module, mean of half of the epochs, % of d_0", 100, " % of d_0", ".2f"),
    "contraction": ("mean divergence after a module / before it", 1, "", ".3f"),
    "staleness": ("nats that a step moves the teacher that moves most", 1, " nats", ".2g"),
    "critical_path_speedup": ("whole step on one device / its critical path on many", 1, " times", ".2f"),
    "measured_speedup": ("times as fast, wall clock", 1, " times", ".2f"),
    "memory_ratio": ("peak bytes of SID / of the other", 1, " times", ".2f"),
    "extractor_backward_share": ("extractor's backward pass / whole step", 1, "", ".2f"),
    "pipeline_prediction": ("slowest stage alone / step of the pipeline", 1, "", ".2f"),
}
NAMES = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "tiny-imagenet": "Tiny-ImageNet"}
# The five questions: the claims that ask them, and the experiment with the setting whose ends answer, where runs do.
ANSWERS = {"Accuracy": (("C1", "C1b", "P0"), "accuracy", "dataset"), "Depth": (("C3", "C7"), "depth", "depth"), "Label noise": (("C6",), "label-noise", "label_noise"),
           "Speed": (("R2", "C4b"), None, None), "Memory": (("C5", "C5b"), None, None)}
LEARNERS = "**The learners:** `sid`, whose modules learn alone; `bp-chain`, the paper's baseline: beliefs chained under one last loss; `bp-deep`, backpropagation with a loss at each depth; `bp-head`, the extractor and one perceptron; `bp-chain-checkpoint`, with recomputation; `bp`, a whole network by backpropagation; `dgl`, greedy modules that hand features on. L: modules; d_i: mean divergence of the belief after module i from the label."
SPEEDUPS = "Three speedups, never to be mixed: **theoretical** is the sum of the modules' times over the slowest one's, the paper's figure, of phase 2 alone; **critical path** models a whole step on several devices, messages included; **measured** is wall clock against wall clock."
CONTENTS = [("Five answers", "answers"), ("Claims by device", "table"), ("Claim by claim", "claims"), ("Time and memory", "speedups"), ("Experiments", "experiments"), ("Method", "method"), ("Deviations", "deviations"), ("Environment", "environment")]
MOST_ROWS, MOST_LINES = 16, 8  # of a plot


def number(value, scale=1, digits=".3g"):
    return "-" if value is None else f"{scale * value:{digits}}"


def link(name):
    return f"[{name}](#{name.lower()})"


def device_of(report):
    name = bench.device(report["machine"])
    return name if name.endswith("cores") else f"{name}, {report['name']}"


def row_of(claim, label, numbers, above, **more):
    _, scale, unit, digits = claim["quantity"]
    mean, low, high, bound, fail = (None if value is None else scale * value for value in numbers)
    ends = {"low": None, "high": None} if low in (None, high) else {"low": low, "high": high}
    ours = "-" if mean is None else f"{mean:{digits}}{unit}" + (f" [{low:{digits}}, {high:{digits}}]" if ends["low"] is not None else "")
    sides = {"holds": f"{'>' if above else '<'} {bound:g}", "refuted": "" if fail in (None, bound) else f"{'<' if above else '>'} {fail:g}"}
    return {"label": label, "mean": mean, **ends, "bound": bound, "above": above, "fail": fail, "values": [], "ours": ours, **sides, **more}


def rows_of(report, claim, device):
    rule = claim["rule"] or {}
    claim["quantity"] = QUANTITIES.get(rule.get("quantity") or rule.get("bench"))
    bound, above = rule.get("above", rule.get("below")), "above" in rule
    rows = []
    for r in (r for r in claim["ratios"] if r["device"] == device):  # "sid/batched L=4 B=128 over bp-chain L=4 B=128"
        name, depth, batch, over = re.fullmatch(r"(.+?) L=(\d+)( B=\d+)(?: over (.+?) L=.*| on .*)?", r["label"]).groups()
        name += (f" over {over}" if over else "") + (batch if any(f"{batch} " not in other["label"] + " " for other in claim["ratios"]) else "")
        rows.append(row_of(claim, f"{name}, L = {depth}" + ("" if r["trusted"] else ", not trusted"), [r["value"], *r["interval"], bound, None], above, name=name, x=int(depth)))
    for c in claim["comparisons"]:
        above, scale = "above" in c, claim["quantity"][1]
        rows.append(row_of(claim, c["label"], [c["mean"], *c["t_interval"], c["above" if above else "below"], c.get("fail_below", c.get("fail_above"))], above,
                           values=[scale * v for v in c["values"]], p=c["p"], against=c["p_against"], degrees=c["degrees"], holm=c["p_against_holm"]))
    return rows


def entries_of(reports):
    """By claim's name, decided ones first; without evidence once, and only where no other folder has any."""
    entries, order = {}, list(MARKS.values()).index
    for report in reports:
        for claim in report["claims"]:
            for device, told in (claim["devices"] or {device_of(report): claim}).items():
                nothing = told["verdict"] in ("NOT RUN", "BY CONSTRUCTION")
                reason = re.sub("(the bound): .*", r"\1", told["reason"]) if claim["ratios"] else told["reason"]  # The table has their labels.
                entries.setdefault(claim["id"], []).append({"report": report, "claim": claim, "device": "" if nothing else device, "reason": reason, "rows": rows_of(report, claim, device),
                                                            "mark": MARKS[f"leans to {told['leans']}" if told["leans"] else told["verdict"]]})
    return {name: sorted([e for e in found if e["device"]] or found[:1], key=lambda e: order(e["mark"])) for name, found in entries.items()}


def decisive(entry):
    """The row that refutes; else the one that is least on the claim's side, or, where one is enough, the most."""
    rows, rule = entry["rows"], entry["claim"]["rule"]
    if "contrasts" not in rule:
        return (max if rule.get("some") else min)(rows, key=lambda row: (row["mean"] - row["bound"]) * (1 if row["above"] else -1))
    key = "against" if "FAIL" in entry["mark"] else "p"
    return (min if key == "against" else max)(rows, key=lambda row: 1 if row[key] is None else row[key])


def banner(reports, everyone):
    scale = {}
    for report in reports:
        ran = [e for e in report["experiments"] if e["runs"]]
        data, images, epochs, seeds = (sorted({value for e in ran for value in e[field]}) for field in ("datasets", "train_images", "epochs", "seeds"))
        runs, images = len({run["file"] for e in ran for run in e["runs"]}), " or ".join(f"{n:,}" if n else "all" for n in images)
        if runs:
            scale[device_of(report)] = [f"{runs} runs on {' and '.join(NAMES.get(name, name) for name in data)}, {images} training images, {' or '.join(map(str, epochs))} epochs, {len(seeds)} seeds"]
        for b in report["measured"]:
            scale.setdefault(bench.device(b["environment"]), []).append("benchmark of " + bench.what(b))
    marks = {device: [e["mark"] for e in everyone if e["device"] == device] for device in scale}
    yield "heading", 1, "Does SID hold?", "top"
    yield "text", f"Reproducibility report on {reports[0]['paper']}."
    yield "list", [f"**{device}:** {'; '.join(told)}. " + " ".join(f"{mark} {marks[device].count(mark)}" for mark in MARKS.values() if mark in marks[device]) for device, told in scale.items()]
    if reports[0]["stand_in"]:
        yield "note", f"A quick run on {reports[0]['stand_in']} instead of the claims' own data: it shows that the machinery works, and nothing about accuracy, depth or noise."
    short, newer = [e["claim"]["shortfalls"] for e in everyone if e["claim"]["shortfalls"]], sum(bool(e["claim"]["changed_rules"]) for e in everyone)
    if short or newer:
        asked = f" ({'; '.join(sorted(set(sum(short, []))))})" if short else ""
        yield "note", f"**What it cannot show:** {len(short)} of {len(everyone)} rules ask for more than their runs have{asked}, and {newer} rules are newer than their runs. Such runs lean one way or the other, and decide nothing."
    yield "screen", [("text", " · ".join(f"[{text}](#{anchor})" for text, anchor in CONTENTS))]


def of_runs(report, name, field):
    """Every learner's mean accuracy at both ends of a setting, or on each data set."""
    rows = [row for e in report["experiments"] if e["name"] == name for row in e["accuracies"] if row["mean"] is not None and field in row["settings"]]
    values = sorted({row["settings"][field] for row in rows})
    for value in values if field == "dataset" else dict.fromkeys(values[:1] + values[-1:]):
        said = NAMES.get(value, value) if field == "dataset" else f"L = {value}" if field == "depth" else f"{100 * value:.0f} % of labels wrong"
        yield f"{said}: " + ", ".join(f"`{row['settings'].get('learner', 'sid')}` **{100 * row['mean']:.2f} %**" for row in rows if row["settings"][field] == value)


def answers(reports, entries):
    rows = []
    for question, (names, experiment, field) in ANSWERS.items():
        of = [e for name in names for e in entries.get(name, [])]
        told = [f"{text}." for report in reports for text in ["; ".join(of_runs(report, experiment, field))] if text]
        if not experiment:
            told = [f"{bench.device(b['environment'])}: {text}." for report in reports for b in report["measured"] for text in [bench.speed_answer(b) if question == "Speed" else bench.memory_answer(b)] if text]
        told += [f"{e['device']}: {link(e['claim']['id'])} is refuted by {row['label']}, **{row['ours']}**." for e in of if e["mark"] == MARKS["FAIL"] for row in [decisive(e)]]
        rows.append([question, " ".join(told) or "Not asked here.", " · ".join(f"{link(e['claim']['id'])} {e['mark']}" for e in of) or "-"])
    yield "table", ["", "what these runs say", ""], rows, "answers card"
    yield "text", f"~{LEARNERS}~"


def verdict_table(entries, everyone):
    rows = []
    for mark in MARKS.values():
        group = [e for e in everyone if e["mark"] == mark]
        rows += [[f"{mark}  {len(group)}"]] if group else []
        for e in group:
            claim, row = e["claim"], decisive(e) if e["rows"] else None
            ours = f"{row['ours']} ~{row['label']}{', 1 of ' + str(len(e['rows'])) if len(e['rows']) > 1 else ''}~" if row else e["reason"]
            drawing = charts.svg(charts.intervals([row], None, small=True)) if row else ""
            bound = row["holds"] + (f" ~refuted {row['refuted']}~" if row["refuted"] else "") if row else ""
            rows.append([f"{link(claim['id'])} {claim['statement']}", "" if claim["figure"] == "none" else claim["figure"], (ours, drawing), bound, mark, e["device"]])
    yield "table", ["claim or question", "paper", "ours [95 %]", "bound", "verdict", "device"], rows, "claims card"
    others = [f"{c['id']} {c['statement']} See {', '.join(map(link, c['answered_by']))}" for c in (of[0]["claim"] for of in entries.values()) if c["answered_by"]]
    yield "text", f"~Answered by others: {'; '.join(others) or 'none'}.~"


def first_plot(entry, name):
    """Contrasts, or ratios over depth; of many those that are nearest to refuting: the table has all."""
    claim, rows, title, unit = entry["claim"], entry["rows"], f"{entry['claim']['id']}, {entry['device']}", entry["claim"]["quantity"][0]
    if claim["ratios"]:
        names = list(dict.fromkeys(row["name"] for row in sorted(rows, key=lambda row: row["mean"], reverse=not rows[0]["above"])))
        points = [{**row, "value": row["mean"]} for row in rows if row["name"] in names[:MOST_LINES]]
        legend = "Green: where the claim holds." + (f" The {MOST_LINES} of {len(names)} contenders that are furthest from it." if len(names) > MOST_LINES else "")
        return name, title, legend, charts.svg(charts.lines(points, "L, modules", unit, bound=(rows[0]["bound"], rows[0]["above"])))
    shown = sorted(rows, key=lambda row: 1 if row["against"] is None else row["against"])[:MOST_ROWS] if len(rows) > MOST_ROWS else rows
    shown = [{**row, "label": f"{row['label']}:  {row['ours']}"} for row in shown]
    legend = "Circle: one run. Diamond and line: mean and 95 % interval. Green: where the claim holds" + ("; pale: by too little to matter. An interval wholly short of the full green refutes." if any(row["refuted"] for row in rows) else ".")
    return name, title, legend, charts.svg(charts.intervals(shown, unit, [{"label": row["label"], "value": value} for row in shown for value in row["values"]]))


def setting_name(row, rows):
    """What sets it apart from the others."""
    varying = [field for field in row["settings"] if len({str(other["settings"].get(field)) for other in rows}) > 1]
    return ", ".join(str(row["settings"][field]) if field in ("learner", "dataset") else f"{field} {row['settings'][field]}" for field in varying) or "sid"


def second_plots(entry, name):
    """Of the settings that the contrasts read: d_i by layer for claims about descent, learning curves for those about accuracy."""
    rule = entry["claim"]["rule"]
    filters = [{**rule.get("where", {}), **term} for c in rule.get("contrasts", []) for _, term in c["sum"]]
    read = [row for e in entry["report"]["experiments"] if e["name"] == entry["claim"]["experiment"] for row in e["accuracies"]
            if row["values"] and any(all(row["settings"].get(key, value) == value for key, value in f.items()) for f in filters)]
    curves = rule.get("quantity") == "accuracy"
    for dataset in dict.fromkeys(row["settings"].get("dataset") for row in read if rule["quantity"] != "staleness"):
        rows = [row for row in read if row["settings"].get("dataset") == dataset][:MOST_LINES]
        on, key = f", {NAMES.get(dataset, dataset)}" if dataset else "", "validation_accuracy" if curves else "divergence"
        points = [{"name": setting_name(row, rows), "x": k + curves, "value": (100 if curves else 1) * value} for row in rows for k, value in [*enumerate(row[key])][not curves :]]
        if curves:
            yield f"{name}-curves{on[2:].lower()}", f"Learning curves{on}", "Validation accuracy of the last belief by epoch, mean over seeds.", (points, "epoch", "%", False)
        else:
            yield f"{name}-layers", "d_i by layer", f"Mean divergence after module i on the test images, mean over seeds; it starts at d_0 = {rows[0]['divergence'][0]:.3f} nats.", (points, "i, module", "nats")


def evidence(entry, name):
    rows = entry["rows"]
    plots = [first_plot(entry, name)] if len(rows) > 1 or entry["claim"]["comparisons"] else []
    plots += [(*plot, charts.svg(charts.lines(*of))) for *plot, of in second_plots(entry, name)]
    table = [[row["label"], row["holds"], row["refuted"] or "-", row["ours"], len(row["values"]) or "-", row.get("degrees") or "-", number(row.get("p")), number(row.get("holm"))] for row in rows]
    if rows:
        yield "plots", plots
        yield "fold", "Numbers", "", [("table", ["what", "holds if", "refuted if surely", "mean [95 %]", "seeds", "degrees", "p", "p against, Holm"], table, "fine numbers")]


def provenance(report, claim):
    told = {"Chosen on validation data": claim["chosen"], "Made by": claim["origins"], "All of its experiment took": [f"{claim['seconds'] / 60:.1f} min"] * bool(claim["seconds"])}
    yield from [("text", f"~{name}: {'; '.join(values)}.~") for name, values in told.items() if values]
    links = " · ".join(f"[{run}]({report['path']}runs/{run})" for run in claim["runs"])
    if links:
        yield "screen", [("fold", f"{len(claim['runs'])} run files", "", [("text", f"~[Experiment](#{report['name']}-{claim['experiment']}): {links}~")])]
    yield "code", claim["command"]


def one_claim(entries):
    claim = entries[0]["claim"]
    blocks = [("text", f"**Source:** {claim['source']}. **Paper's figure:** {claim['figure']}.")]
    if claim["rule"]:
        needs = claim["rule"].get("needs")
        least = f" The least that decides: {', '.join(needs['datasets'])}; {needs['epochs']} epochs, {'all training images' if needs['all_images'] else 'any number of images'}, learning rates to choose from: {needs['learning_rates']}, {claim['seeds_needed']} seeds." if needs else ""
        which = "all contrasts, paired by seed," if needs else "at least one" if claim["rule"].get("some") else "all"
        blocks += [("text", f"**Rule, fixed before the run:** PASS: {claim['quantity'][0]}, {which} on the claim's side of the bound. **Tolerance:** {claim['tolerance']}.{least}"),
                   ("screen", [("fold", f"The rule in reproducibility/claims/claims.json, hash {claim['rule_sha256'][:16]}", "", [("code", json.dumps(claim["rule"], indent=1))])])]
    for k, entry in enumerate(entries):
        blocks += [("text", f"{entry['mark']} {'on **' + entry['device'] + '**' if entry['device'] else ''}: {entry['reason']}."), *(evidence(entry, claim["id"].lower() + (f"-{k + 1}" if k else "")) if claim["rule"] else [])]
        if claim["rule"] and entry["report"] not in [later["report"] for later in entries[k + 1 :]]:
            blocks += provenance(entry["report"], entry["claim"])
    return "fold", f"{' '.join(dict.fromkeys(entry['mark'] for entry in entries))}  {claim['id']}  {claim['statement']}", claim["id"].lower(), blocks


def experiments(report):
    for e in report["experiments"]:
        blocks = [("note", e["not_run"])] if e["not_run"] else []
        depths = [{"name": row["settings"].get("learner", "sid"), "x": row["settings"]["depth"], "value": 100 * row["mean"], **dict(zip(("low", "high"), (v and 100 * v for v in row["t_interval"])))}
                  for row in e["accuracies"] if {*row["settings"]} <= {"learner", "depth"} and "depth" in row["settings"] and row["values"]]
        if depths:
            blocks.append(("plots", [(f"experiment-{e['name']}", "Test accuracy of the last belief", "Mean and 95 % interval over seeds.", charts.svg(charts.lines(depths, "L, modules", "test accuracy, %")))]))
        table = [[setting_name(row, e["accuracies"]), len(row["values"]), number(row["mean"], 100, ".2f"), number(row["deviation"], 100, ".2f"), " to ".join(number(end, 100, ".2f") for end in row["t_interval"]), number(row["first_mean"], 100, ".2f"),
                  *(number(d, 1, ".3f") for d in ([None, *row["divergence"]][2:3] or [None]) + ([None, *row["divergence"]][-1:])), number(row["sum_of_failures"]), number(row["fell_everywhere"], 100, ".2f"), row["failed"]] for row in e["accuracies"]]
        blocks.append(("table", ["setting", "runs", "accuracy, %", "deviation", "95 % t", "first belief, %", "d_1", "d_L", "sum of e_i", "fell at every module, %", "failed"], table, "fine numbers"))
        runs = [[f"[{run['file']}]({report['path']}runs/{run['file']})", number(run["accuracy"], 100, ".2f"), f"{run['seconds']:.1f} s"] for run in e["runs"]]
        blocks.append(("screen", [("fold", "Single runs", "", [("table", ["file", "accuracy, %", "time"], runs, "fine numbers")])]))
        yield "fold", f"{e['name']}, {device_of(report)}: {len(e['runs'])} runs, {e['seconds'] / 60:.1f} min", f"{report['name']}-{e['name']}", blocks


def document(reports):
    entries = entries_of(reports)
    everyone = [e for of in entries.values() for e in of if not e["claim"]["answered_by"]]
    parts = {
        "answers": answers(reports, entries), "table": verdict_table(entries, everyone), "claims": [one_claim(of) for of in entries.values() if not of[0]["claim"]["answered_by"]],
        "speedups": [("text", SPEEDUPS), *(("fold", f"{bench.device(b['environment'])}, {bench.what(b)}", "", [("code", b["environment"].get("command", "")), bench.plots(b, f"bench-{report['name']}-{k + 1}-")]) for report in reports for k, b in enumerate(report["measured"]))],
        "experiments": [block for report in reports for block in experiments(report)], "method": [("list", [line[2:] for line in METHOD.splitlines()])],
        "deviations": [("table", ["the paper", "here", "why"], [[d["paper"], d["here"], d["why"]] for d in reports[0]["deviations"]], "card")],
        "environment": [block for report in reports for block in (("code", report["command"]), ("text", "~" + "; ".join(f"{key} {value}" for key, value in [("commit", report["commit"]), ("version", report["version"]), *report["machine"].items()]) + "~"))],
    }
    yield from banner(reports, everyone)
    for text, anchor in CONTENTS:
        yield "heading", 2, text, anchor
        yield from parts[anchor]
    yield "text", "Drawn from report.json, without a run and without a network, by `./tools/bazel run //:pages -- FOLDER`; report.html has the plots."
