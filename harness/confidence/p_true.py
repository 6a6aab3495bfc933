"""P(True): the probability that the model gives to "Yes" when asked whether its own answer is correct.

The question follows the answer as a turn of its own, so the engine reads question, reasoning and answer from its prefix cache.
One token is asked for; the value is P(A) / (P(A) + P(B)) with the probabilities of all tokens that write the same letter
summed (" A", "A").
Source: Kadavath et al. 2022 (arXiv 2207.05221); the yes/no wording follows the read-out of EpiCaR (arXiv 2601.06786).
"""

QUESTION = "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only."
