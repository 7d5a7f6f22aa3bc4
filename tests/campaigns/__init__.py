"""Campaigns: thousands of kills and of hostile files, too long for `make test`.

`python -m tests.campaigns kills --count 1000`, `python -m tests.campaigns hostile --count 10000`; with `--seed N` the
same ones again. Their figures stand in docs/reliability.md.
"""
