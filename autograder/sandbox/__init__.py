"""Run a learner's code where it can see and harm nothing: warm kernels, forked and shut in."""
