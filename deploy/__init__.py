"""Tools around the stack, started by the Makefile.

``samconfig``     what samconfig.toml says of a stage
``preflight``     checks, before anything is built, that a deployment can succeed
``parameters``    what speaks against the parameters of a stage
``account``       the AWS account of a deployment, and what a failed call means
``findings``      what speaks against a deployment, and how it is told
``architecture``  ties the built layers and the parameter ``Architecture`` together
``budget``        takes the budget out of the built template where CloudFormation has none
``command``       the command line of `sam deploy`
``restore``       gives a table the items of a restored copy
``sbom``          lists what the layers contain
``smoke``         asks a deployed stack what no emulator can know
"""
