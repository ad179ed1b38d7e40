"""Parts: definitions that others call, copied in before anything is proved (design 4.2).

Knows reading, shape and linking; the proofs behind it see one flat graph and never look here.
"""
