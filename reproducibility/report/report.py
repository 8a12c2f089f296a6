"""What the report says: the report.json of one folder, or of several, as blocks."""

import pathlib

import bench
import charts
from claim import one_claim, setting_name
from entries import NAMES, decisive, device_of, entries_of, link, number, percent
from page import MARKS, table

METHOD = pathlib.Path(__file__).with_name("method.md").read_text(encoding="utf-8")
# The five questions: the claims that ask them, and the experiment with the setting whose ends answer, where runs do.
ANSWERS = {
    "Accuracy": (("C1", "C1b", "P0"), "accuracy", "dataset"),
    "Depth": (("C3", "C7", "C8b"), "depth", "depth"),
    "Label noise": (("C6",), "label-noise", "label_noise"),
    "Speed": (("R2", "C4b"), None, None),
    "Memory": (("C5", "C5b"), None, None),
}
LEARNERS = (
    "**The learners:** `sid`, whose modules learn alone; `bp-chain`, the paper's baseline: beliefs chained under one last loss; `bp-"
    "deep`, backpropagation with a loss at each depth; `bp-head`, the extractor and one perceptron; `bp-chain-checkpoint`, with "
    "recomputation; `bp`, a whole network by backpropagation; `dgl`, greedy modules that hand features on. L: modules; d_i: mean "
    "divergence of the belief after module i from the label."
)
SPEEDUPS = (
    "Three speedups, never to be mixed: **theoretical** is the sum of the modules' times over the slowest one's, the paper's figure, of"
    " phase 2 alone; **critical path** models a whole step on several devices, messages included; **measured** is wall clock against "
    "wall clock."
)


def scale_of(reports):
    """By device, how large the evidence is: runs, benchmarks."""
    scale = {}
    for report in reports:
        ran = [e for e in report["experiments"] if e["runs"]]
        data, images, epochs, seeds = (sorted({value for e in ran for value in e[field]}) for field in ("datasets", "train_images", "epochs", "seeds"))
        runs = len({run["file"] for e in ran for run in e["runs"]})
        if runs:
            on, of = " and ".join(NAMES.get(name, name) for name in data), " or ".join(f"{n:,}" if n else "all" for n in images)
            told = f"{runs} runs on {on}, {of} training images, {' or '.join(map(str, epochs))} epochs, {len(seeds)} seeds"
            scale.setdefault(device_of(report), {})[told] = None
        for b in report["measured"]:
            scale.setdefault(bench.device(b["environment"]), {})["benchmark of " + bench.what(b)] = None
    return scale


def banner(reports, everyone, contents):
    yield "heading", 1, "Does SID hold?", "top"
    yield "text", f"Reproducibility report on {reports[0]['paper']}."
    devices = []
    for device, told in scale_of(reports).items():
        marks = [e["mark"] for e in everyone if e["device"] == device]
        devices.append(f"**{device}:** {'; '.join(told)}. " + " ".join(f"{mark} {marks.count(mark)}" for mark in MARKS.values() if mark in marks))
    yield "list", devices
    if reports[0]["stand_in"]:
        yield "note", f"A quick run on {reports[0]['stand_in']} instead of the claims' own data: it shows that the machinery works, and nothing about accuracy, depth or noise."
    short, newer = [e["claim"]["shortfalls"] for e in everyone if e["claim"]["shortfalls"]], sum(bool(e["claim"]["changed_rules"]) for e in everyone)
    if short or newer:
        asked = f" ({'; '.join(sorted(set(sum(short, []))))})" if short else ""
        yield "note", f"**What it cannot show:** {len(short)} of {len(everyone)} rules ask for more than their runs have{asked}, and {newer} rules are newer than their runs. Such runs lean one way or the other, and decide nothing."
    yield "screen", [("text", " · ".join(f"[{text}](#{anchor})" for text, anchor in contents))]


def of_runs(report, name, field):
    """Every learner's mean accuracy at both ends of a setting, or on each data set."""
    all_rows = [row for e in report["experiments"] if e["name"] == name for row in e["accuracies"]]
    rows = [row for row in all_rows if row["mean"] is not None and field in row["settings"]]
    values = sorted({row["settings"][field] for row in rows})
    for value in values if field == "dataset" else dict.fromkeys(values[:1] + values[-1:]):
        said = NAMES.get(value, value) if field == "dataset" else f"L = {value}" if field == "depth" else f"{100 * value:.0f} % of labels wrong"
        of = [row for row in rows if row["settings"][field] == value]
        yield f"{said}: " + ", ".join(f"`{row['settings'].get('learner', 'sid')}` **{100 * row['mean']:.2f} %**" for row in of)


def told_of(question, reports, experiment, field):
    """What runs or benchmarks say: devices, and a sentence each."""
    for report in reports:
        if experiment:
            yield device_of(report), "; ".join(of_runs(report, experiment, field))
        for b in [] if experiment else report["measured"]:
            yield bench.device(b["environment"]), bench.speed_answer(b) if question == "Speed" else bench.memory_answer(b)


def answers(reports, entries):
    rows = []
    for question, (names, experiment, field) in ANSWERS.items():
        of = [e for name in names for e in entries.get(name, [])]
        refuted = [(e["device"], f"{link(e['claim']['id'])} is refuted by {decisive(e)['label']}, **{decisive(e)['ours']}**") for e in of if e["mark"] == MARKS["FAIL"]]
        pairs = [*told_of(question, reports, experiment, field), *refuted]
        told = {device: "; ".join(text for at, text in pairs if at == device and text) for device, _ in pairs}
        said = " ".join(f"**{device}:** {text}." for device, text in told.items() if text)
        rows.append([question, said or "Not asked here.", " · ".join(f"{link(e['claim']['id'])} {e['mark']}" for e in of) or "-"])
    yield "table", ["", "what these runs say", ""], rows, "answers card"
    yield "text", f"~{LEARNERS}~"


def verdict_row(e):
    claim, row = e["claim"], decisive(e) if e["rows"] else None
    figure = "" if claim["figure"] == "none" else claim["figure"]
    name = f"{link(claim['id'])} {claim['statement']}"
    if not row:
        return [name, figure, (e["reason"], ""), "", e["mark"], e["place"]]
    ours = f"{row['ours']} ~{row['label']}{', 1 of ' + str(len(e['rows'])) if len(e['rows']) > 1 else ''}~"
    bound = row["holds"] + (f" ~refuted {row['refuted']}~" if row["refuted"] else "")
    return [name, figure, (ours, charts.svg(charts.intervals([row], None, small=True))), bound, e["mark"], e["place"]]


def verdict_table(entries, everyone):
    rows = []
    for mark in MARKS.values():
        group = [verdict_row(e) for e in everyone if e["mark"] == mark]
        rows += [[f"{mark}  {len(group)}"], *group] if group else []
    yield "table", ["claim or question", "paper", "ours [95 %]", "bound", "verdict", "device"], rows, "claims card"
    claims = [of[0]["claim"] for of in entries.values()]
    others = [f"{c['id']} {c['statement']} See {', '.join(map(link, c['answered_by']))}" for c in claims if c["answered_by"]]
    yield "text", f"~Answered by others: {'; '.join(others) or 'none'}.~"


def depth_plot(experiment):
    """Accuracy over depth, where nothing else varies but the learner."""
    points = []
    for row in experiment["accuracies"]:
        settings = row["settings"]
        if {*settings} <= {"learner", "depth"} and "depth" in settings and row["values"]:
            low, high = (v and 100 * v for v in row["t_interval"])
            points.append({"name": settings.get("learner", "sid"), "x": settings["depth"], "value": 100 * row["mean"], "low": low, "high": high})
    if points:
        drawn = charts.svg(charts.lines(points, "L, modules", "test accuracy, %"))
        yield "plots", [(f"experiment-{experiment['name']}", "Test accuracy of the last belief", "Mean and 95 % interval over seeds.", drawn)]


def accuracy_row(row, rows):
    d = row["divergence"]
    return {
        "setting": setting_name(row, rows),
        "runs": len(row["values"]),
        "accuracy, %": percent(row["mean"]),
        "deviation": percent(row["deviation"]),
        "95 % t": " to ".join(map(percent, row["t_interval"])),
        "first belief, %": percent(row["first_mean"]),
        "d_1": number(d[1] if len(d) > 1 else None, 1, ".3f"),
        "d_L": number(d[-1] if d else None, 1, ".3f"),
        "sum of e_i": number(row["sum_of_failures"]),
        "fell at every module, %": percent(row["fell_everywhere"]),
        "failed": row["failed"],
    }


def run_row(report, run, runs):
    link_to = f"[{run['file']}]({report['path']}runs/{run['file']})"
    last = {"last epoch, %": percent(run.get("last_epoch_accuracy"))} if any("last_epoch_accuracy" in other for other in runs) else {}
    return {"file": link_to, "accuracy, %": percent(run["accuracy"]), **last, "time": f"{run['seconds']:.1f} s"}


def experiments(report):
    for e in report["experiments"]:
        runs = [run_row(report, run, e["runs"]) for run in e["runs"]]
        blocks = [("note", e["not_run"])] if e["not_run"] else []
        blocks += depth_plot(e)
        if runs:
            blocks.append(table([accuracy_row(row, e["accuracies"]) for row in e["accuracies"]], "fine numbers"))
            blocks.append(("screen", [("fold", "Single runs", "", [table(runs, "fine numbers")])]))
        yield "fold", f"{e['name']}, {device_of(report)}: {len(e['runs'])} runs, {e['seconds'] / 60:.1f} min", f"{report['name']}-{e['name']}", blocks


def speedups(reports):
    yield "text", SPEEDUPS
    for report in reports:
        for k, b in enumerate(report["measured"]):
            parts = [("code", b["environment"].get("command", "")), bench.plots(b, f"bench-{report['name']}-{k + 1}-")]
            yield "fold", f"{bench.device(b['environment'])}, {bench.what(b)}", "", parts


def environment(reports):
    for report in reports:
        made_by = {"commit": report["commit"], "version": report["version"], **report["machine"]}
        yield "code", report["command"]
        yield "text", f"~{'; '.join(f'{key} {value}' for key, value in made_by.items())}~"


def document(reports):
    entries = entries_of(reports)
    everyone = [e for of in entries.values() for e in of if not e["claim"]["answered_by"]]
    deviations = [{"the paper": d["paper"], "here": d["here"], "why": d["why"]} for d in reports[0]["deviations"]]
    parts = {
        ("Five answers", "answers"): answers(reports, entries),
        ("Claims by device", "table"): verdict_table(entries, everyone),
        ("Claim by claim", "claims"): [one_claim(of) for of in entries.values() if not of[0]["claim"]["answered_by"]],
        ("Time and memory", "speedups"): speedups(reports),
        ("Experiments", "experiments"): [block for report in reports for block in experiments(report)],
        ("Method", "method"): [("list", [line[2:] for line in METHOD.splitlines()])],
        ("Deviations", "deviations"): [table(deviations, "card")] if deviations else [],
        ("Environment", "environment"): environment(reports),
    }
    yield from banner(reports, everyone, list(parts))
    for (text, anchor), blocks in parts.items():
        yield "heading", 2, text, anchor
        yield from blocks
    yield "text", "Drawn from report.json, without a run and without a network, by `./tools/bazel run //:pages -- FOLDER`; report.html has the plots."
