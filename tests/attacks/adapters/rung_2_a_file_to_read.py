# A configuration that names a file to read.
write(adapter, corda_config={"cache_file": str(places["gradebook"])})
