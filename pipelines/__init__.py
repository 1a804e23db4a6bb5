"""Jobs that a machine runs: each takes a session (local or through `registry serve`) and calls operations."""
