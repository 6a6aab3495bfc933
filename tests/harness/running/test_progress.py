"""What a terminal shows of sampling and of the training after it."""

import re
import time

from calibench.running.progress import Live


def test_speed_stands_still_when_all_is_done(capsys):
    with Live() as live:
        live.plan("words", 2)
        live.done("words", "correct", 100)
        live.done("words", "incorrect", 100)
        time.sleep(0.2)
    speed = int(re.search(r"words +2/2 +(\d+)", capsys.readouterr().err)[1])
    assert speed > 200 / 0.2, "tokens over the time that they took, not over what passed since"


def test_the_time_left_is_told_once_a_fifth_is_done(capsys):
    with Live() as live:
        live.plan("words", 10)
        live.done("words", None, 0)  # stored before
        live.done("words", "correct", 100)
    assert re.search(r"words +2/10 .* -\s*$", capsys.readouterr().err)
    with Live() as live:
        live.plan("words", 10)
        for _ in range(2):
            live.done("words", "correct", 100)
    assert re.search(r"words +2/10 .* \d+ s\s*$", capsys.readouterr().err)


def test_the_time_that_training_takes_is_told_after_some_steps(capsys):
    with Live() as live:
        for step in range(9):
            live.figures("train", step, 1000, {})
    assert "time left" not in capsys.readouterr().err
    with Live() as live:
        for step in range(12):
            live.figures("train", step, 1000, {})
    assert "time left" in capsys.readouterr().err


def test_training_takes_the_place_of_sampling_and_says_how_long_it_takes(capsys):
    with Live() as live:
        live.stage("iteration-1/samples: sampling")
        live.plan("words", 1)
        live.done("words", "correct", 100)
        live.stage("iteration-1: training")
        live.figures("iteration-1", 10, 30, {"loss": 0.5, "accuracy": 0.75})
        live.figures("iteration-1", 20, 30, {"loss": 0.25})
    shown = capsys.readouterr().err
    assert re.search(r"iteration-1: training\niteration-1  20/30  time left \d+ s, loss 0\.25, accuracy 0\.75", shown)
    assert "words" not in shown
    assert "tokens/s" not in shown
