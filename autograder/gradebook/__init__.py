"""What is kept: results, the ledger, and nbgrader's own gradebook and feedback."""
