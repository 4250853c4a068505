"""`python -m spermlens`."""

from spermlens.cli import main

main()
