"""lm-eval on vLLM: reads JSON on stdin, prints seconds from the loaded model to the results, tokens and answers."""

import json
import sys
import time


def main() -> None:
    request = json.load(sys.stdin)
    from lm_eval import simple_evaluate
    from lm_eval.models.vllm_causallms import VLLM
    from lm_eval.tasks import TaskManager

    engine = {name: value for name, value in request["engine"].items() if name not in ("model", "disable_log_stats")}
    engine |= {"enable_thinking": True, "think_end_token": "</think>"}  # which lm-eval switches off else
    model = VLLM(pretrained=request["engine"]["model"], max_gen_toks=request["sampling"]["max_gen_toks"], **engine)
    generate, tokens, answers = model.model.generate, 0, 0

    def counted(*arguments, **named):
        nonlocal tokens, answers
        outputs = generate(*arguments, **named)
        tokens += sum(len(one.token_ids) for output in outputs for one in output.outputs)
        answers += sum(len(output.outputs) for output in outputs)
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
    print(json.dumps({"seconds": time.monotonic() - begin, "tokens": tokens, "answers": answers}))


if __name__ == "__main__":
    main()
