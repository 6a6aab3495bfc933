"""The yardstick: one `LLM.generate` call, in a process of its own. Reads JSON on stdin, prints tokens and seconds."""

import json
import sys
import time


def main() -> None:
    request = json.load(sys.stdin)
    from vllm import LLM, SamplingParams

    llm = LLM(**request["engine"])
    prompts = [{"prompt_token_ids": ids} for ids in request["prompts"]]
    params = [SamplingParams(**request["sampling"], n=request["draws"], seed=seed) for seed in request["seeds"]]
    begin = time.monotonic()
    outputs = llm.generate(prompts, params, use_tqdm=False)
    seconds = time.monotonic() - begin
    tokens = sum(len(o.token_ids) for output in outputs for o in output.outputs)
    print(json.dumps({"tokens": tokens, "seconds": seconds}))


if __name__ == "__main__":
    main()
