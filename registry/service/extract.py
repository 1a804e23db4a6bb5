"""De-identified and limited-data-set extracts under an agreement."""
