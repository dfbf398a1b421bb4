"""Compares a running PocketBase with a PocketFiles stack, on a team's own data.

``cases``       chooses the requests to send, from a PocketBase data directory
``client``      sends a request to one of the two services, at a bounded rate
``deviations``  the documented deviations, and which one explains a header's difference
``judge``       finds the differences between two answers and names the deviation that explains each
``pictures``    compares two pictures: size and likeness
``journal``     remembers what was compared, so that a comparison can be interrupted
``run``         sends all requests to both services, several at a time
``report``      writes the report, as HTML with pictures side by side and as JSON
"""
