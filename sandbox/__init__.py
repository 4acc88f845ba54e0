"""The offline AWS in which the workflow runs: moto, with what it lacks and as strict as AWS, on a clock of its own."""
