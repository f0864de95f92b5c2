"""`python -m molroo_actor` is `molroo-actor`."""

import sys

from molroo_actor.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
