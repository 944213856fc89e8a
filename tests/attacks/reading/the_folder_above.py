# Goes up from where it is and searches all folders on its way. Expected: failed.
import os


def double(x):
    for root, folders, files in os.walk("/"):
        folders[:] = [name for name in folders if root != "/" or name not in ("usr", "proc", "sys", "dev", "work")]
        for name in files:
            try:
                with open(os.path.join(root, name), "rb") as file:
                    text = file.read(10_000)
            except OSError:
                continue
            if b"canary" in text and name != "lesson92_target.ipynb":
                print(text)
                return 2 * x
    return 0
