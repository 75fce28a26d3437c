"""The mixed-integer linear program: variables, rows and objective as written, and solved whole."""
