from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import settings

# A busy machine is no failure, and a run tests the same examples as the one before.
settings.register_profile("metrics", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("metrics")

DEFAULTS = {
    "task": "sums",
    "protocol": "stated",
    "draw": 0,
    "method": "stated",
    "domain": "math",
    "subject": None,
    "level": None,
    "cluster": None,
}


@pytest.fixture
def rows() -> Callable[..., pd.DataFrame]:
    """Makes a scorecard's frame: one row per (confidence, outcome); None is a missing confidence."""

    def make(pairs: list[tuple[float | None, str]], **columns) -> pd.DataFrame:
        values = [value for value, _ in pairs]
        frame = pd.DataFrame(
            {
                "question_id": [f"q{i}" for i in range(len(pairs))],
                "value": pd.Series(values, dtype="float64"),
                "status": ["missing" if v is None else "ok" for v in values],
                "outcome": [outcome for _, outcome in pairs],
            }
        )
        return frame.assign(**{**DEFAULTS, **columns})

    return make
