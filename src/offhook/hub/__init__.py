"""The hub: a company's board, with the switch's interface and the seed's own protocol.

``run`` is the wiring, ``divalto`` the seed's protocol. What a board and its API are is in ``board`` and ``api``.
"""
