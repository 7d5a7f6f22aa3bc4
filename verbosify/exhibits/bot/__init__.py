"""A bot that answers mentions in the voice of a corpus: a pipeline, a record with an inbox and an outbox, platforms.

What comes in and what goes out is on the disk before anything is done with it; that is how it answers exactly once.
"""
