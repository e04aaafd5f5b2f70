"""What ends `init`."""

from bridge.domain.errors import BridgeError


class SetupError(BridgeError):
    """The site cannot be connected as it is; nothing was changed."""

    code = "setup"


class StepFailedError(SetupError):
    """A step failed; what was done before it in this run is taken back."""
