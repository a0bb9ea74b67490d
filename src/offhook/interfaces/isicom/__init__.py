"""The interface ``isicom``: not there yet."""
