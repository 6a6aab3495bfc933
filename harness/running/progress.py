"""What a person sees of a run while it runs: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from calibench.errors.terminal import Guarded, clean, indented

_LINE_SECONDS = 10.0
_REFRESH_SECONDS = 0.25
_TELLING_SHARE, _TELLING = 0.2, 512
"""Share and number of draws, either of which must be done before the time left is told: an engine works at hundreds of
draws side by side, and the first ones to end say little of the rest."""

_TELLING_STEPS = 10
"""The same of training, whose first steps compile and load."""


@dataclass
class _Task:
    total: int
    done: int = 0
    stored: int = 0
    correct: int = 0
    graded: int = 0
    tokens: int = 0
    begin: float = field(default_factory=time.monotonic)
    end: float | None = None

    def seconds(self) -> float:
        return max((self.end or time.monotonic()) - self.begin, 1e-9)

    def cells(self) -> list[str]:
        """done/total, tokens/s, accuracy of what was graded now, time left."""
        made = self.done - self.stored
        known = made >= min((self.total - self.stored) * _TELLING_SHARE, _TELLING)
        left = f"{(self.total - self.done) * self.seconds() / made:.0f} s" if made and known and not self.end else "-"
        accuracy = f"{self.correct / self.graded:.1%}" if self.graded else "-"
        return [f"{self.done}/{self.total}", f"{self.tokens / self.seconds():.0f}", accuracy, left]


@dataclass
class _Training:
    first: int
    """The step that was reported first; a continued training begins in the middle."""
    of: int
    step: int = 0
    figures: dict[str, float | None] = field(default_factory=dict)
    begin: float = field(default_factory=time.monotonic)

    def text(self) -> str:
        steps = self.step - self.first
        known = steps >= min((self.of - self.first) * _TELLING_SHARE, _TELLING_STEPS)
        left = (self.of - self.step) * (time.monotonic() - self.begin) / steps if steps and known else None
        shown = f"time left {left:.0f} s, " if left else ""
        return f"{self.step}/{self.of}  {shown}{_figures_text(self.figures)}"


def _figures_text(figures: dict[str, float | None]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items() if value is not None)


class Silent:
    """Shows nothing."""

    def figures(self, stage: str, step: int, of: int, figures: dict[str, float | None]) -> None:
        pass

    def stage(self, text: str) -> None:
        pass

    def plan(self, task: str, total: int) -> None:
        pass

    def done(self, task: str, outcome: str | None, tokens: int) -> None:
        pass


class Lines:
    """Plain lines on stderr, at most one every ten seconds and task."""

    def __init__(self) -> None:
        self._tasks: dict[str, _Task] = {}
        self._printed = time.monotonic()

    def stage(self, text: str) -> None:
        print(indented(text), file=sys.stderr, flush=True)

    def plan(self, task: str, total: int) -> None:
        self._tasks[task] = _Task(total)
        self._show()

    def done(self, task: str, outcome: str | None, tokens: int) -> None:
        state = self._tasks[task]
        state.done += 1
        state.stored += outcome is None and tokens == 0
        state.graded += outcome is not None
        state.correct += outcome == "correct"
        state.tokens += tokens
        if state.done == state.total:
            state.end = time.monotonic()
        self._show(task)

    def figures(self, stage: str, step: int, of: int, figures: dict[str, float | None]) -> None:
        """What training shows after a step: loss, reward, and how it does on validation questions."""
        print(f"{stage}: step {step} of {of}: {_figures_text(figures)}", file=sys.stderr, flush=True)

    def _show(self, task: str | None = None) -> None:
        finished = task is not None and self._tasks[task].done == self._tasks[task].total
        if task and (finished or time.monotonic() - self._printed > _LINE_SECONDS):
            self._printed = time.monotonic()
            done, speed, accuracy, left = self._tasks[task].cells()
            print(
                f"{task}: {done} done, {speed} tokens/s, accuracy so far {accuracy}, time left {left}",
                file=sys.stderr,
                flush=True,
            )


class Live(Lines):
    """A table on the terminal that is drawn anew while it changes. Use as a context manager."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive

        super().__init__()
        self._stage = ""
        self._training: dict[str, _Training] = {}
        raw = sys.stderr.raw if isinstance(sys.stderr, Guarded) else sys.stderr
        console = Console(file=raw, markup=False, emoji=False, highlight=False)
        self._live = RichLive(console=console, auto_refresh=False)

    def __enter__(self) -> Live:
        self._live.start()  # takes over both streams, so that what others print stands above the table
        sys.stdout, sys.stderr = Guarded(sys.stdout), Guarded(sys.stderr)
        return self

    def __exit__(self, *exc: object) -> None:
        self._draw()
        self._live.stop()

    def stage(self, text: str) -> None:
        self._stage = clean(text)
        self._draw()

    def figures(self, stage: str, step: int, of: int, figures: dict[str, float | None]) -> None:
        self._tasks.clear()  # what was sampled before this training
        training = self._training.setdefault(stage, _Training(step, of))
        training.step = step
        training.figures |= figures
        self._draw()

    def _show(self, task: str | None = None) -> None:
        if time.monotonic() - self._printed > _REFRESH_SECONDS:
            self._printed = time.monotonic()
            self._draw()

    def _draw(self) -> None:
        from rich.console import Group
        from rich.table import Table

        table = Table(title=self._stage, title_justify="left", box=None, pad_edge=False)
        for column in ("task", "done", "tokens/s", "accuracy so far", "time left"):
            table.add_column(column, justify="left" if column == "task" else "right")
        for name, state in self._tasks.items():
            table.add_row(clean(name), *state.cells())
        lines = [f"{stage}  {training.text()}" for stage, training in self._training.items()]
        self._live.update(Group(table if self._tasks else self._stage, *lines), refresh=True)


class Progress(Protocol):
    """Receives what happens; see `calibench.running.progress`."""

    def stage(self, text: str) -> None: ...
    def plan(self, task: str, total: int) -> None: ...
    def done(self, task: str, outcome: str | None, tokens: int) -> None:
        """One draw is complete. outcome is None if the run file held it already; tokens are those generated now."""

    def figures(self, stage: str, step: int, of: int, figures: dict[str, float | None]) -> None: ...


class Named(NamedTuple):
    """One of several runs that are made side by side: what happens to it is told with its name."""

    progress: Progress
    name: str

    def stage(self, text: str) -> None:
        self.progress.stage(f"{self.name}: {text}")

    def plan(self, task: str, total: int) -> None:
        self.progress.plan(f"{self.name}: {task}", total)

    def done(self, task: str, outcome: str | None, tokens: int) -> None:
        self.progress.done(f"{self.name}: {task}", outcome, tokens)

    def figures(self, stage: str, step: int, of: int, figures: dict[str, float | None]) -> None:
        self.progress.figures(f"{self.name}: {stage}", step, of, figures)
