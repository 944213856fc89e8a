# A configuration that names a base in the learner's own folder.
write(adapter, base_model_name_or_path="../adapter/base")
