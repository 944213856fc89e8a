# Says that nothing was submitted, as the grader does. Expected: could not be graded, then could not be graded.
change(lambda nb: nb["metadata"].update(autograder_placeholder=True))
