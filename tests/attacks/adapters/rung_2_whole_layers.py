# A configuration that brings whole layers along.
write(adapter, modules_to_save=["lm_head"])
