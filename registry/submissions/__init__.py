"""What leaves the registry: NAACCR XML files for states and programs, each with its manifest."""

from registry.submissions.naaccr_file import FileRequest, WrittenFile, write_file

__all__ = ["FileRequest", "WrittenFile", "write_file"]
