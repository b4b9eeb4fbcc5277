"""The benchmarks that `make bench` runs; not collected by pytest."""
