"""Training rows: token ids, and which of them are learned. Pure, but for the file that holds them.

Rows continue the exact token ids of the benchmark's prompts and of what the model wrote, so that a checkpoint is tuned
on what it is asked, and on nothing that was rendered or tokenized anew.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from calibench.confidence import asked, p_true
from calibench.errors import InputError, ModelError
from calibench.prompting.chat import ChatFormat
from calibench.prompting.parsing import Parsed

IGNORED = -100
"""Label of a token that is read but not learned."""
_WRITTEN_TOGETHER = 1000

Kind = Literal["answer", "yes", "no", "confidence"]


class Row(NamedTuple):
    kind: Kind
    input_ids: tuple[int, ...]
    labels: tuple[int, ...]
    """The token's own id where it is learned, else `IGNORED`; as long as input_ids."""
    weight: float = 1.0
    """Factor on the loss of its tokens."""


class Summary(NamedTuple):
    """What a file of rows holds."""

    rows: dict[str, int]
    """kind -> number of rows."""
    learned_tokens: dict[str, int]
    """kind -> number of learned tokens."""
    too_long: int
    """Rows left out because they were longer than allowed."""
    sha256: str

    @property
    def total(self) -> int:
        return sum(self.rows.values())


def answer_row(prompt: Sequence[int], output: Sequence[int], end: int) -> Row:
    """Teaches to write the output after the prompt, and to end the turn."""
    learned = (*output, end)
    return Row("answer", (*prompt, *learned), (*[IGNORED] * len(prompt), *learned))


def verdict_row(chat: ChatFormat, prompt: Sequence[int], output: Sequence[int], parsed: Parsed, right: bool) -> Row:
    """Teaches the letter of Yes or No after the question that `p_true` asks about this output.

    As in EpiCaR's read-out (arXiv 2601.06786), only the letter is learned, and a stated confidence is not shown.
    """
    shown = chat.without(output, parsed.cut_spans)
    asked = chat.follow_up(prompt, shown, p_true.QUESTION)
    letter = _letter(chat, "A" if right else "B")
    return Row("yes" if right else "no", (*asked, letter), (*[IGNORED] * len(asked), letter))


def _letter(chat: ChatFormat, letter: str) -> int:
    ids = chat.tokenizer.encode(letter, add_special_tokens=False)
    if len(ids) != 1:
        raise ModelError(f"the tokenizer has no single token for {letter}, which answers the question of p_true")
    return ids[0]


def confidence_row(
    chat: ChatFormat,
    prompt: Sequence[int],
    output: Sequence[int],
    parsed: Parsed,
    percent: int,
    end: int,
    *,
    learn_output: bool,
) -> Row:
    """Teaches to state this percentage after this output, in the place of what it states itself.

    What leads to the percentage is learned too only if `learn_output`.
    """
    answer = _without_last_break(chat, chat.without(output, parsed.cut_spans))
    label = chat.tokenizer.encode("\nConfidence:", add_special_tokens=False)
    value = (*chat.tokenizer.encode(f" {percent}%", add_special_tokens=False), end)
    read = (*prompt, *answer, *label)
    labels = (*[IGNORED] * len(prompt), *answer, *label) if learn_output else [IGNORED] * len(read)
    return Row("confidence", (*read, *value), (*labels, *value))


def asked_row(
    chat: ChatFormat, prompt: Sequence[int], output: Sequence[int], parsed: Parsed, percent: int, end: int
) -> Row:
    """Teaches to reply with this percentage to the question that `asked` asks about this output."""
    read = chat.follow_up(prompt, chat.without(output, parsed.cut_spans), asked.QUESTION)
    reply = (*chat.tokenizer.encode(f"Confidence: {percent}%", add_special_tokens=False), end)
    return Row("confidence", (*read, *reply), (*[IGNORED] * len(read), *reply))


def _without_last_break(chat: ChatFormat, tokens: Sequence[int]) -> tuple[int, ...]:
    """Without the tokens of white space that a confidence cut off the end leaves."""
    kept = list(tokens)
    while kept and not chat.decode(kept[-1:]).strip():
        kept.pop()
    return tuple(kept)


def write(rows: Iterable[Row], path: Path, max_length: int) -> Summary:
    """Writes the rows as Parquet and says what they are. Rows longer than `max_length` tokens are left out.

    Raises:
        InputError: a weight is negative or no number, or all are zero.
    """
    counts: Counter[str] = Counter()
    learned: Counter[str] = Counter()
    too_long = 0
    digest = hashlib.sha256()

    def kept() -> Iterator[Row]:
        nonlocal too_long
        for row in rows:
            if len(row.input_ids) > max_length:
                too_long += 1
                continue
            counts[row.kind] += 1
            learned[row.kind] += sum(label != IGNORED for label in row.labels)
            digest.update(json.dumps(row if row.weight != 1 else row[:-1]).encode())
            yield row

    _store(kept(), path)
    return Summary(dict(counts), dict(learned), too_long, f"sha256:{digest.hexdigest()}")


def weigh(path: Path, factors: Mapping[str, float]) -> None:
    """Multiplies the weight of each row of a file by its kind's factor, in one step."""
    new = path.with_name(f"{path.name}.new")
    _store((row._replace(weight=row.weight * factors[row.kind]) for row in read(path)), new)
    new.replace(path)


def _store(rows: Iterator[Row], path: Path) -> None:
    """Raises InputError if a weight is negative or no number, or all are zero."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    ids = pa.list_(pa.int32())
    schema = pa.schema([("kind", pa.string()), ("input_ids", ids), ("labels", ids), ("weight", pa.float64())])
    total, count = 0.0, 0
    with parquet.ParquetWriter(path, schema) as file:
        while batch := list(itertools.islice(rows, _WRITTEN_TOGETHER)):
            for row in batch:
                if not 0 <= row.weight < math.inf:
                    raise InputError(f"expected weights of at least 0 for training rows, found {row.weight:g}")
                total += row.weight
            count += len(batch)
            file.write_table(pa.Table.from_pylist([row._asdict() for row in batch], schema=schema))
    if count and not total:
        raise InputError(f"the weights of {count} training rows sum to zero: nothing would be learned")


def read(path: Path) -> Iterator[Row]:
    """The rows of a file, in order."""
    import pyarrow.parquet as parquet

    for batch in parquet.ParquetFile(path).iter_batches(_WRITTEN_TOGETHER):
        for row in batch.to_pylist():
            yield Row(row["kind"], tuple(row["input_ids"]), tuple(row["labels"]), row["weight"])
