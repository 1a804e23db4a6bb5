"""Annual follow-up: the list, replies and contacts, passive sources, rates. `room` brings its operations together."""
