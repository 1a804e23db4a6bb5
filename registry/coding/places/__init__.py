"""Places: what a county at diagnosis belongs to."""
