# Exits with status 0, in the hope that no failure is seen. Expected: failed.
def double(x):
    raise SystemExit(0)
