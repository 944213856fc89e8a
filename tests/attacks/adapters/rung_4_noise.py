# Weights that make the base forget all it knew, and speak without end.
write(adapter, tensors(scale=3.0))
