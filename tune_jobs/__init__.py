"""Scripts for `ray job submit`; the work is in `emailimg`."""
