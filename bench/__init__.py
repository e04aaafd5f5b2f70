"""What `make bench` runs: the service as it is shipped, against the plainest loops, in one run."""
