"""The page that shows what is served: files, thumbs, decisions, rules and requests. Read only.

From the top down:

``server``   serves the page of a stack on this machine
``app``      answers requests for the page and its data
``views``    what the page shows, as JSON values
``gallery``  the files of a collection by the page, all or those that are looked for
``objects``  what the bucket has of a file
``origins``  which requests come from this machine's own pages and programs
``page``     the page itself: HTML with its style and script inside, and its policy
"""
