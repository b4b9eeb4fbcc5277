"""`python -m emailimg` is the `emailimg` command."""

import sys

from emailimg.cli import main

if __name__ == "__main__":
    sys.exit(main())
