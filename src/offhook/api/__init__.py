"""The API: the door to a board, for desks, pages and applications.

``door`` turns foreign requests away before anything else, ``access`` says who may and ``who`` is what it answers.
``routes`` is a route with a word on it; ``pages``, ``commands`` and ``stream`` answer them; ``schema`` prints the
description from the routes, with the words of ``fields``; ``app`` puts it together and ``serve`` listens.
"""
