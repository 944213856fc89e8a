# A configuration that names code to import.
write(adapter, auto_mapping={"base_model_class": "system", "parent_library": "os"})
