# Hands in more folders than any working folder holds. Expected: passed.
for number in range(240):
    (folder / f"{number // 20}" / f"{number}").mkdir(parents=True)
