"""Submissions: prepared, validated, sealed, sent, answered, sent again."""
