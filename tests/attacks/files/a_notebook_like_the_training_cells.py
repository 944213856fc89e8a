# Fills its cells with text that takes long to compare with the lesson's. Expected: passed.
filler = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
text = "# " + "ab" * 2_400
change(
    lambda nb: nb["cells"].extend(filler | {"source": f"{text}{number}", "id": f"x{number}"} for number in range(60))
)
