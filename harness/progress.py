"""What a person sees of a run while it runs: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field

_LINE_SECONDS = 10.0
_REFRESH_SECONDS = 0.25


@dataclass
class _Task:
    total: int
    done: int = 0
    stored: int = 0
    correct: int = 0
    graded: int = 0
    tokens: int = 0
    begin: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        return max(time.monotonic() - self.begin, 1e-9)

    def cells(self) -> list[str]:
        """done/total, tokens/s, accuracy of what was graded now, time left."""
        rate = (self.done - self.stored) / self.seconds()
        left = f"{(self.total - self.done) / rate:.0f} s" if rate and self.done < self.total else "-"
        accuracy = f"{self.correct / self.graded:.1%}" if self.graded else "-"
        return [f"{self.done}/{self.total}", f"{self.tokens / self.seconds():.0f}", accuracy, left]


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
        print(text, file=sys.stderr, flush=True)

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
        self._training: dict[str, tuple[str, dict[str, float | None]]] = {}
        self._live = RichLive(console=Console(stderr=True), auto_refresh=False)

    def __enter__(self) -> Live:
        self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._draw()
        self._live.stop()

    def stage(self, text: str) -> None:
        self._stage = text
        self._draw()

    def figures(self, stage: str, step: int, of: int, figures: dict[str, float | None]) -> None:
        before = self._training.get(stage, ("", {}))[1]
        self._training[stage] = (f"{step}/{of}", before | figures)
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
            table.add_row(name, *state.cells())
        lines = [f"{stage}  {step}  {_figures_text(figures)}" for stage, (step, figures) in self._training.items()]
        self._live.update(Group(table, *lines), refresh=True)
