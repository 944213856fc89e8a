# Makes assertions raise something that nobody looks for. Expected: failed.
import builtins

builtins.AssertionError = ValueError
builtins.float = builtins.bool = lambda *_: True


def double(x):
    return 0
