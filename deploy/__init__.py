"""Tools around the stack, started by the Makefile.

``samconfig`` reads what samconfig.toml says of a stage; ``preflight`` checks an account before
anything is built; ``architecture`` ties the built layers and the parameter ``Architecture``
together; ``budget`` takes the budget out of the built template where CloudFormation has none;
``command`` makes the command line of `sam deploy`; ``sbom`` lists what the layers
contain; ``smoke`` asks a deployed stack what no emulator can know.
"""
