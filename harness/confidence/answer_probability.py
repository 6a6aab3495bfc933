"""Answer probability: the length-normalised probability of the tokens that write the answer, exp(mean log-probability).

The answer is what a grader reads: the program, or what stands behind the last `Answer:`, `####`, in the box, ...; where
neither is found, all that follows the reasoning. A token counts if it writes a character of the answer. A stated
confidence never counts, nor does the end of the turn. The model's own probabilities (temperature 1), given the
reasoning that it wrote before: after reasoning that names the answer they are near 1.

The mean, not the product, so that one number and a program of a hundred tokens share a scale. The product, which is the
published form for short answers (Kadavath et al. 2022, arXiv 2207.05221; Tian et al. 2023, arXiv 2305.14975, label
probability), is e^total_logprob of `raw`.
"""

from collections.abc import Iterator

from calibench.backends.base import BaseBackend
from calibench.confidence.base import Answered, Method, Reading, places_of, token_reading
from calibench.prompting.parsing import Parsed
from calibench.records import TokenFeatures
from calibench.tasks.grading.answer import stated
from calibench.tasks.grading.blocks import blocks, is_python


def answer_spans(text: str, parsed: Parsed) -> list[tuple[int, int]]:
    """Where in the text of a generation its answer stands; several spans if a stated confidence interrupts it."""
    parts = list(_parts(text, parsed))
    shown = list("\n" * len(text))
    for start, end in parts:
        shown[start:end] = text[start:end]
    visible = "".join(shown)
    programs = [block for block in blocks(visible) if is_python(block, visible)]
    done = programs[-1].end if programs else 0
    if found := stated(visible[done:]):
        return [(done + found.start, done + found.end)]
    if not programs:
        return parts
    start, end = programs[-1].code
    return [(start, end - visible.endswith("\n", start, end))]


def _parts(text: str, parsed: Parsed) -> Iterator[tuple[int, int]]:
    """What is left between the reasoning and the cuts, without the blanks around it."""
    start = parsed.answer_start
    for cut, after in [*sorted(parsed.cut_spans), (len(text), len(text))]:
        part = text[start:cut]
        if part.strip():
            left = start + len(part) - len(part.lstrip())
            yield left, left + len(part.strip())
        start = max(start, after)


async def _read(answered: Answered, backend: BaseBackend) -> Reading:
    assert answered.scores, "the method needs log_probabilities"
    spans = answer_spans(answered.written.text, answered.parsed)
    places = {i for span in spans for i in places_of(answered, backend, *span)}
    return token_reading(answered.scores, sorted(places))


METHOD = Method(
    description="length-normalised probability of the answer's tokens",
    needs=frozenset({"log_probabilities"}),
    read=_read,
    evidence=TokenFeatures,
)
