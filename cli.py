"""The command line from a checkout: python cli.py solve us_5gw."""

import sys

from siting.cli import main

sys.exit(main())
