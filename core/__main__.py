"""`python -m terranova`."""

from terranova.cli.commands import main

if __name__ == "__main__":
    main()
