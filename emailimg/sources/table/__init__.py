"""A table about the images of a folder, CSV or Parquet: attributes, context and labels."""

from emailimg.sources.table.join import join

__all__ = ["join"]
