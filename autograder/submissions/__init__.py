"""What was handed in, made safe to look at, and put into the instructor's master."""
