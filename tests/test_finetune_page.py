"""docs/finetune.md says what is true: its examples and tables name every recipe, option and figure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from calibench.fields import fields
from calibench.finetune.recipes import base as recipes

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "finetune.md").read_text(encoding="utf-8")


def commands() -> Iterator[list[str]]:
    """The words after `calibench` of each command line on the page."""
    indented = "\n".join(line[4:] for line in PAGE.splitlines() if line.startswith("    "))
    for line in indented.replace("\\\n", " ").splitlines():
        program, *words = shlex.split(line)
        assert program == "calibench"
        yield words


def rows(heading: str) -> list[list[str]]:
    table = re.search(rf"^\| {heading} \|.*\n\|[-| ]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)[1]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]


def test_every_recipe_has_an_example_and_every_option_a_line():
    assert {words[1] for words in commands() if words[0] == "tune"} == set(recipes.names())
    documented: dict[str, set[str]] = {}
    for names, of, _ in rows("option"):
        for option in re.findall(r"--([a-z-]+)", names):
            assert option not in documented, f"--{option} has two lines"
            documented[option] = set() if of.startswith("all that train") else set(re.findall(r"\w+", of))
    for recipe in recipes.names():
        for option in fields(recipes.load(recipe).options):
            of = documented[option.replace("_", "-")]
            assert not of or recipe in of, f"{recipe}: --{option}"
    known = {option for name in recipes.names() for option in fields(recipes.load(name).options)}
    assert {option.replace("-", "_") for option in documented} == known


SHAPES = {
    # model: billions of parameters, width, layers, inner width, heads of queries, of keys and values, width of a head
    # (the models' own config.json)
    "Llama-3.2-1B": (1.24, 2048, 16, 8192, 32, 8, 64),
    "Qwen3-1.7B": (1.7, 2048, 28, 6144, 16, 8, 128),
    "Llama-3.2-3B": (3.2, 3072, 28, 8192, 24, 8, 128),
    "Qwen3-4B": (4.0, 2560, 36, 9728, 32, 8, 128),
    "Llama-3.1-8B": (8.0, 4096, 32, 14336, 32, 8, 128),
    "Qwen3-8B": (8.2, 4096, 36, 12288, 32, 8, 128),
}


def estimates(n: float, h: int, layers: int, inner: int, q: int, kv: int, head: int) -> list[float]:
    """The cells of a row by the formulas of the page: millions, GB, GB, hours, hours, hours."""
    flops = 990e12
    adapters = 16 * layers * (2 * (h + q * head) + 2 * (h + kv * head) + 3 * (h + inner))
    tokens = 4 * 1024
    inputs, again = tokens * layers * h * 2, tokens * (34 * h + 12 * inner) * 2
    sampling = 12_000 * 8 * 600 / min(25_000, 0.15 * flops / (2 * n * 1e9)) / 3600
    answers, verdicts = 48_000 * 800, 96_000 * 850
    star, epicar = (rows * 2 * 6 * n * 1e9 / (0.4 * flops) / 3600 for rows in (answers, answers + verdicts))
    return [
        adapters / 1e6,
        2 * n + (16 * adapters + inputs + again) / 1e9,
        16 * n + (2 * inputs + again) / 1e9,
        sampling,
        3 * (sampling + star),
        3 * (sampling + epicar),
    ]


def test_the_table_of_estimates_follows_its_formulas():
    table = {model: [float(cell.removesuffix(" M")) for cell in cells] for model, *cells in rows("model")}
    assert table.keys() == SHAPES.keys()
    for model, shape in SHAPES.items():
        assert table[model] == pytest.approx(estimates(*shape), rel=0.01, abs=0.51), model
