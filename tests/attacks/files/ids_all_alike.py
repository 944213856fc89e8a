# Gives all cells the same id. Expected: passed.
change(lambda nb: [cell.update(id="double") for cell in nb["cells"]])
