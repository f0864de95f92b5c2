"""Peers: small servers that answer the same bytes as this one, each in a child of its own, each printing the same
ready line.
"""
