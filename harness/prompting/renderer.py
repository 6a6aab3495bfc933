"""Chat templates are programs of strangers: a process of its own runs them, with limits of time and memory.

Jinja's sandbox keeps a template from files and attributes, not from loops, powers and long texts, which may depend on
what is asked. The process is started when the first template is met, and serves all of them for as long as this one
lives. It renders as transformers does (`PreTrainedTokenizerBase.apply_chat_template`), without importing it.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from calibench.errors import ModelError
from calibench.prompting import template

_SECONDS = 2.0
"""Of processor time, for one text; real templates take a thousandth."""
_BYTES = 1 << 30
_CHARACTERS = 10_000_000
"""Of a rendered text; and a tenth of it, of a template."""


def render(
    source: str, messages: Sequence[Mapping[str, Any]], *, reply_next: bool, now: datetime, given: Mapping[str, Any]
) -> str:
    """The text that a template makes of a conversation.

    Args:
        source: of the template.
        messages: turns, with `role` and `content`.
        reply_next: whether the beginning of a reply follows.
        now: what the template takes for the present.
        given: further variables; JSON.

    Raises:
        ModelError: what went wrong in it, or which limit it broke.
    """
    what = {"messages": messages, "reply_next": reply_next, "now": now.isoformat(), "given": given}
    return _asked(json.dumps({"render": source, **what}, default=str))


@functools.lru_cache(maxsize=16)
def variables(source: str) -> template.Variables:
    """As `template.variables`, within the limits: Jinja computes what is constant when it reads a template.

    Raises:
        ModelError: as `render`.
    """
    return template.Variables(**_asked(json.dumps({"variables": source})))


class _Renderer:
    """The process, and what it was ended for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0
        self._out_of_time = False
        self._endless: set[str] = set()
        atexit.register(self._end)

    def ask(self, request: str) -> Any:
        source = next(iter(json.loads(request).values()))
        if len(source) > _CHARACTERS // 10:
            raise ModelError(f"a template of {len(source):,} characters; at most {_CHARACTERS // 10:,} are read")
        with self._lock:
            if source in self._endless:
                raise ModelError(_TOO_LONG)
            reply = self._reply(request)
            if not reply and not self._out_of_time:  # another may have ended the process
                reply = self._reply(request)
            if not reply:
                self._endless.add(source)
                raise ModelError(_TOO_LONG)
        answer = json.loads(reply)
        if "error" in answer:
            raise ModelError(answer["error"])
        return answer["found"]

    def _reply(self, request: str) -> str:
        """A line; empty if the process ended instead."""
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self._end()
            self._owner = os.getpid()
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "calibench.prompting.renderer"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )  # fmt: skip
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(f"{request}\n")
            self._process.stdin.flush()
            reply = self._process.stdout.readline()
        except OSError:
            reply = ""
        if not reply.endswith("\n"):
            with contextlib.suppress(subprocess.TimeoutExpired):  # it tells why it ended
                self._process.wait(1)
            self._end()
            return ""
        return reply

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and self._owner == os.getpid():  # of a process that forked, it is the parent's
            process.kill()
            process.communicate()
            self._out_of_time = process.returncode == -signal.SIGPROF


_TOO_LONG = f"it takes more than {_SECONDS:g} s of processor time, or more memory than there is for it"
_RENDERER = _Renderer()


@functools.lru_cache(maxsize=256)
def _asked(request: str) -> Any:
    """What was found; follow-ups ask for the same text again and again."""
    return _RENDERER.ask(request)


# -- in the process ---------------------------------------------------------------------------------------------------


def main() -> None:
    """Answers requests, one per line, until nobody asks any more. A signal that nobody handles ends one that is too
    long, in whatever it computes."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_PROF, _SECONDS)
        try:
            answer = {"found": _found(json.loads(line))}
        except Exception as error:
            answer = {"error": (" ".join(str(error).split()) or type(error).__name__)[:300]}
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(answer), flush=True)


def _found(request: dict[str, Any]) -> Any:
    if "variables" in request:
        return template.variables(request["variables"])._asdict()
    now = datetime.fromisoformat(request["now"])
    text = _compiled(request["render"]).render(
        messages=request["messages"],
        tools=None,
        documents=None,
        add_generation_prompt=request["reply_next"],
        strftime_now=now.strftime,
        **request["given"],
    )
    if len(text) > _CHARACTERS:
        raise ValueError(f"a text of {len(text):,} characters; at most {_CHARACTERS:,} are read")
    return text


@functools.lru_cache(maxsize=16)
def _compiled(source: str) -> Any:
    from jinja2 import TemplateError, nodes
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """The tag that marks what is trained on: what stands in it is rendered like the rest."""

        tags = {"generation"}

        def parse(self, parser: Any) -> nodes.Node:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.CallBlock(self.call_method("_rendered"), [], [], body).set_lineno(line)

        def _rendered(self, caller: Callable[[], str]) -> str:
            return caller()

    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    def tojson(
        value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
    ) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    return environment.from_string(source)


if __name__ == "__main__":
    main()
