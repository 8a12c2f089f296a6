"""What the report says: the report.json of one folder, or of several, as blocks."""

import pathlib

import bench
import charts
from claim import one_claim, setting_name
from entries import NAMES, decisive, device_of, entries_of, link, number
from page import MARKS

METHOD = pathlib.Path(__file__).with_name("method.md").read_text(encoding="utf-8")
# The five questions: the claims that ask them, and the experiment with the setting whose ends answer, where runs do.
ANSWERS = {
    "Accuracy": (("C1", "C1b", "P0"), "accuracy", "dataset"),
    "Depth": (("C3", "C7"), "depth", "depth"),
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
CONTENTS = [
    ("Five answers", "answers"),
    ("Claims by device", "table"),
    ("Claim by claim", "claims"),
    ("Time and memory", "speedups"),
    ("Experiments", "experiments"),
    ("Method", "method"),
    ("Deviations", "deviations"),
    ("Environment", "environment"),
]


def banner(reports, everyone):
    scale = {}
    for report in reports:
        ran = [e for e in report["experiments"] if e["runs"]]
        data, images, epochs, seeds = (
            sorted({value for e in ran for value in e[field]}) for field in ("datasets", "train_images", "epochs", "seeds")
        )
        runs, images = len({run["file"] for e in ran for run in e["runs"]}), " or ".join(f"{n:,}" if n else "all" for n in images)
        if runs:
            scale[device_of(report)] = [
                f"{runs} runs on {' and '.join(NAMES.get(name, name) for name in data)}, {images} training images, {' or '.join(map(str, epochs))} epochs, {len(seeds)} seeds"
            ]
        for b in report["measured"]:
            scale.setdefault(bench.device(b["environment"]), []).append("benchmark of " + bench.what(b))
    marks = {device: [e["mark"] for e in everyone if e["device"] == device] for device in scale}
    yield "heading", 1, "Does SID hold?", "top"
    yield "text", f"Reproducibility report on {reports[0]['paper']}."
    yield "list", [
        f"**{device}:** {'; '.join(told)}. " + " ".join(f"{mark} {marks[device].count(mark)}" for mark in MARKS.values() if mark in marks[device])
        for device, told in scale.items()
    ]
    if reports[0]["stand_in"]:
        yield "note", f"A quick run on {reports[0]['stand_in']} instead of the claims' own data: it shows that the machinery works, and nothing about accuracy, depth or noise."
    short, newer = [e["claim"]["shortfalls"] for e in everyone if e["claim"]["shortfalls"]], sum(bool(e["claim"]["changed_rules"]) for e in everyone)
    if short or newer:
        asked = f" ({'; '.join(sorted(set(sum(short, []))))})" if short else ""
        yield "note", f"**What it cannot show:** {len(short)} of {len(everyone)} rules ask for more than their runs have{asked}, and {newer} rules are newer than their runs. Such runs lean one way or the other, and decide nothing."
    yield "screen", [("text", " · ".join(f"[{text}](#{anchor})" for text, anchor in CONTENTS))]


def of_runs(report, name, field):
    """Every learner's mean accuracy at both ends of a setting, or on each data set."""
    rows = [
        row for e in report["experiments"] if e["name"] == name for row in e["accuracies"] if row["mean"] is not None and field in row["settings"]
    ]
    values = sorted({row["settings"][field] for row in rows})
    for value in values if field == "dataset" else dict.fromkeys(values[:1] + values[-1:]):
        said = NAMES.get(value, value) if field == "dataset" else f"L = {value}" if field == "depth" else f"{100 * value:.0f} % of labels wrong"
        yield f"{said}: " + ", ".join(
            f"`{row['settings'].get('learner', 'sid')}` **{100 * row['mean']:.2f} %**" for row in rows if row["settings"][field] == value
        )


def answers(reports, entries):
    rows = []
    for question, (names, experiment, field) in ANSWERS.items():
        of = [e for name in names for e in entries.get(name, [])]
        told = [f"{text}." for report in reports for text in ["; ".join(of_runs(report, experiment, field))] if text]
        if not experiment:
            told = [
                f"{bench.device(b['environment'])}: {text}."
                for report in reports
                for b in report["measured"]
                for text in [bench.speed_answer(b) if question == "Speed" else bench.memory_answer(b)]
                if text
            ]
        told += [
            f"{e['device']}: {link(e['claim']['id'])} is refuted by {row['label']}, **{row['ours']}**."
            for e in of
            if e["mark"] == MARKS["FAIL"]
            for row in [decisive(e)]
        ]
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
            rows.append(
                [
                    f"{link(claim['id'])} {claim['statement']}",
                    "" if claim["figure"] == "none" else claim["figure"],
                    (ours, drawing),
                    bound,
                    mark,
                    e["device"],
                ]
            )
    yield "table", ["claim or question", "paper", "ours [95 %]", "bound", "verdict", "device"], rows, "claims card"
    others = [
        f"{c['id']} {c['statement']} See {', '.join(map(link, c['answered_by']))}"
        for c in (of[0]["claim"] for of in entries.values())
        if c["answered_by"]
    ]
    yield "text", f"~Answered by others: {'; '.join(others) or 'none'}.~"


def experiments(report):
    for e in report["experiments"]:
        blocks = [("note", e["not_run"])] if e["not_run"] else []
        depths = [
            {
                "name": row["settings"].get("learner", "sid"),
                "x": row["settings"]["depth"],
                "value": 100 * row["mean"],
                **dict(zip(("low", "high"), (v and 100 * v for v in row["t_interval"]))),
            }
            for row in e["accuracies"]
            if {*row["settings"]} <= {"learner", "depth"} and "depth" in row["settings"] and row["values"]
        ]
        if depths:
            blocks.append(
                (
                    "plots",
                    [
                        (
                            f"experiment-{e['name']}",
                            "Test accuracy of the last belief",
                            "Mean and 95 % interval over seeds.",
                            charts.svg(charts.lines(depths, "L, modules", "test accuracy, %")),
                        )
                    ],
                )
            )
        table = [
            [
                setting_name(row, e["accuracies"]),
                len(row["values"]),
                number(row["mean"], 100, ".2f"),
                number(row["deviation"], 100, ".2f"),
                " to ".join(number(end, 100, ".2f") for end in row["t_interval"]),
                number(row["first_mean"], 100, ".2f"),
                *(number(d, 1, ".3f") for d in ([None, *row["divergence"]][2:3] or [None]) + ([None, *row["divergence"]][-1:])),
                number(row["sum_of_failures"]),
                number(row["fell_everywhere"], 100, ".2f"),
                row["failed"],
            ]
            for row in e["accuracies"]
        ]
        blocks.append(
            (
                "table",
                [
                    "setting",
                    "runs",
                    "accuracy, %",
                    "deviation",
                    "95 % t",
                    "first belief, %",
                    "d_1",
                    "d_L",
                    "sum of e_i",
                    "fell at every module, %",
                    "failed",
                ],
                table,
                "fine numbers",
            )
        )
        runs = [
            [f"[{run['file']}]({report['path']}runs/{run['file']})", number(run["accuracy"], 100, ".2f"), f"{run['seconds']:.1f} s"]
            for run in e["runs"]
        ]
        blocks.append(("screen", [("fold", "Single runs", "", [("table", ["file", "accuracy, %", "time"], runs, "fine numbers")])]))
        yield "fold", f"{e['name']}, {device_of(report)}: {len(e['runs'])} runs, {e['seconds'] / 60:.1f} min", f"{report['name']}-{e['name']}", blocks


def document(reports):
    entries = entries_of(reports)
    everyone = [e for of in entries.values() for e in of if not e["claim"]["answered_by"]]
    parts = {
        "answers": answers(reports, entries),
        "table": verdict_table(entries, everyone),
        "claims": [one_claim(of) for of in entries.values() if not of[0]["claim"]["answered_by"]],
        "speedups": [
            ("text", SPEEDUPS),
            *(
                (
                    "fold",
                    f"{bench.device(b['environment'])}, {bench.what(b)}",
                    "",
                    [("code", b["environment"].get("command", "")), bench.plots(b, f"bench-{report['name']}-{k + 1}-")],
                )
                for report in reports
                for k, b in enumerate(report["measured"])
            ),
        ],
        "experiments": [block for report in reports for block in experiments(report)],
        "method": [("list", [line[2:] for line in METHOD.splitlines()])],
        "deviations": [("table", ["the paper", "here", "why"], [[d["paper"], d["here"], d["why"]] for d in reports[0]["deviations"]], "card")],
        "environment": [
            block
            for report in reports
            for block in (
                ("code", report["command"]),
                (
                    "text",
                    "~"
                    + "; ".join(
                        f"{key} {value}" for key, value in [("commit", report["commit"]), ("version", report["version"]), *report["machine"].items()]
                    )
                    + "~",
                ),
            )
        ],
    }
    yield from banner(reports, everyone)
    for text, anchor in CONTENTS:
        yield "heading", 2, text, anchor
        yield from parts[anchor]
    yield "text", "Drawn from report.json, without a run and without a network, by `./tools/bazel run //:pages -- FOLDER`; report.html has the plots."
