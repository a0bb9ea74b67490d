"""The hub: one switch, many desks, and a stream for each.

``switchboard`` runs the interface and the desks, ``store`` keeps what must outlive a crash, ``feed`` hands
each desk its events in sequence, ``stream`` and ``api`` speak with desks and pages, ``access`` decides who
may, ``app`` puts the routes together and ``serve`` listens.
"""
