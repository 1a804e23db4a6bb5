"""Parts that pages are made of: tables, figures, the abstract form, messages, the look."""
