# Hands in folders nested deeper than any path may be long. Expected: passed.
import os

place = os.open(folder, os.O_RDONLY)
for _ in range(60):
    os.mkdir("d" * 100, dir_fd=place)
    inner = os.open("d" * 100, os.O_RDONLY, dir_fd=place)
    os.close(place)
    place = inner
os.close(os.open("x.txt", os.O_CREAT | os.O_WRONLY, dir_fd=place))
os.close(place)
