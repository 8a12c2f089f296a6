"""What report.json files say, a claim on a device each; every number is one of theirs, only formatted.

An entry is a claim on a device: {report, claim, device, mark, reason, rows}. A row is a contrast or a ratio, in the units of
QUANTITIES: {label, mean, low, high, bound, above, fail, values} and, in words, {ours, holds, refuted}.
"""

import re

import bench
from page import MARKS

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


def number(value, scale=1, digits=".3g"):
    return "-" if value is None else f"{scale * value:{digits}}"


def percent(value):
    return number(value, 100, ".2f")


def link(name):
    return f"[{name}](#{name.lower()})"


def device_of(report):
    name = bench.device(report["machine"])
    return f"{name}, {report['name']}" if name.startswith("cuda") else name  # of runs that do not tell the GPU's name


def row_of(claim, label, numbers, above, **more):
    _, scale, unit, digits = claim["quantity"]
    mean, low, high, bound, fail = (None if value is None else scale * value for value in numbers)
    ends = {"low": None, "high": None} if low in (None, high) else {"low": low, "high": high}
    ours = "-" if mean is None else f"{mean:{digits}}{unit}" + (f" [{low:{digits}}, {high:{digits}}]" if ends["low"] is not None else "")
    sides = {"holds": f"{'>' if above else '<'} {bound:g}", "refuted": "" if fail in (None, bound) else f"{'<' if above else '>'} {fail:g}"}
    return {"label": label, "mean": mean, **ends, "bound": bound, "above": above, "fail": fail, "values": [], "ours": ours, **sides, **more}


def rows_of(claim, device):
    rule = claim["rule"] or {}
    claim["quantity"] = QUANTITIES.get(rule.get("quantity") or rule.get("bench"))
    bound, above = rule.get("above", rule.get("below")), "above" in rule
    rows = []
    for r in (r for r in claim["ratios"] if r["device"] == device):  # "sid/batched L=4 B=128 over bp-chain L=4 B=128"
        name, depth, batch, over = re.fullmatch(r"(.+?) L=(\d+)( B=\d+)(?: over (.+?) L=.*| on .*)?", r["label"]).groups()
        name += (f" over {over}" if over else "") + (batch if any(f"{batch} " not in other["label"] + " " for other in claim["ratios"]) else "")
        label = f"{name}, L = {depth}" + ("" if r["trusted"] else ", not trusted")
        rows.append(row_of(claim, label, [r["value"], *r["interval"], bound, None], above, name=name, x=int(depth)))
    for c in claim["comparisons"]:
        above, scale = "above" in c, claim["quantity"][1]
        numbers = [c["mean"], *c["t_interval"], c["above" if above else "below"], c.get("fail_below", c.get("fail_above"))]
        tests = {"p": c["p"], "against": c["p_against"], "degrees": c["degrees"], "holm": c["p_against_holm"]}
        rows.append(row_of(claim, c["label"], numbers, above, values=[scale * v for v in c["values"]], **tests))
    return rows


def entry_of(report, claim, device, told):
    nothing = told["verdict"] in ("NOT RUN", "BY CONSTRUCTION")
    reason = re.sub("(the bound): .*", r"\1", told["reason"]) if claim["ratios"] else told["reason"]  # The table has their labels.
    mark = MARKS[f"leans to {told['leans']}" if told["leans"] else told["verdict"]]
    precision = re.search(r"--precision=(\w+)|$", report["options"])[1] or "fp32"
    place = "" if nothing else device if claim["ratios"] else f"{device}, {precision}"  # Rows of times name their own precision.
    return {"report": report, "claim": claim, "device": "" if nothing else device, "place": place, "reason": reason, "rows": rows_of(claim, device), "mark": mark}


def entries_of(reports):
    """By claim's name, decided ones first; without evidence once, where no folder has any; of a device under an older rule where it has no newer."""
    entries, order = {}, list(MARKS.values()).index
    for report in reports:
        for claim in report["claims"]:
            for device, told in (claim["devices"] or {device_of(report): claim}).items():
                entries.setdefault(claim["id"], []).append(entry_of(report, claim, device, told))
    for name, found in entries.items():
        newer = {e["device"] for e in found if not e["claim"]["changed_rules"]}
        shown = [e for e in found if e["device"] and (e["device"] not in newer or not e["claim"]["changed_rules"])]
        entries[name] = sorted(shown or found[:1], key=lambda e: order(e["mark"]))
    return entries


def decisive(entry):
    """The row that refutes; else the one that is least on the claim's side, or, where one is enough, the most."""
    rows, rule = entry["rows"], entry["claim"]["rule"]
    if "contrasts" not in rule:
        return (max if rule.get("some") else min)(rows, key=lambda row: (row["mean"] - row["bound"]) * (1 if row["above"] else -1))
    key = "against" if "FAIL" in entry["mark"] else "p"
    return (min if key == "against" else max)(rows, key=lambda row: 1 if row[key] is None else row[key])
