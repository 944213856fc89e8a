# Hands in files whose names are no text, or a command, or a page. Expected: passed.
import os

for name in (b"\xff\xfe.csv", b"a\nb", b"; rm -rf $HOME", b"<script>.csv", b"-rf", b" ", b"..."):
    with open(os.path.join(os.fsencode(folder), name), "wb") as file:
        file.write(b"x")
