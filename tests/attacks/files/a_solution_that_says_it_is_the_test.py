# Gives the solution's cell the id of the test. Expected: not attempted.
hand_in("double = None\n2.0")


def rename(nb):
    cell = next(cell for cell in nb["cells"] if cell["id"] == "double")
    cell["id"] = cell["metadata"]["nbgrader"]["grade_id"] = "test_double"
    cell["metadata"]["nbgrader"] |= {"grade": True, "points": 2, "solution": True}


change(rename)
