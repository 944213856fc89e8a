# Hands in a module that a test imports, to run it where the tests run. Expected: failed.
hand_in("def double(x):\n    return 0")
(folder / "colorsys.py").write_text(
    """
import sys

frame = sys._getframe()
while frame:
    if "double" in frame.f_globals or frame.f_code.co_filename == "<test>":
        frame.f_globals["double"] = lambda x: 2 * x
    frame = frame.f_back
"""
)
