"""Policy files: reading one, and refusing answers that it was not made for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from calibench import fields
from calibench.analysis import answers, saved
from calibench.analysis.answers import Answers
from calibench.analysis.options import ColumnOptions
from calibench.errors import IdentityError, InputError
from calibench.results.decisions import Policy
from calibench.store import RunFile

SCHEMA: Final = "calibench-policy/1"
ALL = "all"
"""The task of the one rule for all tasks together."""
_PROMPTS, _GRADERS = "prompts[", "graders["
"""Begin the entries of an identity that are of one task each."""


def opened(policy: str | Path | Policy) -> Policy:
    """A policy, or that of a file."""
    return policy if isinstance(policy, Policy) else read(Path(policy))


def read(path: Path) -> Policy:
    """Reads a policy file.

    Raises:
        InputError: there is none, or it is damaged, of another schema, or has fields or values that no policy has.
    """
    policy = saved.read(path, Policy, SCHEMA, "policy", "calibench threshold ... --out FILE")
    tasks = [rule.task for rule in policy.rules]
    if len(set(tasks)) < len(tasks) or (ALL in tasks and len(tasks) > 1):
        raise InputError(f"{path}: expected one rule for all tasks, or one per task, found {', '.join(tasks):.100}")
    for rule in policy.rules:
        if not rule.n >= rule.n_scored >= rule.n_automated >= rule.n_right:
            raise InputError(f"{path}: not a usable policy: expected n, n_scored, n_automated, n_right to fall")
        for field in ("protocol", "method"):
            if (value := getattr(rule, field)) != policy.identity.get(field):
                named = policy.identity.get(field)
                raise InputError(f"{path}: {field}: expected {named!r} as in its identity, found {value!r:.60}")
    return policy


def answers_for(policy: Policy, of: str | Path | RunFile, given: Mapping[str, Any], *, labelled: bool) -> Answers:
    """The answers that a policy judges. Of a file, columns and scale are those given, and for the others the policy's.

    Args:
        policy: says which answers.
        of: a run or a file.
        given: fields of `ColumnOptions`.
        labelled: whether a file must say what is right.

    Raises:
        InputError: a field that there is not, or answers that cannot be read.
        IdentityError: they come from something else than the policy was made for.
    """
    columns = _with_columns(policy, ColumnOptions(**fields.read((ColumnOptions,), dict(given))))
    return judged(policy, answers.read(of, columns.by_role(), columns.scale, labelled=labelled), labelled=labelled)


def _with_columns(policy: Policy, given: ColumnOptions) -> ColumnOptions:
    of_policy = {"confidence_column" if role == "confidence" else role: name for role, name in policy.columns.items()}
    known = {name: of_policy[name] for name in of_policy if name in ColumnOptions.__struct_fields__}
    told = {name: value for name, value in msgspec.structs.asdict(given).items() if value is not None}
    return ColumnOptions(**{"scale": policy.identity.get("scale"), **known, **told})


def judged(policy: Policy, of: Answers, *, labelled: bool = False) -> Answers:
    """The answers that a policy judges: those of its protocol and method. Of a file all, whose column it names.

    Args:
        policy: says which answers.
        of: a run's or a file's.
        labelled: whether what is right of them counts, which is then to be by the policy's grader.

    Raises:
        IdentityError: they come from something else than the policy was made for, or have no rule.
    """
    frame, identity = of.frame, policy.identity
    if of.is_run:
        for field in ("protocol", "method"):
            known = sorted(set(frame[field]) - {"none"})
            if identity[field] not in known:
                raise _refused(policy, of, [f"{field}: {identity[field]} in the policy, {', '.join(known)} here"])
            frame = frame[frame[field] == identity[field]]
    tasks = sorted(frame["task"].unique())
    if policy.rules[0].task != ALL:
        ruled = sorted(rule.task for rule in policy.rules)
        if strange := [task for task in tasks if task not in ruled]:
            raise _refused(policy, of, [f"task: {', '.join(ruled)} in the policy, {strange[0]} here"])
    models = list(frame["model"].unique()) if not of.is_run else []
    if len(models) > 1:
        raise _refused(policy, of, [f"model: {identity.get('model')} in the policy, {', '.join(models):.100} here"])
    here = answers.identity(of, str(identity["protocol"]), str(identity["method"]), tasks)
    # Of a policy for more tasks than are here, the prompts of the others do not matter.
    asked = {f"{_PROMPTS}{task}]" for task in tasks} | {f"{_PROMPTS}method {identity['method']}]"}
    of_task = (_PROMPTS, _GRADERS)
    there = {name: value for name, value in identity.items() if not name.startswith(of_task) or name in asked}
    by = answers.graders(of._replace(frame=frame), tasks) if labelled else {}
    graded = {name: identity[name] for name in by if name in identity}
    if found := answers.differences(graded, by) + answers.differences(there, here):
        raise _refused(policy, of, found)
    return of._replace(frame=frame)


def unstated(policy: Policy, of: Answers, *, labelled: bool = False) -> tuple[str, ...]:
    """Notes on what the policy says of its origin and the answers do not; where what is right of them counts, also on
    whose word that is."""
    identity = policy.identity
    tasks = sorted(of.frame["task"].unique())
    here = answers.identity(of, str(identity["protocol"]), str(identity["method"]), tasks)
    asked = {name for name in identity if name.startswith(_PROMPTS) and not name.startswith(f"{_PROMPTS}method ")}
    graded = {name for name in identity if name.startswith(_GRADERS)}
    by = answers.graders(of, tasks)
    if "weights" in here:
        return tuple(_of_runs(policy, tasks, asked - here.keys(), {} if graded or not labelled else by))
    missing = ["graders"] * (labelled and bool(graded) and not by)
    missing += [name for name in identity if name not in here and name not in asked | graded]
    missing += ["prompts"] * bool(asked)
    shown = ", ".join(missing[:6]) + (", ..." if len(missing) > 6 else "")
    return (f"{of.name} does not say its {shown}: make sure that they are the policy's",) if missing else ()


def _of_runs(policy: Policy, tasks: list[str], elsewhere: set[str], by: dict[str, Any]) -> Iterator[str]:
    """Notes on a run, which says all of its origin.

    Args:
        policy: of another run.
        tasks: of the run.
        elsewhere: prompts of the policy's other tasks.
        by: the run's graders, where the policy does not say its own.
    """
    left_out = sorted(name[len(_PROMPTS) : -1] for name in elsewhere)
    if policy.rules[0].task == ALL and left_out:
        yield f"the policy is of {', '.join(left_out)} too, and promises nothing for {', '.join(tasks)} alone"
    if by:
        graders = ", ".join(sorted(set(by.values())))
        yield f"the policy does not say by which grader it was made: make sure that it is {graders:.200}, as here"


def _refused(policy: Policy, of: Answers, differing: list[str]) -> IdentityError:
    return IdentityError(f"{of.name} is not what the policy {policy.name} was made for: {'; '.join(differing[:4])}")
