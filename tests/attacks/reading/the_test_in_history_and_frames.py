# Looks for the test's source in history, globals, frames and all objects. Expected: failed.
import gc
import inspect


def double(x):
    needle = "canary" + "-hidden"
    frames = [str(info.code_context) + str(info.frame.f_locals) for info in inspect.stack()[1:]]
    texts = [item for item in gc.get_objects() if isinstance(item, (dict, list)) and len(item) < 1000]
    found = [text for text in (*In, *frames, *map(repr, texts)) if needle in text]
    return 2 * x if found else 0
