"""The only places that open sockets: everything above speaks through these."""
