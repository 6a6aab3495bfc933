"""A command of calibench, with vLLM's own count of requests after every step of its engine, which goes to a file.

python counted.py STEPS.json run MODEL ...
"""

import json
import sys
import time
from pathlib import Path

import calibench.backends.vllm as backend
from calibench.cli import main

STEPS: list[tuple[float, int, int]] = []
"""Time, requests that the step computed, requests that were finished by it."""


def counting(arguments, trust_remote_code):
    from vllm import AsyncEngineArgs
    from vllm.usage.usage_lib import UsageContext
    from vllm.v1.engine.async_llm import AsyncLLM
    from vllm.v1.metrics.loggers import StatLoggerBase

    class Counts(StatLoggerBase):
        def __init__(self, config, engine_index=0):
            pass

        def record(self, scheduler_stats, iteration_stats, *_, **__):
            if scheduler_stats and iteration_stats:
                finished = len(iteration_stats.finished_requests)
                STEPS.append((time.monotonic(), scheduler_stats.num_running_reqs + finished, finished))

        def log_engine_initialized(self):
            pass

    given = AsyncEngineArgs(trust_remote_code=trust_remote_code, **arguments | {"disable_log_stats": False})
    return AsyncLLM.from_engine_args(given, usage_context=UsageContext.LLM_CLASS, stat_loggers=[Counts])


if __name__ == "__main__":
    backend._engine = counting
    code = main(sys.argv[2:])
    Path(sys.argv[1]).write_text(json.dumps(STEPS))
    sys.exit(code)
