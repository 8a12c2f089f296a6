"""Numbers and rules in words."""

METHOD = [
    "**PASS** when every contrast's 95 % t interval lies on the claim's side of its bound. All must, so testing each at 2.5 % a side keeps that level for all together (an intersection-union test): no correction is needed.",
    "**FAIL** when one contrast lies surely short of the smallest effect that would matter, which the rule names; without one, of the bound itself. One is enough, so those p values are Holm's, over the contrasts of the claim, those without runs included. FAIL comes first.",
    "**INCONCLUSIVE** when an interval straddles its bound, seeds are too few, timing is noisy, the runs are smaller than the rule needs, a contrast is missing that might refute, or the rule is not the one that the runs were made under. Such runs *lean* to a verdict where they point there by a standard error: to FAIL where one contrast does, to PASS where all do.",
    "**BY CONSTRUCTION** when it holds and no run could have broken it; **NOT RUN** when there is no evidence. The reason says why.",
    "Where runs scatter alike, the contrasts of a claim share one standard deviation, with Satterthwaite's degrees of freedom: few seeds tell a spread badly.",
    "A claim that is refuted needs no further runs: its contrasts are run one after the other, each with all its seeds.",
    "Intervals are over seeds, which share one test set: they say how another seed would do on these images, not another sample of images. A t interval of five seeds trusts noise to be about symmetric; of noise as skewed as an exponential one PASS in nine would be chance (`//reproducibility/verdict:comparison_test`).",
    "A run whose numbers explode counts with the accuracy of guessing.",
    "Each claim is a question of its own: nothing is corrected across claims, so of 40 true null claims about one may PASS by chance.",
    "Differences are paired by seed: all learners get a seed's own split, label noise, order and augmentation. Learning rates and epochs are chosen on validation data; a run reads the test set with one set of weights, its best epoch's.",
    "p is one-sided, for as much by chance if the mean lay on the bound.",
]
UNITS = {"accuracy": "points of test accuracy", "rise": "rise of the mean divergence at a module, of d_0", "rise_in_training": "rise at a module in a half of the epochs, of d_0", "contraction": "mean divergence after a module / before it", "staleness": "nats, mean over the probes of what a step moves the teacher that moves most", "inference_difference": "nats, largest difference in log p", "critical_path_speedup": "a whole step on one device / its critical path on many", "measured_speedup": "times as fast, wall clock", "memory_ratio": "peak bytes of SID / of the other", "extractor_backward_share": "extractor's backward pass / whole step", "pipeline_prediction": "slowest stage alone / step of the pipeline"}


def number(value, scale=1):
    return "-" if value is None else f"{scale * value:.4g}"


def scaled(value, scale=100):
    return None if value is None else scale * value


def percent(value):
    return "-" if value is None else f"{100 * value:.2f}"


def interval(pair, scale=1):
    return "-" if None in pair else f"{number(pair[0], scale)} to {number(pair[1], scale)}"


def either(values):
    return " or ".join(map(str, values))


def duration(seconds):
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def short(text, most=160):
    return text if len(text) <= most else text[: text.rfind(" ", 0, most)] + " ..."


def quantity_name(rule):
    return rule.get("quantity") or rule.get("bench") or rule["check"]


def quantity(claim):
    return UNITS[quantity_name(claim["rule"])]


def scale(claim):
    """Accuracies are shown in points."""
    return 100 if quantity_name(claim["rule"]).endswith("accuracy") else 1


def rule(claim):
    """The rule as a sentence; the registry has it in full."""
    r, unit = claim["rule"], quantity(claim)
    if "contrasts" not in r:
        side = f"above {r['above']}" if "above" in r else f"below {r['below']}"
        if "check" in r:
            return f"{unit}: {side}, for PASS. No run decides it: the program that makes the report checks it on a small network."
        which = "at least one of them" if r.get("some") else "all of them"
        over = f" Compared with {' and '.join(r['over'].split(','))}." if "over" in r else ""
        return f"{unit}: {which} {side}, for PASS.{over} Experiment `{claim['experiment']}`."
    needs = r["needs"]
    least = f"{', '.join(needs['datasets'])}; at least {needs['epochs']} epochs; {'all training images' if needs['all_images'] else 'any number of training images'}; learning rates to choose from: {needs['learning_rates']}; {claim['seeds_needed']} seeds"
    bounds = sorted({("above " if "above" in c else "below ") + number(c.get("above", c.get("below")), scale(claim)) for c in r["contrasts"]})
    return f"{unit}; for PASS all {len(r['contrasts'])} contrasts, paired by seed, lie {' or '.join(bounds)} as the table says. Experiment `{claim['experiment']}`. The least that decides: {least}."
