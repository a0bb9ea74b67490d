"""``python -m offhook``: the command line without its script."""

import sys

from offhook.cli import main

sys.exit(main())
