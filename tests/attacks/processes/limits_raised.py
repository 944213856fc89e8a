# Raises its own limits. Expected: failed.
import resource


def double(x):
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard + 2**20, hard + 2**20))
    return 2 * x
