# Doubles every cell, which ends stock nbgrader's run for the whole class. Expected: passed.
change(lambda nb: nb["cells"].extend(nb["cells"][:]))
