# A header of sizes whose product overflows.
(adapter / WEIGHTS).write_bytes(raw({"w": entry([2**61, 8], 0, 64)}, bytes(64)))
