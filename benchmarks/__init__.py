"""What `make bench` runs: speed as ratios between peers, measured side by side in one run."""
