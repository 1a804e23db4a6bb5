"""Follow-up letters: batches, who may be written to, what was sent."""
