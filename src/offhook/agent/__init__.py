"""The agent: one person's board, on that person's machine.

The same board and the same API as a hub's, for one desk with lines of its own.
"""
