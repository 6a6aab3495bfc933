"""What a run is asked to do, and the seeds that follow from it."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta

from calibench.errors import InputError
from calibench.fields import (
    Count,
    Draws,
    Fraction,
    Line,
    Names,
    Options,
    Positive,
    Share,
    Text,
    WholeNumber,
    fields,
    option,
)
from calibench.prompting import protocols
from calibench.prompting.budgets import budget
from calibench.prompting.protocols import Protocol
from calibench.records import Sampling


class Asking(NamedTuple):
    """What one prompt asks for, and the confidences in its answers."""

    protocol: Protocol
    methods: tuple[str, ...]


class RunConfig(Options, frozen=True, kw_only=True):
    """What a run is asked to do: the options of `calibench run`, of its TOML file and of `calibench.run`."""

    model: Annotated[
        Text,
        option("hub id, folder, GGUF file, or name from `calibench models`", "identity", "MODEL", entry="weights"),
    ]
    adapter: Annotated[
        Names,
        option(
            "folder of a LoRA adapter, which changes the model's weights; may be repeated: each of several is a run of"
            " its own below --out, and they are asked side by side; none: the model as it is",
            "neither",
            "DIR",
            repeated=True,
        ),
    ] = ()
    """Part of a run's identity by its weights, as those of the model. See `calibench.running.adapters`."""
    tasks: Annotated[Names, option("comma-separated; see `calibench tasks`", "scope")] = ()
    suite: Annotated[
        Text | None, option("tasks and settings by one name; see `calibench suites`", "neither", "NAME")
    ] = None
    """Its settings hold where no other was given; see `calibench.running.suites`."""
    out: Annotated[Text, option("folder of the run", "neither", "DIR")]
    limit: Annotated[
        Count | None, option("N questions per task; a smaller sample is part of a larger one", "scope")
    ] = None
    shard: Annotated[
        Text | None,
        option("only part I of N of the questions, as 2/16; `calibench merge` joins the parts", "identity", "I/N"),
    ] = None
    """For schedulers that give each machine a number; see `calibench.running.selection.Shard`."""
    until: Annotated[
        Text | None,
        option(
            'stop asking as soon as a number is known that well, as "ece +-0.02" (accuracy, ece, brier, gap or auroc),'
            ' or differs from that of --against RUN, as "ece decided"',
            "scope",
            "RULE",
        ),
    ] = None
    """Looked at after 50 questions of a task, half as many again, ..., by intervals that hold at all looks at once."""
    against: Annotated[
        Text | None, option('run that `--until "ece decided"` holds this one against', "neither", "RUN")
    ] = None
    data: Annotated[
        str | None, option("folder of original data files instead of the hub (or CALIBENCH_DATA)", "neither", "DIR")
    ] = None
    protocol: Annotated[
        Text | None,
        option(
            "what the prompt asks for: plain, stated, ...; options: no text, only the likeliest option "
            "(default: plain; stated if --confidence has it)",
            "scope",
            "NAME",
        ),
    ] = None
    """None: `stated` if that is one of the methods, else `plain`. See `docs/prompts.md` for what each costs."""
    confidence: Annotated[
        Names | None,
        option(
            "methods, or none; see `calibench methods` (default: asked; stated if the protocol asks for it)",
            "scope",
        ),
    ] = None
    """None: `stated` if the protocol asks for it, `choice_probability` if it scores options, `option_probability` if it
    asks for a letter, else `asked`."""
    variants: Annotated[
        Count, option("asks for each confidence in N wordings, on the same answers; up to 8", "scope", "N")
    ] = 1
    """Of each method that asks the model after its answer: the first is its own wording, which scorecards show."""
    draws: Annotated[Draws, option("generations per question", "scope", "K")] = 1
    targets: Annotated[
        tuple[Annotated[float, Meta(gt=0, lt=1)], ...],
        option(
            "also asks each question to be answered only by who is more than T sure, as 0.5,0.75,0.9; each is asked"
            " anew",
            "scope",
            "T,T",
        ),
    ] = ()
    """Each is a protocol of its own (`calibench.prompting.protocols.target`), held against the run's confidences."""
    budgets: Annotated[
        Names,
        option(
            "also answers behind a part of each reasoning: so many tokens, or a share of it, as 0,256,1024 or 25%,50%",
            "scope",
            "N,N",
        ),
    ] = ()
    """Each is a protocol of its own (`calibench.prompting.budgets`); the reasoning is generated once."""
    task_draws: Annotated[
        dict[str, Draws], option("draws of one task, where they are not --draws; may be repeated", "scope", "TASK=K")
    ] = {}
    backend: Annotated[Text, option("see `calibench backends`", "identity", "NAME")] = "vllm"
    base_url: Annotated[
        Names, option("of --backend openai: addresses of the servers, as http://host:8000/v1", "neither", "URL,URL")
    ] = ()
    engine: Annotated[
        dict[str, Any],
        option("engine argument, passed through; may be repeated", "identity", entry="engine_options"),
    ] = {}
    judge: Annotated[
        Text | None,
        option(
            "a second model grades answers of tasks of free-form facts, when all are there, as SimpleQA is graded; with"
            " a backend of its own if one is named; none: no longer",
            "scope",
            "MODEL[@BACKEND]",
        ),
    ] = None
    """Its word stands in the place of the grader's for tasks that take one; see `docs/judges.md`."""
    judge_url: Annotated[
        Names, option("of --judge MODEL@openai: addresses of the servers, if not --base-url", "neither", "URL,URL")
    ] = ()
    judge_engine: Annotated[
        dict[str, Any], option("engine argument of the judge, passed through; may be repeated", "neither")
    ] = {}
    sampling: Annotated[
        Literal["greedy", "model"] | None,
        option(
            "greedy; model: as the checkpoint's generation_config.json says"
            " (default: model if a reasoning checkpoint brings one, else greedy)",
            "neither",
        ),
    ] = None
    """Holds where the options below give no value; see `calibench.running.sampling`."""
    temperature: Annotated[
        Annotated[float, Meta(ge=0, le=2)] | None,  # more than vLLM and the protocol of servers take
        option("of the draws (default: by --sampling; where that is greedy, 0.7 for several)", "identity", "T"),
    ] = None
    """None: by `sampling`; where that is not given and the model brings none, 0 for one draw, 0.7 for several."""
    top_p: Annotated[Fraction | None, option("nucleus sampling (default: by --sampling, or 1)", "identity", "P")] = None
    top_k: Annotated[
        WholeNumber | None, option("the K likeliest tokens alone (default: by --sampling, or 0: all)", "identity", "K")
    ] = None
    min_p: Annotated[
        Share | None,
        option("tokens at least P times as likely as the likeliest (default: by --sampling, or 0)", "identity", "P"),
    ] = None
    presence_penalty: Annotated[
        Annotated[float, Meta(ge=-2, le=2)],
        option("lowers the logit of each token that the output has", "identity", "PENALTY"),
    ] = 0.0
    repetition_penalty: Annotated[
        Positive | None,
        option(
            "divides the logit of each token that prompt or output has (default: by --sampling, or 1)",
            "identity",
            "PENALTY",
        ),
    ] = None
    language: Annotated[
        Text,
        option(
            "of all that is asked besides the question, as de; docs/languages.md says what each has", "identity", "CODE"
        ),
    ] = "en"
    """Code of one of `calibench.prompting.languages`; what it has no words for is refused."""
    system: Annotated[Text | None, option("a system turn before each question", "identity", "TEXT")] = None
    max_tokens: Annotated[Count, option("output budget, reasoning included", "identity")] = 2048
    force_answer: Annotated[
        bool,
        option(
            "where an output comes to no answer, close its reasoning and let the model finish 'Answer:'", "identity"
        ),
    ] = False
    """Where an output comes to no answer, close its reasoning, begin the answer, and let the model finish it."""
    thinking: Annotated[
        Literal["on", "off", "auto"], option("passed to the chat template; auto leaves it to the template", "identity")
    ] = "auto"
    template: Annotated[
        dict[str, Any],
        option("variable of the chat template, as reasoning_effort=low; may be repeated", "identity"),
    ] = {}
    seed: Annotated[WholeNumber, option("of all draws", "identity")] = 0
    trust_remote_code: Annotated[
        bool, option("let the checkpoint's own Python files be executed", "identity", entry="remote_code")
    ] = False
    """Consent to execute the Python files that the checkpoint's `auto_map` names, with all rights of the user."""
    split: Annotated[Literal["test", "train"], option("which questions of the tasks", "identity", entry="data")] = (
        "test"
    )
    """`test`, or `train` for the questions that a checkpoint may be tuned or a calibrator fitted on."""
    kind: Annotated[Literal["base", "instruct", "sft", "rl"] | None, option("label used in comparisons", "neither")] = (
        None
    )
    name: Annotated[Line | None, option("name in reports (default: the model's)", "neither", "TEXT")] = None

    def draws_of(self, task: str) -> int:
        return self.task_draws.get(task, self.draws)

    def token_sampling(self) -> Sampling:
        """How tokens are chosen, where the options say all of it (`calibench.running.sampling`)."""
        temperature = self.temperature if self.temperature is not None else (0.0 if self.draws == 1 else 0.7)
        return Sampling(
            temperature,
            1.0 if self.top_p is None else self.top_p,
            self.max_tokens,
            top_k=self.top_k or 0,
            min_p=self.min_p or 0.0,
            presence_penalty=self.presence_penalty,
            repetition_penalty=1.0 if self.repetition_penalty is None else self.repetition_penalty,
        )

    def first_prompt(self) -> Protocol:
        """The protocol of the run."""
        implied = "stated" if "stated" in (self.confidence or ()) else "plain"
        return protocols.protocol(self.protocol or implied)

    def askings(self) -> tuple[Asking, ...]:
        """Everything that each question is asked for: first what the confidences are of, then the same generations at
        budgets, then the targets.

        Raises:
            InputError: the budgets or targets cannot be asked for, or the methods cannot.
        """
        first = Asking(self.first_prompt(), self.methods())
        cut = [protocols.cut(first.protocol, budget(text)) for text in self.budgets]
        if len({protocol.name for protocol in cut}) < len(cut):
            raise InputError(f"--budgets: expected each once, found {', '.join(self.budgets)}")
        if first.protocol.budget is not None:
            raise InputError(f"--protocol {first.protocol.name}: expected it without a budget, which --budgets sets")
        if cut and not first.protocol.writes:
            raise InputError(f"--budgets: protocol {first.protocol.name} has no reasoning; expected one with a text")
        found = [Asking(protocols.target(t), ()) for t in self.targets]
        names = [asking.protocol.name for asking in (first, *found)]
        if len({*names}) < len(names):
            raise InputError(f"--targets: expected each once, found {', '.join(map(str, self.targets))}")
        if found and not first.protocol.writes:
            raise InputError(
                f"--targets: protocol {first.protocol.name} cannot decline to answer; expected one that asks for a text"
            )
        if found and not first.methods:
            raise InputError("--targets: expected a confidence to hold the answers against, found --confidence none")
        return (first, *(Asking(protocol, first.methods) for protocol in cut), *found)

    def methods(self) -> tuple[str, ...]:
        """The confidence methods, with the wordings that they ask in.

        Raises:
            InputError: they cannot ask in so many.
        """
        from calibench.running.wording import in_words  # not where only the options are read

        return in_words(self._own_methods(), self.variants)

    def _own_methods(self) -> tuple[str, ...]:
        if self.confidence is not None:
            return () if self.confidence == ("none",) else self.confidence
        protocol = self.first_prompt()
        if protocol.scores_options:
            return ("choice_probability",)
        if protocol.asks_letter:
            return ("option_probability",)
        return ("stated",) if protocol.scale else ("asked",)


def checked(name: str, value: Any) -> Any:
    """A value of one option of a run, read as Python gives it.

    Raises:
        InputError: it is none.
    """
    return fields(RunConfig)[name].read(value, name)


def seed_of(run_seed: int, task: str, question_id: str) -> int:
    """Seed of a question's draw 0; draw k has this + k, as vLLM numbers the children of one request."""
    digest = hashlib.sha256(f"{run_seed}\0{task}\0{question_id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
