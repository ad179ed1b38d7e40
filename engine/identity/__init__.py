"""Identity stores, users, policies, passcodes and failed tries.

Functions take a `UnitOfWork` and values and give values or problems: activities, REST and commands
call the same ones. Knows ports and records; never the loop, adapters or the web.
"""
