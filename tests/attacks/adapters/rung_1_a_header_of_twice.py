# A header that names a tensor twice.
(adapter / WEIGHTS).write_bytes(raw(b'{"a":{"dtype":"F32","shape":[16],"data_offsets":[0,64]},"a":1}', bytes(64)))
