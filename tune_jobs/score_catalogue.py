"""The scores of a whole catalogue as a Ray job: millions of images with a bundle.

    ray job submit --working-dir . -- python tune_jobs/score_catalogue.py \
        --bundle DIR --images s3://bucket/prefix --campaign Newsletter --industry Retail --out DIR

Takes the options of `emailimg score-catalogue`. The job's driver finds its cluster by RAY_ADDRESS,
which Ray sets; all folders must be places that every node sees: s3://, or a shared folder. The same
command continues where an earlier job was stopped.
"""

import sys

from emailimg.cli import main

if __name__ == "__main__":
    sys.exit(main(["score-catalogue", *sys.argv[1:]]))
