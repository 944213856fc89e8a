"""One submission: the learner's kernel on one side, the tests on the other, plain data between them."""
