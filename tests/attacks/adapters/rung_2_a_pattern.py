# A configuration whose pattern never comes to an end.
write(adapter, target_modules="(a|a)*$")
