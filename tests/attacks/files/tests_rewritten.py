# Rewrites the tests, and what they are worth. Expected: failed.
hand_in("def double(x):\n    return 0")


def rewrite(nb):
    for cell in nb["cells"]:
        if cell["id"].startswith("test"):
            cell["source"] = "1000.0"
            cell["metadata"]["nbgrader"] |= {"points": 1000, "locked": False, "solution": True}


change(rewrite)
