"""The Ray Serve application: which image will succeed, and which would do better."""
