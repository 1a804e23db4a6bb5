"""Follow-up letters: facts, batches, settings. `room` brings their operations together."""
