"""The seed's own words: its parameter file and what its replies mean, for whoever speaks them.

"The seed" is the connector that Offhook re-implements. ``parameters`` reads its file, ``folder`` finds it,
``replies`` finds fields in a web API's reply, ``events`` says what they mean.
"""
