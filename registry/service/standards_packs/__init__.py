"""Next year's published tables: installing, converting, undoing. `room` brings their operations together."""
