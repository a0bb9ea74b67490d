"""Screen pop: ``choose`` decides what must be shown, when, and that it shows only once."""
