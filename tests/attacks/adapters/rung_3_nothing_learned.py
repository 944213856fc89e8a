# Weights that change nothing.
write(adapter, {name: one * 0 for name, one in tensors().items()})
