"""What is true of every switch that reports its channels: who is who, which call, what each desk sees.

How it works, with one attended transfer step by step: ``README.md`` beside this file.
"""
