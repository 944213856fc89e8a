# Hands in a link to a device, and a note such as the grader leaves for links. Expected: passed.
(folder / "data").symlink_to("/dev/zero")
(folder / "data.refused-link").write_text("/etc/passwd")
(folder / "data.refused-link.refused-link").mkdir()
