"""Two synthetic runs and their differences."""

import pytest
from synthetic_run import build, compare


@pytest.fixture(scope="session")
def summary():
    return build()


@pytest.fixture(scope="session")
def other():
    return build("instruct", "instruct", "meta-llama/Llama-3.2-1B-Instruct", shift=-0.12, seed=1, temperature=1.0)


@pytest.fixture(scope="session")
def differences(summary, other):
    return compare(other, summary)
