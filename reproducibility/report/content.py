"""What the report says: report.json as blocks. Every number here is one of report.json's, only formatted."""

import charts
import words
from words import number, percent

MARKS = {"PASS": "✓ PASS", "FAIL": "✗ FAIL", "INCONCLUSIVE": "? INCONCLUSIVE", "NOT RUN": "– NOT RUN", "BY CONSTRUCTION": "– BY CONSTRUCTION"}
MOST_ROWS = 20  # of a plot
# What a setting is called on an axis, and whether it doubles.
NUMBERS = {"depth": ("L, modules", True), "label_noise": ("label noise, fraction", False), "lr": ("learning rate", True)}


def mark(claim):
    answered = claim["answered_by"]
    return "see " + ", ".join(answered) if answered else MARKS[claim["verdict"]]


def verdict(claim):
    """The verdict with what it leaves out: which way undecided runs lean, and where devices differ."""
    lean = f"; these runs lean to {claim['leans']}" if claim["leans"] else ""
    devices = "; ".join(f"{device}: {name}" for device, name in claim["devices"].items()) if len(claim["devices"]) > 1 else ""
    return mark(claim) + lean + (f" ({devices})" if devices else "")


def summary(report):
    counts = ", ".join(f"{count} {name}" for name, count in report["summary"].items())
    yield "heading", 2, "Verdicts", "verdicts"
    yield "text", f"**{counts}** of {sum(report['summary'].values())} claims and questions; entries that others answer are not counted."
    if report["stand_in"]:
        yield "warning", f"This is a quick run on {report['stand_in']} instead of the claims' own data sets, with fewer images, epochs and seeds than their rules need. It shows that the machinery works and which way the numbers point; what it cannot show is INCONCLUSIVE, with the reason, whatever its numbers are."
    rows = [["#" + claim["id"], claim["statement"], verdict(claim), words.short(claim["reason"])] for claim in report["claims"]]
    yield "table", ["", "claim or question", "verdict", "why"], rows, ""
    yield "heading", 3, "How a verdict is made", "method"
    yield "list", words.METHOD


def comparison_rows(claim):
    scale = words.scale(claim)
    rows = []
    for c in claim["comparisons"]:
        bound = ("> " if "above" in c else "< ") + number(c.get("above", c.get("below")), scale)
        fail = ("< " if "above" in c else "> ") + number(c.get("fail_below", c.get("fail_above")), scale)
        rows.append([c["label"], bound, fail, len(c["values"]), number(c["mean"], scale), words.interval(c["t_interval"], scale), c["degrees"] or "-", number(c["p"]), number(c["p_against_holm"])])
    return ["contrast", "holds if", "refuted if", "n", "mean", "95 % t", "degrees", "p", "p against, Holm"], rows


def comparison_plot(claim):
    scale = words.scale(claim)
    times = lambda value: None if value is None else scale * value  # noqa: E731
    # Of many modules those that are nearest to refuting: the table has all.
    shown = sorted(claim["comparisons"], key=lambda c: c["p_against"] if c["p_against"] is not None else 1)[:MOST_ROWS] if len(claim["comparisons"]) > MOST_ROWS else claim["comparisons"]
    rows = [{"label": c["label"], "mean": times(c["mean"]), "low": times(c["t_interval"][0]), "high": times(c["t_interval"][1]), "bound": times(c.get("above", c.get("below")))} for c in shown]
    seeds = [{"label": c["label"], "value": times(value)} for c in shown for value in c["values"]]
    title = f"{claim['id']}: single runs (circles), mean and 95 % interval (diamond, line), bound (dash)"
    return "plot", claim["id"].lower(), title, charts.svg(charts.intervals(rows, seeds, words.quantity(claim)))


def ratio_blocks(claim):
    bound = claim["rule"].get("above", claim["rule"].get("below"))
    rows = [{"label": r["label"], "mean": r["value"], "low": r["interval"][0], "high": r["interval"][1], "bound": bound} for r in claim["ratios"]]
    yield "plot", claim["id"].lower(), f"{claim['id']}: ratio with its 95 % interval where it has one (diamond, line), bound (dash)", charts.svg(charts.intervals(rows, [], words.quantity(claim), height=24))
    yield "table", ["contenders", "ratio", "95 %", "trusted"], [[r["label"], number(r["value"]), words.interval(r["interval"]), "yes" if r["trusted"] else "no: disturbed or not settled"] for r in claim["ratios"]], "Ratios"


def one_claim(claim):
    yield "heading", 3, f"{claim['id']}  {mark(claim)}  {claim['statement']}", claim["id"].lower()
    yield "list", [text for text in (
        f"**Source:** {claim['source']}. **Paper's figure:** {claim['figure']}.",
        f"**Verdict:** {verdict(claim)}: {claim['reason']}." if not claim["answered_by"] else "",
        f"**Rule, fixed before the run:** {words.rule(claim)}" if claim["rule"] else "",
        f"**Tolerance:** {claim['tolerance']}." if claim["rule"] else "",
        f"**Rule changed after these runs:** {'; '.join(claim['changed_rules'][:3])}{' ...' if len(claim['changed_rules']) > 3 else ''}" if claim["changed_rules"] else "",
        f"**Chosen on validation data:** {'; '.join(claim['chosen'])}." if claim["chosen"] else "",
        f"**Made by:** {'; '.join(claim['origins'])}." if claim["origins"] else "",
        f"**Took:** {words.duration(claim['seconds'])} for all runs of its experiment." if claim["seconds"] else "",
        f"**Hash of the rule:** `{claim['rule_sha256'][:16]}`" if claim["rule"] else "") if text]
    if claim["comparisons"]:
        yield comparison_plot(claim)
        yield "table", *comparison_rows(claim), "Numbers"
    if claim["ratios"]:
        yield from ratio_blocks(claim)
    if claim["rule"]:
        yield "code", claim["command"]


def speedups(bench):
    yield "heading", 2, "The three speedups", "speedups"
    yield "text", "Never to be mixed: **theoretical** is the sum of the modules' times over the slowest one's, the paper's figure, of phase 2 alone, and by construction about L; **critical path** models a whole step on several devices, messages included; **measured** is wall clock against wall clock on this machine."
    if bench is None:
        yield "warning", "Not measured: no results.json of //:bench was given (`--bench=FILE`)."
        return
    yield "code", bench["environment"]["command"]
    for name, title, chart in charts.plot.charts(bench):
        if name in ("theoretical", "critical_path", "measured"):
            yield "plot", name.replace("_", "-"), title, charts.svg(chart)


def setting_name(experiment, row):
    return ", ".join(f"{row['settings'][field]}" if field == "learner" else f"{field} {row['settings'][field]}" for field in experiment["varies"]) or "all runs"


def experiment_plot(experiment):
    numbers = [field for field in experiment["varies"] if field in NUMBERS]
    rows = [{"label": setting_name(experiment, r), "learner": "sid", **r["settings"], "mean": 100 * r["mean"], "low": words.scaled(r["t_interval"][0]), "high": words.scaled(r["t_interval"][1])} for r in experiment["accuracies"] if r["values"]]
    title = f"{experiment['name']}: test accuracy of the last belief, mean and 95 % interval over {len(experiment['seeds'])} seeds"
    if set(experiment["varies"]) <= {"learner", *NUMBERS} and len(numbers) == 1:
        return "plot", "experiment-" + experiment["name"], title, charts.svg(charts.over_a_number(rows, numbers[0], *NUMBERS[numbers[0]]))
    seeds = [{"label": setting_name(experiment, r), "value": 100 * value} for r in experiment["accuracies"] for value in r["values"]]
    return "plot", "experiment-" + experiment["name"], title, charts.svg(charts.of_names(rows, seeds))


def experiments(report):
    yield "heading", 2, "Ablations: every experiment, every setting", "ablations"
    for experiment in report["experiments"]:
        yield "heading", 3, experiment["name"], "experiment-" + experiment["name"]
        if not experiment["accuracies"]:
            yield "warning", f"Not run: {experiment['not_run']}"
            continue
        yield "text", f"{len(experiment['runs'])} runs on {', '.join(experiment['datasets'])}: {words.either(experiment['epochs'])} epochs of {words.either(n or 'all' for n in experiment['train_images'])} training images, {len(experiment['seeds'])} seeds, {words.duration(experiment['seconds'])} in all." + (f" {experiment['not_run']}" if experiment["not_run"] else "")
        yield experiment_plot(experiment)
        rows = [[setting_name(experiment, r), len(r["values"]), percent(r["mean"]), percent(r["deviation"]), words.interval(r["t_interval"], 100), percent(r["first_mean"]), number(r["first_divergence"]), number(r["last_divergence"]), number(r["sum_of_failures"]), percent(r["fell_everywhere"]), r["failed"]] for r in experiment["accuracies"]]
        yield "table", ["setting", "runs", "accuracy, %", "deviation", "95 % t", "first belief, %", "d_1", "d_L", "sum of e_i", "fell at every module, %", "failed"], rows, "Numbers"
        yield "table", ["file", "accuracy, %", "time"], [[f"`{r['file']}`", percent(r["accuracy"]), words.duration(r["seconds"])] for r in experiment["runs"]], "Single runs"


def deviations(report):
    yield "heading", 2, "What deviates from the paper, and why", "deviations"
    yield "table", ["the paper", "here", "why"], [[d["paper"], d["here"], d["why"]] for d in report["deviations"]], ""


def environment(report):
    yield "heading", 2, "Environment", "environment"
    rows = [["commit", report["commit"]], ["version", report["version"]], *report["machine"].items()]
    yield "table", ["what", "value"], [[key, value] for key, value in rows], ""


def document(report, bench):
    yield "heading", 1, "Reproducibility report", "top"
    yield "text", f"{report['paper']}: what it claims, how each claim was tested, what came out and whether it holds."
    yield "code", report["command"]
    yield "text", "Plots are in report.html. It and report.md are drawn from report.json, without a run and without a network, by `./tools/bazel run //reproducibility/report:report_pages -- OUT`."
    yield from summary(report)
    yield "heading", 2, "Claim by claim", "claims"
    for claim in report["claims"]:
        yield from one_claim(claim)
    yield from speedups(bench)
    yield from experiments(report)
    yield from deviations(report)
    yield from environment(report)
