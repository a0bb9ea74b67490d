"""The API: the door to a board, for desks, pages and applications.

``door`` turns foreign requests away before anything else, ``access`` says who may come in and ``who`` is its answer.
``routes`` describes each route; ``pages``, ``commands`` and ``stream`` answer them; ``schema`` prints the
description from the routes, with the words of ``fields``; ``app`` puts it together and ``serve`` listens.
"""
