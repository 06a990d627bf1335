"""Confirmations and approvals: pending decisions, one-time tokens for cards, and what a person's answer does.

It knows neither how a tool is run nor what a page looks like.
"""
