"""Tests of the sandbox, through its HTTP front door."""
