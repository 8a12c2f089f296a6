"""The ACM artifact appendix and the NeurIPS checklist, filled from the report's data."""

import words


def facts(report):
    """What both lists say of the runs."""
    machine = report["machine"]
    ran = [e for e in report["experiments"] if e["runs"]]
    return {
        "runs": len({run["file"] for e in ran for run in e["runs"]}),
        "seconds": sum({run["file"]: run["seconds"] for e in ran for run in e["runs"]}.values()),
        "datasets": sorted({name for e in ran for name in e["datasets"]}),
        "seeds": sorted({len(e["seeds"]) for e in ran}),
        "machine": f"{machine.get('processor', 'unknown processor')}, {machine.get('cores', '?')} cores, {machine.get('memory_bytes', 0) / 2**30:.0f} GiB",
        "verdicts": ", ".join(f"{count} {name}" for name, count in report["summary"].items()),
    }


def artifact_appendix(report):
    f = facts(report)
    machine = report["machine"]
    yield "heading", 2, "Artifact appendix (ACM)", "artifact"
    yield "table", ["item", "answer"], [
        ["Algorithm", "Synergistic Information Distillation and three backpropagation baselines on the same network"],
        ["Program", "C++20 on LibTorch; plots by Vega-Lite"],
        ["Compilation", f"Bazel, `./tools/bazel`; compiler version {machine.get('compiler', 'not stated')}"],
        ["Model", "SimpleCNN extractor and L perceptron modules; trained from scratch, no weights to fetch"],
        ["Data sets", f"here {', '.join(f['datasets']) or 'none'}; mnist-mini comes with the source, `//data:fetch` downloads the others"],
        ["Run-time environment", f"here {machine.get('operating_system', 'not stated')}; Debian 12 or Ubuntu; libraries from the distribution and from PyPI's wheels, pinned by hash"],
        ["Hardware", f"here {f['machine']}, device {machine.get('device', 'cpu')}; a GPU is not needed"],
        ["Metrics", "test accuracy by depth, divergence by depth, excess over the error bound, seconds, bytes"],
        ["Output", "report.json, report.md, report.html and a JSON file a run"],
        ["Experiments", f"{f['runs']} runs; `{report['command']}`"],
        ["Time to complete", f"{words.duration(f['seconds'])} of training and evaluation here"],
        ["Time to prepare", "one command, which installs what is missing; 2.5 GB to fetch, once"],
        ["Publicly available", "as source"],
        ["Evaluation and expected results", f"{f['verdicts']}; a run repeated on the same machine gives the same report.json but for times, which `//reproducibility:determinism_test` checks"],
        ["Customisation", "`--claims`, `--seeds`, `--epochs`, `--tune`, `--data_dir`, `--device`; reproducibility/claims/claims.json holds the rules"],
    ], ""


def neurips(report):
    f = facts(report)
    significance = f"Yes. t intervals, effect sizes and Holm's correction; {' or '.join(map(str, f['seeds'])) or 'no'} seeds here."
    complete = "No, this run cannot decide all of them: what is missing is with each verdict." if report["summary"].get("INCONCLUSIVE", 0) + report["summary"].get("NOT RUN", 0) else "Yes: each has a verdict."
    yield "heading", 2, "NeurIPS checklist", "neurips"
    yield "table", ["question", "answer"], [
        ["1. Claims: do the main claims reflect the results?", f"{complete} {f['verdicts']}."],
        ["2. Limitations discussed?", "Yes. With each verdict, and under what deviates from the paper."],
        ["3. Theory: assumptions and proofs?", "Propositions 2 and 4 are stated with the conditions under which they hold in sid/theory/quantities.h, and tested on arbitrary beliefs; the proofs are the paper's."],
        ["4. Can the experiments be reproduced?", f"Yes. `{report['command']}`"],
        ["5. Open access to data and code?", "Yes. The source, and public data sets with a program that fetches them and checks their checksums."],
        ["6. Setting and details?", "Yes. Every run's file holds all its settings; the learning rate and the epoch are chosen on validation data."],
        ["7. Statistical significance?", significance],
        ["8. Compute resources?", f"Yes. {f['runs']} runs, {words.duration(f['seconds'])}, on {f['machine']}."],
        ["9. Code of ethics?", "Nothing here is known to conflict with it."],
        ["10. Broader impacts?", "Not applicable: a training method on public benchmark data."],
        ["11. Safeguards?", "Not applicable: no model or data set of risk is released."],
        ["12. Licences of what is used?", "LibTorch, Vega and the distribution's libraries under their own licences; data sets under their publishers' terms, mnist-mini's lies beside it."],
        ["13. New assets documented?", "Yes. README.md and the registry of claims."],
        ["14. Crowdsourcing, human subjects?", "Not applicable."],
        ["15. Review board?", "Not applicable."],
        ["16. Use of language models?", "Not part of the method. Whether they were used in writing is for the authors of a submission to declare."],
    ], ""
