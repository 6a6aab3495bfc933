"""Makes the golden values that `metrics/conventions.py` is held to: the originals, run on `conventions.csv`.

It needs packages that are no part of this project's environment, in an environment of their own:

    pip install torch scikit-learn pandas netcal==1.4.0 torchmetrics==1.9.0 relplot==1.0.3 inspect_ai
    pip install --no-deps uqlm==0.6.7 lm-polygraph==0.7.0 evalscope==1.14.1 inspect_evals==0.28.0 \
        uncertainty-calibration==0.1.4 uncertainty-metrics==0.0.81
    python tests/golden/conventions.py SOURCES

SOURCES is a folder with those originals that no package index has, each as it stands in its repository:

    rlcr.py               damanimehul/RLCR @ 8904bed, eval/eval_utils.py
    outlier_exposure.py   hendrycks/outlier-exposure @ e6ede98, utils/calibration_tools.py
    linwei94.py           Linwei94/LLM-Calibration-Study @ ddc349e, utils/metrics.py
    linwei94.ipynb        the same, analysis/calculate_ece_auroc.ipynb
    guo.py                gpleiss/temperature_scaling @ ce1154e, temperature_scaling.py
    calibration_tuning.py activatedgeek/calibration-tuning @ 2b7a70b, llm/eval/third_party/calibration.py

Writes `conventions.csv`, the data, and `conventions.json`, per convention and case the value. `null`: it gives none.
"""

from __future__ import annotations

import ast
import csv
import json
import logging
import sys
import sysconfig
import types
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Union

import numpy as np
import pandas as pd
import torch
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss
from sklearn.preprocessing import MinMaxScaler

HERE = Path(__file__).parent
PACKAGES = Path(sysconfig.get_path("purelib"))
SOURCES = Path(sys.argv[1] if len(sys.argv) > 1 else ".")


def cases() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Case -> confidence [N], nan where there is none, and correct [N]."""
    rng = np.random.default_rng(12)
    share = np.array([6, 1, 1, 1, 2, 1, 2, 1, 3, 1, 8, 2, 5, 3, 8, 6, 14, 10, 22, 30, 13], float)

    def stated(n: int) -> np.ndarray:
        return rng.choice(np.arange(0, 101, 5), n, p=share / share.sum()) / 100

    def right(confidence: np.ndarray, bias: float) -> np.ndarray:
        return rng.random(len(confidence)) < np.clip(confidence * 0.7 + 0.25 - bias, 0.02, 0.98)

    exact = [k / n for n in (10, 15, 20, 30) for k in range(n + 1)]
    noisy = [0.1 + 0.2, 0.1 * 3, 0.7 - 0.1, 1 - 0.7, 0.1 * 6, 0.7 + 1e-12, 1 - 1e-9, 1e-9, 0.29, 0.58]
    edges = np.array((exact + noisy) * 3)
    found = {"stated": stated(420), "edges": edges, "continuous": np.round(rng.beta(3, 1.2, 300), 6)}
    found |= {"constant": np.full(205, 0.9), "few": stated(60), "missing": stated(330)}
    answers = {name: (confidence, right(confidence, 0.15)) for name, confidence in found.items()}
    lost = rng.random(330) < np.where(answers["missing"][1], 0.03, 0.15)
    answers["missing"][0][lost] = np.nan
    return answers


def taken(file: Path, name: str, **scope: Any) -> Any:
    """A function or class as it stands in a file, without what else the file imports."""
    (node,) = (node for node in ast.parse(file.read_text()).body if getattr(node, "name", None) == name)
    exec(compile(ast.Module([node], []), str(file), "exec"), scope)
    return scope[name]


def without_start(*packages: str) -> None:
    """Lets modules of packages be imported without what the packages import at their start."""
    for name in packages:
        package = types.ModuleType(name)
        package.__path__ = [str(PACKAGES / name.replace(".", "/"))]
        sys.modules[name] = package


class Stable:
    """numpy, with a sort that keeps the order of ties: with the default one it depends on the machine."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def argsort(values: np.ndarray) -> np.ndarray:
        return np.argsort(values, kind="stable")


def netcal(confidence: np.ndarray, correct: np.ndarray) -> float:
    from netcal.metrics import ECE

    return ECE(10).measure(confidence, correct.astype(int))


def torchmetrics(confidence: np.ndarray, correct: np.ndarray) -> float:
    from torchmetrics.classification import BinaryCalibrationError

    return BinaryCalibrationError()(torch.tensor(confidence.tolist()), torch.tensor(correct.astype(int))).item()


def sklearn(confidence: np.ndarray, correct: np.ndarray) -> float:
    """The curve has no weights: the only row that is right says which point is its own."""
    true, predicted = calibration_curve(correct, confidence)
    return np.mean([
        abs(true - predicted)[calibration_curve(alone, confidence, pos_label=1)[0].argmax()]
        for alone in np.eye(len(confidence), dtype=int)
    ])  # fmt: skip


def uqlm(confidence: np.ndarray, correct: np.ndarray) -> float:
    scope = {"np": np, "brier_score_loss": brier_score_loss, "log_loss": log_loss, "Union": Union, "List": list}
    evaluate = taken(PACKAGES / "uqlm/calibration/evaluate.py", "_evaluate_single_calibrator", **scope)
    return evaluate(confidence, correct.astype(int), plot=False)["ece"]


def relplot(confidence: np.ndarray, correct: np.ndarray) -> float:
    file = PACKAGES / "relplot/metrics.py"
    return taken(file, "binnedECE", np=np, binning=taken(file, "binning", np=np))(confidence, correct)


def evalscope(confidence: np.ndarray, correct: np.ndarray) -> float:
    ece = taken(PACKAGES / "evalscope/metrics/decision.py", "ece", defaultdict=defaultdict)
    return ece(list(zip(confidence.tolist(), correct.astype(float).tolist(), strict=True)))


def rlcr(confidence: np.ndarray, correct: np.ndarray) -> float:
    return taken(SOURCES / "rlcr.py", "get_ece", np=np)(correct, np.nan_to_num(confidence, nan=0.0))


def guo(confidence: np.ndarray, correct: np.ndarray) -> float:
    """It takes logits; without the softmax, these are the confidence and something smaller."""
    functional = types.SimpleNamespace(softmax=lambda logits, dim: logits)
    loss = taken(SOURCES / "guo.py", "_ECELoss", torch=torch, nn=torch.nn, F=functional)()
    logits = torch.tensor([[value, -1.0] for value in confidence.tolist()])
    return loss(logits, torch.tensor((~correct).astype(int))).item()


def drop_zero(confidence: np.ndarray, correct: np.ndarray) -> float:
    ece = taken(SOURCES / "linwei94.py", "calculate_ece", torch=torch, pd=pd)
    return ece(confidence.tolist(), correct.astype(int).tolist())


def drop_zero_mixed(confidence: np.ndarray, correct: np.ndarray) -> float:
    """As the notebook calls it, with columns of a table, which are of 64 bits."""
    first = json.loads((SOURCES / "linwei94.ipynb").read_text())["cells"][0]
    scope: dict[str, Any] = {}
    exec("".join(first["source"]), scope)
    return scope["calculate_ece"](pd.Series(confidence), pd.Series(correct.astype(int)))


def drop_one(confidence: np.ndarray, correct: np.ndarray) -> float:
    calibration = taken(SOURCES / "calibration_tuning.py", "calibration", np=np, torch=torch, logging=logging)
    return calibration(correct.astype(int), np.ones(len(correct), int), confidence)[0]


def lm_polygraph(confidence: np.ndarray, correct: np.ndarray) -> float:
    """As its manager calls it, with uncertainties, as `Verbalized1S` gives them."""
    scope = {"np": np, "List": list, "MinMaxScaler": MinMaxScaler, "UEMetric": object}
    metric = taken(PACKAGES / "lm_polygraph/ue_metrics/ece.py", "ECE", **scope)
    clip = taken(PACKAGES / "lm_polygraph/utils/manager.py", "_delete_nans", np=np)
    return metric(normalize=True)(*clip(1 - confidence, correct.astype(float)))


def helm(confidence: np.ndarray, correct: np.ndarray) -> float:
    import calibration

    return calibration.get_ece_em(confidence, correct.astype(int), num_bins=10)


def ace(confidence: np.ndarray, correct: np.ndarray) -> float:
    without_start("uncertainty_metrics", "uncertainty_metrics.numpy")
    from uncertainty_metrics.numpy.general_calibration_error import ace

    return ace(correct.astype(int), confidence)


def hle(confidence: np.ndarray, correct: np.ndarray) -> float:
    error = taken(SOURCES / "outlier_exposure.py", "calib_err", np=Stable())
    try:
        return error(np.nan_to_num(confidence, nan=1.0), correct)
    except IndexError:  # fewer than 100 rows
        return np.nan


def hle_fixed(confidence: np.ndarray, correct: np.ndarray) -> float:
    without_start("inspect_evals", "inspect_evals.hle")
    from inspect_ai.scorer import SampleScore, Score
    from inspect_evals.hle import metrics

    metrics.np = Stable()
    values = [
        {"score": "C" if right else "I"} | ({} if np.isnan(value) else {"confidence": round(100 * value, 9)})
        for value, right in zip(confidence.tolist(), correct.tolist(), strict=True)
    ]
    return metrics.cerr()([SampleScore(score=Score(value=value)) for value in values])


ORIGINALS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "netcal": netcal, "torchmetrics": torchmetrics, "sklearn": sklearn, "uqlm": uqlm, "relplot": relplot,
    "evalscope": evalscope, "rlcr": rlcr, "guo": guo, "drop-zero": drop_zero,
    "drop-zero-mixed": drop_zero_mixed, "drop-one": drop_one,
    "lm-polygraph": lm_polygraph, "helm": helm, "ace": ace, "hle": hle, "hle_fixed": hle_fixed,
}  # fmt: skip
TAKES_MISSING = {"rlcr", "lm-polygraph", "hle", "hle_fixed"}
"""Those that score a row without a confidence; the others never see one."""


def main() -> None:
    data = cases()
    with (HERE / "conventions.csv").open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["case", "confidence", "correct"])
        for name, (confidence, correct) in data.items():
            for value, right in zip(confidence.tolist(), correct.tolist(), strict=True):
                rows.writerow([name, "" if np.isnan(value) else value, int(right)])
    found: dict[str, dict[str, float | None]] = {}
    for name, original in ORIGINALS.items():
        found[name] = {}
        for case, (confidence, correct) in data.items():
            given = np.ones(len(correct), bool) if name in TAKES_MISSING else ~np.isnan(confidence)
            value = float(original(confidence[given], correct[given]))
            found[name][case] = None if np.isnan(value) else value
    (HERE / "conventions.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
