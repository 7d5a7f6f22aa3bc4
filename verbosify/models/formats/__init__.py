"""Bytes <-> tensors: the files in which weights and vocabularies lie. Knows no engine."""
