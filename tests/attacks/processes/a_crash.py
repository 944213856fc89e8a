# Reads from address 0. Expected: failed.
import ctypes


def double(x):
    ctypes.string_at(0)
