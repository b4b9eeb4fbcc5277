"""Scoring whole catalogues: millions of images with a bundle, by Ray Data.

Output folder, local or s3://:
  scores/shard-*.parquet    one row per image and question (see `scoring`)
  rejects/shard-*.parquet   source_uri, reason, message of the images of a shard that are bad
  summaries/shard-*.json    of each shard
  summary.json              of all: counts, and per question mean, quantiles, histogram, best
                            and worst images
  list.parquet              the images to score; a row group per shard
  request.json              what was asked; written after the list

The scores are in the long format: the columns are the same whatever was asked, a question is
chosen by `WHERE` and groups are made by `GROUP BY`, where a wide table would hide targets, campaign
types and industries in the names of hundreds of columns. What is repeated hardly takes room in
Parquet, and `pivot` makes a wide table of a long one.

A shard is the unit of work. Its scores appear whole and last, so what is there is finished, and an
interrupted run continues with the shards that are not there. An actor scores a shard from the files
to the scores, so that no picture goes through the object store, and holds two batches of pictures.
"""
