"""Which way of keeping credentials suits this host: facts are looked for, the catalogue's rules weigh them.

Looks at this host alone and changes nothing: nobody is asked over a network, no daemon is started. What can't be
found out that way is a fact without a value, and an option that hangs on it is one of which nothing can be told.
"""
