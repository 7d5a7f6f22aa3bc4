"""Measurements that decided something: each is a module to run with `python -m benchmarks.NAME`."""
