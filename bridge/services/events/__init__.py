"""What others are told of: events found, and delivered."""
