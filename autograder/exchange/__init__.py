"""Between a class and a learning management system: who sent what, and what goes back."""
