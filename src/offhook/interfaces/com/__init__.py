"""The interface ``com``: not there yet."""
