"""PocketBase's data directory, read without ever writing into it.

``pocketbase``  settings, collections and records of a data directory, all of one moment
``sqlite``      opens ``data.db`` for reading, whatever state PocketBase left it in
``copies``      copies of a database that a killed process does not leave behind
``columns``     the declared types of tables' and views' columns
``settings``    reads PocketBase's settings, decrypting them if necessary
``views``       finds the record that owns a file shown by a view
``view_rows``   the rows of views, evaluated by the SQLite that PocketBase has
``storage``     the files in ``storage/``, with the attributes they will have in S3
``reader``      answers the functions' reads from a data directory instead of the table
"""
