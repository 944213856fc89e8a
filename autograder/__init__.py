"""Grade the course: build notebooks from lessons, run submissions, judge them, keep the gradebook."""
