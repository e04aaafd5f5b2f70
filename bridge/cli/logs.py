"""The log: one line an event on standard error; tracebacks without the values in them."""

import logging
import sys

import structlog


def set_up_logging(*, debug: bool, quiet: bool = False) -> None:
    """
    Log to stderr, one line an event.

    Args:
        debug: Log more, whatever *quiet* says.
        quiet: Log what goes wrong only: people look at a progress bar.
    """
    level = logging.DEBUG if debug else logging.WARNING if quiet else logging.INFO
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(
                key_order=["timestamp", "level", "event"], bool_as_flag=False
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    # It warns each second that a long job runs on, which is as it should be: jobs do not overlap.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
