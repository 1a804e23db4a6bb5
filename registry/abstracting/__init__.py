"""The abstract: its versions, its status and its drafts."""
