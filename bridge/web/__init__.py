"""Flask only: parse, call one service, render. The one layer that knows HTTP."""
