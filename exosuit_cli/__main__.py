"""`python -m exosuit_cli` is the command `exosuit`."""

from exosuit_cli.cli import main

if __name__ == "__main__":
    main()
