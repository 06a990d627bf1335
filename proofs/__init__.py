"""Proofs that take longer than a test may; each is a script that prints its figures."""
