"""Evaluation results of the Hugging Face hub: `.eval_results/TASK.yaml`, to be put into the model's repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from calibench.errors import InputError
from calibench.exchange.writers.base import RunContent, Writer
from calibench.files import write_text
from calibench.reports.tables import headline
from calibench.reports.text import interval, number

_TOLD = {"ece": "ECE", "brier": "Brier", "auroc": "AUROC"}


def _write(content: RunContent, path: Path) -> None:
    import yaml
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

    by_task: dict[str, list[dict[str, Any]]] = {}
    for row in headline(content.scorecard()):
        by_task.setdefault(row["task"], []).append(row)
    by_task.pop("macro", None)
    sessions = content.manifest.get("sessions") or [{}]
    written = 0
    for task, rows in by_task.items():
        value, hub_id = rows[0]["accuracy"]["value"], content.hub_id(task)
        if value is None or hub_id is None:
            why = "has no data set on the hub" if hub_id is None else "has no accuracy"
            content.tell(f"{task} {why}, and is left out")
            continue
        entry = EvalResultEntry(
            dataset_id=hub_id,
            task_id=task,
            value=value,
            date=sessions[-1].get("start"),
            notes=_notes(rows, content.version),
        )
        text = yaml.safe_dump(eval_result_entries_to_yaml([entry]), sort_keys=False, allow_unicode=True)
        write_text(path / ".eval_results" / f"{task}.yaml", text)
        written += 1
    if not written:
        raise InputError(f"{content.name}: expected a task that is a data set on the hub, found {', '.join(by_task)}")


def _notes(rows: list[dict[str, Any]], version: str) -> str:
    """The interval, and how well the model knows when it is right: the format has one value and no field for more."""
    first = rows[0]
    protocol = f"protocol {first['protocol']}"
    said = [f"calibench {version}", protocol, f"accuracy {_shown(first['accuracy'])}, a share of 1"]
    for row in rows:
        if row["protocol"] == first["protocol"] and row["ece"]["value"] is not None:
            known = ", ".join(f"{title} {_shown(row[metric])}" for metric, title in _TOLD.items())
            said.append(f"confidence {row['method']}: {known}")
    return "; ".join(said)


def _shown(cell: dict[str, Any]) -> str:
    return f"{number(cell['value'])} {interval(cell['low'], cell['high'])}".strip()


WRITER = Writer(
    "a folder with .eval_results/TASK.yaml, as model repositories of the hub have them", _write, in_folder=True
)
