"""What a recipe is given to do its work with."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from calibench.errors import InputError
from calibench.finetune import rows as rows_of
from calibench.finetune import sampling, stage
from calibench.finetune.config import TuneConfig
from calibench.finetune.options import TrainingOptions, training_options
from calibench.finetune.rows import Row, Summary
from calibench.finetune.sampling import Sampled
from calibench.finetune.stage import Trained
from calibench.finetune.trainers import supervised
from calibench.model import Checkpoint
from calibench.prompting import protocols
from calibench.prompting.chat import ChatFormat
from calibench.records import Question
from calibench.running.config import RunConfig
from calibench.tasks.base import Task

if TYPE_CHECKING:
    from calibench.running.progress import Progress

TRAINING = "training"
Asked = tuple[Task, Question]
Key = tuple[str, str]
"""Task and id of a question: an id alone may be that of a question of another task too."""
_ACCELERATE = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_machines", "1", "--gpu_ids", "all",
               "--mixed_precision", "no", "--dynamo_backend", "no")  # fmt: skip
"""`accelerate launch`, also where the environment's programs are not on the path. What is not given, it takes from
the user's own file of defaults; the trainers set their precision themselves."""


class Taught(NamedTuple):
    """A question that is trained on."""

    asked: Asked
    texts: tuple[str, ...] = ()
    """What is learned with it beside its gold answer, as given reasoning: no evaluation question may stand there."""
    place: str | None = None
    """`file:line` that it stands at, for messages; None: its task and id say where."""
    part: str = TRAINING
    """Name of the list that it belongs to: `Job.training`, or another of `Job.further`."""


class Job(NamedTuple):
    """One recipe at work."""

    config: TuneConfig
    options: Any
    parent: Checkpoint
    chat: ChatFormat
    training: tuple[Asked, ...]
    validation: tuple[Asked, ...]
    work: Path
    """Where whatever is needed to go on after a stop lies."""
    progress: Progress
    notes: dict[str, Any]
    """What goes into the lineage beside the configuration; recipes add to it."""
    further: Mapping[str, tuple[Asked, ...]] = {}
    """Lists of questions beside `training`, by the name that `Taught.part` gives them; none of them is held out."""

    def sample(
        self,
        name: str,
        model: Path,
        draws: int,
        temperature: float,
        *,
        repair: bool = False,
        asked: Sequence[Task] | None = None,
    ) -> Iterable[Sampled]:
        """Draws answers to the training questions with the benchmark's own run, in `work/name`.

        Args:
            name: of the folder; a run that is there already is continued.
            model: folder of the checkpoint.
            draws: answers per question.
            temperature: 0 is greedy.
            repair: where an output comes to no answer, let the model finish one (`RunConfig.force_answer`).
            asked: tasks to ask instead of the training questions.

        Returns:
            The questions with their draws, which may be read any number of times.
        """
        asked = asked or self.asking({key(question) for _, question in self.training})
        config = self._run_config(name, model, draws, temperature, repair)
        self.progress.stage(f"{name}: sampling")
        sampling.sample(config, asked, self.progress)
        return _Draws(config, asked, self.chat)

    def _run_config(self, name: str, model: Path, draws: int, temperature: float, repair: bool) -> RunConfig:
        return RunConfig(
            model=str(model),
            out=str(self.work / name),
            protocol=self.config.protocol,
            confidence=(),
            draws=draws,
            force_answer=repair,
            sampling="greedy",
            temperature=temperature,
            max_tokens=self.config.max_tokens,
            thinking=self.config.thinking,
            seed=self.config.seed,
            engine=self.config.engine,
            data=self.config.data,
            trust_remote_code=self.config.trust_remote_code,
            split="train",
        )

    def asking(self, keys: set[Key], change: Any = None) -> list[Task]:
        """The tasks of these training questions, asking only them, each changed by `change(question)` if given."""
        tasks = {task.name: task for task, question in self.training if key(question) in keys}
        return [_restricted(task, keys, change) for task in tasks.values()]

    def prompt(self, task: Task, question: Question) -> tuple[int, ...]:
        """Token ids of the first turn that the benchmark asks this question with."""
        protocol = protocols.protocol(self.config.protocol)
        return self.chat.first(protocols.first_turn(question, task, protocol)).token_ids

    def write_rows(self, name: str, rows: Iterable[Row]) -> tuple[Path, Summary]:
        """Writes training rows to `work/name/rows.parquet`.

        Raises:
            InputError: there is none, or all are too long. Nothing is left, so that other options may follow.
        """
        path = self.work / name / "rows.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        summary = rows_of.write(rows, path, self.options.max_length)
        long = f"of {summary.total + summary.too_long} training rows are longer than --max-length"
        if not summary.total:
            path.unlink()
            with contextlib.suppress(OSError):  # what was sampled lies there
                path.parent.rmdir()
            if not summary.too_long:
                raise InputError(
                    f"{name}: nothing to learn from: the token limit cut every right answer; raise --max-tokens"
                    f" {self.config.max_tokens}, and choose another --out"
                )
            raise InputError(f"{name}: {summary.too_long} {long} {self.options.max_length}: none is left; raise it")
        if summary.too_long:
            self.progress.stage(f"{name}: {summary.too_long} {long} {self.options.max_length} and are left out")
        return path, summary

    def train(self, name: str, model: Path, rows: Path, options: TrainingOptions | None = None) -> Trained:
        """Fine-tunes the checkpoint in `model` on a file of rows, in `work/name`; returns at once if that is done.

        Weights are updated as the options say, or else the job's own.
        """
        self.progress.stage(f"{name}: training")
        settings = supervised.Settings(
            model=str(model),
            rows=str(rows),
            options=options or training_options(self.options),
            **self.stage_settings(),
        )
        return self.run_stage("supervised", name, settings)

    def asked(self, questions: Iterable[tuple[Task, Question]]) -> list[tuple[str, Question]]:
        """The first user turn that asks each question, and the question."""
        protocol = protocols.protocol(self.config.protocol)
        return [(protocols.first_turn(question, task, protocol), question) for task, question in questions]

    def stage_settings(self) -> dict[str, Any]:
        """Settings that every trainer has."""
        return {
            "seed": self.config.seed,
            "trust_remote_code": self.config.trust_remote_code,
            "thinking": self.config.thinking,
            "protocol": self.config.protocol,
            "max_tokens": self.config.max_tokens,
            "task_files": [name for name in self.config.tasks if name.startswith("file:")],
            "validation": self.asked(self.validation),
            "validate_every": self.config.validate_every,
        }

    def run_stage(self, trainer: str, name: str, settings: Any) -> Trained:
        """Runs a module of this package as a stage of training; see `calibench.finetune.stage`."""
        launcher: tuple[str, ...] = ()
        if self.config.processes > 1:
            launcher = (*_ACCELERATE, "--num_processes", str(self.config.processes))
        return stage.run(
            trainer,
            self.work / name,
            settings,
            lambda step, of, figures: self.progress.figures(name, step, of, figures),
            launcher,
        )


@dataclass(frozen=True)
class _Draws:
    """Reads a finished run anew at each iteration, so that it need not fit the memory."""

    config: RunConfig
    asked: Sequence[Task]
    chat: ChatFormat

    def __iter__(self) -> Iterator[Sampled]:
        return sampling.read(self.config, self.asked, self.chat)


def has_answer(question: Question) -> bool:
    """Whether answers to it can be graded."""
    return bool(question.gold or question.tests)


def key(question: Question) -> Key:
    return question.task, question.question_id


def _restricted(task: Task, keys: set[Key], change: Any) -> Task:
    def to_question(row: dict, place: str) -> Question | None:
        question = task.to_question(row, place)
        if question is None or key(question) not in keys:
            return None
        return change(question) if change else question

    return task._replace(to_question=to_question)
