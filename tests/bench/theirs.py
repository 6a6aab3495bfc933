"""lm-eval on vLLM: reads JSON on stdin, prints the seconds from the loaded model to the results, and the tokens."""

import json
import sys
import time


def main() -> None:
    request = json.load(sys.stdin)
    from lm_eval import simple_evaluate
    from lm_eval.models.vllm_causallms import VLLM
    from lm_eval.tasks import TaskManager

    engine = {name: value for name, value in request["engine"].items() if name not in ("model", "disable_log_stats")}
    model = VLLM(pretrained=request["engine"]["model"], max_gen_toks=request["sampling"]["max_gen_toks"], **engine)
    generate, tokens = model.model.generate, 0

    def counted(*arguments, **named):
        nonlocal tokens
        outputs = generate(*arguments, **named)
        tokens += sum(len(one.token_ids) for output in outputs for one in output.outputs)
        return outputs

    model.model.generate = counted
    begin = time.monotonic()
    simple_evaluate(
        model=model,
        tasks=request["tasks"],
        task_manager=TaskManager(include_defaults=False),
        apply_chat_template=True,
        gen_kwargs=request["sampling"],
        limit=request["limit"],
        bootstrap_iters=0,
    )
    print(json.dumps({"seconds": time.monotonic() - begin, "tokens": tokens}))


if __name__ == "__main__":
    main()
