"""What the key may do: its identity, the evidence for each permission, the policy of needs, and the gate.

It does not know how tools are listed or called.
"""
