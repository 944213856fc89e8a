# Weights so large that nothing that follows from them is a number.
write(adapter, {name: one.abs() * 1e30 for name, one in tensors().items()})
