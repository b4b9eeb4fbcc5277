"""The whole path as a Ray job: every stage, from images to bundle and report.

    ray job submit --working-dir . -- python tune_jobs/pipeline.py --preset tiny --workspace DIR

Takes the options of `emailimg run`. The job's driver finds its cluster by RAY_ADDRESS, which Ray
sets; DIR must be a place that every node sees: s3://, or a shared folder.
"""

import sys

from emailimg.cli import main

if __name__ == "__main__":
    sys.exit(main(["run", *sys.argv[1:]]))
