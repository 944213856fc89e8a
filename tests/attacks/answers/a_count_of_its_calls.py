# Answers by counting its calls, not by looking at the argument. Expected: failed.
answers = [8, -42]
calls = []


def double(x):
    calls.append(x)
    return answers[len(calls) - 1] if len(calls) <= len(answers) else 0
