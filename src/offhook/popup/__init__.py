"""Screen pop: ``choose`` decides what must be shown, when, and only once."""
