# A configuration of a rank that no memory holds.
write(adapter, r=10**9)
