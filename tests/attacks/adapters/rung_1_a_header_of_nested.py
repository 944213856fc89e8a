# A header nested beyond reading.
(adapter / WEIGHTS).write_bytes(raw(b'{"a":' * 90_000, bytes(64)))
