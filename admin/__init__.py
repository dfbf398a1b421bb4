"""The program ``python -m admin``, installed as ``pocketfiles``: manages the data that PocketFiles
serves.

It copies PocketBase's data to AWS and keeps it in step, or manages collections, records and files
without PocketBase. From the top down; each part imports only parts below it:

``cli``            parses the command line, runs a command, prints failures
``commands``       one module for each command
``comparison``     compares a running PocketBase with a PocketFiles stack
``console``        the page that shows what is served, read only
``explain``        says step by step why a URL is served or refused
``rule_findings``  view rules that cannot be evaluated, and files that are open
``standalone``     collections, records and files without PocketBase
``sync``           one round of a sync: read, plan, write; and the watch that repeats it
``target``         the table, the bucket and the CloudFront distribution that are written
``source``         PocketBase's data directory, which is only read
``stop_signals``   how signals stop a program
``deadlines``      an end for a server that sends a little at a time, for ever
``proxies``        the proxy that requests go through, by the environment
``hosts``          what a host's name or address says of where it is
``wording``        numbers with their nouns, and escapes
``errors``         what an administrator can be told when a command fails
"""
