"""The bridge to lm-eval, both ways.

Theirs here: `lm_eval:NAME` is a task of the installed lm-eval, with its own prompt, description and few-shot examples
included. The prompt of a generation task is the user's turn, its stop strings, filters and metric judge the answer, and
every confidence method works on it. Only the request for a confidence is ours, and the confidence is cut out before
lm-eval sees the answer. Under the protocol `options`, the options of a multiple-choice task are scored as the `lm_eval`
command does without chat template, and its metric (`acc`, or `acc_norm` as `lm_eval:NAME:acc_norm`) decides which one
wins. Under other protocols the same question is asked in a turn, to be answered by the letter of an option.

Ours there: `write_configurations` makes every task of calibench run under the stock `lm_eval` command, with the
confidence stated in one turn; and those with a closed set of answers also by their options, with the softmax over them
as confidence. lm-eval passes on only the text of an answer, or the log-likelihoods, so a cut answer is read as far as
it goes, and a task is scored by the measures of the scorecard, in the same conventions. `calibench.lm_eval.model`
offers our backends as a model of lm-eval's.
"""
