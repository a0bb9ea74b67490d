"""A vendor's web API, described by ``clicktocall_param.txt`` (the seed's CLIC TO CALL).

``wire`` turns the file into requests and judges replies, ``replies`` finds fields in them, ``events`` gives them
Offhook's meaning, ``driver`` is the interface.
"""
