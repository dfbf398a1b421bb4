"""PocketBase's file API over S3: the library that both Lambda functions call.

From the outside in:

* ``gateway``: API Gateway's payload 2.0 to and from HTTP messages
* ``handle``: runs one request: route, log line, metrics, error responses
* ``origin``: checks that a request came through CloudFront, and finds the client's address
* ``key_path``: a request by an S3 key, from CloudFront, as a request for the file
* ``sampled_log``: a log that leaves out a share of the successful requests
* ``audit_log``: openings of protected files, written to a log group of their own
* ``startup``: a function's start: clients are built, and garbage is collected only afterwards
* ``snapshot``: what SnapStart prepares before Lambda takes a snapshot
* ``metrics``: CloudWatch metrics, counted from the log fields
* ``timing``: time spent on each AWS service
* ``log_fields``: what the log line says about the outcome of a request
* ``http``: HTTP's values and rules: messages, queries, conditions, ranges, headers, caching, CORS

The use cases, and the steps they share:

* ``serve``: a request for a file, from the path to the response
* ``issue``: a request for a file token
* ``locate``: the collection, record, field and object that a path names
* ``identity``: whose token a request carries
* ``tokens``: PocketBase's JSON web tokens, verified and signed
* ``addresses``: the client's IP address, and from which addresses superusers may come
* ``access``: whether the view rule shows a record to somebody
* ``thumb_store``: thumbs read from the bucket, or made and stored
* ``deliver``: the response for an object: conditions, ranges, inline or redirect

Data and what lies below:

* ``catalogue``: collections, settings and records, and the DynamoDB table that has them
* ``rules``: PocketBase's view rules, evaluated in SQLite
* ``thumbs``: the sizes, geometry and pixels of thumbs
* ``keys``: the grammar of S3 keys and of the table's partition keys
* ``objects``: S3 objects as plain values
* ``storage``: the S3 bucket, the only module that calls S3
* ``deadline``: when the request being handled must be answered
* ``aws``: clients for AWS, their timeouts and the meaning of their errors
* ``response_bodies``: the bodies of AWS's responses, read within a time limit
* ``config``: the settings, read from the environment
* ``errors``: every refusal, with its status and message
"""

__version__ = "0.1.0"
