"""Approvals: what a person must decide before an automation's run goes on.

It does not know how a client asks the person.
"""
