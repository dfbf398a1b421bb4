"""Makes the target equal to the source, in rounds: read, compare, plan, write.

``round``           one round, from reading the source to a summary
``prepare``         a sync with all that it needs, its source checked first
``data_directory``  the source: a PocketBase data directory, and how to read it
``progress``        shows a round while it is applied
``summary``         what a round has done, and what it warns about
``gather``          reads the source into the mirror
``files``           compares the source's files with the bucket's
``mirror``          what the target holds and what it should hold, in a temporary SQLite file
``catalogue_versions`` the versions of the catalogue that the table holds
``mirror_file``     the tables of that file, and how they are read
``journal``         notes in the mirror what becomes of each action
``differences``     the differences between the two, as queries
``plan``            orders the differences into steps
``mass_deletion``   holds back what would delete most of what is there
``apply``           carries out a plan, step by step
``in_flight``       the actions of a step that are under way
``destination``     where a sync writes, and how much at once
``late_thumbs``     clears the thumbs that requests store after their original is gone
``later``           what is left to do later: when it can be done, and waiting for it
``put_off``         uploads that were put off: when they can be done
``edge``            keeps CloudFront in step with what is published
``invalidation``    what CloudFront has to invalidate, how often, and by which paths
``elsewhere``       finds records that lose files which another deletes
``pending``         keeps in the table what CloudFront is still to be asked, and asks
``cleanup``         removes what no reader needs any more
``watch``           runs a round after every change of the database
"""
