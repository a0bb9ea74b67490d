"""The interface ``freeswitch``: the switch itself, over its event socket (ESL).

``wire``: bytes and messages. ``events``: what messages mean. ``commands``: what is sent for a command.
``driver``: the connection.
"""
