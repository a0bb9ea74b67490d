"""Who is calling: ``identify`` asks every source, ``match`` decides what counts as a match."""
