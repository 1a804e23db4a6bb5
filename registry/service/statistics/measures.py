"""Quality measures: the package's and a registry's own, and their figures."""
