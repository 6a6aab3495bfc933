"""In which wordings confidences are asked for."""

from __future__ import annotations

from collections.abc import Sequence

from calibench.confidence import base as confidence
from calibench.errors import InputError
from calibench.records import WORDING


def in_words(names: Sequence[str], variants: int) -> tuple[str, ...]:
    """The methods, those that ask something each in its first `variants` wordings.

    Raises:
        InputError: one of them has fewer wordings, or none of them asks anything.
    """
    if numbered := [name for name in names if WORDING in name]:
        raise InputError(
            f"--confidence: expected names of methods, found {numbered[0]!r}; --variants N asks in N wordings"
        )
    if variants == 1:
        return tuple(names)
    found: list[str] = []
    for name in names:
        method = confidence.load(name)
        found.append(name)
        if "stated" in method.needs:
            raise InputError(
                f"--variants {variants}: {name} asks in the prompt of the answer, where other words make another answer"
                "\nMethods that ask afterwards can be worded otherwise: --confidence asked, p_true or reflected"
            )
        if method.question:
            if not method.wordings:
                raise InputError(f"--variants {variants}: method {name} has one wording only; leave one of the two out")
            known = 1 + len(method.wordings)
            if known < variants:
                raise InputError(f"--variants: expected at most {known}, the wordings of {name}, found {variants}")
            found += [f"{name}{WORDING}{number}" for number in range(2, variants + 1)]
    if len(found) == len(names):
        raise InputError(
            f"--variants {variants}: expected a method that asks the model, such as asked,"
            f" found {', '.join(names) or 'none'}"
        )
    return tuple(found)
