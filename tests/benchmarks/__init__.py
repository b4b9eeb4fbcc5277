"""The benchmark of the data stages, run by `make bench`; not collected by pytest."""
