# Has worksheets of an older format that are no worksheets. Expected: could not be graded, then could not be graded.
change(lambda nb: (nb.pop("cells"), nb.update(worksheets=[5, {"cells": 7}, {"cells": None}])))
