"""Synthetic runs, and two and four of them compared."""

import pytest
from synthetic_run import HOSTILE, build, comparison

from calibench.reports.comparison import comparison_report


@pytest.fixture(scope="session")
def summary():
    return build()


@pytest.fixture(scope="session")
def other():
    return build("instruct", "instruct", "meta-llama/Llama-3.2-1B-Instruct", shift=-0.12, seed=1, temperature=1.0)


@pytest.fixture(scope="session")
def compared(summary, other):
    """Two runs."""
    return comparison(other, summary)


@pytest.fixture(scope="session")
def ladder(summary, other):
    """Four runs, one of them with a name that tries to leave its place."""
    third = build("sft", "sft", "local/sft", shift=-0.05, seed=2)
    fourth = build(f"rl {HOSTILE}", "rl", "local/rl", shift=0.05, seed=3)
    return comparison(other, third, summary, fourth)


@pytest.fixture(scope="session")
def compared_source(compared):
    return comparison_report(compared)


@pytest.fixture(scope="session")
def ladder_source(ladder):
    return comparison_report(ladder)
