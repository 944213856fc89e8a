# Is JSON that takes a hundred times its own memory. Expected: could not be graded, then could not be graded.
notebook.write_bytes(b'{"cells": [' + b"[]," * 1_000_000 + b"[]]}")
