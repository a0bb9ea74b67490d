"""The interface ``alsatel``: not there yet."""
