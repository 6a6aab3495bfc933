"""A synthetic run with all that makes a report hard: hostile text, undefined numbers, empty bins, several draws."""

from itertools import pairwise

import numpy as np

from calibench.metrics.measures import infos
from calibench.records import Metric, Reliability, ReliabilityBin, Scorecard
from calibench.results import Comparison, Difference, GalleryItem, OutcomeCount, RunSummary
from calibench.results.judging import GraderAgreement
from calibench.results.labels import CorrectedNumber, LabelCount, Labelled

HOSTILE = (
    "</td></svg><script>window.pwned=1;document.title='pwned'</script><img src=x onerror=alert(1)>{{7*7}} $\\frac{1}{"
)
"""Tries to leave the table cell, the SVG, the template and mathtext."""
NASTY = "bell \x07 nul \x00 surrogate \ud800 override \u202etxet desrever\u202c \u2066isolate\u2069 \ufffe end"
DRAWS = 4
TASKS = {
    "gsm8k": ("math", 150, 0.62),
    "math500": ("math", 120, 0.35),
    "creak": ("fact", 200, 0.71),
    "popqa": ("fact", 200, 0.22),
    HOSTILE: ("reasoning", 40, 0.5),
}
METHODS = ("stated", "p_true")


def _metric(name, value, half, task, method, subset, n_used, n_total, reason=None):
    floor, ceiling = (-1, 1) if name == "signed_gap" else (0, 1)
    low = None if value is None or half is None else max(floor, value - half)
    high = None if value is None or half is None else min(ceiling, value + half)
    return Metric(
        task=task, protocol="stated", method=method, subset=subset, metric=name, value=value, low=low, high=high,
        n_used=n_used, n_total=n_total, reason=reason,
        convention=f"{name}: 10 bins of equal width, (lo, hi]; 95 % bootstrap by question",
    )  # fmt: skip


def _scores(confidence, correct, n_total, task, method, subset):
    """Metrics of one cell; the numbers need to be plausible, not exact: `metrics` has its own tests."""
    n = len(confidence)
    args = (task, method, subset, n, n_total)
    half = 1 / np.sqrt(max(n, 1))
    accuracy, mean = float(correct.mean()), float(confidence.mean())
    bins = np.clip(np.ceil(confidence * 10).astype(int) - 1, 0, 9)
    ece = sum(abs(correct[bins == b].sum() - confidence[bins == b].sum()) for b in np.unique(bins)) / n
    auroc = None if correct.all() or not correct.any() else 0.5 + 0.4 * float(np.corrcoef(confidence, correct)[0, 1])
    one_class = None if auroc is not None else "all answers have the same outcome; AUROC needs both"
    brier = float(((confidence - correct) ** 2).mean())
    yield _metric("accuracy", accuracy, half, task, method, subset, n_total, n_total)
    yield _metric("coverage", n / n_total, 0.02, task, method, subset, n_total, n_total)
    yield _metric("mean_confidence", mean, half / 2, *args)
    yield _metric("ece", ece, None if ece < half / 2 else half / 2, *args)
    yield _metric("ece_noise_floor", 0.6 * half, None, *args)
    yield _metric("brier", brier, half / 3, *args)
    yield _metric("auroc", auroc, half if auroc else None, *args, reason=one_class)
    yield _metric("signed_gap", mean - accuracy, half, *args)
    for scenario, filler in (("worst", 1.0), ("best", 0.0), ("half", 0.5)):
        padded = np.concatenate([confidence, np.full(n_total - n, filler)])
        labels = np.concatenate([correct, np.zeros(n_total - n)])
        value = float(((padded - labels) ** 2).mean())
        yield _metric(f"brier_missing_{scenario}", value, None, task, method, subset, n_total, n_total)


def _reliability(confidence, correct, n_total, task, method, subset="all"):
    bins = np.clip(np.ceil(confidence * 10).astype(int) - 1, 0, 9)
    made = []
    for b in range(10):
        chosen = bins == b
        n = int(chosen.sum())
        mean = float(confidence[chosen].mean()) if n else None
        accuracy = float(correct[chosen].mean()) if n else None
        half = 0.9 / np.sqrt(n) if n else 0
        made.append(ReliabilityBin(
            low=b / 10, high=(b + 1) / 10, n=n, confidence=mean, accuracy=accuracy,
            accuracy_low=max(0.0, accuracy - half) if n else None,
            accuracy_high=min(1.0, accuracy + half) if n else None,
            noise_low=max(0.0, mean - half) if n else None, noise_high=min(1.0, mean + half) if n else None,
            n_correct=int(correct[chosen].sum()), n_incorrect=n - int(correct[chosen].sum()),
        ))  # fmt: skip
    return Reliability(
        task=task, protocol="stated", method=method, subset=subset, n_used=len(confidence), n_total=n_total,
        convention="10 bins of equal width, (lo, hi], zero in the first; Wilson intervals", bins=tuple(made),
    )  # fmt: skip


def build(name="sft on micro", kind="sft", model="Qwen/Qwen3-0.6B", shift=0.0, seed=0, temperature=0.7, text=HOSTILE):
    """A run; `text` is what its questions, one of its choices and its notes say."""
    rng = np.random.default_rng(seed)
    metrics, reliability, counts, gallery = [], [], [], []
    for task, (domain, questions, base) in TASKS.items():
        n_total = questions * DRAWS
        level = rng.integers(1, 6, n_total)
        correct_all = rng.random(n_total) < np.clip(base - 0.08 * (level - 3), 0.02, 0.98)
        statuses = {}
        for method in METHODS:
            spread = 0.16 if method == "stated" else 0.3
            raw = 0.72 + shift + 0.2 * (correct_all - base) + spread * rng.standard_normal(n_total)
            confidence = np.clip(np.round(raw, 1 if method == "stated" else 3), 0, 1)
            has = rng.random(n_total) < (0.55 if task == HOSTILE else 0.93)
            if task == HOSTILE:
                correct_all = np.zeros(n_total, bool)
            used = confidence[has], correct_all[has]
            metrics += _scores(*used, n_total, task, method, "all")
            reliability.append(_reliability(*used, n_total, task, method))
            if domain == "math":
                for k in range(1, 6):
                    at = has & (level == k)
                    total = int((level == k).sum())
                    metrics += _scores(confidence[at], correct_all[at], total, task, method, f"level={k}")
                for half, subject in enumerate(("Algebra", "Number Theory & <b>more</b>")):
                    at = has & (np.arange(n_total) % 2 == half)
                    metrics += _scores(
                        confidence[at], correct_all[at], n_total // 2, task, method, f"subject={subject}"
                    )
            statuses[method] = {"ok": int(has.sum()), "missing": int((~has).sum()) - 1, "ambiguous": 1}
            worst = float(confidence[has & ~correct_all].max())
            for i in range(2):
                gallery.append(GalleryItem(
                    task=task, question_id=f"{task[:8]}-{i}", protocol="stated", draw=i, method=method,
                    confidence=worst, question=f"{text} {NASTY}" if i else "It leaves at 9:40.\nHow long is it?",
                    choices=("(A) one", text) if i else (), gold=("85 minutes", "1 h 25 min"),
                    answer=text if i else "65",
                    reasoning=None if i else "From 9:40 to 11:05.\nSo 60 + 5 = 65.", text="x" * 100_000 if i else
                    "<think>From 9:40 to 11:05.\nSo 60 + 5 = 65.</think>Answer: 65 minutes\nConfidence: 100%",
                ))  # fmt: skip
        right = int(correct_all.sum())
        rest = {"abstained": 3, "unparsed": 5, "truncated": 11 if kind == "sft" else 2, "failed": 1}
        wrong = n_total - right - sum(rest.values())
        counts.append(OutcomeCount(
            task=task, protocol="stated", domain=domain,
            outcomes={"correct": right, "incorrect": wrong} | rest, confidences=statuses,
        ))  # fmt: skip
    for method in METHODS:
        for metric in ("accuracy", "coverage", "mean_confidence", "ece", "ece_noise_floor", "brier", "signed_gap"):
            values = [m for m in metrics if (m.method, m.subset, m.metric) == (method, "all", metric)]
            mean = float(np.mean([m.value for m in values]))
            used, total = sum(m.n_used for m in values), sum(m.n_total for m in values)
            metrics.append(_metric(metric, mean, 0.02, "macro", method, "all", used, total))
        metrics.append(_metric("auroc", None, None, "macro", method, "all", 0, total, f"undefined for {HOSTILE}"))
    manifest = {
        "name": name,
        "model": {
            "name": model,
            "weights": "sha256:" + "0123456789abcdef" * 4,
            "chat_template": "{{ messages }}" * 400,
        },
        "configuration": {"temperature": temperature, "top_p": 0.95, "max_tokens": 2048, "draws": DRAWS, "seed": seed},
        "data": {task: {"fingerprint": f"sha256:{task}", "questions": n} for task, (_, n, _) in TASKS.items()},
        "libraries": {"vllm": "0.32.0", "torch": "2.13.0"},
        "hardware": {"processors": 2, "gpus": []},
        "notes": [name + text + NASTY],
        "complete": True,
    }
    return RunSummary(
        name=name, kind=kind, model=model, manifest=manifest,
        scorecard=Scorecard(metrics=tuple(metrics), reliability=tuple(reliability), measures=infos()),
        counts=tuple(counts),
        gallery=tuple(gallery),
        agreements=tuple(
            GraderAgreement(
                task=task, protocol="stated", grader="alias/4", judge=f"{HOSTILE} {NASTY}#1", n_used=30, n_total=40,
                counts={"correct": {"correct": 28, "incorrect": 2}, "unparsed": {"failed": 10}},
                agreement=28 / 30, agreement_low=0.8, agreement_high=0.99, kappa=None, kappa_low=None, kappa_high=None,
                convention="by question",
            )
            for task in ("popqa", HOSTILE)
        ),
        labelled=_labelled(metrics),
    )  # fmt: skip


def _labelled(metrics):
    """Labels of two tasks, by which the grader takes ten of a hundred for right that are not."""
    tasks = ("popqa", HOSTILE)
    shown = ("accuracy", "signed_gap", "ece", "brier", "auroc")
    graded = [m for m in metrics if m.task in tasks and m.subset == "all" and m.metric in shown]
    return Labelled(
        name="sft", labels=200, file=f"{HOSTILE}.csv", of=f"{HOSTILE} {NASTY}", estimator="inverted",
        graders=dict.fromkeys(tasks, f"{HOSTILE} {NASTY}"),
        counts=tuple(
            LabelCount(task=task, protocol="stated", grade=grade, label=label, n=10 if grade == "correct" else 0)
            for task in tasks
            for grade in ("correct", "incorrect", "not attempted")
            for label in ("correct", "incorrect", "not attempted")
        ),
        agreement=tuple(
            _metric(name, None if task == HOSTILE else 0.9, 0.05, task, "none", "all", 100, 100, HOSTILE)
            for task in tasks
            for name in ("agreement", "kappa", "sensitivity", "specificity")
        ),
        numbers=tuple(
            CorrectedNumber(
                graded=m,
                corrected=_metric(
                    m.metric, m.value if m.value is None else m.value - 0.1, 0.05, m.task, m.method, "all", 100, 100,
                    f"{HOSTILE} {NASTY}",
                ),
            )
            for m in graded
        ),
        notes=(f"{HOSTILE} {NASTY}",),
    )  # fmt: skip


def compare(a, b):
    """Differences with plausible intervals, so that every verdict occurs."""
    found = {(m.task, m.method, m.subset, m.metric): m for m in a.scorecard.metrics}
    verdicts = ("better", "worse", "equivalent", "undecided")
    out = []
    for m in b.scorecard.metrics:
        other = found.get((m.task, m.method, m.subset, m.metric))
        if (
            m.subset != "all"
            or other is None
            or m.metric not in {"accuracy", "ece", "brier", "auroc", "mean_confidence"}
        ):
            continue
        change = None if m.value is None or other.value is None else m.value - other.value
        defined = change is not None
        out.append(Difference(
            run_a=a.name, run_b=b.name, task=m.task, protocol=m.protocol, method=m.method, subset=m.subset,
            metric=m.metric, a=other.value, b=m.value, difference=change,
            low=change - 0.04 if defined else None, high=change + 0.05 if defined else None,
            p_value=0.01 if defined else None, p_holm=0.0002 if defined else None,
            verdict=verdicts[len(out) % 4] if defined else "undecided", n_questions=m.n_total // DRAWS,
            convention="paired bootstrap over shared questions, 2000 resamples, Holm; equivalence margin 0.02",
            reason=None if defined else "undefined in both runs",
        ))  # fmt: skip
    return out


def comparison(*runs):
    """The runs in this order, the first of them the baseline."""
    names = [run.name for run in runs]
    pairs = [(names[0], name) for name in names[1:]] + list(pairwise(names))[1:]
    by_name = dict(zip(names, runs, strict=True))
    differences = [d for a, b in pairs for d in compare(by_name[a], by_name[b])]
    return Comparison(runs=runs, baseline=names[0], pairs=tuple(pairs), differences=tuple(differences))
