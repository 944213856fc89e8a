# Looks for secrets in its environment. Expected: failed.
import os


def double(x):
    found = "COURSE_GRADING_SEED" in os.environ or "API_TOKEN" in os.environ
    print(dict(os.environ))
    return 2 * x if found else 0
