"""The interface ``hub``: a desk's line on an Offhook hub."""
