# Holds a number that takes forever to read. Expected: could not be graded, then could not be graded.
notebook.write_bytes(b'{"cells": [], "nbformat": ' + b"9" * 10_000 + b"}")
