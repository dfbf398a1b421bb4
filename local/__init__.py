"""The project on this machine: ``python -m local`` runs the real functions without AWS.

``install``: makes the virtual environment, before anything is installed.
``programs``: runs the programs of that installation, and ends them when it is interrupted.
``cli``: the command line.
``service``: the whole service; starts everything in order and prints the addresses.
``console``: prints a line for each request, or the functions' JSON lines.
``login``: the official clients' password login, for ``--login``.
``follow``: follows a PocketBase that runs, for ``--watch``.
``template``: what template.yaml declares, as values: functions, routes, buckets, tables.
``parameters``: checks values given for the template's parameters. Pure.
``intrinsics``: CloudFormation's short tags and intrinsic functions.
``routing``: how an HTTP API reads a request target and chooses a route.
``gateway``: HTTP messages, and requests to payload-2.0 events. Pure.
``results``: function results to HTTP answers. Pure.
``runtime``: Lambda's part: loads handlers, invokes them with a context and a time limit.
``api``: the HTTP API as a whole: ``routing``, ``gateway``, ``results`` and ``runtime`` together.
``server``: HTTP/1.1 over a socket. Knows nothing of AWS.
``cloud``: S3 and DynamoDB in memory, with the template's bucket and table.
``partitions``: DynamoDB's queries at the speed of one partition.
``stand_in``: moto behind the checks that keep other programs and web pages out of that data.
``signature``: verifies AWS Signature Version 4. Pure.
``containers``: leads `sam local` containers to that S3 and DynamoDB.
``cdn``: CloudFront on this machine, with the real edge functions.
``samples``: the URLs and tokens printed at the start, found in whatever data was imported.
"""
