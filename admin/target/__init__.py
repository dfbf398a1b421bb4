"""What is written in AWS: the DynamoDB table, the S3 bucket, and CloudFront's copies.

``deployment``       finds bucket and table, makes the clients, puts AWS's errors into words
``actions``          a value for each write and each deletion
``table``            reads the table whole and writes items on conditions
``lease``            makes one writer at a time the table's writer
``process``          tells whether the process that holds the lease has ended
``clock``            compares this machine's clock with AWS's
``item_writer``      writes the items of a generation
``writer``           publishes a generation: moves the pointer, and keeps the lease until then
``values``           gives an item a new value and keeps the one before
``pointer``          moves the pointer, and says in it that its writer lives
``bucket``           lists, compares, uploads and deletes objects
``items``            compares, packs and measures items of the table
``edge``             keeps a distribution in step: what is open there, and what is invalidated
``edge_store``       what CloudFront's functions are to know of the collections
``key_value_store``  writes that into CloudFront's key value store
``probe``            proves that CloudFront can read an existing bucket
``cloudfront``       asks CloudFront to invalidate copies, within its rates
``local_runner``     finds the addresses of a runner on this machine
"""
