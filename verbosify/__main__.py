"""`python -m verbosify` is the command line."""

from verbosify.cli import main

main()
