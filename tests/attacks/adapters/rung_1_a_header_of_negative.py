# A header of negative sizes.
(adapter / WEIGHTS).write_bytes(raw({"w": entry([-4, -4], 0, 64)}, bytes(64)))
