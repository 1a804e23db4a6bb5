"""Submissions, from preparing to the receiver's answer. `room` brings their operations together."""
