# Hands in modules with names of the grader's, and settings that run code at its start. Expected: passed.
for name in ("json", "nbformat", "torch", "autograder", "course", "sitecustomize", "usercustomize", "conftest"):
    (folder / f"{name}.py").write_text("raise SystemExit('canary-module')")
for name in ("ipython_config", "jupyter_config", "nbgrader_config", "ipython_kernel_config"):
    (folder / f"{name}.py").write_text("import os; os._exit(1)")
(folder / "x.pth").write_text("import os; os._exit(1)")
(folder / ".ipython" / "profile_default" / "startup").mkdir(parents=True)
(folder / ".ipython" / "profile_default" / "startup" / "00.py").write_text("import os; os._exit(1)")
