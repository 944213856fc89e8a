"""What `make site` builds: the lessons with their outputs, as pages for readers without a kernel."""
