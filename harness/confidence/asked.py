"""Asked: a second turn asks how likely the answer is to be right, and the percentage is read from the reply."""

QUESTION = (
    "How likely is it, from 0% to 100%, that your answer above is correct? "
    'Reply with one line "Confidence: ...%".'
)
