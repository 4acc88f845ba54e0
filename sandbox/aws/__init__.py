"""AWS in the sandbox: moto, with what it lacks and as strict as AWS, on a clock of its own."""
