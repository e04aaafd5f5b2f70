"""`python -m bridge` and the command `aipkit-bridge`."""

import gc

gc.disable()  # until all is loaded: see `bridge.cli.memory`

from bridge.cli.main import main  # noqa: E402  # its loading is what this is about

if __name__ == "__main__":
    main()
