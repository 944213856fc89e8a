# Raises what no `except Exception` catches. Expected: failed.
def double(x):
    class Passed(BaseException):
        pass

    raise Passed
