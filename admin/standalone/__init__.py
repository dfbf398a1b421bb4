"""Collections, records and files for a team that does not run PocketBase.

``schema``         reads an export of collections, and says what it changes
``definitions``    the keys that PocketBase writes in an export, and what their values may be
``lacks``          what is wrong with the collections of a file, each by itself
``recognition``    which keys are known, and what of a collection can be read
``misspelling``    which known word a misspelled one is meant to be
``references``     what is wrong with their view rules and relations, and with names that are taken
``system_fields``  the fields that every collection of PocketBase has
``schema_change``  applies changed collections to the table and to the records in it
``records``        writes and deletes single records with their files
``current``        the collections and records of a table as they are now
``assignment``     sets values of a record, checked against fields and other records
``record_files``   the files of single records in the bucket, and CloudFront's copies
``uploads``        recognises, checks and names a file to upload
``dependents``     the records that refer to a record
``writing``        writes the few items that a command changes
``values``         reads and checks the values that ``put`` is given
``limits``         what a field allows its values to be, as the table keeps it
``lookup``         finds the collection that a command names
``thumbs``         the thumbs that are stored, and those that are missing
``naming``         makes the name under which an uploaded file is stored
``signatures``     the binary formats that PocketBase names in its own way
``sniffing``       recognises a file's content type by its first bytes
"""
