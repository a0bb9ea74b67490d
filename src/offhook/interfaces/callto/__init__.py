"""The number is handed to a program, by its address (``callto:``, ``sip:``) or by name (the seed's CALLTO or TEL).

``command`` makes what is launched out of the template, ``driver`` is the interface.
"""
