"""AWS in the lab: moto's server, and what it does not do as AWS does."""
