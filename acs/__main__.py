"""The command line: ``acs`` and ``python -m acs``."""

from acs.cli import main

if __name__ == "__main__":
    main()
