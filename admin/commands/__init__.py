"""The commands. Each module has ``add``, which adds its arguments, and ``run``, which runs it.

``import_``      copy a PocketBase data directory to AWS
``sync``         make table and bucket equal to a data directory, once or continuously
``collections``  apply an export of collections
``ls``           list collections, records or files
``show``         show a record and where its files are served
``put``          upload files, set fields
``purge``        ask CloudFront to invalidate copies of files
``rm``           delete a record or a file
``token``        make a token
``thumbs``       report, make or delete stored thumbs
``explain``      say why a URL is served or refused
``console``      serve a page that shows what a deployment serves
``compare``      ask PocketBase and a stack the same, report the differences
``check_rules``  list the view rules that cannot be evaluated

``arguments``    the arguments that several commands share
``output``       warnings and the progress bar
``rounds``       runs one round of a sync, or prints its plan
``status``       says what takes long
"""
