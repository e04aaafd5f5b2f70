"""Changes of many accounts: chosen or imported, looked at, booked by the worker."""
