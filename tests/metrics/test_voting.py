"""Votes against plain enumeration of every subset and every tie, closed forms by hand, and properties."""

from itertools import combinations
from math import exp, inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibench.metrics import voting
from calibench.metrics.voting import Draws


def random_draws(seed: int, n_questions: int = 4, n_draws: int = 5, levels: int = 4, silent: float = 0.15) -> Draws:
    """Questions with ties, silent draws, missing confidences, and classes whose draws are graded differently."""
    rng = np.random.default_rng(seed)
    shape = (n_questions, n_draws)
    answer = np.where(rng.random(shape) < silent, -1, rng.integers(0, 3, shape))
    confidence = np.where(rng.random(shape) < 0.1, np.nan, rng.integers(0, levels + 1, shape) / levels)
    return Draws(answer, (rng.random(shape) < 0.4) & (answer >= 0), confidence)


def every_subset(draws: Draws, k: int) -> np.ndarray:
    return voting.subsets(draws.answer.shape[1], k, np.random.default_rng(0))


def enumerated(draws: Draws, question: int, k: int, temperature: float):
    """(chance right, answered, mean squared error, [(confidence, right)]) by loops over subsets, winners and draws."""
    answer, correct, confidence = (part[question] for part in draws)
    trust = [0.0 if np.isnan(c) else c for c in confidence]
    rows = []
    for subset in combinations(range(len(answer)), k):
        votes = [i for i in subset if answer[i] >= 0]
        if not votes:
            rows.append((0.0, False, None))
            continue
        score = {
            a: sum(exp(trust[i] / temperature) for i in votes if answer[i] == a) for a in {answer[i] for i in votes}
        }
        top = max(score.values())
        winners = [a for a, s in score.items() if s > top * (1 - 1e-9)]
        right = np.mean([np.mean([correct[i] for i in votes if answer[i] == a]) for a in winners])
        rows.append((right, True, top / sum(score.values()) * len(votes) / k))
    squared = [r * (1 - c) ** 2 + (1 - r) * c**2 for r, answered, c in rows if answered]
    return (
        np.mean([r for r, _, _ in rows]),
        np.mean([a for _, a, _ in rows]),
        sum(squared) / len(rows),
        [(c, r) for r, answered, c in rows if answered],
    )


@pytest.mark.parametrize("temperature", [0.05, 0.5, inf])
@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_a_vote_is_the_mean_over_all_subsets_and_all_ties(k, temperature):
    for seed in range(12):
        draws = random_draws(seed)
        voted = voting.vote(draws, every_subset(draws, k), temperature)
        for q in range(4):
            right, answered, squared, pairs = enumerated(draws, q, k, temperature)
            assert voted.right[q] == pytest.approx(right, abs=1e-12)
            assert voted.answered[q] == pytest.approx(answered, abs=1e-12)
            assert voted.squared_error[q] == pytest.approx(squared, abs=1e-12)
            n_subsets = len(every_subset(draws, k))
            assert voted.bins[:, :, q].sum(axis=1) * n_subsets == pytest.approx(
                [len(pairs), sum(c for c, _ in pairs), sum(r for _, r in pairs)]
            )


def test_the_weighted_vote_by_hand():
    """Three draws, A with 0.9 and B twice with 0.6 and 0.5. T = 1: e^0.9 = 2.460 against e^0.6 + e^0.5 = 3.471, so B.
    T = 0.1: e^9 = 8103 against e^6 + e^5 = 552, so A; its share of the weight is 8103.08 / 8654.93 = 0.93624."""
    draws = Draws(np.array([[0, 1, 1]]), np.array([[True, False, False]]), np.array([[0.9, 0.6, 0.5]]))
    whole = np.ones((1, 3))
    assert voting.vote(draws, whole, 1.0).right[0] == 0
    weighted = voting.vote(draws, whole, 0.1)
    assert weighted.right[0] == 1
    assert weighted.bins[1].sum() == pytest.approx(exp(9) / (exp(9) + exp(6) + exp(5)))
    assert weighted.bins[1].sum() == pytest.approx(0.93624, abs=1e-5)


def test_a_tie_is_half_right_and_its_confidence_is_the_share_of_the_draws():
    draws = Draws(np.array([[0, 1, 0, 1, -1]]), np.array([[1, 0, 1, 0, 0]], dtype=bool), np.full((1, 5), np.nan))
    voted = voting.vote(draws, np.ones((1, 5)))
    assert (voted.right[0], voted.bins[1].sum()) == (0.5, 2 / 5)


def test_a_class_with_right_and_wrong_draws_is_right_as_often_as_its_draws():
    draws = Draws(np.array([[0, 0, 0, 1]]), np.array([[True, False, True, False]]), np.full((1, 4), 0.5))
    assert voting.vote(draws, np.ones((1, 4))).right[0] == pytest.approx(2 / 3)


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_an_infinite_temperature_or_equal_confidences_give_the_majority_vote(seed, k):
    draws = random_draws(seed, n_draws=6)
    member = every_subset(draws, k)
    majority = voting.vote(draws, member)
    constant = draws._replace(confidence=np.full(draws.answer.shape, 0.7))
    for other in (voting.vote(draws, member, 1e12), voting.vote(constant, member, 0.05)):
        for part, expected in zip(other, majority, strict=True):
            np.testing.assert_allclose(part, expected, atol=1e-9)


@given(st.integers(0, 10_000))
def test_one_draw_is_the_accuracy_of_a_single_draw_for_every_vote(seed):
    draws = random_draws(seed)
    single, member = draws.correct.mean(axis=1), every_subset(draws, 1)
    for right in (
        voting.vote(draws, member).right,
        voting.vote(draws, member, 0.05).right,
        voting.best_of(draws, 1),
        voting.any_right(draws, 1),
    ):
        np.testing.assert_allclose(right, single, atol=1e-12)


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_the_order_of_draws_and_the_names_of_classes_change_nothing(seed, k):
    draws = random_draws(seed, n_draws=6)
    order = np.random.default_rng(seed).permutation(6)
    moved = Draws(*(part[:, order] for part in draws))
    moved = moved._replace(answer=np.where(moved.votes, 2 - moved.answer, -1))
    member = every_subset(draws, k)
    for one, other in zip(voting.vote(draws, member, 0.3), voting.vote(moved, member, 0.3), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)
    np.testing.assert_allclose(voting.best_of(draws, k), voting.best_of(moved, k), atol=1e-12)
    np.testing.assert_array_equal(voting.within_question_pairs(draws), voting.within_question_pairs(moved))


def test_a_question_is_counted_the_same_alone_and_among_others():
    """Questions are counted in groups by their number of classes."""
    draws = random_draws(3, n_questions=40, n_draws=7)
    member = every_subset(draws, 4)
    together = voting.vote(draws, member, 0.2)
    for q in range(40):
        alone = voting.vote(draws.take(slice(q, q + 1)), member, 0.2)
        assert alone.right[0] == pytest.approx(together.right[q], abs=1e-12)
        np.testing.assert_allclose(alone.bins[..., 0], together.bins[..., q], atol=1e-12)


@pytest.mark.parametrize("k", [1, 2, 4, 6])
def test_best_of_k_is_the_mean_over_all_subsets_and_orders_of_ties(k):
    for seed in range(20):
        draws = random_draws(seed, n_draws=6, levels=2)
        key = np.where(draws.votes, np.nan_to_num(draws.confidence), -1)
        for q, found in enumerate(voting.best_of(draws, k)):
            tops = [
                np.mean([draws.correct[q, i] for i in subset if key[q, i] == max(key[q, j] for j in subset)])
                for subset in combinations(range(6), k)
            ]
            assert found == pytest.approx(np.mean(tops), abs=1e-12)


def test_any_right_by_hand():
    """5 draws, 2 right, k = 3: 1 - C(3, 3) / C(5, 3) = 0.9; k = 2: 1 - 3 / 10 = 0.7; k = 4: no subset is all wrong."""
    draws = Draws(np.zeros((1, 5), int), np.array([[1, 1, 0, 0, 0]], dtype=bool), np.full((1, 5), np.nan))
    assert [voting.any_right(draws, k)[0] for k in (2, 3, 4)] == pytest.approx([0.7, 0.9, 1.0])


def test_pairs_within_a_question_by_hand():
    """Right 0.8 and 0.5 against wrong 0.5 and 0.2: wins 2 + (half + 1) = 3.5 of 4. The silent draw and the one without
    confidence make no pairs, nor does a question that is all right."""
    draws = Draws(
        np.array([[0, 0, 1, 2, -1, 1], [0, 0, 0, 0, 0, 0]]),
        np.array([[1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1]], dtype=bool),
        np.array([[0.8, 0.5, 0.5, 0.2, 0.1, np.nan], [0.5] * 6]),
    )
    wins, pairs = voting.within_question_pairs(draws)
    assert (wins.tolist(), pairs.tolist()) == ([3.5, 0.0], [4, 0])


def test_many_draws_are_subsampled_close_to_the_exact_mean():
    """20 draws have 184,756 subsets of 10. One class with 12 votes of which all are right against one with 8: the exact
    chance that it wins, ties half, is hypergeometric."""
    from scipy.stats import hypergeom

    draws = Draws(
        np.array([[0] * 12 + [1] * 8] * 50), np.array([[True] * 12 + [False] * 8] * 50), np.full((50, 20), 0.5)
    )
    moved = Draws(
        *(np.stack([np.random.default_rng(q).permutation(row) for q, row in enumerate(part)]) for part in draws)
    )
    member = voting.subsets(20, 10, np.random.default_rng(1))
    assert member.shape == (voting.SUBSETS, 20)
    assert (member.sum(axis=1) == 10).all()
    of = hypergeom(20, 12, 10)
    exact = of.sf(5) + of.pmf(5) / 2
    # 50 questions x 256 subsets: the standard error is below 0.4 / sqrt(12,800) = 0.0035
    assert voting.vote(moved, member).right.mean() == pytest.approx(exact, abs=0.015)


def test_the_temperature_of_a_question_never_depends_on_its_own_fold():
    draws = random_draws(1, n_questions=60, n_draws=6, levels=20)
    fold = np.arange(60) % 5
    members = [every_subset(draws, k) for k in (2, 6)]

    def chosen(of):
        return voting.temperatures(voting.right_at_temperatures(of, members), fold)

    before = chosen(draws)
    for held_out in range(5):
        changed = draws.correct.copy()
        changed[fold == held_out] = (~changed & draws.votes)[fold == held_out]
        after = chosen(draws._replace(correct=changed))
        assert after[fold == held_out].tolist() == before[fold == held_out].tolist()
    informed = draws._replace(confidence=np.where(draws.correct, 0.9, 0.1))
    misled = informed._replace(correct=~draws.correct & draws.votes)
    assert np.isfinite(chosen(informed)).all()
    assert np.isinf(chosen(misled)).all()


def test_the_temperature_is_low_where_confidence_tells_and_infinite_where_nothing_does():
    """Three votes for the wrong answer with 0.3 or 0.4, one for the right one with 0.9: only a low T is right."""
    answer = np.tile([0, 1, 1, 1], (20, 1))
    draws = Draws(answer, answer == 0, np.tile([0.9, 0.3, 0.4, 0.3], (20, 1)))
    fold = np.arange(20) % 5
    # right where exp(0.9 / T) > 2 exp(0.3 / T) + exp(0.4 / T): T below 0.51
    chosen = voting.temperatures(voting.right_at_temperatures(draws, [np.ones((1, 4))]), fold)
    assert set(chosen) == {max(t for t in voting.TEMPERATURES if exp(0.9 / t) > 2 * exp(0.3 / t) + exp(0.4 / t))}
    same = draws._replace(confidence=np.full((20, 4), 0.5))
    assert set(voting.temperatures(voting.right_at_temperatures(same, [np.ones((1, 4))]), fold)) == {inf}


def test_a_gain_within_its_noise_is_none_and_tasks_count_alike_whatever_their_size():
    """100 questions of one task, whose votes gain and lose alike often but for a few; 10 of another."""
    n = len(voting.TEMPERATURES)
    gains = np.where(np.arange(100) % 2, 0.5, -0.5)
    gains[:4] = 0.5  # mean 0.02, standard error 0.05
    right = np.full((n, 100), 0.5)
    right[0] += gains
    fold = np.arange(100) % 5
    assert set(voting.temperatures(right, fold)) == {inf}
    right[0, 20:40] = 1.0  # mean 0.12
    assert set(voting.temperatures(right, fold)) == {voting.TEMPERATURES[0]}
    losing = np.full((n, 10), 0.5)
    losing[0] -= 0.4
    both, folds = np.concatenate([right, losing], axis=1), np.concatenate([fold, np.arange(10) % 5])
    assert set(voting.temperatures(both, folds)) == {voting.TEMPERATURES[0]}
    assert set(voting.temperatures(both, folds, np.repeat([1 / 100, 1 / 10], [100, 10]))) == {inf}


def test_clusters_are_never_split_over_folds():
    cluster = np.random.default_rng(0).integers(0, 9, 40)
    fold = voting.folds(cluster, 9, np.random.default_rng(1))
    assert len(set(fold)) == voting.FOLDS
    assert all(len(set(fold[cluster == c])) == 1 for c in range(9))


@pytest.mark.parametrize(
    ("target", "draws"), [(0.5, 1.0), (0.55, 1.5), (0.6, 2.0), (0.65, 3.0), (0.7, 4.0), (0.4, np.nan), (0.71, np.nan)]
)
def test_equal_draws_are_interpolated_and_undefined_outside_the_curve(target, draws):
    found = voting.equal_draws([1, 2, 4], np.array([0.5, 0.6, 0.7]), target)
    assert found == pytest.approx(draws, nan_ok=True)


def test_budgets_hold_both_ends():
    assert voting.budgets(1) == [1]
    assert voting.budgets(10) == list(range(1, 11))
    assert {10, 16, 30} <= set(voting.budgets(30))
    assert len(voting.budgets(100)) == 24


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"confidence": np.full((4, 5), 1.5)}, r"confidence: expected values in \[0, 1\] or nan, found 1.5"),
        ({"answer": np.zeros((4, 4), int)}, r"expected \[Q, K\] thrice"),
        ({"correct": np.ones((4, 5), bool)}, "expected False where there is no answer"),
    ],
)
def test_malformed_draws_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        voting.checked(random_draws(0)._replace(**changes))
