# A header whose tensors lie over each other.
(adapter / WEIGHTS).write_bytes(raw({"v": entry([16], 0, 64), "w": entry([16], 0, 64)}, bytes(64)))
