# A header that claims two gigabytes.
(adapter / WEIGHTS).write_bytes(raw({"w": entry([500_000_000], 0, 2_000_000_000)}, bytes(64)))
