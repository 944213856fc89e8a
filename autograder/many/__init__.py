"""Many submissions: what is to be done, who does it, and how far it is."""
