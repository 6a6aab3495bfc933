"""Suites: tasks and settings under one name, such as "the setting of Zeng et al.".

A suite is data. Its settings are options of a run, and an option given explicitly wins. What the source says
differently, and what this project cannot ask, is said with the suite, and stands in the manifest of every run of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from calibench.errors import InputError, unknown_name
from calibench.running.config import RunConfig


class Suite(NamedTuple):
    name: str
    description: str
    source: str
    """Paper and section, or that it is this project's own."""
    tasks: tuple[str, ...]
    settings: dict[str, Any]
    """Options of a run, by their names in `RunConfig`."""
    by_kind: dict[str, dict[str, Any]] = {}
    """Kind of model -> further settings, where the source has other ones for each kind."""
    missing: dict[str, str] = {}
    """Data set of the source that is no task here -> why."""
    differences: tuple[str, ...] = ()
    """What is done otherwise than in the source, and what the source does not say."""

    def settings_for(self, kind: str | None) -> dict[str, Any]:
        """The options for a kind of model.

        Raises:
            InputError: the settings depend on the kind, and it is not known or has none.
        """
        if self.by_kind and kind not in self.by_kind:
            known = ", ".join(self.by_kind)
            raise InputError(
                f"suite {self.name} has settings for each kind of model: expected --kind, one of {known}, "
                f"found {kind or 'none'}"
            )
        return {"tasks": self.tasks, **self.settings, **self.by_kind.get(kind or "", {})}

    def as_dict(self) -> dict[str, Any]:
        """The suite in JSON's types."""
        return self._asdict()

    def text(self) -> str:
        """The suite for a terminal."""
        return "\n".join(
            [
                f"{self.name}: {self.description}",
                f"  source: {self.source}",
                f"  tasks: {', '.join(self.tasks)}",
                f"  settings: {_listed(self.settings)}",
                *(f"  settings for {kind}: {_listed(settings)}" for kind, settings in self.by_kind.items()),
                *(f"  without {name}: {reason}" for name, reason in self.missing.items()),
                *(f"  differs: {difference}" for difference in self.differences),
            ]
        )


def _listed(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in settings.items())


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return " and ".join(f"{inner} for {name}" for name, inner in value.items())
    return ", ".join(value) if isinstance(value, tuple) else str(value)


_JUDGED = "its answers are graded by a judge model, which no suite chooses"
_SIMPLEQA = f"{_JUDGED}; --tasks simpleqa --judge MODEL asks it"
_ZENG = Suite(
    name="zeng2025",
    description="tags, percent, one turn (V): reasoning against instruct models",
    source="Zeng et al. 2025, Thinking Out Loud (arXiv 2504.06564v3), section 3, Table 6 and appendix A",
    tasks=("aime24", "aime25", "gpqa_diamond", "supergpqa"),
    settings={
        "protocol": "stated_tags",
        "confidence": ("stated",),
        "limit": 1500,
        "task_draws": {"aime24": 5, "aime25": 5},
    },
    by_kind={
        "instruct": {"temperature": 0.7, "top_p": 0.8, "max_tokens": 3072},
        "sft": {"temperature": 0.6, "top_p": 0.95, "max_tokens": 16384},
        "rl": {"temperature": 0.6, "top_p": 0.95, "max_tokens": 16384},
    },
    missing={
        "SimpleQA": _SIMPLEQA,
        "FreshQA": f"{_JUDGED}, and its answers change with the date",
        "LiveBench-Reasoning": "no task here: each of its questions wants lists of answers in a form of its own",
    },
    differences=(
        "The wording of the prompt is ours; the tags, their order and the example of 80% are the paper's.",
        "Answers are graded as exact numbers and by the letter of the option; the paper does not say its rules.",
        "The 1,500 questions of SuperGPQA are chosen by a hash; the paper takes 500 of each of three levels.",
        "3K and 16K tokens (Table 6) are read as 3,072 and 16,384. The paper's text says up to 32k.",
        "DeepSeek-V3 had temperature 0.6, top-p 1.0 and 8K tokens: give --temperature 0.6 --top-p 1 --max-tokens 8192.",
        "An output without a readable confidence is counted as missing; the paper drops it.",
        "The paper runs AIME five times; here one run draws five answers to each question, with different seeds.",
    ),
)
_EPICAR = Suite(
    name="epicar",
    description="boxed answers, greedy, P(True)",
    source="EpiCaR (arXiv 2601.06786) and evaluate.py of the first author's follow-up, github.com/Scuttie/EpiCaRPO",
    tasks=("math500", "gsm8k", "mbpp_sanitized"),
    settings={"protocol": "boxed", "confidence": ("p_true",), "temperature": 0.0, "max_tokens": 2048},
    differences=(
        "The wording is ours. The paper prefills the beginning of the answer.",
        "P(True) is asked in a turn of its own behind the answer; the paper continues the text of the answer.",
        "All tokens that write the letter count for it; the paper takes the one with a leading space.",
        "Answers are graded by Math-Verify, those of the paper by normalised strings and sympy.",
        "MBPP is asked without examples; the paper shows three.",
    ),
)
_TIAN = Suite(
    name="tian2023",
    description="a probability from 0.0 to 1.0 with the answer, one turn (verbalized 1S top-1)",
    source="Tian et al. 2023, Just Ask for Calibration (arXiv 2305.14975)",
    tasks=("triviaqa", "truthfulqa"),
    settings={"protocol": "stated_probability", "confidence": ("stated",), "temperature": 0.0},
    missing={"SciQ": "the paper asks it without options, lm-eval only with them"},
    differences=(
        "The wording is this project's own, and greedy decoding is its own choice.",
        "TriviaQA is graded by its aliases and TruthfulQA asked with options; the paper has a judge model.",
    ),
)

SUITES = {
    suite.name: suite
    for suite in (
        Suite(
            name="core",
            description="mathematics, programs and fact checking",
            source="this project's own choice",
            tasks=("gsm8k", "math500", "mbpp", "creak", "fever", "truthfulqa"),
            settings={"protocol": "stated", "confidence": ("stated",), "temperature": 0.0},
        ),
        _ZENG,
        _ZENG._replace(
            name="zeng2025_probability",
            description="tags, probability from 0.0 to 1.0, one turn (V.Prob)",
            settings=_ZENG.settings | {"protocol": "stated_tags_probability"},
        ),
        _ZENG._replace(
            name="zeng2025_reflection",
            description="tags, percent, self-reflection in a fresh second prompt (SR)",
            settings=_ZENG.settings | {"protocol": "tags", "confidence": ("reflected",)},
            differences=(
                *_ZENG.differences,
                "The second prompt shows the answer without its reasoning; its reply is greedy, up to 2,048 tokens.",
            ),
        ),
        _EPICAR,
        _EPICAR._replace(
            name="epicar_voting",
            description="as epicar, with ten draws for votes weighted by P(True)",
            settings=_EPICAR.settings | {"temperature": 0.7, "draws": 10},
            differences=(
                *_EPICAR.differences,
                "The temperature of the draws is this project's own choice: the sources do not say it.",
            ),
        ),
        Suite(
            name="rlcr",
            description="reasoning, answer, analysis and a probability in tags",
            source="RLCR, Beyond Binary Rewards (arXiv 2507.16806)",
            tasks=("math500", "gsm8k", "triviaqa"),
            settings={
                "protocol": "stated_analysis",
                "confidence": ("stated",),
                "temperature": 0.0,
                "max_tokens": 4096,
            },
            missing={
                "HotpotQA (modified)": "no task here",
                "Big-Math": "no task here",
                "SimpleQA": _SIMPLEQA,
                "GPQA": "gated; where you have access, ask it by --tasks gpqa_diamond",
                "CommonsenseQA": "ask it by --tasks lm_eval:commonsense_qa",
            },
            differences=(
                "The wording is this project's own, and greedy decoding is its own choice.",
                "The budget is that of the paper's training on mathematics; that of its evaluation is not known here.",
                "TriviaQA is graded by its aliases.",
            ),
        ),
        _TIAN,
        _TIAN._replace(
            name="tian2023_words",
            description="one of 13 phrases with the answer (linguistic 1S)",
            settings=_TIAN.settings | {"protocol": "stated_words"},
            differences=(
                *_TIAN.differences,
                "The phrases' numbers are medians of a survey, see harness/prompting/hedges.py; those of the paper may"
                " differ.",
            ),
        ),
    )
}


def load(name: str) -> Suite:
    """The suite of that name.

    Raises:
        InputError: unknown name; the message gives the nearest names.
    """
    if name not in SUITES:
        raise unknown_name("suite", name, list(SUITES))
    return SUITES[name]


def applied(options: dict[str, Any]) -> dict[str, Any]:
    """Options of a run with those of the suite that `options["suite"]` names, where they are not given themselves.

    `draws` given holds for all tasks. A kind that is not given is that of the model's lineage.

    Raises:
        InputError: unknown suite, or one that has no settings for the model's kind.
    """
    suite = load(options["suite"])
    kind = options.get("kind")
    if suite.by_kind and kind is None and options.get("model"):
        from calibench import model

        consent = bool(options.get("trust_remote_code"))
        kind = model.resolve(options["model"], trust_remote_code=consent).lineage().get("kind")
    settings = suite.settings_for(kind)
    if options.get("draws") is not None:
        settings.pop("task_draws", None)
    return settings | {"kind": kind} | {name: value for name, value in options.items() if value is not None}


def configured(given: dict[str, Any]) -> RunConfig:
    """The configuration of a run from the options that were given, and those of their suite if they name one.

    Raises:
        InputError: no tasks, a value that does not fit, or a suite that cannot be applied.
    """
    if given.get("suite"):
        given = applied(given if given.get("tasks") else {**given, "tasks": None})
    if not given.get("tasks"):
        raise InputError("tasks: expected names of tasks, or a suite, which names some; found neither")
    return RunConfig(**given)


def described(name: str, kind: str | None, configuration: dict[str, Any]) -> dict[str, Any]:
    """What a manifest says of a run of a suite.

    Args:
        name: the suite's.
        kind: of the model.
        configuration: fields of the run's `RunConfig`.
    """
    suite = load(name)
    settings = suite.settings_for(kind)
    return {
        "name": suite.name,
        "source": suite.source,
        "changed": sorted(field for field, value in settings.items() if configuration[field] != value),
        "missing": dict(suite.missing),
        "differences": list(suite.differences),
    }


def notes(described: dict[str, Any]) -> list[str]:
    """What a reader of the numbers must know, from what `described` gave."""
    name, missing, changed = described["name"], described["missing"], described["changed"]
    return [
        *([f"Suite {name} lacks {', '.join(missing)}: see `calibench suites`."] if missing else []),
        *([f"Settings of suite {name} were changed: {', '.join(changed)}."] if changed else []),
    ]
