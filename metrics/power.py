"""What a comparison can see: the chance that its test finds a difference of a given size.

The test is that of `metrics.compare`: two-sided, of t with clusters - 1 degrees of freedom, whose p value is at least
2^(1 - clusters). If the true difference is d standard errors, the statistic follows the noncentral t distribution.
A difference that is found with the wrong sign does not count.

Source: Cohen 1988, chapter 2. Checked against scipy.stats.nct.
"""

from __future__ import annotations

ALPHA = 0.05
"""Level of the test, before the correction for the number of differences."""
POWER = 0.8
"""The chance with which a difference should be found, by convention (Cohen 1988)."""
_MOST = 2**40
"""More questions than these are not looked for."""


def smallest_p(n_clusters: int) -> float:
    """The smallest p value that so many clusters can give: that of a sign-flip test."""
    return 2.0 ** (1 - n_clusters)


def detectable(error: float, n_clusters: int, level: float = ALPHA, power: float = POWER) -> float | None:
    """The smallest true difference that the test finds with a chance of `power`; None where it finds none whatever.

    Args:
        error: standard error of the difference.
        n_clusters: independent units, as questions.
        level: of the test.
        power: in (level, 1).
    """
    from scipy.optimize import brentq
    from scipy.special import nctdtr, stdtrit

    if n_clusters < 2 or smallest_p(n_clusters) >= level:
        return None
    df = n_clusters - 1
    critical = stdtrit(df, 1 - level / 2)
    high = 1.0
    while nctdtr(df, high, critical) > 1 - power:
        high *= 2
    return float(error * brentq(lambda d: nctdtr(df, d, critical) - (1 - power), 0.0, high))


def questions_needed(deviation: float, difference: float, level: float = ALPHA, power: float = POWER) -> int | None:
    """The fewest questions of which the test finds a true difference with a chance of `power`.

    Args:
        deviation: the difference's standard error times the root of the number of questions.
        difference: greater than 0.
        level, power: as of `detectable`.

    Returns:
        None if it is more than 2^40.
    """

    def enough(n: int) -> bool:
        least = detectable(deviation / n**0.5, n, level, power)
        return least is not None and least <= difference

    low, high = 1, 2
    while not enough(high):
        low, high = high, 2 * high
        if high > _MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
