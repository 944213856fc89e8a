# Weights for a base a thousand times as large.
write(adapter, {name: one.repeat(1, 100) for name, one in tensors().items()})
