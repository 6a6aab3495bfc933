"""Options from Python, from a text and from a table: one set of fields reads and checks them all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from msgspec import Meta
from msgspec.structs import replace

from calibench.errors import InputError
from calibench.fields import Count, Fraction, Line, Names, Options, Text, WholeNumber, fields, option, read


class Toy(Options, frozen=True, kw_only=True):
    model: Text
    names: Names = ()
    chosen: Names | None = None
    count: Annotated[Count | None, option("how many", "scope", "K")] = None
    seed: WholeNumber = 0
    share: Annotated[Fraction, Meta(description="of the rows")] = 1.0
    word: Literal["one", "two"] = "one"
    switch: bool = False
    label: Line | None = None
    table: dict[str, Any] = {}
    counts: dict[str, Count] = {}
    shares: tuple[Fraction, ...] = ()


class Hyphened(Options, frozen=True, kw_only=True):
    a_b: int = 0


def toy(**given: Any) -> Toy:
    return Toy(model="m", **given)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"count": np.int64(3)}, {"count": 3}),
        ({"share": 1}, {"share": 1.0}),
        ({"share": np.float32(0.5)}, {"share": 0.5}),
        ({"switch": np.True_}, {"switch": True}),
        ({"model": Path("a/b")}, {"model": "a/b"}),
        ({"names": "a, b,"}, {"names": ("a", "b")}),
        ({"names": ["a", "b, c"]}, {"names": ("a", "b, c")}),
        ({"names": np.array(["a", "b"])}, {"names": ("a", "b")}),
        ({"chosen": []}, {"chosen": ()}),
        ({"table": {"a": Path("b"), "c": np.int8(1)}}, {"table": {"a": "b", "c": 1}}),
    ],
    ids=str,
)
def test_values_of_python_and_numpy_become_those_of_the_field(given, found):
    made = Toy(**{"model": "m", **given})
    assert {name: getattr(made, name) for name in found} == found
    assert all(type(getattr(made, name)) is type(value) for name, value in found.items())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": ""}, "model: expected text, found nothing"),
        ({"model": b"m"}, "model: expected text, found b'm'"),
        ({"model": "\udcff"}, r"model: expected text, found '\udcff'"),
        ({"names": 3}, "names: expected a list of names, found 3"),
        ({"names": ["a", ""]}, "names: expected a list of names, found ['a', '']"),
        ({"names": {"a": 1}}, "names: expected a list of names, found {'a': 1}"),
        ({"chosen": ","}, "chosen: expected a list of names, found ','"),
        ({"count": 0}, "count: expected a whole number (at least 1), found 0"),
        ({"count": True}, "count: expected a whole number (at least 1), found True"),
        ({"count": 2.0}, "count: expected a whole number (at least 1), found 2.0"),
        ({"count": "2"}, "count: expected a whole number (at least 1), found '2'"),
        ({"seed": None}, "seed: expected a whole number (at least 0), found None"),
        ({"seed": 2**63}, "seed: expected a whole number (at least 0), found 9223372036854775808"),
        ({"share": 0}, "share: expected a finite number (above 0, at most 1), found 0"),
        ({"share": float("nan")}, "share: expected a finite number (above 0, at most 1), found nan"),
        ({"share": True}, "share: expected a finite number (above 0, at most 1), found True"),
        ({"word": "three"}, "word: expected one of one, two, found 'three'"),
        ({"switch": 1}, "switch: expected true or false, found 1"),
        ({"label": "a\nb"}, r"label: expected printable text, found 'a\nb'"),
        ({"table": 3}, "table: expected a table of JSON values, found 3"),
        ({"table": {1: 2}}, "table: expected a table of JSON values, found {1: 2}"),
        ({"table": {"a": 1j}}, "table: expected a table of JSON values, found {'a': 1j}"),
        ({"counts": {"a": 0}}, "counts: expected a table of values, each a whole number (at least 1), found {'a': 0}"),
        ({"names": np.zeros((40, 40))}, "names: expected a list of names, found a value of type ndarray"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named_in_one_line(given, message):
    with pytest.raises(InputError) as raised:
        Toy(**{"model": "m", **given})
    assert str(raised.value) == message


def test_a_changed_copy_is_checked_too():
    with pytest.raises(InputError, match="count: expected"):
        replace(toy(count=1), count=0)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("count", "007", 7),
        ("share", ".5", 0.5),
        ("share", "1e-3", 1e-3),
        ("word", "two", "two"),
        ("switch", "false", False),
        ("switch", "", True),
        ("names", "a,b", ("a", "b")),
        ("table", "a=[1, 2]", {"a": [1, 2]}),
        ("table", "a=None", {"a": None}),
        ("table", "a=b=c", {"a": "b=c"}),
        ("counts", "a=3", {"a": 3}),
    ],
)
def test_texts_are_read_as_the_command_line_has_them(name, text, value):
    assert fields(Toy)[name].read_text(text, "--x") == value


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("count", "2.5", "--x: expected a whole number (at least 1), found '2.5'"),
        ("count", "1_000", "--x: expected a whole number (at least 1), found '1_000'"),
        ("count", "9" * 19, f"--x: expected a whole number (at least 1), found '{'9' * 19}'"),
        ("count", "", "--x: expected a whole number (at least 1), found nothing"),
        ("share", "0_1", "--x: expected a finite number (above 0, at most 1), found '0_1'"),
        ("share", "٠.٥", "--x: expected a finite number (above 0, at most 1), found '٠.٥'"),
        ("share", "inf", "--x: expected a finite number (above 0, at most 1), found 'inf'"),
        ("switch", "perhaps", "--x: expected true or false, found 'perhaps'"),
        ("names", ",", "--x: expected names separated by commas, found ','"),
        (
            "shares",
            ",",
            "--x: expected numbers separated by commas, each a finite number (above 0, at most 1), found ','",
        ),
        ("table", "a", "--x: expected KEY=VALUE, found 'a'"),
        ("counts", "a=0", "--x: expected KEY=VALUE, VALUE a whole number (at least 1), found 'a=0'"),
    ],
)
def test_texts_that_do_not_fit_are_named(name, text, message):
    with pytest.raises(InputError) as raised:
        fields(Toy)[name].read_text(text, "--x")
    assert str(raised.value) == message


def test_options_of_a_file_are_named_as_they_stand_there():
    assert read((Toy,), {"count": 3, "label": None}, "a.toml: ") == {"count": 3}
    with pytest.raises(InputError, match=r"^a\.toml: unknown option 'coutn'\. Did you mean count"):
        read((Toy,), {"coutn": 3}, "a.toml: ")
    with pytest.raises(InputError, match=r"^a\.toml: a-b: expected once"):
        read((Hyphened,), {"a_b": 1, "a-b": 2}, "a.toml: ")
    with pytest.raises(InputError, match=r"^a\.toml: word: expected one of one, two"):
        read((Toy,), {"word": "three"}, "a.toml: ")
