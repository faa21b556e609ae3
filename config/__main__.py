"""``python -m config``: the command ``sectionwire`` for a Python that is not on the path."""

import sys

from config.cli import main

if __name__ == "__main__":
    sys.exit(main())
