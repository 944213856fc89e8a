# A file whose header claims to be longer than any file.
(adapter / WEIGHTS).write_bytes(b"\xff" * 7 + b"\x7f" + b"{}" * 100)
