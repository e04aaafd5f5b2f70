"""`python -m bridge` and the command `aipkit-bridge`."""

from bridge.cli.main import main

if __name__ == "__main__":
    main()
