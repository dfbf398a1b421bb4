"""The project on this machine: ``python -m local`` serves the real functions, with AWS stood in for.

In reading order: ``cli``, ``template`` (what template.yaml declares; ``intrinsics`` reads its functions),
``routing`` and ``gateway`` (API Gateway, pure), ``runtime`` (Lambda), ``api`` (all three), ``server`` (the
socket), ``cloud`` (S3 and DynamoDB), ``samples`` (what to click on).
"""
