"""A pretend telephone system: a small PBX behind a real socket, for demo, tests and training.

``pbx`` decides what the exchange does, ``wire`` frames its link, ``server`` puts it on a socket,
``events`` gives its words Offhook's meaning, ``driver`` is the interface.
"""
