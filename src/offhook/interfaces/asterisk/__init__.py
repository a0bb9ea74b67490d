"""The interface ``asterisk``: the switch itself, over its manager interface (AMI).

``wire``: bytes and messages. ``events``: what messages mean, and what is sent for a command. ``driver``: the
connection.
"""
