"""The interface ``tapi``: not there yet."""
