"""The puzzle families: one answer, the same everywhere, no twins across splits, and nothing to be had by guessing."""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from calibench import tasks
from calibench.errors import InputError
from calibench.tasks.generated import LEVELS, Example, first
from calibench.tasks.micro.world import PER_LEVEL, held_out
from calibench.tasks.puzzles import FAMILIES, abduction, deduction, induction, puzzles
from calibench.tasks.puzzles.draws import Choices
from calibench.tasks.puzzles.formulas import written
from calibench.tasks.puzzles.replay import REPLAYS
from calibench.tasks.puzzles.shortcuts import TOLERANCE, chance, scores, tables
from calibench.tasks.puzzles.solvers import SOLVERS, formulas_of, goals_of, known_of, numbers_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "puzzles.md").read_text(encoding="utf-8")
MICRO_TOKENIZER = ROOT / "harness" / "models" / "micro-sft" / "tokenizer.json"
CONTEXT = 2048
NAMES = [f"{family}{notation}" for family in FAMILIES for notation in ("", "_compact")]


def drawn(family, level, count, seed="test"):
    draws = Choices(f"{seed} {family} {level}")
    found = (FAMILIES[family].draw(draws, level) for _ in itertools.count())
    return list(itertools.islice((puzzle for puzzle in found if puzzle), count))


def digest_of_all():
    """Of the first two puzzles of every family, level and notation."""
    every = itertools.product(FAMILIES, LEVELS, ("long", "compact"))
    shown = [puzzles(family, level, 2, "train", 5, notation) for family, level, notation in every]
    return hashlib.sha256(repr(shown).encode()).hexdigest()


DIGEST = "133b66df8958ea402168b00a0fa762700df2efb921ad827a4304e0df9afe8605"
"""As `digest_of_all` gave it when the families were written; another one means that published puzzles changed."""


def test_a_seed_gives_the_same_puzzles_in_every_process():
    assert digest_of_all() == DIGEST
    program = "import test_puzzles; print(test_puzzles.digest_of_all())"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == DIGEST, done.stderr


def test_seeds_and_counts_say_which_puzzles():
    some = puzzles("induction", 2, 20, seed=1)
    assert puzzles("induction", 2, 8, seed=1) == some[:8]
    assert {p.question.text for p in some}.isdisjoint(p.question.text for p in puzzles("induction", 2, 20, seed=2))
    compact = puzzles("induction", 2, 20, seed=1, notation="compact")
    assert [(p.question.gold, p.question.cluster, p.trace) for p in compact] == [
        (p.question.gold, p.question.cluster, p.trace) for p in some
    ]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_solver_agrees_with_the_generator_in_both_notations(family, level):
    for puzzle in drawn(family, level, 10):
        assert SOLVERS[family](puzzle.text("long")) == SOLVERS[family](puzzle.text("compact")) == puzzle.answer


@pytest.mark.parametrize("level", [1, 2])
def test_exactly_one_assignment_makes_all_formulas_true(level):
    meaning = {
        "&": lambda a, b: a and b, "|": lambda a, b: a or b, ">": lambda a, b: not a or b,
        "=": lambda a, b: a == b, "^": lambda a, b: a != b,
    }  # fmt: skip

    def value(formula, values):
        if isinstance(formula, str):
            return values[formula]
        parts = [value(part, values) for part in formula[1:]]
        return meaning[formula[0]](*parts) if len(parts) == 2 else not parts[0]

    for puzzle in drawn("deduction", level, 30):
        n = len(puzzle.variables)
        assignments = (
            dict(zip(puzzle.variables, row, strict=True)) for row in itertools.product([True, False], repeat=n)
        )
        models = [a for a in assignments if all(value(formula, a) for formula in puzzle.formulas)]
        assert ["".join("T" if v else "F" for v in model.values()) for model in models] == [puzzle.answer]


@pytest.mark.parametrize("level", LEVELS)
def test_forward_chaining_reaches_exactly_one_goal_and_no_goal_is_known(level):
    def holds(left, true, false):
        if isinstance(left, str):
            return left in true
        if left[0] == "~":
            return left[1] in false
        return (all if left[0] == "&" else any)(holds(part, true, false) for part in left[1:])

    for puzzle in drawn("abduction", level, 100):
        assert set(puzzle.goals).isdisjoint(puzzle.true + puzzle.false)
        assert {head for _, head in puzzle.rules}.isdisjoint(puzzle.true + puzzle.false)
        true = set(puzzle.true)
        while new := {h for left, h in puzzle.rules if h not in true and holds(left, true, set(puzzle.false))}:
            true |= new
        assert [goal for goal in puzzle.goals if goal in true] == [puzzle.answer]


def test_solvers_refuse_what_has_no_single_answer():
    assert SOLVERS["deduction"]("Solve 1 A|B; 2 ~A.") == "FT"
    assert SOLVERS["deduction"]("Solve 1 A|B.") is None
    assert SOLVERS["deduction"]("Solve 1 A; 2 ~A.") is None
    assert SOLVERS["induction"]("Next: 1 2 4 5 7") == "8"
    assert SOLVERS["induction"]("Next: 1 2 4 5") is None  # steps of +1, +2, +1: none of two is seen twice
    assert SOLVERS["induction"]("Next: 2 4 2 4 2") == "4"
    assert SOLVERS["abduction"]("True A B C; false D E; 1 A>F; 2 D>G. Which of F G?") == "F"
    assert SOLVERS["abduction"]("True A B C; false D E; 1 A>F; 2 A>G. Which of F G?") is None
    assert SOLVERS["abduction"]("True A B C; false D E; 1 F>G; 2 D>F. Which of F G?") is None
    assert SOLVERS["abduction"]("True A B C; false D E; 1 A>F; 2 D>G. Which of A G?") is None, "a goal is known"


@pytest.mark.parametrize("level", LEVELS)
def test_the_hidden_step_was_seen_twice_and_is_not_the_last_one_seen(level):
    for puzzle in drawn("induction", level, 100):
        numbers = [*puzzle.numbers, int(puzzle.answer)]
        length = len(puzzle.cycle)
        assert len(puzzle.numbers) - 1 >= 2 * length
        assert min(numbers) >= 1
        assert numbers[-1] not in puzzle.numbers
        assert numbers[-1] - numbers[-2] != numbers[-2] - numbers[-3]


def renamed(puzzle, rng):
    """The same puzzle with other letters, in another order, and with the sides of symmetric operators swapped."""
    letters = list(map(chr, range(65, 91)))
    new = dict(zip(letters, rng.sample(letters, 26), strict=True))

    def changed(formula):
        if isinstance(formula, str):
            return new[formula]
        parts = [changed(part) for part in formula[1:]]
        if formula[0] not in "~>":
            rng.shuffle(parts)
        return formula[0], *parts

    if isinstance(puzzle, deduction.Deduction):
        formulas = [changed(formula) for formula in puzzle.formulas]
        return puzzle._replace(
            variables="".join(new[v] for v in puzzle.variables), formulas=tuple(rng.sample(formulas, len(formulas)))
        )
    if isinstance(puzzle, abduction.Abduction):
        rules = [(changed(left), new[head]) for left, head in puzzle.rules]
        names = {field: tuple(new[a] for a in getattr(puzzle, field)) for field in ("true", "false", "goals")}
        return puzzle._replace(rules=tuple(rng.sample(rules, len(rules))), **names)
    turned = rng.randrange(len(puzzle.cycle))
    return puzzle._replace(cycle=puzzle.cycle[turned:] + puzzle.cycle[:turned], numbers=(1, 2, 3))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("family", FAMILIES)
def test_renamed_twins_have_one_form_and_other_puzzles_have_others(family, level):
    rng = random.Random(level)
    some = drawn(family, level, 30)
    forms = [puzzle.form() for puzzle in some]
    assert [renamed(puzzle, rng).form() for puzzle in some] == forms
    assert len(set(forms)) >= (20 if family == "induction" and level == 1 else 29)


def test_a_form_tells_apart_what_renaming_cannot_make_the_same():
    def form(*formulas):
        return deduction.Deduction("ABC", formulas, "TTT").form()

    assert form((">", "A", "B"), "C") != form((">", "A", "B"), "A")
    assert form((">", "A", "B"), "A") != form((">", "A", "B"), "B")
    assert form(("&", "A", "B")) != form(("|", "A", "B"))
    assert form(("~", "A"), "B") == form("C", ("~", "B"))


@pytest.mark.parametrize("family", FAMILIES)
def test_no_form_is_in_both_splits_whatever_the_seeds(family):
    forms = {
        split: {p.question.cluster for seed in range(2) for p in puzzles(family, 1, 60, split, seed)}
        for split in ("test", "train")
    }
    assert min(map(len, forms.values())) > 50
    assert forms["test"].isdisjoint(forms["train"])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("family", FAMILIES)
def test_no_shortcut_scores_more_than_five_points_above_chance(family, level):
    found = scores(family, level)
    assert {name: share for name, share in found.items() if share > chance(family, level) + TOLERANCE} == {}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_page_has_what_shortcuts_score(family):
    assert "\n".join(tables([family])) in PAGE


def test_the_solution_is_no_shortcut_but_scores_everything():
    """The battery can tell: what looks at the step that is due is right where the length of the cycle is known."""
    for puzzle in drawn("induction", 1, 50):
        numbers = numbers_of(puzzle.text("compact"))
        assert str(numbers[-1] + numbers[-2] - numbers[-3]) == puzzle.answer


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("family", FAMILIES)
def test_traces_lead_to_the_answer_and_one_wrong_step_does_not(family, level):
    rng = random.Random(level)
    for puzzle in drawn(family, level, 10, seed="traces"):
        text, trace = puzzle.text("compact"), puzzle.trace()
        assert REPLAYS[family](text, trace) == REPLAYS[family](puzzle.text("long"), trace) == puzzle.answer
        steps = trace.split("; ")
        place = rng.randrange(len(steps))
        for wrong in (_altered(steps[place]), steps[place] + " no"):
            with pytest.raises((AssertionError, ValueError, IndexError, KeyError)):
                REPLAYS[family](text, "; ".join([*steps[:place], wrong, *steps[place + 1 :]]))


def _altered(step):
    """A step that says something else: the other value, another number, the other verdict."""
    if step.endswith(("yes", "no")):
        return step.replace("yes", "no") if step.endswith("yes") else step.removesuffix("no") + "yes"
    if step.endswith("?"):
        return step[1:]
    if match := re.search(r"=([TF])$", step):
        return step[: match.start()] + ("=F" if match[1] == "T" else "=T")
    return step + "0"


def test_the_number_of_puzzles_of_the_smallest_family_is_as_the_page_says():
    """Every sequence of induction at level 1, one by one."""
    sums = [sign * n for sign in (1, -1) for n in range(induction.AMOUNTS[0], induction.AMOUNTS[1] + 1)]
    texts, cycles = set(), set()
    for a, b in itertools.permutations(sums, 2):
        for start in range(induction.STARTS[0], induction.STARTS[1] + 1):
            numbers = list(itertools.accumulate([start, a, b, a, b, a, b]))
            for length in (6, 7):
                *shown, answer = numbers[:length]
                if min(shown) >= 1 and max(shown) <= induction.LARGEST and answer >= 1 and answer not in shown:
                    texts.add(tuple(shown))
                    cycles.add(frozenset((a, b)))
    row = re.search(r"^\| 1 \| 2, sums \|.*$", PAGE, re.MULTILINE)[0]
    assert f"{len(cycles)} cycles, {len(texts):,} sequences" in row


@pytest.mark.parametrize("name", NAMES)
def test_a_task_asks_every_level_and_grades_the_forms_of_an_answer(name):
    task = tasks.load(name)
    asked = [task.to_question(row, place) for place, row in task.open(None).rows]
    assert [q.level for q in asked] == [level for level in LEVELS for _ in range(PER_LEVEL)]
    gold = asked[0].gold[0]
    said = {
        "deduction": [
            " ".join(gold),
            ", ".join(gold),
            ", ".join(f"{v} is {'true' if x == 'T' else 'false'}" for v, x in zip("ABCD", gold, strict=False)),
            ", ".join(f"{v}={x}" for v, x in zip("ABCD", gold, strict=False)),
        ],
        "induction": [f"The next number is {gold}."],
        "abduction": [f"goal {gold}", f"{gold} is reachable", f"{gold.lower()}."],
    }[name.partition("_")[0]]
    for text in said:
        assert task.grade(asked[0], f"Answer: {text}").outcome == "correct", text
    assert {q.gold for q in asked if q.level == 1} != {asked[0].gold}


def test_groups_and_levels_of_tasks():
    assert tasks.expand(["puzzles", "induction"]) == ["deduction", "induction", "abduction"]
    assert tasks.expand(["puzzles_compact"]) == ["deduction_compact", "induction_compact", "abduction_compact"]
    whole, part = tasks.load("induction"), tasks.load("induction:2")
    read = {t.name: [q for place, row in t.open(None).rows if (q := t.to_question(row, place))] for t in (whole, part)}
    assert [q.question_id for q in read["induction:2"]] == [q.question_id for q in read["induction"] if q.level == 2]
    assert {q.task for q in read["induction:2"]} == {"induction:2"}
    trained = [q for place, row in part.training.open(None).rows if (q := part.training.to_question(row, place))]
    assert {(q.task, q.level, q.split) for q in trained} == {("induction:2", 2, "train")}
    assert tasks.bundled("induction:2")
    for name, message in {
        "induction:6": "expected a level from 1 to 5 behind the colon",
        "induction:two": "expected a level from 1 to 5 behind the colon",
        "gsm8k:1": "gsm8k has no levels",
        "inducton:1": "Did you mean induction",
    }.items():
        with pytest.raises(InputError, match=message):
            tasks.load(name)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("deductoin", 1, 1), "unknown family of puzzles 'deductoin'. Did you mean deduction"),
        (("deduction", 6, 1), "deduction: expected a level from 1 to 5, found 6"),
        (("deduction", 0, 1), "deduction: expected a level from 1 to 5, found 0"),
        (("deduction", 1, 0), "deduction: expected a count of 1 or more puzzles, found 0"),
        (("deduction", 1, 1, "dev"), "deduction: expected test or train as split, found 'dev'"),
        (("deduction", 1, 1, "test", 0, "short"), "deduction: expected long or compact as notation, found 'short'"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(InputError, match=re.escape(message)):
        puzzles(*arguments)


def test_running_out_of_puzzles_stops_with_a_message(monkeypatch):
    three = drawn("induction", 1, 3, seed="few")
    few = FAMILIES["induction"]._replace(draw=lambda draws, level: draws.choice(three))
    monkeypatch.setitem(FAMILIES, "induction", few)
    with pytest.raises(InputError, match=r"induction, level 1, 4 different puzzles of the \w+ split: .*ask for fewer"):
        puzzles("induction", 1, 4)


def test_running_out_of_micro_questions_stops_with_a_message():
    def sample(rng, level):
        n = rng.randrange(100)
        return Example(f"What is {n}?", "", str(n), level, "few")

    with pytest.raises(InputError, match=f"level 1, {PER_LEVEL} different test questions: .*ask for fewer"):
        held_out(sample)
    with pytest.raises(InputError, match="ones: expected one more, found none among 20,000 draws; ask for fewer"):
        first(lambda: 0, lambda drawn: drawn == 1, "ones")


@pytest.mark.parametrize("family", FAMILIES)
def test_the_micro_checkpoints_read_and_write_the_compact_notation_within_their_context(family):
    tokenizer = Tokenizer.from_file(str(MICRO_TOKENIZER))
    task = tasks.load(f"{family}_compact")
    form = 150  # tokens of the longest instruction of a protocol, and of the answer
    for _, row in task.open(None).rows:
        whole = f"{row['text']}\n{row['working']}\nAnswer: {row['answer']}"
        tokens = tokenizer.encode(whole).ids
        assert len(tokens) + form <= CONTEXT, row
        assert tokenizer.decode(tokens, skip_special_tokens=False) == whole


def test_both_notations_say_the_same():
    for family, level in itertools.product(("deduction", "abduction"), LEVELS):
        (puzzle,) = drawn(family, level, 1, seed="both")
        long, compact = puzzle.text("long"), puzzle.text("compact")
        assert formulas_of(long) == formulas_of(compact)
        assert (known_of(long), goals_of(long)) == (known_of(compact), goals_of(compact))
    assert written(("=", ("~", "A"), ("&", "B", ("~", "C"))), "long") == "NOT A IFF (B AND NOT C)"
    assert written((">", ("~", ("|", "A", "B")), "C"), "compact") == "~(A|B)>C"


def test_the_page_shows_puzzles_as_they_are():
    for family in FAMILIES:
        for notation in ("long", "compact"):
            shown = puzzles(family, 1, 1, "test", 0, notation)[0]
            assert shown.question.text in PAGE
            assert f"Answer: {shown.question.gold[0]}" in PAGE
            assert shown.trace in PAGE
