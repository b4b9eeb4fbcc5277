"""What serving costs: the service beside the bare model and two plain servers of the same model."""
