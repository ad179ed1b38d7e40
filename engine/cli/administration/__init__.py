"""What operators do with a data folder: tokens, stores, users, passcodes, instances."""
