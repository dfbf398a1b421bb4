"""The subcommands: each module adds its arguments and runs."""
