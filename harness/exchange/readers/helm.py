"""HELM: `scenario_state.json` of a run, with `run_spec.json` and `per_instance_stats.json` where they lie beside it.

Several completions of a request, and several train trials, are draws. Perturbed instances are other questions and are
left out; so are runs that ask about each option on its own, whose answer no single request holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from calibench.errors import DataError
from calibench.exchange.readers.base import (
    AnswerLog,
    Columns,
    Logged,
    Reader,
    Start,
    Tell,
    document,
    nothing_found,
    one_task,
)  # fmt: skip
from calibench.prompting.completions import LogProbability
from calibench.records import Outcome

_STATE, _SPEC, _STATS = "scenario_state.json", "run_spec.json", "per_instance_stats.json"
_METRICS = ("exact_match", "quasi_exact_match", "final_number_exact_match", "math_equiv_chain_of_thought")
"""Metrics that say right or wrong of one answer, the first that an instance has."""
_OF_MODEL = re.compile(r"(?<=[:,])(?:model|model_deployment)=[^,]*,?|[:,](?:model|model_deployment)=[^,]*$")


class _Text(msgspec.Struct):
    text: str = ""


class _Reference(msgspec.Struct):
    output: _Text
    tags: list[str] = []


class _Instance(msgspec.Struct):
    input: _Text
    references: list[_Reference] = []
    id: str | None = None
    perturbation: Any = None


class _Token(msgspec.Struct):
    logprob: float = 0.0


class _Finish(msgspec.Struct):
    reason: str | None = None


class _Thinking(msgspec.Struct):
    text: str = ""


class _Completion(msgspec.Struct):
    text: str
    logprob: LogProbability = 0.0
    tokens: list[_Token] = []
    finish_reason: _Finish | None = None
    thinking: _Thinking | None = None


class _Result(msgspec.Struct):
    success: bool = True
    completions: list[_Completion] = []
    error: str | None = None
    request_time: float | None = None


class _Request(msgspec.Struct):
    prompt: str = ""
    messages: list[dict[str, Any]] | None = None
    model: str | None = None


class _RequestState(msgspec.Struct):
    instance: _Instance
    request: _Request
    result: _Result | None = None
    reference_index: int | None = None
    train_trial_index: int = 0
    output_mapping: dict[str, str] | None = None


class _State(msgspec.Struct):
    adapter_spec: dict[str, Any]
    request_states: list[_RequestState]


class _StatName(msgspec.Struct):
    name: str


class _Stat(msgspec.Struct):
    name: _StatName
    mean: float | None = None


class _Stats(msgspec.Struct):
    instance_id: str
    train_trial_index: int = 0
    perturbation: Any = None
    stats: list[_Stat] = []


class _Spec(msgspec.Struct):
    name: str


_Verdicts = Mapping[tuple[str, int], tuple[str, Outcome]]


def _recognizes(start: Start) -> bool:
    name = start.path.name
    return name in (_SPEC, _STATS) or ('"adapter_spec"' in start.text[:4000] and '"request_states"' in start.text)


def _read(paths: Sequence[Path], tell: Tell, _columns: Columns) -> AnswerLog:
    states = [path for path in paths if path.name not in (_SPEC, _STATS)]
    if not states:
        raise nothing_found(paths, _STATE)
    settings: dict[str, Any] = {}
    return AnswerLog("HELM", (answer for path in states for answer in _answers(path, tell, settings)), settings)


def _answers(path: Path, tell: Tell, settings: dict[str, Any]) -> Iterator[Logged]:
    state = document(path, _State)
    spec = path.with_name(_SPEC)
    named = document(spec, _Spec).name if spec.is_file() else path.parent.name
    task = one_task(_OF_MODEL.sub("", named).rstrip(",:"), str(path))
    settings[task] = state.adapter_spec
    verdicts = _verdicts(path.with_name(_STATS))
    perturbed = 0
    for number, one in enumerate(state.request_states, 1):
        place = f"{path}, request {number:,}"
        if one.reference_index is not None:
            raise DataError(f"{place}: a request per option ({state.adapter_spec.get('method')}) has no answer to read")
        if one.instance.perturbation:
            perturbed += 1
            continue
        yield from _of_request(one, task, state.adapter_spec, verdicts, place)
    if perturbed:
        tell(f"{path}: {perturbed:,} requests of perturbed instances are left out")


def _of_request(
    one: _RequestState, task: str, adapter: Mapping[str, Any], verdicts: _Verdicts, place: str
) -> Iterator[Logged]:
    result = one.result or _Result(success=False, error="the log has no result")
    mapping = one.output_mapping or {}
    right = [reference.output.text for reference in one.instance.references if "correct" in reference.tags]
    of_all = Logged(
        place=place,
        task=task,
        model=one.request.model or adapter.get("model"),
        sample=one.instance.id,
        prompt=_prompt(one.request),
        question=one.instance.input.text or None,
        choices=tuple(mapping.values()),
        gold=tuple(letter for letter, text in mapping.items() if text in right) if mapping else tuple(right),
        latency=result.request_time,
    )
    if not result.success or not result.completions:
        yield of_all._replace(draw=one.train_trial_index, error=result.error or "the request failed")
        return
    n = len(result.completions)
    by, verdict = verdicts.get((one.instance.id or "", one.train_trial_index), (None, None)) if n == 1 else (None, None)
    for i, completion in enumerate(result.completions):
        known = completion.logprob != 0 or any(token.logprob for token in completion.tokens)
        reason = completion.finish_reason and completion.finish_reason.reason
        yield of_all._replace(
            draw=one.train_trial_index * n + i,
            text=completion.text,
            reasoning=completion.thinking.text if completion.thinking else None,
            finish=None if reason in (None, "unknown") else "length" if reason == "length" else "stop",
            output_tokens=len(completion.tokens) or None,
            logprob=min(completion.logprob, 0.0) if known else None,  # clients without log-probabilities write 0
            verdict=verdict,
            judged_by=by,
        )


def _prompt(request: _Request) -> str:
    turns = [turn.get("content") for turn in request.messages or () if turn.get("role") == "user"]
    return turns[-1] if turns and isinstance(turns[-1], str) else request.prompt


def _verdicts(path: Path) -> _Verdicts:
    """(instance, train trial) -> metric and what it says."""
    if not path.is_file():
        return {}
    found: dict[tuple[str, int], tuple[str, Outcome]] = {}
    for of in document(path, list[_Stats]):
        means = {stat.name.name: stat.mean for stat in of.stats}
        by = next((name for name in _METRICS if means.get(name) in (0, 1)), None)
        if by and not of.perturbation:
            found[of.instance_id, of.train_trial_index] = (by, "correct" if means[by] else "incorrect")
    return found


READER = Reader(
    description="scenario_state.json of HELM, with the files beside it",
    recognizes=_recognizes,
    read=_read,
)
