"""A vendor's web API, described by ``clicktocall_param.txt`` (the seed's CLIC TO CALL).

``wire`` turns the file into requests and judges replies; ``seed.replies`` finds fields in them and ``seed.events``
gives them Offhook's meaning; ``calling`` dials without an event loop, ``driver`` is the interface.
"""
