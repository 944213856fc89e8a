# A link to the gradebook in the place of the configuration.
(adapter / CONFIG).unlink()
(adapter / CONFIG).symlink_to(places["gradebook"])
