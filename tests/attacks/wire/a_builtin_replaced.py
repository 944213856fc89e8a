# Makes assertions raise something that nobody looks for. Expected: failed.
import builtins

builtins.AssertionError = builtins.Warning = ValueError


def double(x):
    return 0
