"""Replies from nobody: a post gets three replies, by people who do not exist, on a page and for programs."""
