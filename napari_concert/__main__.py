"""``python -m napari_concert`` is the command ``napari-concert``."""

import sys

from napari_concert.cli import main

if __name__ == "__main__":
    sys.exit(main())
