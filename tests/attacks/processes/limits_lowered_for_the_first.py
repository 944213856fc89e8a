# Takes the first process of its namespace its processor time. Expected: failed.
import resource


def double(x):
    resource.prlimit(1, resource.RLIMIT_CPU, (0, 0))
    resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0))
    return 0
