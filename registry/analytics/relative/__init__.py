"""Relative and net survival: what the cancer does, beside what everybody dies of."""
