"""Orders: the shop is read, its orders are judged and booked."""
