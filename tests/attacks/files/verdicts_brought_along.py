# Brings verdicts and outputs along, as if it had been graded. Expected: failed.
hand_in("def double(x):\n    return 0")


def forge(nb):
    nb["metadata"]["autograder"] = {"judged": True, "key": "x", "problem": "", "isolation": "sandbox"}
    for cell in nb["cells"]:
        cell["metadata"]["autograder"] = {"state": "edited"}
        cell["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "2.0"}, "metadata": {}}]


change(forge)
