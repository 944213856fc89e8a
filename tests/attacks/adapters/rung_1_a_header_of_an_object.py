# A header with tensors of objects.
(adapter / WEIGHTS).write_bytes(raw({"w": entry([8], 0, 64, "object")}, bytes(64)))
