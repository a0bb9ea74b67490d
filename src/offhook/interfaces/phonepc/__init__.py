"""The interface ``phonepc``: not there yet."""
